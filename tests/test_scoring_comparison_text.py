"""posrank.scoring.comparison_text: what a cell of a table of models says, in each style, from numbers written by hand."""

import csv
import io

import pandas as pd
import pytest

from posrank.scoring.comparison_text import RENDER, above_names
from posrank.scoring.marks import LEVEL


def cell(value, low=None, high=None, expected=0.1):
    return {"posrank": value, "low": low, "high": high, "chance": expected, "captions": 7}


def differences(*rows):
    return pd.DataFrame(rows, columns=["run", "other", "part", "difference", "p_holm"])


ROWS = {"one": {"noun": cell(0.25, 0.2, 0.3), "mean": cell(0.5)}, "two": {"noun": cell(0.75, 0.7, 0.8)}}
TESTS = differences(("one", "two", "noun", -0.5, 0.01))


def cells(text, name):
    """The cells of the line of a model in Markdown."""
    return [each.strip() for each in next(line for line in text.splitlines() if f"| {name} |" in line).split("|")[2:-1]]


def test_a_model_is_above_another_from_either_side_of_the_pair():
    assert above_names(TESTS, "two", "noun") == ["one"] and above_names(TESTS, "one", "noun") == []
    turned = differences(("two", "one", "noun", 0.5, 0.01))
    assert above_names(turned, "two", "noun") == ["one"] and above_names(turned, "one", "noun") == []


def test_neither_other_parts_nor_what_is_not_significant_count():
    assert above_names(TESTS, "two", "verb") == []
    at_level = differences(("two", "one", "noun", 0.5, LEVEL), ("two", "three", "noun", 0.5, LEVEL - 1e-9))
    assert above_names(at_level, "two", "noun") == ["three"]
    assert above_names(differences(("two", "one", "noun", 0.0, 0.01)), "two", "noun") == []


def test_columns_are_the_parts_in_order_that_any_model_has_and_an_absent_one_is_empty():
    rows = {"x": {"mean": cell(0.5), "prep": cell(0.4)}, "y": {"noun": cell(0.3), "mean": cell(0.2)}}
    text = RENDER["markdown"](rows, TESTS, False)
    assert text.splitlines()[0] == "|  | model | noun | prep | mean |"
    assert cells(text, "x") == ["x", "", "**.400**", "**.500**"] and cells(text, "y") == ["y", "**.300**", "", ".200"]


def test_the_best_is_bold_as_it_is_printed_and_a_single_model_is_not():
    rows = {"x": {"noun": cell(0.5004)}, "y": {"noun": cell(0.4996)}, "z": {"noun": cell(0.4994)}}
    text = RENDER["markdown"](rows, TESTS, False)
    assert [cells(text, name)[1] for name in rows] == ["**.500**", "**.500**", ".499"]
    assert cells(RENDER["markdown"]({"x": rows["x"]}, TESTS, False), "x")[1] == ".500"


def test_intervals_stand_where_they_are_asked_for_and_known():
    assert cells(RENDER["markdown"](ROWS, TESTS, True), "one")[1:] == [".250 [.200, .300]", "**.500**"]
    assert cells(RENDER["markdown"](ROWS, TESTS, True), "two")[1:] == ["**.750** ᵃ [.700, .800]", ""]
    assert cells(RENDER["markdown"](ROWS, TESTS, False), "two")[1] == "**.750** ᵃ"
    half = {"x": {"noun": cell(0.5, 0.4, None)}}
    assert cells(RENDER["markdown"](half, TESTS, True), "x")[1] == ".500"


def test_values_of_one_and_none_are_written_out():
    rows = {"x": {"noun": cell(1.0, 0.0, 1.0)}, "y": {"noun": cell(0.0)}}
    assert cells(RENDER["markdown"](rows, TESTS, True), "x")[1] == "**1.000** [.000, 1.000]"


def test_the_line_of_chance_is_that_of_a_model_that_has_the_part_and_may_be_empty():
    rows = {"x": {"noun": cell(0.5, expected=None)}, "y": {"verb": cell(0.2, expected=0.125)}}
    assert "|  | chance |  | .125 |" in RENDER["markdown"](rows, TESTS, False)
    assert " & chance &  & .125 \\\\" in RENDER["latex"](rows, TESTS, False)


