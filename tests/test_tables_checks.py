"""posrank.tables.checks: one column or row after another, what is mended on the way in, and how a refusal is worded."""

import datetime
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from posrank import tables
from posrank.tables.checks import check_column

CAPTIONS = pd.DataFrame({
    "caption": ["a dog", "a cat"], "dataset": "d", "split": ["train", "test"], "video_id": ["v", "w"],
    "caption_id": ["v#0", "w#0"],
})
RANKS = pd.DataFrame({
    "run": "r", "caption_id": ["a", "b"], "video_id": "v", "part": "noun", "better": [0, 1], "equal": 0, "negatives": 2,
    "reciprocal_rank": [1.0, 0.5],
})
VIDEOS = pd.DataFrame({"video_id": ["v", "w"], "row": [0, -1], "frames_read": [1, 0], "status": ["ok", "missing"]})
TAGS = pd.DataFrame({
    "caption_id": "c", "i": [0, 1], "text": ["dog", " "], "whitespace": "", "lemma": "dog", "upos": ["NOUN", "SPACE"],
    "tag": ["NN", "_SP"], "head": 0, "dep": "", "tagger": "t",
})


def column(values, table, name, dtype=None):
    return check_column(pd.Series(values, dtype=dtype), table, name)


def test_numbers_as_text_and_whole_floats_become_integers():
    found = column(["2", "3.0"], "negatives", "k")
    assert found.tolist() == [2, 3] and found.dtype == "int64"
    assert column([2.0, 3.0], "negatives", "k").dtype == "int64"


def test_a_large_integer_keeps_its_last_digit():
    assert column([2**60 + 1], "negatives", "k").tolist() == [2**60 + 1]


def test_a_missing_number_is_refused_where_there_is_no_default_and_stays_missing_where_there_is():
    with pytest.raises(ValueError, match=r"negatives table, column 'k', row 1: has no value; fill it in or drop the row"):
        column([1, None], "negatives", "k")
    found = column([None, 3], "negatives", "position2", object)
    assert found.isna().tolist() == [True, False] and found.dtype == "Int64"
    assert column([None, 3.5], "captions", "start").isna().tolist() == [True, False]
    assert column([None, None], "negatives", "position2").isna().all()


def test_missing_text_becomes_the_default_text():
    assert column(["a.mp4", None], "captions", "file").tolist() == ["a.mp4", ""]
    assert column([None, None], "videos", "reason", object).tolist() == ["", ""]


def test_missing_text_whose_default_is_none_stays_missing():
    for values in ([None, None], [None, "cat"]):
        found = column(values, "negatives", "replacement2", object)
        assert found.isna().tolist() == [value is None for value in values] and found.dtype == "str"


@pytest.mark.parametrize(("values", "table", "name", "message"), [
    ([True, False], "negatives", "k", r"negatives table, column 'k', row 0 \(and 1 more rows\): is no number: True; write a number"),
    (["1", "two", None], "captions", "start", r"captions table, column 'start', row 1: is no number: 'two'; write a number"),
    ([None, 0.5], "negatives", "position2", r"'position2', row 1: is no whole number: 0\.5; write an integer"),
    ([1.0, -np.inf], "captions", "end", r"'end', row 1: is infinite; write a finite number"),
    ([None, 3, 4], "captions", "file", r"'file', row 1 \(and 1 more rows\): holds int, not text; write it as text"),
    ([None, 3], "negatives", "replacement2", "'replacement2', row 1: holds int, not text"),
    ([b"a"], "captions", "caption", r"'caption', row 0: holds bytes, not text"),
    ([None, "a\udc00", "b"], "captions", "file", r"'file', row 1: holds half a character \(a lone surrogate\); correct it"),
])
def test_a_wrong_value_is_told_with_table_column_row_and_remedy(values, table, name, message):
    with pytest.raises(ValueError, match=message):
        column(values, table, name, object if not isinstance(values[0], bool) else None)


