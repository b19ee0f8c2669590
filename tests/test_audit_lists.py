"""Labels of whole lists: counted once a list, with Wilson intervals; the committed labels are whole and hold no text."""

import pandas as pd
import pytest

from posrank.audit import list_shares, wilson
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


@pytest.mark.parametrize("name", ["msrvtt", "vln_uvo"])
def test_the_committed_labels(name):
    labels = pd.read_csv(root() / "data" / "audits" / f"exchange-{name}.csv")
    assert labels.columns.tolist() == ["caption_id", "part", "k", "label"]
    assert not labels.duplicated(["caption_id", "part", "k"]).any()
    assert (list_shares(labels).drop(index="all")["lists"] <= 40).all()
    assert all(f"@{part}-" in name for name, part in zip(labels["caption_id"], labels["part"]))
