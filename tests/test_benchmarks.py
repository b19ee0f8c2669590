"""Benchmarks at their smallest size: all ways compute the same numbers. Times are looked at by nobody here."""

import json
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parent.parent / "benchmarks"


@pytest.fixture(autouse=True)
def path(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))


def test_text_encoding():
    import text_encoding

    table, count = text_encoding.run(small=True, repeats=1)
    assert count == 126 and table["ratio"].iloc[0] == 1
    assert (table["error"].dropna() < 1e-5).all() and table["error"].notna().sum() >= 4


def test_training_step():
    import training_step

    table, _ = training_step.run(small=True, repeats=1)
    assert table["loss"].max() - table["loss"].min() < 1e-4 * table["loss"].max()
    assert table["memory_ratio"].is_monotonic_increasing and table["memory_ratio"].iloc[-1] > 3


def test_posrank_end_to_end():
    import posrank_end_to_end

    table, (whole, part, lists) = posrank_end_to_end.run(small=True, repeats=1)
    assert (table["ranks_that_differ"] == 0).all() and (whole, part, lists) == (2 * (62 + 5), 6, 2)


def test_results_make_their_page(tmp_path, monkeypatch):
    import measure
    import pandas as pd

    monkeypatch.setattr(sys, "argv", ["benchmarks/x.py", "--small"])
    measure.write("x", pd.DataFrame({"way": ["slow", "fast"], "ratio": [1.0, 12.345]}), "X", "Two ways.", tmp_path)
    page = (tmp_path / "README.md").read_text()
    assert "| fast | 12.3 |" in page and "`python benchmarks/x.py --small`" in page and (tmp_path / "x.png").stat().st_size > 1000
    assert json.loads((tmp_path / "x.json").read_text())["machine"]["processor"]
