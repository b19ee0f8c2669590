"""The stages of dvc.yaml that are no notebooks: ``python -m posrank stage tags --dataset world``.

Comes in: a stage's name, params.yaml, and the files of the stages before. Goes out: the stage's files. A thin edge:
each function reads, calls the library once, and writes; relative names are those of dvc.yaml.
"""

import argparse
import inspect
import json
import sys

from posrank import tables
from posrank.files import read_json, root, write_text
from posrank.messages import command
from posrank.pipeline import params as knobs
from posrank.tables.layout import GROUPS


def world(params, base):
    """data/raw/world: the videos and their annotation file."""
    from posrank.world.build import build

    build(base / "data" / "raw" / "world", **params.world.plain())


def pretrain(params, base):
    """data/world/pretrained, and with other doses pretrained_none and pretrained_strong: the world's small CLIP."""
    from posrank.training.pretrain import main

    main(base / "data" / "world" / "pretrained", params)


def pretrain_frozen(params, base):
    """data/world/pretrained_frozen: the world's small Frozen."""
    from posrank.training.pretrain_frozen import main

    main(base / "data" / "world" / "pretrained_frozen", params)


def captions(params, base, dataset):
    """data/captions/<dataset>.parquet, and its gold tags (an empty table where it has none)."""
    from posrank import captions

    raw = base / "data" / "raw" / dataset
    table = captions.load(dataset, raw, variant=params.variants.get(dataset))
    if dataset == "world":
        from posrank.world.build import gold_tags

        gold = gold_tags(raw)
    else:
        gold = tables.empty("tags")
    _write(gold, base, "gold", dataset)
    _write(table, base, "captions", dataset)
    _tell(dataset, f"{len(table)} captions of {table['video_id'].nunique()} videos", table.attrs.get("dropped"))
    for note in table.attrs["notes"]:
        _tell(dataset, note)


def tags(params, base, dataset):
    """data/tags/<dataset>.parquet: the tagger's, or the gold tags where those are asked for and there."""
    gold = _table(base, "gold", dataset)
    if len(gold) and params.language.world_tags == "gold":
        table = gold
    else:
        from posrank.language.tagger import tag_captions

        table = tag_captions(_table(base, "captions", dataset), tagger=params.language.tagger)
    _write(table, base, "tags", dataset)
    _tell(dataset, f"{len(table)} tokens, tagged by {', '.join(sorted(table['tagger'].unique()))}")


def statements(params, base, dataset):
    """data/statements/<dataset>.parquet: the groups of rule exchange; empty where negatives.rules does not name it."""
    import pandas as pd

    from posrank.negatives import exchange

    made = tables.empty("captions")
    if "exchange" in params.negatives.rules:
        found = _table(base, "tags", dataset)
        table, settings = _table(base, "captions", dataset), params.negatives
        splits = [split for split in dict.fromkeys((*settings.splits, GROUPS)) if split in set(table["split"])]
        known = dict(tags=found, seed=settings.seed, lexicon=params.language.lexicon)
        pieces = [exchange(table, splits=split, **known)[0] for split in splits]
        if pieces:
            grouped = (piece.assign(group=piece["split"] + "-" + piece["group"]) for piece in pieces)
            made = pd.concat(grouped, ignore_index=True)
            by_split = {split: piece.attrs for split, piece in zip(splits, pieces)}
            made.attrs = {**pieces[0].attrs, "dropped": {}, **by_split}
        groups = made["group"].nunique() if len(made) else 0
        _tell(dataset, f"{len(made)} statements in {groups} groups by rule exchange")
    _write(made, base, "statements", dataset)


def negatives(params, base, dataset, rule):
    """data/negatives/<dataset>-<rule>.parquet: the negative sets of the splits asked for."""
    from posrank.negatives import generate, lists_of

    if rule == "exchange":
        made = lists_of(_table(base, "statements", dataset))
        _write(made, base, "negatives", f"{dataset}-{rule}")
        return
    table = _table(base, "captions", dataset)
    wanted = table[table["split"].isin(params.negatives.splits)]
    if wanted.empty:
        raise ValueError(
            f"{dataset} has no captions of the splits {', '.join(params.negatives.splits)} (it has: "
            f"{', '.join(sorted(table['split'].unique())) or 'none'}; file data/captions/{dataset}.parquet): change "
            "negatives.splits in params.yaml, or give the dataset captions of those splits"
        )
    found = _table(base, "tags", dataset)
    k = params.negatives.k
    made = generate(
        table, rule=rule, level=params.negatives.level, k=k if isinstance(k, int) else k.plain(),
        seed=params.negatives.seed, tags=found, splits=params.negatives.splits, lexicon=params.language.lexicon,
    )
    if rule == "released":
        from posrank.negatives.released_files import with_files

        made = with_files(made, base / "data" / "raw" / dataset, wanted, table, found)
    _write(made, base, "negatives", f"{dataset}-{rule}")
    _tell(dataset, f"{len(made)} negatives of {made['caption_id'].nunique()} captions by rule {rule}")


