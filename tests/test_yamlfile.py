"""YAML as DVC reads and writes it (module yamlfile)."""

import pytest

from posrank.yamlfile import value_of, yaml_text


@pytest.mark.parametrize(
    ("text", "value"),
    [("1e-4", 1e-4), ("1.0e-4", 1e-4), ("on", "on"), ("true", True), ("null", None), ("[1, 2]", [1, 2]), ("{n: 2}", {"n": 2}),
     ("xclip-word-0", "xclip-word-0"), ("007", 7), ("[unclosed", "[unclosed")],
)  # fmt: skip
def test_values_of_the_command_line(text, value):
    found = value_of(text)
    assert found == value and type(found) is type(value)


def test_what_is_written_reads_back_in_its_own_order():
    values = {"z": 1, "a": {"on": "off", "rate": 1e-7, "list": ["x", 2]}, "text": "yes"}
    text = yaml_text(values, "a comment")
    assert text.startswith("# a comment\nz: 1\na:\n") and list(value_of(text)) == ["z", "a", "text"]
    assert value_of(text) == values
