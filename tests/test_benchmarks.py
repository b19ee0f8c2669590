"""Benchmarks at their smallest size: all ways compute the same numbers. Times are looked at by nobody here."""

import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

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


def test_shards():
    import shards

    source = shards.Varied(*shards.base(None))
    varied, tags = source.captions(np.arange(40)), source.tagged(np.arange(40))
    assert varied["caption"].nunique() == 40 and varied["video_id"].nunique() == 4
    assert varied.iloc[7:9].reset_index(drop=True).equals(source.captions(np.arange(7, 9)))
    said = (tags["text"] + tags["whitespace"]).groupby(tags["caption_id"]).agg("".join)
    assert said[varied["caption_id"]].tolist() == varied["caption"].tolist()
    table, _ = shards.run((60,), source, processes=1, shard=40, one=shards.one_size)
    assert (table["negatives"] > 60).all() and (table[[f"{step}_s" for step in shards.STEPS]] > 0).all(axis=None)
    fewer, _ = shards.run((60,), source, processes=1, shard=40, steps=shards.COUNTS, one=shards.one_size)
    assert fewer["statements"].iloc[0] > 0 and "negatives" not in fewer


def test_growth():
    import growth

    import posrank
    from posrank.negatives import generate

    table, _ = growth.run((9, 30), growth.one_size)
    captions, tags = growth.world_tables(30)
    few, few_tags = growth.world_tables(9)
    assert few.equals(captions.head(9)) and set(few_tags["caption_id"]) == set(few["caption_id"])
    sets = generate(captions, tags=tags, reference=captions, progress=False)
    ranks = posrank.evaluate(lambda videos, texts: [0] * len(texts), sets, captions, progress=False)
    assert table["sentences"].iloc[1] == len(sets) and table["lists"].iloc[1] == len(ranks) and len(ranks) > 3 * 30
    assert (table["mib_before"] <= table["negatives_mib"]).all() and (table["negatives_mib"] <= table["ranks_mib"]).all()


def test_recall_and_duplicates():
    import recall_and_duplicates

    table, _ = recall_and_duplicates.run(small=True, repeats=1)
    assert len(table) == 4 and (table["difference"] < 1e-9).all()


def test_frames():
    import frames

    table, _ = frames.run(small=True, repeats=1)
    assert (table["difference"][~table["way"].str.startswith("OpenCV")] == 0).all() and len(table) >= 3


def test_results_make_their_page(tmp_path, monkeypatch):
    import measure
    import pandas as pd

    monkeypatch.setattr(sys, "argv", ["benchmarks/x.py", "--small"])
    measure.write("x", pd.DataFrame({"way": ["slow", "fast"], "ratio": [1.0, 12.345]}), "X", "Two ways.", tmp_path)
    page = (tmp_path / "README.md").read_text()
    assert "| fast | 12.3 |" in page and "`python benchmarks/x.py --small`" in page and (tmp_path / "x.png").stat().st_size > 1000
    assert json.loads((tmp_path / "x.json").read_text())["machine"]["processor"]
    assert "* X: fast is 12 times faster than slow.\n" in page


def test_make_bench_runs_all_that_write_results():
    makefile = (FOLDER.parent / "Makefile").read_text()
    listed = re.search(r"^BENCHMARKS := (.*)$", makefile, re.M)[1].split()
    writing = [path.stem for path in FOLDER.glob("*.py") if re.search(r"^from measure import .*\bwrite$", path.read_text(), re.M)]
    assert sorted(listed) == sorted(writing)


def test_accelerator_counts_what_a_way_computes():
    import accelerator
    from measure import text_tower

    tower = text_tower(small=True)
    ids = torch.tensor([[9, 1, 2, 99, 0, 0], [9, 1, 3, 99, 0, 0], [9, 1, 2, 99, 0, 0]])
    assert accelerator.computed(ids, "pad") == 18 and accelerator.computed(ids, "trie") == 6
    assert accelerator.operations(tower, 5) == 2 * 5 * 2 * 12 * 64**2  # two blocks: 3 + 1 of attention, 4 + 4 of the two layers
    table, count, batch, top = accelerator.run(small=True, repeats=1)
    assert (count, batch) == (126, 126) and top > 0 and len(table) == 12
    assert (table[["sentences_per_s", "ratio", "share"]] > 0).all(axis=None)
