"""Who is in a video as far as captions tell (posrank.negatives.scene)."""

import pytest
from support_negatives import tagged

from posrank.negatives.scene import SILENT, Scene

UP = {"dog": {"dog", "animal"}, "cook": {"cook", "person"}}


def scene(*sentences):
    captions, tags = tagged(*sentences, videos=["a"] * len(sentences))
    return Scene(tags, dict(zip(captions["caption_id"], captions["video_id"])), lambda noun: UP.get(noun, {noun}))


@pytest.mark.parametrize(("said", "alone"), [
    ("a/DT man/NN sits/VBZ", True), ("a/DT man/NN and/CC a/DT woman/NN", False), ("a/DT man/NN and/CC a/DT dog/NN", False),
    ("two/CD/NUM dogs/NNS", False), ("a/DT crowd/NN", False), ("a/DT cook/NN is/AUX a/DT man/NN", True),
    ("two/CD/NUM boxes/NNS", True),
])
def test_alone_is_who_is_said_to_be_there_without_others(said, alone):
    assert scene(said).alone("a") is alone


def test_few_captions_may_be_of_somebody_else_each():
    assert not scene(*["a/DT man/NN sits/VBZ"] * 2).alone("a")
    assert scene(*["a/DT man/NN sits/VBZ"] * SILENT).alone("a")


def test_a_posture_is_open_unless_it_is_told_of_each():
    assert not scene("a/DT man/NN sit/VBP", "a/DT dog/NN run/VBP").open_posture("a")
    assert scene("a/DT man/NN sit/VBP", "a/DT dog/NN barks/VBZ").open_posture("a")
    assert scene("a/DT man/NN sit/VBP", "a/DT group/NN sit/VBP").open_posture("a")


def test_a_noun_names_a_person_by_gender_or_by_what_stands_above_it():
    assert scene("a/DT man/NN").person("man") and scene("a/DT man/NN").person("cook")
    assert not scene("a/DT man/NN").person("dog") and not scene("a/DT man/NN").person("box")
