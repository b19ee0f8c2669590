"""generate(table, splits=...): the pipeline's sets from a script, and where replacement words come from."""

import warnings

import pandas as pd
import pytest
from support_negatives import tagged, world

from posrank import captions, stages, tables
from posrank.language import tag_captions
from posrank.negatives import generate
from posrank.pipeline import params


def sets(dataset, base, table, tags):
    """The bytes of the pipeline's file, and of generate(table, splits=...) written the same way."""
    for name, made, kind in (("captions", table, "captions"), ("tags", tags, "tags")):
        tables.write_table(made, base / "data" / name / f"{dataset}.parquet", kind)
    knobs = params.load()
    stages.negatives(knobs, base, dataset, "paper")
    mine = generate(table, splits=knobs.negatives.splits, tags=tags, progress=False)
    return (base / "data" / "negatives" / f"{dataset}-paper.parquet").read_bytes(), tables.write_table(
        mine, base / "mine.parquet", "negatives").read_bytes()


def made_world():
    table, tags = world(24)
    return tables.validate(table.assign(file="", start=float("nan"), end=float("nan")), "captions"), tags


def own_csv(base):
    texts = {"train": ["a man rides a red bike", "a woman pushes a small cart", "a man pushes a red cart", "a woman rides a small bike"],
             "test": ["a man rides a small bike", "a dog pulls a cart"]}
    rows = [(f"{split}{n}", text, f"{split}{n}.mp4", split) for split, many in texts.items() for n, text in enumerate(many * 2)]
    path = base / "raw" / "csv"
    path.mkdir(parents=True)
    pd.DataFrame(rows, columns=["video_id", "caption", "file", "split"]).to_csv(path / "captions.csv", index=False)
    table = captions.load("csv", path)
    return table, tag_captions(table, progress=False)


@pytest.mark.parametrize("dataset", ["world", "csv"])
def test_a_script_makes_the_pipelines_set_byte_for_byte(dataset, tmp_path):
    table, tags = made_world() if dataset == "world" else own_csv(tmp_path)
    theirs, mine = sets(dataset, tmp_path, table, tags)
    assert theirs == mine
    whole = tables.read_table(tmp_path / "mine.parquet", "negatives")
    test = generate(table, splits="test", tags=None if dataset == "csv" else tags, progress=False)
    ids = table.loc[table["split"] == "test", "caption_id"]
    assert len(test) and set(test["caption_id"]) <= set(ids)
    pd.testing.assert_frame_equal(test, whole[whole["caption_id"].isin(ids)].reset_index(drop=True), check_like=True)


def test_only_the_captions_asked_for_are_counted_as_dropped():
    table, tags = tagged("a/DT man/NN runs/VBZ", "a/DT dog/NN runs/VBZ", "a/DT man/NN sits/VBZ", "he/PRP sits/VBZ",
                         splits=["train", "train", "test", "test"])
    made = generate(table, splits=["test"], tags=tags, progress=False)
    absent = {part: sum(reasons.values()) for part, reasons in made.attrs["dropped"].items()}
    lists = made.groupby("part")["caption_id"].nunique()
    assert {part: 2 - lists.get(part, 0) for part in absent} == absent and absent["adj"] == 2
    assert made.attrs["reference"] == "training split (2 captions)"


def test_a_missing_training_split_warns_and_says_where_words_come_from():
    table, tags = tagged("a/DT man/NN runs/VBZ", "a/DT dog/NN sits/VBZ")
    with pytest.warns(UserWarning, match=r"replacement words come from all 2 captions \(the table has no training split\)"):
        generate(table, tags=tags, progress=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        generate(table, tags=tags, reference=table, progress=False)
        generate(table.assign(split=["train", "test"]), tags=tags, splits=["test"], progress=False)


@pytest.mark.parametrize("splits, found", [
    ("tset", "unknown split 'tset'.*did you mean 'test'"), (["val"], "none of the splits val .it has: test"), ([], "none named"),
])
def test_splits_that_are_not_there(splits, found):
    table, tags = tagged("a/DT man/NN runs/VBZ", "a/DT dog/NN sits/VBZ")
    with pytest.raises(ValueError, match=found):
        generate(table, tags=tags, reference=table, splits=splits, progress=False)
    with pytest.raises(ValueError, match="'split' is missing"):
        generate(table.drop(columns="split"), tags=tags, reference=table, splits=["test"], progress=False)
