"""What text alone solves in real sets: which lists the judges are asked, and what a stopped call keeps."""

import json

import pytest
from support_negatives import world

from posrank.figures import text_judges


@pytest.fixture(scope="module")
def data():
    captions, tags = world(40)
    return captions, tags


@pytest.fixture
def asked(monkeypatch):
    """What validity_report is called with, set by set; it answers with one part and one judge."""
    calls = []

    def report(negatives, captions, tags=None, training=None, **options):
        calls.append({"rule": negatives["rule"].iloc[0], "negatives": negatives, "captions": captions, "tags": tags,
                      "training": training, **options})
        judge = {"posrank": 0.5, "low": 0.4, "high": 0.6, "excess": 0.25, "adjusted": 1 / 3}
        return {"verdict": "Fine.", "note": "", "parts": {"noun": {
            "captions": len(calls), "k": 3, "chance": 0.25, "verdict": "fine", "judges": {"unigram": judge}}}}

    monkeypatch.setattr(text_judges, "validity_report", report)
    return calls


def found_of(data, *names):
    return {name: (None, "default", *data) for name in names}


def test_sampled_lists_where_a_list_stands_alone_and_whole_groups_where_it_does_not(data, asked, tmp_path, capsys):
    captions, tags = data
    table = text_judges.judges(found_of(data, "msvd", "tgif"), tmp_path, lists=7, b=50)
    paper, exchange = asked
    assert (paper["rule"], exchange["rule"]) == ("paper", "exchange")
    assert paper["captions"] is captions and paper["tags"] is tags and paper["training"] is None and paper["lists"] == 7
    assert exchange["training"] is captions and exchange["tags"] is None and exchange["lists"] is None
    assert set(exchange["negatives"]["caption_id"]) <= set(exchange["captions"]["caption_id"])
    for call in asked:
        assert (call["b"], call["folds"], call["pretrained"], call["clip_tokens"]) == (50, text_judges.FOLDS, None, False)
        own = call["captions"].set_index("caption_id")
        assert set(own.loc[call["negatives"]["caption_id"].unique(), "split"]) == {"test"}
    # tgif is none of DATASETS
    assert table[["dataset", "rule", "part"]].values.tolist() == [["msvd", "paper", "noun"], ["msvd", "exchange", "noun"]]
    assert table["unigram"].tolist() == [0.25, 0.25] and "msvd, rule exchange: Fine." in capsys.readouterr().out
    assert not list(tmp_path.iterdir())  # nothing is kept without a folder for it


def test_the_authors_files_are_a_set_of_their_own(data, asked, tmp_path):
    captions, _ = data
    test = captions[captions["split"] == "test"].iloc[:2]
    (tmp_path / "msvd").mkdir()
    for part, row in zip(("noun", "adverb"), test.itertuples()):
        lists = {row.caption_id: {"0": f"{row.caption} x", "1": f"{row.caption} y"}}
        (tmp_path / "msvd" / f"msvd_{part}_RE20.json").write_text(json.dumps(lists))
    text_judges.judges(found_of(data, "msvd"), tmp_path)
    assert [call["rule"] for call in asked] == ["paper", "released", "exchange"]
    released = asked[1]["negatives"]
    assert set(zip(released["part"], released["caption_id"])) == set(zip(("noun", "adv"), test["caption_id"]))
    assert asked[1]["captions"] is captions and asked[1]["lists"] == 100


def test_a_stopped_call_goes_on_and_other_settings_are_asked_anew(data, asked, tmp_path):
    found, work = found_of(data, "msvd"), tmp_path / "work"
    first = text_judges.judges(found, tmp_path, work, b=50)
    (work / "judges-msvd-exchange.json").unlink()
    assert len(asked) == 2 and {path.name for path in work.iterdir()} == {"judges-msvd-paper.json"}
    again = text_judges.judges(found, tmp_path, work, b=50)
    assert [call["rule"] for call in asked] == ["paper", "exchange", "exchange"]
    assert again["captions"].tolist() == [1, 3] and list(again) == list(first)
    for change in ({"b": 60}, {"b": 60, "lists": 5}, {"b": 60, "lists": 5, "pretrained": "folder"}):
        before = len(asked)
        text_judges.judges(found, tmp_path, work, **change)
        text_judges.judges(found, tmp_path, work, **change)
        assert len(asked) == before + 2
    captions, tags = data
    fewer = captions[captions["video_id"] != captions.loc[captions["split"] == "test", "video_id"].iloc[0]]
    before = len(asked)
    text_judges.judges({"msvd": (None, "default", fewer, tags)}, tmp_path, work, **change)
    assert [call["rule"] for call in asked[before:]][:1] == ["paper"]  # other lists