def test_categories_are_text_where_they_are_of_text():
    assert column(["a", "b"], "captions", "split", "category").dtype == "str"
    with pytest.raises(ValueError, match=r"'split', row 0 .*holds int64, not text"):
        column([1, 2], "captions", "split", "category")


def test_a_scorer_may_rule_a_sentence_out_and_nothing_else_is_infinite():
    assert column([-np.inf, np.inf], "scores", "score").tolist() == [-np.inf, np.inf]
    with pytest.raises(ValueError, match="'score', row 1: has no value"):
        column([0.0, np.nan], "scores", "score")
    with pytest.raises(ValueError, match="'reciprocal_rank', row 0: is infinite"):
        tables.validate(RANKS.assign(reciprocal_rank=[np.inf, 1]), "ranks")


def test_no_rows_are_no_problem_and_keep_their_type():
    assert column([], "captions", "file", object).dtype == "str"
    assert column([], "negatives", "k", object).dtype == "int64" and column([], "captions", "start", "str").dtype == "float64"
    found = tables.validate(CAPTIONS.iloc[:0], "captions")
    assert found.empty and found["start"].dtype == "float64" and found["file"].dtype == "str"


def test_the_number_of_further_rows_is_told():
    with pytest.raises(ValueError, match=r"'caption', row 0 \(and 1 more rows\): is empty; give it a text or drop the row"):
        tables.validate(CAPTIONS.assign(caption=[" ", ""]), "captions")
    with pytest.raises(ValueError, match=r"'caption', row 1: is empty"):
        tables.validate(CAPTIONS.assign(caption=["a", ""]), "captions")


def test_a_missing_column_is_told_with_those_that_are_there_and_those_that_are_needed():
    with pytest.raises(ValueError) as caught:
        tables.validate(CAPTIONS.rename(columns={"caption_id": "id"}), "captions")
    assert "column 'caption_id' is missing (has: caption, dataset, split, video_id, id)" in str(caught.value)
    assert str(caught.value).endswith("needed are dataset, split, video_id, caption_id, caption"), "those with a default are not"


def test_a_column_that_occurs_twice_is_refused():
    with pytest.raises(ValueError, match="captions table: column 'caption' occurs 2 times; keep one"):
        tables.validate(pd.concat([CAPTIONS, CAPTIONS[["caption"]]], axis=1), "captions")


def test_rows_are_numbered_as_they_stand_whatever_the_index():
    table = CAPTIONS.assign(more=[7, 8]).set_axis([9, 9])
    found = tables.validate(table, "captions")
    assert found.index.tolist() == [0, 1] and found["more"].tolist() == [7, 8]
    with pytest.raises(ValueError, match="'split', row 1: is 'dev'; use one of train, val, test, groups"):
        tables.validate(table.assign(split=["train", "dev"]), "captions")


@pytest.mark.parametrize("times", [
    {"start": [0, None], "end": [None, 3]}, {"start": [0, 1], "end": [0.5, 2]}, {"start": [None] * 2, "end": [None] * 2},
])
def test_one_time_alone_and_a_start_at_zero_are_fine(times):
    assert len(tables.validate(CAPTIONS.assign(**times), "captions")) == 2


@pytest.mark.parametrize("times", [
    {"start": [0, 1], "end": [1, 1]}, {"start": [0, 2], "end": [1, 1]},
])
def test_times_that_cannot_be_are_refused(times):
    with pytest.raises(ValueError, match=r"'end', row 1: is not after start .*correct the times or leave both empty"):
        tables.validate(CAPTIONS.assign(**times), "captions")


def test_a_token_may_be_white_space_but_not_nothing():
    assert tables.validate(TAGS, "tags")["text"].tolist() == ["dog", " "]
    with pytest.raises(ValueError, match="tags table, column 'text', row 1: is empty"):
        tables.validate(TAGS.assign(text=["dog", ""]), "tags")
    with pytest.raises(ValueError, match="'upos', row 0: is empty"):
        tables.validate(TAGS.assign(upos=["", "SPACE"]), "tags")


