"""YAML as DVC reads and writes it (module yamlfile): plain data alone, and one clear error for all else."""

import os

import pytest

from posrank.pipeline.yamlfile import LARGEST, parse, read, value_of, yaml_text

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{here}: &{here} [{', '.join([f'*{before}'] * 9)}]\n" for before, here in zip("abcdefgh", "bcdefghi")
)


@pytest.mark.parametrize(
    ("text", "value"),
    [("1e-4", 1e-4), ("1.0e-4", 1e-4), ("on", "on"), ("true", True), ("null", None), ("[1, 2]", [1, 2]), ("{n: 2}", {"n": 2}),
     ("xclip-word-0", "xclip-word-0"), ("007", 7), ("[unclosed", "[unclosed"), ("2001-01-01", "2001-01-01"),
     ("!!python/name:os.system", "!!python/name:os.system"), ("[\n" * 5000, "[\n" * 5000), ("9" * 5000, "9" * 5000)],
)  # fmt: skip
def test_values_of_the_command_line(text, value):
    found = value_of(text)
    assert found == value and type(found) is type(value)


def test_what_is_written_reads_back_in_its_own_order():
    values = {"z": 1, "a": {"on": "off", "rate": 1e-7, "list": ["x", 2]}, "text": "yes"}
    text = yaml_text(values, "a comment")
    assert text.startswith("# a comment\nz: 1\na:\n") and list(value_of(text)) == ["z", "a", "text"]
    assert value_of(text) == values


@pytest.mark.parametrize(
    ("data", "values"),
    [
        (b"a: 1e-3\r\nb:\r\n  c: [x, 'y']\r\n", {"a": 1e-3, "b": {"c": ["x", "y"]}}),
        (b"\xef\xbb\xbfa: 1\n", {"a": 1}),
        (b"a: &x {b: 1, c: 2}\nd:\n  c: 3\n  <<: *x\ne: *x\n", {"a": {"b": 1, "c": 2}, "d": {"b": 1, "c": 3}, "e": {"b": 1, "c": 2}}),
        (b"a: &x 1\nb: &x 2\nc: *x\n", {"a": 1, "b": 2, "c": 2}),
        (b"# all of YAML 1.2\n---\na: ~\nb: 0x1F\nc: no\n", {"a": None, "b": 31, "c": "no"}),
    ],
)
def test_plain_data_is_read(tmp_path, data, values):
    (tmp_path / "a.yaml").write_bytes(data)
    assert read(tmp_path / "a.yaml")[0] == values


def test_lines_are_those_of_keys_and_items():
    assert parse("a: 1\nb:\n  - x\n\n  - {c: 2}\n")[1] == {("a",): 1, ("b",): 2, ("b", 0): 3, ("b", 1): 5, ("b", 1, "c"): 5}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "holds no mapping"),
        ("# nothing\n", "holds no mapping"),
        ("- a\n", "holds no mapping"),
        ("a: 1\n---\nb: 1\n", "line 2: expected a single document"),
        ("a: [1, 2\nb: 3\n", "line 2"),
        ("a: 1\n\tb: 2\n", "line 2: .*'.t' that cannot start"),
        ("a: 1\nb: 2\na: 3\n", 'line 3: .*duplicate key "a"'),
        ("a: *b\n", "line 1: .*undefined alias 'b'"),
        ("a: 1\nb: &x [*x]\n", "line 2: b.*perhaps by an alias"),
        ("b: &x\n  <<: *x\n", "line [12]: b.*perhaps by an alias"),
        (BOMB, "line [1-9]: .*perhaps by an alias"),
        ("a: " + "[\n" * 3000, "line 30: .*depth"),
        ("a:\n" + "".join(" " * i + "- \n" for i in range(1, 300)), "line 3[0-9]: .*depth"),
        ("a: 1\nb: " + "9" * 400, "line 2: b is a number of 400 characters"),
        ("a: 1\nb: \0\n", "line 2: the character"),
        ('b: "\\0"\n', "line 1: b is .*control character"),
        ('b: "\\ud800"\n', "line 1: b is .*half a character"),
        ("a: !!python/object/apply:os.mkdir [made]\n", "line 1: a carries the tag .*python/object"),
        ("a: !other {b: 1}\n", "line 1: a carries the tag '!other'"),
        ("a: !!map [1]\n", "line 1: a carries the tag"),
        ("a: !!binary aGk=\n", "line 1: a carries the tag .*binary"),
        ("a: !!int x\n", "line 1: a is 'x', which is no int"),
        ("a:\n  1: 2\n", "line 2: a has the key '1', which is no plain text"),
        ("? [a]\n: 1\n", "line 1: the file has the key 'a list or mapping'"),
        ("<<: 3\n", "line 1: .*expected a mapping"),
        ("a: '" + "x" * LARGEST + "'", "larger than 100,000 bytes"),
    ],
)
def test_all_else_is_one_error_with_file_line_and_key(tmp_path, monkeypatch, text, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.yaml").write_text(text)
    with pytest.raises(ValueError, match=rf"^a\.yaml.*{words}") as caught:
        read(tmp_path / "a.yaml")
    assert len(str(caught.value)) < 500 and not (tmp_path / "made").exists()


def test_what_is_no_file_or_no_text_is_named(tmp_path):
    path = tmp_path / "a.yaml"
    with pytest.raises(FileNotFoundError, match=r"a\.yaml does not exist"):
        read(path)
    with pytest.raises(ValueError, match="is no file"):
        read(tmp_path)
    os.mkfifo(tmp_path / "pipe.yaml")
    with pytest.raises(ValueError, match="is no file"):
        read(tmp_path / "pipe.yaml")
    for data, line in ((b"a: 1\nb: \xff\n", 2), ("a: ä".encode("latin-1"), 1), ("a: 1".encode("utf-16"), 1)):
        path.write_bytes(data)
        with pytest.raises(ValueError, match=rf"a\.yaml, line {line}: no text in UTF-8"):
            read(path)
    path.chmod(0)
    if not os.access(path, os.R_OK):  # root may read everything
        with pytest.raises(ValueError, match="cannot be read"):
            read(path)
    with pytest.raises(ValueError, match=r"cannot be read|is no file"):
        read(tmp_path / ("x" * 5000))
