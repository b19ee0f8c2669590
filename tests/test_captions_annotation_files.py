"""posrank.captions.annotation_files: what is found where, and files and lines that are named with a remedy."""

import pytest

from posrank.captions.annotation_files import Folder, Place, csv_rows, list_of_ids, note_once, text_lines, text_of


def written(folder, **files):
    """Files of these texts, "__" in a name for a dot, "___" for a slash."""
    for name, text in files.items():
        path = folder / name.replace("___", "/").replace("__", ".")
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def folder_of(path, dataset="msvd"):
    return Folder(path, dataset, "https://example.org")


def test_a_folder_that_is_none_says_what_to_put_where(tmp_path):
    for path in (tmp_path / "none", written(tmp_path, file="x") / "file"):
        with pytest.raises(FileNotFoundError, match=r"is no folder: put the annotation files of 'msvd' there; .*fetch\('msvd'\)"):
            folder_of(path)
    assert folder_of(tmp_path / "file", "csv").path == tmp_path / "file", "csv is a file or a folder"


def test_the_folder_of_the_dataset_is_taken_where_nothing_else_is_beside_it(tmp_path):
    written(tmp_path, msvd___x="", __hidden="")
    assert folder_of(tmp_path).path == tmp_path / "msvd" and folder_of(tmp_path, "tgif").path == tmp_path
    written(tmp_path, a__csv="")
    assert folder_of(tmp_path).path == tmp_path


def test_files_here_come_before_those_below_in_the_order_of_names_and_patterns(tmp_path):
    folder = folder_of(written(tmp_path, b__csv="", a__csv="", sub___0__csv="", sub___x__txt=""))
    (tmp_path / "z.csv").mkdir()
    assert [path.name for path in folder.find_all("*.csv")] == ["a.csv", "b.csv", "0.csv"]
    assert folder.find("x.txt", "*.csv") == tmp_path / "sub" / "x.txt" and folder.find("0.csv").parent.name == "sub"
    assert folder.find("z.csv") is None, "a folder is no file"


def test_what_is_not_there_is_noted_where_it_is_said_what_is_lost(tmp_path):
    folder = folder_of(written(tmp_path, a__csv=""))
    assert folder.find("x.csv", "y.csv", lost="no times") is None and folder.find("x.csv") is None
    folder.find("a.csv", lost="nothing")
    assert folder.notes == ["x.csv is not there: no times"]


def test_what_is_needed_is_told_with_its_source_and_place(tmp_path):
    folder = folder_of(tmp_path)
    told = (rf"{tmp_path} holds no a\.csv or b\.csv: dataset 'msvd' needs it\. Get it from https://example\.org and put it, "
            rf"unchanged, into {tmp_path}, please")
    with pytest.raises(FileNotFoundError, match=told):
        folder.need("a.csv", "b.csv", more=", please")
    assert folder_of(written(tmp_path, b__csv="")).need("a.csv", "b.csv").name == "b.csv"


def test_lists_of_splits_are_put_together_and_absent_ones_noted(tmp_path):
    folder = folder_of(written(tmp_path, train_list__txt="a\n\n b \n", test__txt="c\n"))
    assert folder.split_lists("video", "{}_list.txt", "{}.txt") == {"a": "train", "b": "train", "c": "test"}
    assert folder.notes == ["val_list.txt is not there: its videos are in no split"]


def test_an_id_in_two_lists_of_splits_is_told_with_both_places(tmp_path):
    folder = folder_of(written(tmp_path, train__txt="a\nb\n", test__txt="\nb\n"))
    with pytest.raises(ValueError, match=r"test\.txt, line 2: video 'b' is already at .*train\.txt, line 2: keep it once"):
        folder.split_lists("video", "{}.txt")


def test_a_list_of_splits_at_least_is_needed_unless_none_is(tmp_path):
    folder = folder_of(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"holds none of train\.txt, val\.txt, test\.txt: dataset 'msvd' needs it"):
        folder.split_lists("video", "{}.txt")
    folder = folder_of(tmp_path)
    assert folder.split_lists("video", "{}.txt", needed=False) == {} and folder.notes == []