@pytest.mark.parametrize(("name", "reason"), [
    ("a/b", "holds a slash"), ("a\\b", "holds a slash"), (" ", "is empty"), ("x\n", "control character or a byte order mark"),
    ("x" * 256, r"\(258 characters\) and it is longer than 255 bytes"),
])
def test_identifiers_of_captions_and_videos_that_cannot_name_a_file_are_refused(name, reason):
    with pytest.raises(ValueError, match=rf"videos table, column 'video_id', row 1: is .*{reason}; rename it"):
        tables.validate(VIDEOS.assign(video_id=["v", name]), "videos")
    with pytest.raises(ValueError, match=f"captions table, column 'caption_id', row 0: is .*{reason}"):
        tables.validate(CAPTIONS.assign(caption_id=[name, "w#0"]), "captions")


def test_statuses_are_those_of_the_choices():
    with pytest.raises(ValueError, match="'status', row 1: is 'gone'; use one of ok, missing, corrupt"):
        tables.validate(VIDEOS.assign(status=["ok", "gone"]), "videos")


def test_rows_of_one_key_are_told_with_both_places():
    with pytest.raises(ValueError, match=r"videos table, column 'video_id', row 1: video_id 'v' is already in row 0; make it"):
        tables.validate(VIDEOS.assign(video_id="v"), "videos")
    with pytest.raises(ValueError, match="column 'caption_id', row 1: dataset 'd', caption_id 'x' is already in row 0"):
        tables.validate(CAPTIONS.assign(caption_id="x"), "captions")
    three = pd.concat([RANKS, RANKS.iloc[1:]])
    message = r"column 'run\+caption_id\+part', row 2: run 'r', caption_id 'b', part 'noun' is already in row 1; make it"
    with pytest.raises(ValueError, match=message):
        tables.validate(three, "ranks")
    assert len(tables.validate(three.assign(run=["r", "r", "s"]), "ranks")) == 3


@pytest.mark.parametrize("value, what", [
    (np.inf, "is too large"), (1e300, "is too large"), (np.uint64(2**63), "is too large"), (2**70, "is too large"),
    (-(2**70), "is too large"), ("1e400", "is too large"), (10**400, "is too large"),
    (pd.Timestamp("2020"), "is no number"), (pd.Timedelta("1s"), "is no number"), (datetime.date(2020, 1, 1), "is no number"),
    (True, "is no number: True"), (1 + 0j, "is no number"), (Fraction(1, 2), "is no number"), (b"1", "is no number"),
    ([1], "is no number"), (Decimal("1.5"), "is no whole number"), (1.5, "is no whole number: 1.5"), (None, "has no value"),
])
def test_what_is_no_whole_number_is_refused_by_row(value, what):
    with pytest.raises(ValueError, match=rf"negatives table, column 'k', row 1: {what}.*; [fw]"):
        check_column(pd.Series([1, value], dtype=object), "negatives", "k")
    same = pd.Series([value, value])  # with a dtype of its own where it has one
    with pytest.raises(ValueError, match=r"negatives table, column 'k', row 0 \(and 1 more rows\): "):
        check_column(same, "negatives", "k")


@pytest.mark.parametrize("values", [
    [1, 2], [1.0, 2.0], ["1", "2"], [Decimal(1), Decimal(2)], pd.Series([1, 2], dtype="Int32"), pd.Series([1, 2], dtype="uint8"),
    pd.Series([1, 2], dtype="float32"), pd.Series(["1", "2"], dtype="category"), pd.Series([1, 2], dtype="Sparse[int]"),
    pd.Series([1, "2"], dtype=object),
])
def test_whole_numbers_of_every_dtype_are_kept(values):
    assert check_column(pd.Series(values), "negatives", "k").tolist() == [1, 2]
    large = check_column(pd.Series([2**62 + 1]), "negatives", "k")
    assert large.tolist() == [2**62 + 1] and large.dtype == "int64"


