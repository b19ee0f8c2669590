"""The validity report of a set: judges both ways round, what cannot be judged, a planted shortcut."""

import json

import pandas as pd
import pytest
from support_negatives import world

from posrank import figures
from posrank.negatives import generate
from posrank.scoring import evaluate, write_metrics
from posrank.validity import judge_models
from posrank.validity.judges import negation

OPTIONS = {"tagger": None, "clip_tokens": False, "b": 200}


@pytest.fixture(scope="module")
def made():
    captions, tags = world(240)
    test, training = captions[captions["split"] == "test"], captions[captions["split"] == "train"]
    return (
        captions,
        tags,
        training,
        generate(test, tags=tags, reference=training, parts=["verb", "prep"], progress=False),
    )


@pytest.fixture(scope="module")
def report(made):
    captions, tags, training, table = made
    return figures.validity_report(table, captions, tags, training, **OPTIONS)


def test_report_of_a_balanced_set(report, tmp_path):
    assert list(report["parts"]) == ["verb", "prep"] and report["rule"] == "paper" and report["note"] == ""
    verb = report["parts"]["verb"]
    assert set(verb["judges"]) == {"unigram", "bigram", "trigram", "4-gram", "-4-gram"}
    assert "several_words" in verb and verb["original_other_part"] == 0 and isinstance(verb["captions"], int)
    row = verb["judges"]["4-gram"]
    assert row["low"] < row["excess"] < row["high"] and row["excess"] == pytest.approx(row["posrank"] - row["chance"])
    assert 0 <= row["first"] <= 1
    for raw, adjusted in (("excess", "adjusted"), ("low", "adjusted_low"), ("high", "adjusted_high")):
        assert row[adjusted] == pytest.approx(row[raw] / (1 - row["chance"]))
    assert verb["judges"][verb["strongest"]]["adjusted"] == max(each["adjusted"] for each in verb["judges"].values())
    assert verb["verdict"] in ("within the limit", "too small to tell", "above the limit") and report[
        "verdict"
    ].endswith(".")
    assert report["dropped"]["verb"]
    path = write_metrics(report, tmp_path / "report.json")
    assert json.loads(path.read_text())["parts"]["verb"]["judges"]["-4-gram"]["captions"] == row["captions"]


def test_a_planted_rare_word_is_caught(made):
    captions, tags, training, table = made
    planted = table[table["part"] == "verb"].copy()
    planted["sentence"] = [f"{text} zzz" for text in planted["sentence"]]
    found = figures.validity_report(planted, captions, tags, training, **OPTIONS)
    assert found["parts"]["verb"]["verdict"] == "solvable" and found["parts"]["verb"]["judges"]["4-gram"]["first"] == 1
    assert (
        found["verdict"].startswith("A model that reads only text scores .")
        and "100 % of the range" in found["verdict"]
    )
    assert found["verdict"].endswith("this part measures vision only above that.")
    assert found["parts"]["verb"]["several_words"] == 1


def test_without_other_captions_and_without_lists(made):
    captions, _, training, table = made
    one = table[table["caption_id"] == table["caption_id"].iloc[0]]
    few = figures.validity_report(one, captions, None, training, folds=2, **OPTIONS)
    assert few["note"].startswith("Without the learned judge: ") and "too few videos" in few["note"]
    test = captions[captions["split"] == "test"]
    found = figures.validity_report(table, test, **OPTIONS)
    assert found["note"].startswith("No n-gram judges") and found["parts"]["prep"]["judges"] == {}
    assert found["verdict"].startswith("Too small to tell: verbs (")
    empty = figures.validity_report(table[:0], captions, **OPTIONS)
    assert empty["verdict"] == "Empty: no caption has a list." and empty["parts"] == {}


def test_tables_of_several_reports(report):
    reports = {("world", "paper"): report, ("world", "again"): report}
    judges = figures.judges_table(reports)
    best = report["parts"]["verb"]["judges"][report["parts"]["verb"]["strongest"]]
    assert judges.loc[("world", "paper", "verb"), "adjusted"] == best["adjusted"]
    assert judges.index.names == ["dataset", "rule", "part"] and len(judges) == 4
    assert judges.loc[("world", "paper", "verb"), "4-gram"] == report["parts"]["verb"]["judges"]["4-gram"]["excess"]
    counted = figures.counted_table(reports)
    assert {"several_words", "chance", "k"} <= set(counted) and "judges" not in counted and "verdict" not in counted
    assert figures.judges_table({}).empty
    shuffled = json.loads(json.dumps(report, sort_keys=True))  # as the file holds it, and the parts the other way round
    shuffled["parts"] = {part: shuffled["parts"][part] for part in ("prep", "verb")}
    for table in (
        figures.judges_table({("world", "paper"): shuffled}),
        figures.counted_table({("world", "paper"): shuffled}),
    ):
        assert [*table.index.get_level_values("part")] == ["verb", "prep"]
    names = [name for name in figures.judges_table({("world", "paper"): shuffled}) if name.endswith("gram")]
    assert names == sorted(names, key=["unigram", "bigram", "trigram", "4-gram", "-4-gram"].index)


def test_negated_ranks_are_those_of_the_negated_scorer(made):
    captions, _, _, table = made

    def scorer(videos, texts):
        return [len(text) // 2 for text in texts]

    ranks = evaluate(scorer, table, captions, progress=False)
    other = evaluate(lambda videos, texts: [-score for score in scorer(videos, texts)], table, captions, progress=False)
    pd.testing.assert_frame_equal(negation(ranks), other)
    assert judge_models(table, captions, {"length": scorer}, b=100)["judge"].tolist() == ["length"] * 2
