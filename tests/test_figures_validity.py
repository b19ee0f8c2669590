"""The validity report of a set: judges both ways round, what cannot be judged, a planted shortcut."""

import json

import pandas as pd
import pytest
from support_negatives import world

from posrank import figures, scoring
from posrank.figures.validity import NO_JUDGE_B, judge_texts
from posrank.language.judges import halves
from posrank.negatives import generate
from posrank.scoring import Negated, evaluate, write_metrics
from posrank.scoring.judged import turned

OPTIONS = {"tagger": None, "clip_tokens": False, "b": 200}


@pytest.fixture(scope="module")
def made():
    captions, tags = world(240)
    test, training = captions[captions["split"] == "test"], captions[captions["split"] == "train"]
    return captions, tags, training, generate(test, tags=tags, reference=training, parts=["verb", "prep"], progress=False)


@pytest.fixture(scope="module")
def report(made):
    captions, tags, training, table = made
    return figures.validity_report(table, captions, tags, training, "half", **OPTIONS)


def test_report_of_a_balanced_set(report, tmp_path):
    assert list(report["parts"]) == ["verb", "prep"] and report["rule"] == "paper" and report["note"] == ""
    verb = report["parts"]["verb"]
    assert set(verb["judges"]) == {"A", "-A", "B", "-B"} and set(verb["blind"]) == {"unigram", "bigram", "trigram"}
    assert "several_words" in verb and verb["original_other_part"] == 0 and isinstance(verb["captions"], int)
    row = verb["judges"]["A"]
    assert row["low"] < row["excess"] < row["high"] and row["excess"] == pytest.approx(row["posrank"] - row["chance"])
    assert 0 <= row["first"] <= 1
    assert verb["verdict"] in ("fair", "too small to tell", "not quite fair") and report["verdict"].endswith(".")
    assert report["dropped"]["verb"] and report["balance"] == {}
    path = write_metrics(report, tmp_path / "report.json")
    assert json.loads(path.read_text())["parts"]["verb"]["judges"]["-B"]["captions"] == row["captions"]


def test_a_planted_rare_word_is_caught(made):
    captions, tags, training, table = made
    planted = table[table["part"] == "verb"].copy()
    planted["sentence"] = [f"{text} zzz" for text in planted["sentence"]]
    found = figures.validity_report(planted, captions, tags, training, "half", **OPTIONS)
    assert found["parts"]["verb"]["verdict"] == "solvable" and found["parts"]["verb"]["judges"]["A"]["first"] == 1
    assert found["verdict"].startswith("Can be solved without the video: in verb, a blind ") and "first in 100 %" in found["verdict"]
    assert found["parts"]["verb"]["several_words"] == 1


def test_judge_b_needs_captions_that_the_builder_has_not_seen(made):
    captions, _, training, table = made
    seen, fresh = halves(training)
    assert judge_texts(training, "fair", "half")[0].equals(seen) and judge_texts(training, "fair", "half")[1].equals(fresh)
    assert judge_texts(training, "paper", "half")[0].equals(seen)
    assert judge_texts(training, "fair", "all")[1] is None and judge_texts(training, "paper", "all")[1].equals(fresh)
    one = training[training["video_id"] == training["video_id"].iloc[0]]
    assert judge_texts(one, "paper", "half")[1] is None
    found = figures.validity_report(table.assign(rule="fair"), captions, None, training, "all", **OPTIONS)
    assert found["note"] == NO_JUDGE_B and set(found["parts"]["verb"]["judges"]) == {"A", "-A"}


def test_without_other_captions_and_without_lists(made):
    captions, _, _, table = made
    test = captions[captions["split"] == "test"]
    found = figures.validity_report(table, test, **OPTIONS)
    assert found["note"].startswith("No judges") and found["parts"]["prep"]["judges"] == {}
    assert found["verdict"].startswith("Too small to tell: verb (")
    empty = figures.validity_report(table[:0], captions, **OPTIONS)
    assert empty["verdict"] == "Empty: no caption has a list." and empty["parts"] == {}


def test_tables_of_several_reports(report):
    reports = {("world", "paper"): report, ("world", "again"): report}
    judges = figures.judges_table(reports)
    assert judges.index.names == ["dataset", "rule", "part"] and len(judges) == 4
    assert judges.loc[("world", "paper", "verb"), "A"] == report["parts"]["verb"]["judges"]["A"]["excess"]
    counted = figures.counted_table(reports)
    assert {"several_words", "chance", "k"} <= set(counted) and "judges" not in counted and "verdict" not in counted
    assert figures.judges_table({}).empty


def test_turned_ranks_are_those_of_the_negated_scorer(made):
    captions, _, _, table = made

    def scorer(videos, texts):
        return [len(text) // 2 for text in texts]

    ranks = evaluate(scorer, table, captions, progress=False)
    other = evaluate(Negated(scorer), table, captions, progress=False)
    pd.testing.assert_frame_equal(turned(ranks), other)
    assert scoring.CausalScorer and scoring.judged(table, captions, {"length": scorer}, b=100)["judge"].tolist() == ["length"] * 2
