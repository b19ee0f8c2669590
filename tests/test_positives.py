"""Hard positives and brittleness."""

import pandas as pd
import pytest
from support_negatives import tagged

from posrank.negatives.positives import generate_positives
from posrank.scoring.brittleness import between, brittleness


def test_positives_say_the_same_in_the_same_form():
    captions, tags = tagged("a/DT man/NN is/AUX talking/VBG near/IN an/DT old/JJ sofa/NN", "a/DT couch/NN", "a/DT couch/NN")
    table = generate_positives(captions, tags=tags, k=1)
    mine = table[table["caption_id"] == "c0"].set_index("part")["sentence"]
    assert mine["verb"] == "a man is speaking near an old sofa"
    assert mine["prep"] == "a man is talking close to an old sofa"
    assert mine["noun"] in ("a guy is talking near an old sofa", "a man is talking near an old couch")
    assert set(table["rule"]) == {"positive"} and set(table["source"]) == {"paraphrase"}
    assert table.attrs["captions"]["noun"] == 3


def test_words_of_fixed_expressions_stay():
    captions, tags = tagged("a/DT cat/NN stands/VBZ near/IN to/IN in/IN front/NN of/IN it/PRP")
    assert generate_positives(captions, tags=tags, parts="noun")["sentence"].tolist() == []


def test_between():
    assert between(0.2, [1.0], [0.5, 0.9, 0.1, 1.5]) == 0.5  # in either order
    assert between(1.0, [0.5], [0.5]) == 0.5 and between(1.0, [1.0], [1.0]) == 0.0
    with pytest.raises(ValueError, match="at least one"):
        between(1.0, [], [0.5])


def test_brittleness_of_a_reader_and_of_a_parrot():
    captions = pd.DataFrame({"caption_id": ["c"], "video_id": ["v"], "caption": ["a big box"]})
    positives = pd.DataFrame({"caption_id": ["c"], "part": ["adj"], "sentence": ["a large box"]})
    negatives = pd.DataFrame({"caption_id": ["c", "c"], "part": ["adj", "adj"], "sentence": ["a small box", "a red box"]})
    reader = brittleness(lambda videos, texts: [float("big" in t or "large" in t) for t in texts], positives, negatives, captions)
    scores = {"a big box": 3.0, "a small box": 2.0, "a red box": 0.5, "a large box": 1.0}
    parrot = brittleness(lambda videos, texts: [scores[t] for t in texts], positives, negatives, captions)
    assert reader["brittleness"].tolist() == [0.0] and parrot["brittleness"].tolist() == [0.5]
    assert parrot["triples"].tolist() == [2]
    with pytest.raises(ValueError, match="both"):
        brittleness(None, positives.assign(part="noun"), negatives, captions)
