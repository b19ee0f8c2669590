"""Tables: what passes, what is refused and how it is said, and that files are the same bytes for the same table."""

import numpy as np
import pandas as pd
import pytest

from posrank import tables

CAPTIONS = pd.DataFrame({
    "caption": ["a dog", "a cat"], "dataset": "d", "split": ["train", "test"], "video_id": ["v", "w"],
    "caption_id": ["v#0", "w#0"],
})
NEGATIVES = pd.DataFrame({
    "caption_id": ["v#0"] * 2, "part": "noun", "k": [0, 1], "sentence": ["a cat", "a pig"], "position": 1,
    "original": "dog", "replacement": ["cat", "pig"], "source": "random", "rule": "paper", "level": "word",
})


def test_columns_come_in_order_with_their_types():
    table = tables.validate(CAPTIONS, "captions")
    assert list(table.columns) == list(tables.TABLES["captions"])
    assert table["start"].dtype == "float64" and table["start"].isna().all() and (table["file"] == "").all()
    negatives = tables.validate(NEGATIVES.assign(changed=1), "negatives")
    assert list(negatives.columns) == [*tables.TABLES["negatives"], "changed"]
    assert negatives["position2"].dtype == "Int64"
    for name in tables.TABLES:
        assert list(tables.validate(tables.empty(name), name).columns) == list(tables.TABLES[name])


@pytest.mark.parametrize(("change", "message"), [
    ({"caption": ["a dog", "  "]}, "'caption', row 1: is empty"),
    ({"caption": ["a dog", None]}, "'caption', row 1: has no value"),
    ({"caption": pd.Series(["a dog", "a \ud800"], dtype=object)}, "'caption', row 1: holds half a character"),
    ({"caption": ["a dog", 3]}, "'caption', row 1: holds int"),
    ({"split": ["train", "dev"]}, "'split', row 1: is 'dev'; use one of train, val, test"),
    ({"video_id": ["v", "../w"]}, "'video_id', row 1: is '../w' and it holds a slash"),
    ({"video_id": ["v", ".."]}, r"it holds '\.\.'"),
    ({"caption_id": ["x\0", "w#0"]}, "control character"),
    ({"caption_id": ["v#0", "v#0"]}, "row 1: dataset 'd', caption_id 'v#0' is already in row 0"),
    ({"start": ["x", 1]}, "'start', row 0: is no number: 'x'"),
    ({"start": [1, 2], "end": [2, 2]}, "'end', row 1: is not after start"),
    ({"end": [np.inf, 2]}, "'end', row 0: is infinite"),
])
def test_bad_captions_are_named(change, message):
    with pytest.raises(ValueError, match=message):
        tables.validate(CAPTIONS.assign(**change), "captions")


def test_other_tables_are_checked_too():
    with pytest.raises(ValueError, match="column 'source' is missing"):
        tables.validate(NEGATIVES.drop(columns="source"), "negatives")
    with pytest.raises(ValueError, match=r"'part', row 0 .*use one of noun, verb"):
        tables.validate(NEGATIVES.assign(part="pronoun"), "negatives")
    with pytest.raises(ValueError, match="'k', row 1: is no whole number"):
        tables.validate(NEGATIVES.assign(k=[0, 1.5]), "negatives")
    with pytest.raises(ValueError, match="already in row 0"):
        tables.validate(NEGATIVES.assign(k=0), "negatives")
    with pytest.raises(ValueError, match="unknown table 'captionz'"):
        tables.validate(CAPTIONS, "captionz")
    with pytest.raises(ValueError, match="expected a pandas DataFrame"):
        tables.validate([], "captions")
    # the same caption id in two datasets is no repetition
    assert len(tables.validate(CAPTIONS.assign(caption_id="x", dataset=["d", "e"]), "captions")) == 2


