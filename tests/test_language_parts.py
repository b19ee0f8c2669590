"""posrank.language.parts: the five parts from tags."""

import pandas as pd
import pytest

from posrank.language.parts import check_part, fine_tag, part_of, parts_of


def test_one_token_and_a_table_agree():
    rows = [
        ("NOUN", "NN"),
        ("VERB", "VBZ"),
        ("VERB", "MD"),
        ("AUX", "VBZ"),
        ("ADJ", "JJ"),
        ("ADV", "RB"),
        ("ADP", "IN"),
        ("ADP", "RP"),
        ("PART", "TO"),
        ("PROPN", "NNP"),
        ("ADP", "TO"),
    ]
    expected = ["noun", "verb", None, None, "adj", "adv", "prep", None, None, None, "prep"]
    assert [part_of(*row) for row in rows] == expected
    table = parts_of(pd.DataFrame(rows, columns=["upos", "tag"], index=range(5, 16)))
    assert table.index.tolist() == list(range(5, 16))
    assert [None if pd.isna(value) else value for value in table] == expected
    assert len(parts_of(pd.DataFrame({"upos": [], "tag": []}))) == 0


def test_errors_name_the_nearest():
    with pytest.raises(ValueError, match="did you mean 'noun'"):
        check_part("nouns")
    with pytest.raises(ValueError, match="'tag' is missing"):
        parts_of(pd.DataFrame({"upos": []}))
    assert fine_tag("prep", "TO") == "IN" and fine_tag("noun", "NNS") == "NNS"
