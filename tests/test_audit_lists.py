"""Labels of whole lists: counted once a list, with Wilson intervals; the committed labels are whole and hold no text."""

import pandas as pd
import pytest

from posrank.audit import cohen, list_agreement, list_shares, wilson
from posrank.figures import readme
from posrank.files import root

LABELS = [("a", "noun", 0, "may be true"), ("a", "noun", 1, "may be true"), ("b", "noun", 0, "fine"), ("c", "adv", 0, "ungrammatical")]


def table(rows):
    return pd.DataFrame(rows, columns=["caption_id", "part", "k", "label"])


def test_a_list_counts_once_and_parts_are_pooled():
    found = list_shares(table(LABELS))
    assert found.index.tolist() == ["noun", "adv", "all"]
    assert found[["lists", "may_be_true", "ungrammatical"]].values.tolist() == [[2, 1, 0], [1, 0, 1], [3, 1, 1]]
    assert (found.loc["all", "may_be_true_low"], found.loc["all", "may_be_true_high"]) == wilson(1, 3)


def test_an_unknown_label_is_named():
    with pytest.raises(ValueError, match="perhaps"):
        list_shares(table([("a", "noun", 0, "perhaps")]))


def test_two_readers_agree_list_by_list():
    other = [("a", "noun", 0, "fine"), ("a", "noun", 1, "may be true"), ("b", "noun", 0, "may be true"), ("c", "adv", 0, "fine")]
    found = list_agreement(table(LABELS), table(other[::-1]))
    assert found.loc["may be true", ["lists", "both", "first", "second", "neither"]].tolist() == [3, 1, 0, 1, 1]
    assert found.loc["ungrammatical", ["lists", "both", "first", "second", "neither"]].tolist() == [3, 0, 1, 0, 2]
    # chance: 1/3 * 2/3 + 2/3 * 1/3 = 4/9, agreement 2/3
    assert found.loc["may be true", ["agree", "kappa"]].tolist() == pytest.approx([2 / 3, 0.4])
    assert found.loc["ungrammatical", "kappa"] == 0


def test_lists_of_one_reader_alone_are_left_out_and_other_negatives_refused():
    found = list_agreement(table(LABELS), table(LABELS[2:]))
    assert found["lists"].tolist() == [2, 2] and found["agree"].tolist() == [1, 1]
    with pytest.raises(ValueError, match="same negatives"):
        list_agreement(table(LABELS), table(LABELS[1:]))
    with pytest.raises(ValueError, match="same lists"):
        list_agreement(table(LABELS[:2]), table(LABELS[2:]))
    with pytest.raises(ValueError, match="perhaps"):
        list_agreement(table(LABELS), table([("a", "noun", 0, "perhaps")]))


def test_kappa_of_a_textbook_example_and_without_variety():
    # 50 proposals: 20 both yes, 15 both no, 5 and 10 apart
    a = pd.Series(["y"] * 25 + ["n"] * 25)
    b = pd.Series(["y"] * 20 + ["n"] * 5 + ["y"] * 10 + ["n"] * 15)
    assert cohen(a, b) == pytest.approx((0.7, 0.4))
    agree, kappa = cohen(a[:25], a[:25])
    assert agree == 1 and pd.isna(kappa)


def test_the_page_shows_each_reader_and_their_agreement(tmp_path, monkeypatch):
    monkeypatch.setattr(readme, "root", lambda: tmp_path)
    table(LABELS).to_csv(tmp_path / "set-a.csv", index=False)
    page = "<!-- [[[cog from posrank.figures import readme; readme.audits('.') ]]] -->\n<!-- [[[end]]] -->\n"
    alone = readme.fill(page)
    assert "| set-a | all | 1 | 3 | 1 (33.3 %" in alone and "kappa" not in alone
    table([(*row[:3], "fine") for row in LABELS]).to_csv(tmp_path / "set-a-2.csv", index=False)
    both = readme.fill(page)
    assert both.index("| set-a | noun | 1 | 2 | 1 (50.0 %") < both.index("| set-a | noun | 2 | 2 | 0 (0.0 %")
    assert "| set-a | may be true | 0 | 1 | 0 | 2 | 66.7 % | 0.00 |" in both


@pytest.mark.parametrize(("name", "lists"), [("msrvtt", 128), ("vln_uvo", 112)])
def test_both_readers_labelled_the_same_negatives(name, lists):
    one, other = (pd.read_csv(root() / "data" / "audits" / f"exchange-{name}{end}.csv") for end in ("", "-2"))
    keys = ["caption_id", "part", "k"]
    one, other = (table[keys].sort_values(keys, ignore_index=True) for table in (one, other))
    assert one.equals(other) and one["caption_id"].nunique() == lists


@pytest.mark.parametrize("name", ["msrvtt", "vln_uvo", "msrvtt-2", "vln_uvo-2"])
def test_the_committed_labels(name):
    labels = pd.read_csv(root() / "data" / "audits" / f"exchange-{name}.csv")
    assert labels.columns.tolist() == ["caption_id", "part", "k", "label"]
    assert not labels.duplicated(["caption_id", "part", "k"]).any()
    assert (list_shares(labels).drop(index="all")["lists"] <= 40).all()
    assert all(f"@{part}-" in name for name, part in zip(labels["caption_id"], labels["part"]))
