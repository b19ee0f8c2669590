"""Tables 1 and 2, Fig. 2 and 3 and the validity of the authors' sets, on whatever real annotation files are at hand.

    python -m posrank tables data/raw --out docs/real

Comes in: a folder with one folder per dataset, as data/README.md says. Goes out: csv tables with the paper's value and
the difference beside ours, and one figure; docs/real/README.md is filled anew from them. Numbers only, no caption. A
cell whose files are not at hand is empty; the paper's split definitions are mixed, `SETS` says which of ours reproduces
each.
"""

import argparse
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from posrank import PARTS, captions, negatives, tables
from posrank.captions import statistics
from posrank.captions.duplicates import duplicate_curves
from posrank.captions.nearest import nearest_captions
from posrank.figures import readme, text_judges
from posrank.files import atomic
from posrank.messages import command
from posrank.negatives.released_files import find_released


class Set(NamedTuple):
    """paper: the name in the paper's tables; variants: the first that can be read is taken; train: our splits whose
    union is the paper's train; note: what its definitions are."""

    dataset: str
    paper: str
    variants: tuple
    train: tuple
    note: str
    partial: tuple = ()  # variants that hold a part of the dataset: no counts


SETS = (Set("youcook2", "YouCook2", ("retrieval",), ("train", "val", "test"),
            "train = train + all validation clips; test = the 3,350 clips"),
        Set("didemo", "DiDeMo", ("sentences",), ("train", "val", "test"),
            "sentences; train captions = train + val + test"),
        Set("activitynet", "ActivityNet", ("paragraphs",), ("train",), "paragraphs; test = val_1"),
        Set("vatex", "VATEX", ("hgr",), ("train", "val", "test"),
            "train = official training + validation; test = half of the validation"),
        Set("msrvtt", "MSR-VTT", ("9k",), ("train",), "train 9k, test 1k-A with all 20 captions a video"),
        Set("msvd", "MSVD", ("default",), ("train", "val"), "train = train + val"),
        Set("tgif", "TGIF", ("default", "qa"), ("train", "val"), "train = train + val", ("qa",)),
        Set("vln_uvo", "VLN-UVO", ("default",), ("train",), "test = sparse val + dense val"),
        Set("vln_oops", "VLN-OOPS", ("default",), ("train",), "test = oops_val"))


def load(root, work=None, progress=True):
    """{dataset: (Set, variant, captions, tags)} of all datasets readable under `root`; tags are kept in `work`."""
    from posrank.language.tagger import tag_captions

    found = {}
    for each, variant in [(one, variant) for one in SETS for variant in one.variants]:
        if each.dataset in found:
            continue
        try:
            table = captions.load(each.dataset, Path(root) / each.dataset, variant)
        except FileNotFoundError as problem:
            print(f"{each.dataset}, {variant}: {problem}", file=sys.stderr)
            continue
        path = work and Path(work) / f"{each.dataset}-{variant}.parquet"
        if path and path.exists():
            tags = tables.read_table(path, "tags")
        else:
            tags = tag_captions(table, progress=progress)
            if path:
                tables.write_table(tags, path, "tags")
        found[each.dataset] = each, variant, table, tags
    if not found:
        raise ValueError(f"{root} holds no dataset that can be read: put annotation files there as data/README.md says")
    return found


def table1(found):
    """Table 1, long: dataset, column, paper, ours (NaN = not available here), difference, note.

    Counts by the definitions in SETS; vocabulary and proportions over all captions at hand.
    """
    rows = {each.paper: {} for each in SETS}
    for each, variant, table, tags in found.values():
        ours = rows[each.paper]
        if variant not in each.partial:
            splits = {"test": table[table["split"] == "test"]}
            # a union is whole only where each of its splits is there
            if set(each.train) <= set(table["split"]):
                splits["train"] = table[table["split"].isin(each.train)]
            for split, own in splits.items():
                ours |= {f"{split}_videos": own["video_id"].nunique(), f"{split}_captions": len(own)}
        ours |= {"vocabulary": statistics.vocabulary(tags), **statistics.proportions(tags)}
    counts = ["train_videos", "train_captions", "test_videos", "test_captions", "vocabulary"]
    return _beside(rows, [*counts, *PARTS], 1).assign(
        note=lambda table: table["dataset"].map({each.paper: each.note for each in SETS}))


def table2(found, root):
    """Table 2, long: as `table1`, for captions, words, proportions of the test captions, and <part>_eligible: captions
    that get a set, the paper's being its count of sentences / 21; precision and recall by the authors' file."""
    rows, scores = {each.paper: {} for each in SETS}, {}
    for each, _, table, tags in found.values():
        if (table["split"] == "test").any():
            rows[each.paper] = statistics.table2(table, tags, rule="released").iloc[0].to_dict()
            scores |= {(each.paper, f"{part}_eligible"): score
                       for part, score in released_scores(Path(root) / each.dataset, table, tags).items()}
        if not (table["split"] == "train").any():
            rows[each.paper].pop("train_captions", None)
    sets = {f"{part}_set": f"{part}_eligible" for part in PARTS}
    table = _beside(rows, ["train_captions", "test_captions", "mean_words", *PARTS, *sets], 2)
    table.loc[table["column"].isin(sets), ["paper", "ours", "difference"]] /= 21
    table["column"] = table["column"].replace(sets)
    found = [scores.get(key, (np.nan, np.nan)) for key in zip(table["dataset"], table["column"])]
    return table.assign(precision=[one for one, _ in found], recall=[other for _, other in found])