def test_a_key_is_noted_once(tmp_path):
    seen = {}
    note_once(seen, "a", Place("x", 1), "id")
    note_once(seen, "b", Place("x", 2), "id")
    with pytest.raises(ValueError, match="y, line 3: id 'a' is already at x, line 1: keep it once"):
        note_once(seen, "a", Place("y", 3), "id")


def test_texts_are_utf_8_with_or_without_a_mark_and_other_encodings_are_told(tmp_path):
    written(tmp_path, a="\ufeffä\n", b="a\nb\xe4\n".encode("latin-1"), c="a".encode("utf-16"))
    assert text_of(tmp_path / "a") == "ä\n"
    with pytest.raises(ValueError, match="b, line 2: byte 0xe4 is no UTF-8: save the file as UTF-8"):
        text_of(tmp_path / "b")
    with pytest.raises(ValueError, match="c, line 1: the file is written in UTF-16: save it as UTF-8"):
        text_of(tmp_path / "c")
    with pytest.raises(FileNotFoundError, match="d does not exist: put the annotation file there"):
        text_of(tmp_path / "d")


def test_lines_keep_their_numbers_where_blank_ones_are_passed_over(tmp_path):
    written(tmp_path, a="\none\n  \ntwo")
    assert [(place(), text) for place, text in text_lines(tmp_path / "a")] == [
        (f"{tmp_path / 'a'}, line 2", "one"), (f"{tmp_path / 'a'}, line 4", "two")]
    with pytest.raises(ValueError, match="b, line 1: the list is empty: get the file again"):
        list_of_ids(written(tmp_path, b=" \n") / "b")


def rows(folder, text, *required, **options):
    return [(place.line, row) for place, row in csv_rows(written(folder, a__csv=text) / "a.csv", required, **options)]


def test_rows_know_the_line_on_which_they_begin(tmp_path):
    text = '\n a ,b\n1,"x\ny"\n\n , \n2,z\n'
    assert rows(tmp_path, text, "a", "b") == [(3, {"a": "1", "b": "x\ny"}), (7, {"a": "2", "b": "z"})]


@pytest.mark.parametrize(("text", "expected"), [("a;b\n1,5;2", "1,5"), ("a\tb\n1;2\t3", "1;2"), ("a,b\n1,2", "1")])
def test_the_delimiter_is_the_one_that_the_header_holds_most_of(tmp_path, text, expected):
    assert rows(tmp_path, text, "a", delimiter=None)[0][1]["a"] == expected


def test_names_of_columns_may_be_given_by_the_reader(tmp_path):
    asked = []
    found = rows(tmp_path, "A,B\n1,2", "a", rename=lambda names, place: asked.append(place.line) or [n.lower() for n in names])
    assert found == [(2, {"a": "1", "b": "2"})] and asked == [1]


@pytest.mark.parametrize(("text", "message"), [
    ("a,c\n", r"line 1: no column named 'bb' \(found: a, c\): the header line must name a, bb"),
    ("a,bbb\n", r"no column named 'bb' \(found: a, bbb\) \(did you mean 'bbb'\?\): the header line must name"),
    ("a,bb,a\n", "line 1: column 'a' occurs twice: rename one of them"),
    ("a,bb\n1,2\n1,2,3\n", "line 3: 3 columns where the header names 2: put captions with a comma between double quotes"),
    ("a,bb\n1\n", "line 2: 1 columns where the header names 2"),
    ('a,bb\n1,2\n"x"y,2\n', "line 3: malformed csv .*: check the quotes"),
    ('a,bb\n1,"x\n', "line 2: malformed csv .*: check the quotes"),
    ("", "line 1: the file is empty: it needs a header line with a, bb"), ("\n , \n", "line 1: the file is empty"),
])
def test_a_csv_that_is_wrong_is_told_with_its_line(tmp_path, text, message):
    with pytest.raises(ValueError, match=rf"a\.csv, {message}" if message.startswith("line") else message):
        rows(tmp_path, text, "a", "bb")


def test_nameless_columns_may_occur_twice(tmp_path):
    assert rows(tmp_path, "a,,\n1,2,3\n", "a")[0][1]["a"] == "1"
