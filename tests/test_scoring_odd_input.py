"""Odd input to the functions that score: a number as documented, or a ValueError that says what is wrong."""

import numpy as np
import pandas as pd
import pytest
import torch

import posrank
from posrank import scoring
from posrank.scoring.ranks import counts
from posrank.scoring.recall import rank_metrics
from posrank.systems import sinkhorn
from posrank.systems.inputs import check_attention, check_video, check_words, normalise
from posrank.training import coarse_loss, fine_loss

HUGE = 10**400
ODD = [
    None,
    "text",
    b"bytes",
    ["a", "b"],
    ["1", "2"],
    [None],
    [[1], [1, 2]],
    {},
    object(),
    float("nan"),
    [HUGE],
    HUGE,
    [1j],
    [[np.nan]],
    np.ma.array([1.0, 2.0], mask=[0, 1]),
    np.ma.array([[1.0, 2.0]], mask=[[0, 1]]),
    np.array(["2020"], "datetime64[Y]"),
    torch.ones(2, dtype=torch.complex64),
    torch.eye(2).to_sparse(),
    pd.Series([1, pd.NA], dtype="Int64"),
    [],
    np.zeros((0, 3)),
    np.zeros((2, 2, 2)),
    [[]],
    [-1.5],
    lambda: 1,
]
LISTS = {
    "reciprocal_ranks": scoring.reciprocal_ranks,
    "posrank": scoring.posrank,
    "tie_counts": scoring.tie_counts,
    "recall": lambda odd: scoring.recall(odd, [0]),
    "bootstrap": lambda odd: scoring.bootstrap(odd, ["a", "b"]),
    "paired": lambda odd: scoring.paired(odd, [1.0, 2.0], ["a", "b"]),
    "chance": scoring.chance,
    "holm": scoring.holm,
    "valid": lambda odd: scoring.reciprocal_ranks([[1.0, 2.0, 3.0]], odd),
    "caption_video": lambda odd: scoring.recall(np.eye(3), odd),
    "better": lambda odd: scoring.reciprocal_from_counts(odd, 0),
    "equal": lambda odd: scoring.reciprocal_from_counts(0, odd),
    "rank_metrics": lambda odd: rank_metrics(odd, [0]),
    "chance_adjusted": lambda odd: scoring.chance_adjusted(0.5, odd),
    "counts": lambda odd: counts(odd, "n"),
    "clusters": lambda odd: scoring.bootstrap([1.0, 0.5, 0.2], odd, b=20),
    "runs": lambda odd: scoring.bootstrap([1.0, 0.5, 0.2], ["a", "b", "b"], b=20, runs=odd),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", LISTS)
def test_odd_arrays(name):
    """None, text, ragged lists, masked arrays, complex numbers, dates, sparse tensors, missing and huge values."""
    for odd in ODD:
        try:
            found = LISTS[name](odd)
        except ValueError as problem:
            assert str(problem) and len(str(problem)) < 600, odd
        else:
            arrays = found.values() if isinstance(found, dict) else [found]
            values = [np.asarray(x, float).ravel() for x in arrays if not isinstance(x, dict)]
            assert all(np.isfinite(x).all() for x in values), (odd, found)


@pytest.mark.parametrize(
    "odd", [None, 0, -1, 1.5, True, "4", float("nan"), float("inf"), HUGE, pytest.param(10**5000, id="long"), [1], 1j]
)
@pytest.mark.parametrize(
    "call",
    [
        lambda odd: posrank.evaluate(
            len, pd.DataFrame({"caption_id": ["c"], "part": ["noun"], "sentence": ["x"]}), CAPTIONS, chunk=odd
        ),
        lambda odd: scoring.bootstrap([1.0, 2.0], ["a", "b"], b=odd),
        lambda odd: scoring.SystemScorer(None, {}, text_batch=odd),
        lambda odd: scoring.SystemScorer(None, {}, keep=odd),
    ],
    ids=["chunk", "b", "text_batch", "keep"],
)
def test_odd_numbers(call, odd):
    with pytest.raises(ValueError, match="whole number"):
        call(odd)


CAPTIONS = pd.DataFrame({"caption_id": ["c"], "video_id": ["v"], "caption": ["y"]})


@pytest.mark.parametrize("level", [None, 0, 1, "a", float("nan"), True])
def test_odd_levels_and_seeds(level):
    with pytest.raises(ValueError, match="level"):
        scoring.bootstrap([1.0, 2.0], ["a", "b"], b=10, level=level)
    for seed in (None, -1, 0.5, "x"):
        with pytest.raises(ValueError, match="seed"):
            scoring.bootstrap([1.0, 2.0], ["a", "b"], b=10, seed=seed)


def test_masks_that_hide_nothing_and_unsigned_numbers_are_numbers():
    scores = [[2.0, 1.0, 3.0]]
    assert scoring.posrank(np.ma.array(scores)) == scoring.posrank(np.array(scores, np.uint8)) == 0.5
    with pytest.raises(ValueError, match="valid=~mask"):
        scoring.posrank(np.ma.array(scores, mask=[[0, 0, 1]]))


@pytest.mark.parametrize("table", [None, "x", 3, [], {}, pd.DataFrame()])
def test_odd_tables(table):
    for call in (
        scoring.summarize,
        scoring.zero_line,
        lambda t: scoring.compare(t, t),
        lambda t: posrank.evaluate(len, t, CAPTIONS),
        lambda t: posrank.evaluate(len, CAPTIONS, t),
    ):
        with pytest.raises(ValueError):
            call(table)


def test_text_columns_hold_text():
    negatives = pd.DataFrame({"caption_id": ["c"], "part": ["noun"], "sentence": [3]})
    with pytest.raises(ValueError, match="sentence must be text, and holds int"):
        posrank.evaluate(len, negatives, CAPTIONS)


MEAN = torch.full((3,), 0.5)
TENSORS = {
    "coarse_loss": coarse_loss,
    "fine_loss": fine_loss,
    "valid": lambda odd: fine_loss(torch.ones(2, 2), odd),
    "sinkhorn": sinkhorn,
    "words": lambda odd: check_words(odd, 4),
    "video": lambda odd: check_video(odd, None, 4),
    "video_mask": lambda odd: check_video(torch.ones(1, 2, 3, 4, 4), odd, 4),
    "attention_mask": lambda odd: check_attention(odd, torch.ones(1, 2, dtype=torch.bool)),
    "frames": lambda odd: normalise(odd, None, MEAN, MEAN),
    "frames_read": lambda odd: normalise(np.zeros((2, 2, 4, 4, 3), np.uint8), odd, MEAN, MEAN),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", TENSORS)
def test_odd_tensors(name):
    more = [
        torch.ones(2),
        torch.ones(0, 0),
        torch.ones(2, 3, dtype=torch.long),
        torch.tensor(1.0),
        torch.ones(2, 2, dtype=torch.bool),
    ]
    allowed = {
        "valid": 2,
        "video_mask": 1,
        "attention_mask": 1,
        "frames_read": 1,
        "words": 1,
        "fine_loss": 1,
        "sinkhorn": 2,
    }
    passed = 0
    for odd in [*ODD, *more]:
        if odd is None and name in ("valid", "video_mask", "frames_read"):
            continue
        try:
            TENSORS[name](odd)
            passed += 1
        except ValueError as problem:
            assert str(problem)
    assert passed <= allowed.get(name, 0), passed


LISTS_OF_TWO = pd.DataFrame({"caption_id": "c", "part": "noun", "sentence": ["x", "z"], "k": [0, 1]})


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"scorer": None}, "scorer"),
        ({"run": None}, "run"),
        ({"run": ""}, "run"),
        ({"run": 3}, "run"),
        ({"scores": False}, "scores"),
        ({"scores": ""}, "scores"),
        ({"scores": []}, "scores"),
        ({"scores": "/"}, "scores"),
        ({"captions": CAPTIONS.assign(video_id=1)}, "video_id must be text"),
        ({"negatives": LISTS_OF_TWO.assign(k=0), "scores": True}, "'c' has k = 0 twice"),
        ({"negatives": LISTS_OF_TWO.assign(k=[0, None]), "scores": True}, "k must be a whole number"),
    ],
)
def test_what_could_not_be_written_is_refused_before_anything_is_scored(changes, message):
    def scorer(videos, texts):
        raise AssertionError("scored")

    given = {"scorer": scorer, "negatives": LISTS_OF_TWO, "captions": CAPTIONS} | changes
    with pytest.raises(ValueError, match=message):
        posrank.evaluate(**given, progress=False)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: scoring.BlindScorer("bigram"), "score"),
        (lambda: scoring.CausalScorer("gpt2", batch=0), "batch"),
        (lambda: posrank.language.tag(None), "texts"),
        (lambda: posrank.captions.load("csv", None), "root"),
        (lambda: posrank.negatives.generate(CAPTIONS, parts=None), "parts"),
        (lambda: posrank.negatives.rules.several("splits", 3), "splits"),
        (lambda: posrank.negatives.load_released(None, CAPTIONS), "path"),
        (lambda: posrank.negatives.load_released("x_noun_RE20.json", None), "captions"),
        (lambda: posrank.negatives.load_released("x_RE20.json", CAPTIONS, part=["noun"]), "part"),
    ],
)
def test_other_kinds_of_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_the_world_builds_by_its_attribute():
    import subprocess
    import sys

    code = "import posrank; assert callable(posrank.world.build.write_mp4); assert posrank.frames.FrameStore"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