def _beside(rows, columns, n):
    ours = pd.DataFrame(list(rows.values()), columns=columns).astype(float)
    return statistics.compare(ours.assign(dataset=list(rows)), n)


def released_scores(folder, table, tags):
    """{part: (precision, recall)} of the stop-word rule against the ids of the authors' files in `folder`."""
    test = table[table["split"] == "test"]
    predicted = statistics.eligible(tags[tags["caption_id"].isin(test["caption_id"])], "released")
    found = {}
    for part, path in find_released(folder).items():
        theirs = set(negatives.load_released(path, table, part)["caption_id"])
        ours = set(predicted.index[predicted[part]])
        found[part] = len(ours & theirs) / len(ours), len(ours & theirs) / len(theirs)
    return found


def figure2(found, datasets=("msrvtt", "vatex"), count=500, k=5, seed=0):
    """Fig. 2 as numbers: similarity (TF-IDF cosine) of the k nearest captions of other videos to `count` test captions,
    and how many words differ (in the smaller of the two sets of words)."""
    rows = []
    for name in datasets:
        if name in found:
            table = found[name][2]
            ids = table[table["split"] == "test"].sample(count, random_state=seed)["caption_id"]
            near = nearest_captions(table, ids, k=k)
            one, two = ([set(text.lower().split()) for text in near[column]] for column in ("caption", "near_caption"))
            differ = [min(len(a - b), len(b - a)) for a, b in zip(one, two)]
            rows.append(near.assign(words=differ).groupby("rank")[["similarity", "words"]].mean().assign(dataset=name))
    table = pd.concat(rows).reset_index() if rows else pd.DataFrame()
    return table.reindex(columns=["dataset", "rank", "similarity", "words"])


def figure3(found):
    """Fig. 3's curves of the test captions of every dataset (posrank.captions.duplicates)."""
    return pd.concat([duplicate_curves(table, tags) for _, _, table, tags in found.values()
                      if (table["split"] == "test").any()], ignore_index=True)


def released_validity(found, root, b=10000):
    """The validity table of every authors' file at hand: dataset, part, the columns of `sentence_counts`, blind
    models fitted on all captions but those of scored videos, once with each smoothing, PoSRank of the 4-gram both ways,
    and the word of the verdict.
    """
    from posrank.language.tagger import DEFAULT
    from posrank.validity import blind_models, judge_models, sentence_counts, validity_report

    rows = []
    columns = {"bigram": "kneser_ney_bigram", "trigram": "kneser_ney_trigram", "4-gram": "4-gram", "-4-gram": "-4-gram"}
    for name, (_, _, table, tags) in found.items():
        for part, path in find_released(Path(root) / name).items():
            sets = negatives.load_released(path, table, part)
            row = sentence_counts(sets, table, tags, DEFAULT, "clip")
            scored = table[table["caption_id"].isin(sets["caption_id"])]
            models = blind_models(table, ("unigram", "bigram", "trigram"), scored["video_id"].unique(), "absolute")
            scores = {values["judge"]: values for values in judge_models(sets, scored, models, b).to_dict("records")}
            report = validity_report(sets, table, tagger=None, clip_tokens=False, lists=None, b=b)["parts"][part]
            scores |= {columns[judge]: values for judge, values in report["judges"].items() if judge in columns}
            for column, values in scores.items():
                for end in ("", "_low", "_high"):
                    row[column + end] = values["posrank" + end]
            rows.append(row.assign(verdict=report["verdict"], dataset=name).set_index(["dataset", "part"]))
    return pd.concat(rows).reset_index() if rows else pd.DataFrame()


def write(root, out, work=None):
    """Make everything and write it to the folder `out`."""
    from posrank.figures import duplicate_figure, save, show_style

    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    found = load(root, work)
    made = {"table1": table1(found), "table2": table2(found, root), "figure2": figure2(found),
              "figure3": figure3(found), "released_validity": released_validity(found, root)}
    for name, table in made.items():
        table.to_csv(out / f"{name}.csv", index=False, float_format="%.6g")
    show_style()
    save(duplicate_figure(made["figure3"]), out, "figure3")
    return made


@command
def main(argv=None):
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m posrank tables", description=__doc__.splitlines()[0])
    parser.add_argument("root", help="folder with one folder of annotation files per dataset")
    parser.add_argument("--out", default="docs/real", help="folder for the tables")
    parser.add_argument("--work", help="folder in which tags are kept for the next time")
    parser.add_argument("--judges", action="store_true", help="instead: judges.csv, what text alone solves")
    parser.add_argument("--pretrained", help="folder of a causal language model that judges as well (safetensors)")
    options = parser.parse_args(argv)
    if options.judges:
        table = text_judges.judges(load(options.root, options.work), options.root, options.work, options.pretrained)
        with atomic(Path(options.out) / "judges.csv") as temporary:
            table.to_csv(temporary, index=False, float_format="%.6g")
    else:
        write(options.root, options.out, options.work)
    readme.main()


if __name__ == "__main__":
    sys.exit(main())
