"""Tables of several models: values, intervals, marks, three styles, and lists that must be the same."""

import csv
import io
import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest

from posrank.scoring import bootstrap, chance, compare, holm, pairwise, table
from posrank.scoring.summary import summarize


def ranks(run, shift, videos=60, parts=("noun", "verb"), seed=0, negatives=20):
    rng = np.random.default_rng(seed)
    rows = []
    for part in parts:
        for video in range(videos):
            for n in range(2):
                better = int(np.clip(rng.integers(0, 12) - shift, 0, negatives))
                rows.append((run, f"v{video}#{n}", f"v{video}", part, better, 0, negatives, 1 / (better + 1)))
    columns = ["run", "caption_id", "video_id", "part", "better", "equal", "negatives", "reciprocal_rank"]
    return pd.DataFrame(rows, columns=columns)


@pytest.fixture(scope="module")
def three():
    return {"low": ranks("low", 0), "middle": ranks("middle", 1, seed=1), "high_one": ranks("high_one", 6, seed=2)}


def read_csv(text):
    return {(row["model"], row["part"]): row for row in csv.DictReader(io.StringIO(text))}


def test_values_and_intervals_are_those_of_the_metrics(three):
    lines = read_csv(table(three, "csv", b=500))
    for name, own in three.items():
        metrics = summarize(own, b=500)["posrank"]
        for part in ("noun", "verb", "mean"):
            line = lines[name, part]
            for key in ("posrank", "low", "high", "chance"):
                assert float(line[key]) == pytest.approx(metrics[part][key], abs=2e-6), (name, part, key)
    rows = three["low"][three["low"]["part"] == "noun"]
    assert float(lines["low", "noun"]["low"]) == pytest.approx(bootstrap(rows["reciprocal_rank"], rows["video_id"], 500)[0], abs=1e-6)


def test_holm_is_over_all_pairs_and_parts(three):
    found = pairwise(three, b=500)
    assert len(found) == 3 * 2
    np.testing.assert_allclose(found["p_holm"], holm(found["p"].to_numpy()))
    alone = compare(three["high_one"], three["low"], b=500).set_index("part")
    one = found[(found["run"] == "low") & (found["other"] == "high_one")].set_index("part")
    for part in ("noun", "verb"):
        assert one.loc[part, "difference"] == pytest.approx(-alone.loc[part, "difference"])
        assert one.loc[part, "p"] == pytest.approx(alone.loc[part, "p"])
    fewer = pairwise(three, [("low", "high_one")], b=500)
    assert len(fewer) == 2 and (fewer["p_holm"] <= one["p_holm"].to_numpy()).all()
    assert pairwise(three, [], b=500).empty


def test_marks_say_who_is_above_whom(three):
    lines = read_csv(table(three, "csv", b=500))
    assert set(lines["high_one", "noun"]["above"].split("; ")) == {"low", "middle"}
    assert lines["low", "noun"]["above"] == "" and float(lines["low", "noun"]["p_high_one"]) < 0.05
    text = table(three, b=500)
    row = next(line for line in text.splitlines() if "high_one" in line)
    assert row.count("**") == 6 and "ᵃᵇ" in row
    assert f"{chance([21]):.3f}".replace("0.", ".") in text
    assert "ᵃ" not in table(three, pairs=[], b=500).split("\n\n")[0]


def test_equal_models_get_no_marks(three):
    text = table({"one": three["low"], "two": three["low"].assign(run="two")}, "csv", b=200)
    assert all(line["above"] == "" for line in read_csv(text).values())


def test_several_seeds_make_one_row(three):
    seeds = [ranks("s", 2, seed=n) for n in range(3)]
    line = read_csv(table({"seeds": seeds, "low": [ranks("l", 0, seed=n) for n in range(3)]}, "csv", b=300))["seeds", "noun"]
    assert float(line["posrank"]) == pytest.approx(np.mean([s[s["part"] == "noun"]["reciprocal_rank"].mean() for s in seeds]), abs=1e-5)


def test_latex_is_escaped_and_compiles_where_it_can(three, tmp_path):
    text = table({"a_b & 50%": three["low"], "$x$ {y} \\z": three["high_one"]}, "latex", b=200)
    assert "a\\_b \\& 50\\%" in text and "\\textbackslash{}z" in text and "$^{a}$" in text
    assert text.count("\\textbf") == 3 and "\\toprule" in text and "\\bottomrule" in text
    rows = [line for line in text.splitlines() if line.endswith("\\\\")]
    assert {line.replace("\\&", "").count("&") for line in rows} == {4}
    if shutil.which("pdflatex"):
        (tmp_path / "t.tex").write_text(f"\\documentclass{{article}}\\usepackage{{booktabs}}\\begin{{document}}{text}\\end{{document}}")
        subprocess.run(["pdflatex", "-halt-on-error", "t.tex"], cwd=tmp_path, check=True, capture_output=True)


def test_markdown_names_cannot_break_the_table(three):
    text = table({"a|b\nc": three["low"], "d": three["middle"]}, b=200)
    assert "a\\|b c" in text


def test_metrics_stand_beside_ranks_without_marks(three):
    metrics = summarize(three["low"], b=200) | {"rule": "paper", "lists": {"paper": "x"}}
    lines = read_csv(table({"m": metrics, "r": three["high_one"]}, "csv", b=200))
    assert lines["m", "noun"]["posrank"] and lines["r", "noun"]["above"] == ""
    assert "low" in table([three["low"], three["middle"]], b=200)
    with pytest.raises(ValueError, match="different lists"):
        table({"m": metrics, "n": metrics | {"lists": {"paper": "y"}}})


@pytest.mark.parametrize("other", [ranks("x", 0, negatives=10), ranks("x", 0, videos=59), ranks("x", 0, parts=("noun",))])
def test_other_lists_are_refused(three, other):
    with pytest.raises(ValueError, match="different lists"):
        table({"low": three["low"], "x": other}, b=100)
    with pytest.raises(ValueError, match="different lists"):
        pairwise({"low": three["low"], "x": other}, b=100)


def test_wrong_names_are_errors(three):
    with pytest.raises(ValueError, match="did you mean 'latex'"):
        table(three, "latexx")
    with pytest.raises(ValueError, match="did you mean 'middle'"):
        table(three, pairs=[("low", "midle")], b=100)
    with pytest.raises(ValueError, match="at least one"):
        table({})
    with pytest.raises(ValueError, match="pairs: expected"):
        table(three, pairs="some", b=100)
    with pytest.raises(ValueError, match="two models of one name"):
        table([three["low"], three["low"]])