def test_round_trip_keeps_values_and_attrs(tmp_path):
    table = NEGATIVES.assign(position2=[None, 3])
    table.attrs["dropped"] = {"noun": {"no word": np.int64(2)}}
    table.attrs["odd"] = object()
    with pytest.warns(UserWarning, match="odd"):
        path = tables.write_table(table, tmp_path / "deep" / "n.parquet", "negatives")
    again = tables.read_table(path, "negatives")
    assert again.attrs == {"dropped": {"noun": {"no word": 2}}} == pd.read_parquet(path).attrs
    pd.testing.assert_frame_equal(again, tables.validate(table, "negatives"), check_flags=False)
    assert again["position2"].tolist() == [pd.NA, 3]
    assert "odd" in table.attrs


def test_some_columns_of_a_large_table(tmp_path):
    table = pd.DataFrame({"run": "r", "caption_id": ["a", "b"], "video_id": "v", "part": "noun", "better": [0, 1], "equal": 0,
                          "negatives": 2, "reciprocal_rank": [1.0, 0.5]})
    tables.write_table(table, tmp_path / "r.parquet", "ranks")
    some = tables.read_table(tmp_path / "r.parquet", "ranks", ("part", "better"))
    assert list(some.columns) == ["part", "better"] and some["better"].tolist() == [0, 1]
    with pytest.raises(ValueError, match=r"r\.parquet"):
        tables.read_table(tmp_path / "r.parquet", "ranks", ("part", "beter"))


def test_equal_tables_are_equal_bytes(tmp_path):
    one = tables.write_table(CAPTIONS, tmp_path / "one", "captions").read_bytes()
    other = pd.concat([CAPTIONS.iloc[:1], CAPTIONS.iloc[1:]]).assign(split=pd.Categorical(["train", "test"]))
    assert tables.write_table(other, tmp_path / "two", "captions").read_bytes() == one


def test_unreadable_files_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="run the stage"):
        tables.read_table(tmp_path / "none.parquet", "tags")
    whole = tables.write_table(CAPTIONS, tmp_path / "c.parquet", "captions").read_bytes()
    (tmp_path / "cut.parquet").write_bytes(whole[:100])
    with pytest.raises(ValueError, match=r"cut\.parquet is no readable parquet"):
        tables.read_table(tmp_path / "cut.parquet", "captions")
    with pytest.raises(ValueError, match=r"c\.parquet: tags table: column 'i' is missing"):
        tables.read_table(tmp_path / "c.parquet", "tags")


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tables.write_table(CAPTIONS, tmp_path / "c.parquet", "captions")
    before = path.read_bytes()
    with pytest.raises(ValueError, match="is empty"):
        tables.write_table(CAPTIONS.assign(caption=""), path, "captions")
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


def test_some_rows_of_a_large_table_are_those_of_the_whole_one(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    names = [f"c{n}" for n in rng.permutation(50)]
    table = pd.DataFrame([(name, i, "a", " ", "a", "DET", "DT", -1, "", "test") for name in names for i in range(rng.integers(1, 9))],
                         columns=list(tables.TABLES["tags"]))
    table.attrs["made"] = "here"
    path = tables.write_table(table, tmp_path / "tags.parquet", "tags")
    whole = tables.read_table(path, "tags")
    # small batches: the rows of a caption lie in several
    monkeypatch.setattr(tables.parquet._read_rows, "__defaults__", (7,))
    for wanted in (names[::3], ["c3", "c3", "elsewhere"], names, [], pd.Series(names[:5])):
        some = tables.read_table(path, "tags", where=("caption_id", wanted))
        pd.testing.assert_frame_equal(some, whole[whole["caption_id"].isin(wanted)].reset_index(drop=True))
        assert some.attrs == whole.attrs
        few = tables.read_table(path, "tags", ("text", "i"), ("caption_id", wanted))
        pd.testing.assert_frame_equal(few, some[["text", "i"]])
    with pytest.raises(ValueError, match=r"tags\.parquet.*'id' is missing"):
        tables.read_table(path, "tags", where=("id", ["c1"]))