def validity(params, base, dataset, rule):
    """metrics/validity/<dataset>-<rule>.json: what a negative set is worth, with a verdict in one sentence."""
    from posrank.scoring.summary import write_metrics
    from posrank.validity import validity_report

    options = params.evaluate
    made = _table(base, "negatives", f"{dataset}-{rule}")
    table = _table(base, "captions", dataset)
    training = table[table["split"] == "train"]
    training = training if len(training) else None
    common = dict(b=options.bootstrap, seed=options.seed, folds=options.learned_judge, pretrained=options.pretrained)
    if rule == "exchange":  # lists of a sample would break groups
        texts = _table(base, "statements", dataset)
        seen = table if training is None else training
        report = validity_report(made, texts, None, seen, tagger=None, lists=None, **common)
    else:
        tags = _table(base, "tags", dataset)
        report = validity_report(made, table, tags, training, **common)
    write_metrics({"dataset": dataset, **report}, base / "metrics" / "validity" / f"{dataset}-{rule}.json")
    _tell(dataset, f"rule {rule}. {report['verdict']}")


def plan(params, base):
    """results/plan.json: the datasets whose videos are read. Its own stage: another system or seed reads none anew."""
    datasets = [params.train.dataset] if params.train.systems else []
    write_text(base / "results" / "plan.json", json.dumps({"frames": datasets}) + "\n")


def frames(params, base, dataset, plan=None):
    """data/frames/<dataset>: videos.parquet and frames.npy; empty for a dataset that the file `plan` does not name.

    ValueError where not a single video can be read, and something is to be trained on this dataset.
    """
    from posrank.video.store import build

    raw = base / "data" / "raw" / dataset
    needed = plan is None or dataset in read_json(base / plan, "run the stage plan again")["frames"]
    captions = _table(base, "captions", dataset)
    wanted = captions if needed else captions.head(0)
    store = build(wanted, raw, base / "data" / "frames" / dataset, **params.frames.plain())
    if not needed:
        _tell(dataset, "nothing is trained on it, so none of its videos is read")
        return
    table = store.table
    if not (table["status"] == "ok").any() and params.train.systems and dataset == params.train.dataset:
        raise ValueError(
            f"{dataset}: none of its {len(table)} videos is in data/raw/{dataset} (first: {table['reason'].iloc[0]}). "
            "Put them there, or set train.systems to [] in params.yaml for the text half alone"
        )
    _tell(dataset, f"{(table['status'] == 'ok').sum()} of {len(table)} videos read")
    for row in store.report().itertuples():
        if row.reason:
            print(f"  {row.status}, {row.videos} videos: {row.reason}")


def _file(base, kind, name):
    """(path, kind of table) of data/<kind>/<name>.parquet."""
    return base / "data" / kind / f"{name}.parquet", {"gold": "tags", "statements": "captions"}.get(kind, kind)


def _table(base, kind, name):
    return tables.read_table(*_file(base, kind, name))


def _write(table, base, kind, name):
    tables.write_table(table, *_file(base, kind, name))


def _tell(dataset, text, dropped=None):
    more = "; dropped: " + ", ".join(f"{count} ({reason})" for reason, count in dropped.items()) if dropped else ""
    print(f"{dataset}: {text}{more}")


STAGES = {function.__name__: function for function in (
    world, pretrain, pretrain_frozen, captions, tags, statements, negatives, validity, plan, frames,
)}  # fmt: skip
"""Name -> function of (params, base, options that are texts)."""


@command
def main(argv=None):
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m posrank stage", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="stage", required=True)
    for name, function in STAGES.items():
        added = commands.add_parser(name, help=function.__doc__.splitlines()[0])
        for option in options_of(function):
            added.add_argument(f"--{option.name}", required=option.default is option.empty)
    arguments = vars(parser.parse_args(argv))
    STAGES[arguments.pop("stage")](knobs.load(), root(), **arguments)


def options_of(function):
    """The parameters of a stage behind `params` and `base`: the options of its command."""
    return list(inspect.signature(function).parameters.values())[2:]


if __name__ == "__main__":
    sys.exit(main())