@pytest.mark.parametrize("value", [True, 1j, pd.Timestamp("2020"), pd.Timedelta("1s"), "00:01", np.inf, 10**400])
def test_what_is_no_finite_number_of_seconds_is_refused_by_row(value):
    with pytest.raises(ValueError, match=r"captions table, column 'start', row 1: is (no number|infinite)"):
        check_column(pd.Series([1.5, value], dtype=object), "captions", "start")


@pytest.mark.parametrize("start, end, what", [
    (-1, None, "'start', row 0: is -1.0: before the file begins"), (-2, -1, "'start', row 0: is -2.0"),
    (None, -1, "'end', row 0: is not after start"), (None, 0, "'end', row 0: is not after start"),
    (3, 2, "'end', row 0: is not after start"), (3, 3, "'end', row 0: is not after start"),
])
def test_times_that_mean_no_piece_of_a_file_name_their_column(start, end, what):
    table = pd.DataFrame({"dataset": "d", "split": "test", "video_id": "v", "caption_id": "c", "caption": "a", "file": "f",
                          "start": [start], "end": [end]})
    with pytest.raises(ValueError, match=f"captions table, column {what}"):
        tables.validate(table, "captions")


@pytest.mark.parametrize("values", [
    [None, 3], [np.nan, 3.0], ["", "3"], [pd.NaT, 3], pd.Series([pd.NA, 3], dtype="Int64"), pd.Series([np.nan, 3], dtype="float32"),
    pd.Series([pd.NA, 3], dtype="int64[pyarrow]"), pd.Series([np.nan, 3], dtype="Float64"), pd.Series([None, "3"], dtype="category"),
])
def test_a_missing_whole_number_stays_missing(values):
    found = check_column(pd.Series(values), "negatives", "position2")
    assert found.dtype == "Int64" and found.isna().tolist() == [True, False] and found[1] == 3


@pytest.mark.parametrize("dtype", ["float16", "longdouble", "Float32", "double[pyarrow]", "float16[pyarrow]", "Sparse[float32]"])
def test_floats_of_every_dtype_are_read_by_value_or_as_a_whole(dtype):
    assert column([1.0, 2.0], "negatives", "k", dtype).tolist() == [1, 2]
    assert column([0.5, 2.0], "captions", "start", dtype).tolist() == [0.5, 2]
    with pytest.raises(ValueError, match=r"'k', row 0: is no whole number: .*0\.5"):
        column([0.5, 2.0], "negatives", "k", dtype)
    missing = column([np.nan, 2.0], "negatives", "position2", dtype)
    assert missing.isna().tolist() == [True, False] and missing.dtype == "Int64"


def test_a_long_double_that_a_float_cannot_hold_is_refused():
    with pytest.raises(ValueError, match="row 0: is too large"):
        column([np.longdouble(2) ** 60 + 1], "negatives", "k", "longdouble")


@pytest.mark.parametrize("value", [2**60 + 1, str(2**60 + 1), f" +{2**60 + 1} ", Decimal(2**60 + 1), np.int64(2**60 + 1)])
@pytest.mark.parametrize("gone", ["", None, "nan", pd.NA])
def test_a_large_integer_beside_a_missing_one_keeps_its_last_digit(value, gone):
    found = column([value, gone], "negatives", "position2", object)
    assert found[0] == 2**60 + 1 and found.isna().tolist() == [False, True]


@pytest.mark.parametrize("text", ["1_000", "0x10", "one", "1,5", "1 000", " nan ", "--1", "True", "sNaN"])
def test_a_text_that_is_no_number_is_refused(text):
    with pytest.raises(ValueError, match="row 1: is no number"):
        column(["1", text], "negatives", "k", object)


def test_true_and_false_are_no_numbers_with_their_row():
    for dtype in ("bool", "boolean", "bool[pyarrow]"):
        with pytest.raises(ValueError, match=r"'k', row 0 \(and 1 more rows\): is no number: True; write a number"):
            column([True, False], "negatives", "k", dtype)
