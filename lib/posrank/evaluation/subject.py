"""What one evaluation is about: a trained run, its system and scorers, and the captions of a split with their videos.

In: a workspace, the name of a run, params. Out: a `Subject`, and the lists of one rule that it is ranked on, a `Lists`.
Fine-grained scores come from the branch that the strategy trained for them (the prompts' output for `prompt`), coarse
recall always from the CLS branch, as in the paper.
"""

from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from posrank import tables
from posrank.evaluation.positives import hard_positives
from posrank.negatives.exchange_groups import whole_groups
from posrank.scoring import scorers, sharing
from posrank.tables.layout import GROUPS
from posrank.training.runs import load_run
from posrank.video.store import FrameStore

NEGATIVES = ("caption_id", "part", "k", "sentence", "rule", "level")
"""Columns of the negatives that scores need: a large set is read without the others."""
COUNTED = ("text", "lemma", "upos", "tag", "tagger")
"""Columns of the training captions' tags that the vocabulary of hard positives needs."""


class Subject(NamedTuple):
    """asked: captions of the split; captions: those of them whose videos can be read; training: captions of the
    training split. coarse, scorer: SystemScorer of the CLS branch, and of the branch that the strategy trained (the
    same one but for `prompt`). world: processes that share the work."""

    folder: Path
    run: str
    params: Any
    world: Any
    system: Any
    settings: dict
    store: FrameStore
    asked: pd.DataFrame
    captions: pd.DataFrame
    training: pd.DataFrame
    coarse: scorers.SystemScorer
    scorer: scorers.SystemScorer

    @property
    def data(self):
        return self.folder / "data"

    @property
    def dataset(self):
        return self.settings["dataset"]


class Lists(NamedTuple):
    """The lists of one rule. texts: the captions that they belong to, for rule exchange the statements of the groups
    whose videos can all be read; groups_missing: how many groups lack one."""

    rule: str
    lists: pd.DataFrame
    texts: pd.DataFrame
    groups_missing: int


def open_run(folder, run, params, world):
    """The `Subject` of a run under `folder`/runs on `evaluate.split` of the dataset it was trained on, its videos
    encoded once. ValueError where that split has no captions with frames."""
    options = params.evaluate
    system, settings = load_run(folder / "runs" / run)
    dataset = settings["dataset"]
    file = folder / "data" / "captions" / f"{dataset}.parquet"
    everything = tables.read_table(file, "captions")
    store = FrameStore(folder / "data" / "frames" / dataset)
    asked = everything[everything["split"] == options.split]
    captions = asked[asked["video_id"].isin(store.ids)]
    if captions.empty:
        seen = everything.loc[everything["video_id"].isin(store.ids), "split"]
        raise ValueError(
            f"{dataset} has no captions with frames in the split {options.split!r} of {file} (splits with frames: "
            f"{', '.join(sorted(seen.unique())) or 'none'}): change evaluate.split in params.yaml, or give the dataset "
            "captions of that split"
        )
    grouped = everything[(everything["split"] == GROUPS) & everything["video_id"].isin(store.ids)]
    videos = list(dict.fromkeys([*captions["video_id"], *(grouped["video_id"] if "exchange" in options.rules else ())]))
    size = dict(text_batch=options.batch, keep=max(4096, min(len(videos), 16384)))
    coarse = scorer = scorers.SystemScorer(system, store, **size).together(videos)
    if settings["strategy"] == "prompt":
        scorer = scorers.SystemScorer(system, store, "fine", **size).together(videos)
    for each in dict.fromkeys((coarse, scorer)):
        sharing.share_videos(each, world)
    training = everything[everything["split"] == "train"]
    return Subject(folder, run, params, world, system, settings, store, asked, captions, training, coarse, scorer)


def positives_of(subject):
    """What `hard_positives` gives for the subject's captions; None where `evaluate.positives` is 0."""
    options = subject.params.evaluate
    if not options.positives:
        return None
    # of the training captions' tags a vocabulary is made, column by column; only the evaluated captions' are kept whole
    file = subject.data / "tags" / f"{subject.dataset}.parquet"
    tags = tables.read_table(file, "tags", where=("caption_id", subject.captions["caption_id"]))
    seen = tables.read_table(file, "tags", COUNTED, ("caption_id", subject.training["caption_id"]))
    lexicon = subject.params.language.lexicon
    return hard_positives(subject.captions, tags, seen, subject.system, options.positives, options.seed, lexicon)


def lists_of(subject, rule):
    """The `Lists` of a rule, for exchange with the split of groups that a dataset was made with; None, with a printed
    line, where exchange is no more than a further rule and has no group. ValueError where a set is empty."""
    options, dataset, texts, missing = subject.params.evaluate, subject.dataset, subject.captions, 0
    if rule == "exchange":
        texts = tables.read_table(subject.data / "statements" / f"{dataset}.parquet", "captions")
        texts, missing = whole_groups(texts[texts["split"].isin([options.split, GROUPS])], subject.store.ids)
    file = subject.data / "negatives" / f"{dataset}-{rule}.parquet"
    columns = (*NEGATIVES, "replacement") if subject.settings.get("holdout") else NEGATIVES
    lists = tables.read_table(file, "negatives", columns)
    lists = lists[lists["caption_id"].isin(texts["caption_id"])]
    if len(lists):
        return Lists(rule, lists, texts, missing)
    if rule == "exchange" != options.rules[0]:
        print(f"{subject.run}: no group of statements in the split {options.split}, so rule exchange is left out")
        return None
    raise ValueError(
        f"{dataset}: {file} holds no negatives of the split {options.split!r}: name that split in negatives.splits of "
        "params.yaml, change evaluate.split, or leave the rule out of evaluate.rules where its set is empty"
    )