def test_marks_are_letters_in_order_of_the_models():
    names = ["z", "y", "x"]
    rows = {name: {"noun": cell(0.1 * n)} for n, name in enumerate(names, 1)}
    tests = differences(("y", "x", "noun", -0.1, 0.01), ("z", "x", "noun", -0.2, 0.01), ("z", "y", "noun", -0.1, 0.01))
    text = RENDER["markdown"](rows, tests, False)
    assert [line.split("|")[1].strip() for line in text.splitlines()[2:5]] == ["a", "b", "c"]
    assert cells(text, "y")[1] == ".200 ᵃ" and cells(text, "x")[1] == "**.300** ᵃᵇ"
    assert "$^{ab}$" in RENDER["latex"](rows, tests, False)


def test_more_models_than_letters_get_two_letters():
    rows = {f"m{n}": {"noun": cell(n / 100)} for n in range(28)}
    lines = RENDER["markdown"](rows, differences(), False).splitlines()[2:30]
    assert [line.split("|")[1].strip() for line in lines[-3:]] == ["z", "aa", "ab"]
    assert len({line.split("|")[1] for line in lines}) == 28


def test_marks_of_two_letters_are_told_apart_from_two_marks():
    rows = {f"m{n}": {"noun": cell(n / 100)} for n in range(29)}
    above = differences(*(("m28", f"m{n}", "noun", 0.1, 0.01) for n in (27, 1, 0)))
    assert cells(RENDER["markdown"](rows, above, False), "m28")[1].endswith(" ᵃ,ᵇ,ᵃᵇ")
    assert "$^{a,b,ab}$" in RENDER["latex"](rows, above, False)


def test_chance_is_that_of_any_model_that_has_it_and_all_of_them_where_lists_differ():
    one, none, other = cell(0.5, expected=0.5), cell(0.5, expected=None), cell(0.5, expected=0.25)
    for rows, chance in (({"a": none, "b": one}, ".500"), ({"a": none}, ""), ({"a": one, "b": other}, ".250 to .500")):
        text = RENDER["markdown"]({name: {"noun": each} for name, each in rows.items()}, differences(), False)
        assert f"|  | chance | {chance} |" in text


@pytest.mark.parametrize(("name", "markdown", "latex"), [
    ("a|b", "a\\|b", "a|b"), ("a\n b", "a b", "a b"), ("50% & $x_1$ #2", "50% & $x_1$ #2", "50\\% \\& \\$x\\_1\\$ \\#2"),
    ("~^\\{}", "~^\\{}", "\\textasciitilde{}\\textasciicircum{}\\textbackslash{}\\{\\}"),
])
def test_a_name_cannot_break_a_line_or_a_command(name, markdown, latex):
    rows = {name: {"noun": cell(0.5)}}
    assert f"| a | {markdown} | .500 |" in RENDER["markdown"](rows, TESTS, False)
    assert f"a & {latex} & .500 \\\\" in RENDER["latex"](rows, TESTS, False)


def test_a_cell_in_latex_has_bold_marks_and_a_small_interval():
    text = RENDER["latex"](ROWS, TESTS, True)
    assert "b & two & \\textbf{.750}$^{a}$ {\\scriptsize [.700, .800]} &  \\\\" in text
    assert "\\begin{tabular}{llrr}" in text and text.endswith("compared).\n") and "\n% Highest value" in text


def test_a_csv_has_a_line_for_each_model_and_part_with_the_p_against_each_model():
    lines = list(csv.DictReader(io.StringIO(RENDER["csv"](ROWS, TESTS, True))))
    assert [(line["model"], line["part"]) for line in lines] == [("one", "noun"), ("one", "mean"), ("two", "noun")]
    one, mean, two = lines
    assert (one["p_one"], one["p_two"], two["p_one"], two["p_two"]) == ("", "0.01", "0.01", "")
    assert (mean["p_one"], mean["p_two"], mean["low"], mean["high"]) == ("", "", "", "") and mean["posrank"] == "0.5"
    assert two["above"] == "one" and one["above"] == "" and two["captions"] == "7" and two["chance"] == "0.1"
    three = {**ROWS, "top": {"noun": cell(0.9)}}
    tests = differences(*TESTS.itertuples(index=False), ("top", "one", "noun", 0.6, 0.02), ("two", "top", "noun", -0.1, 0.03))
    *_, top = csv.DictReader(io.StringIO(RENDER["csv"](three, tests, False)))
    assert top["above"] == "one; two" and (top["p_one"], top["p_two"]) == ("0.02", "0.03")
