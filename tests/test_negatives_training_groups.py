"""Training lists of rule exchange: what every epoch of them holds, and what cannot be trained with them."""

from collections import Counter, defaultdict

import numpy as np
import pandas as pd
import pytest
from support_negatives import world

from posrank import tables
from posrank.negatives import TrainingGroups
from posrank.negatives.held_out_words import held_out
from posrank.training import runs, sources
from posrank.world.build import annotation
from posrank.world.words import ADJECTIVES, ADVERBS


@pytest.fixture(scope="module")
def data():
    captions, tags = world(150, train_share=1)
    return captions.assign(split="train"), tags


@pytest.fixture(scope="module")
def groups(data):
    return TrainingGroups(*data, n=3, seed=5)


def epoch_of(source, captions, epoch, batch=16):
    """[(video, true statement, false statements)] of a whole epoch."""
    found, ids = [], captions["caption_id"].tolist()
    video = dict(zip(captions["caption_id"], captions["video_id"]))
    for at in range(0, len(ids), batch):
        part = ids[at : at + batch]
        true, rows, false, owner = source.lists(part, epoch)
        assert len(true) == len(rows) and len(false) == len(owner) and (np.diff(owner) >= 0).all()
        found += [(video[part[row]], text, [s for s, o in zip(false, owner) if o == i]) for i, (text, row) in enumerate(zip(true, rows))]
    return found


def test_every_statement_is_false_as_often_as_its_own_lists_have_false_ones(groups, data):
    captions, _ = data
    for epoch in (0, 1):
        found = epoch_of(groups, captions, epoch)
        assert len(found) > 100
        true, false = Counter(), Counter(text for *_, others in found for text in others)
        for _, text, others in found:
            true[text] += len(others)
        assert true == false


def test_lists_hold_statements_of_other_videos_that_differ_in_one_word(groups, data):
    captions, _ = data
    said = defaultdict(set)
    for video, text, _ in epoch_of(groups, captions, 0):
        said[text].add(video)
    for video, text, others in epoch_of(groups, captions, 0):
        assert 1 <= len(others) <= 3
        for other in others:
            assert said[other] and sum(a != b for a, b in zip(text.split(), other.split())) == 1 and video not in said[other]


def test_groups_change_with_the_epoch_and_are_drawn_again_the_same(groups, data):
    captions, tags = data
    ids = captions["caption_id"].tolist()[:60]
    again = TrainingGroups(captions.sample(frac=1, random_state=1), tags, n=3, seed=5)
    one, other = (groups.lists(ids, epoch)[2] for epoch in (0, 1))
    assert one != other and groups.lists(ids, 0)[2] == one == again.lists(ids, 0)[2]
    assert groups.attrs["rule"] == "exchange" and min(groups.attrs["videos"][part] for part in ("noun", "adj")) > 20
    assert "v0#0" in groups and "nobody" not in groups


def test_held_out_words_are_neither_true_nor_false(data):
    captions, tags = data
    found = epoch_of(TrainingGroups(captions, tags, n=3, seed=5, holdout=0.2, parts=("adv",)), captions, 0)
    words = {a for _, text, others in found for other in others for a, b in zip(text.split(), other.split()) if a != b}
    assert words and not any(held_out(word, "adv", 0.2) for word in words)
    everywhere = {word for _, text, _ in epoch_of(TrainingGroups(captions, tags, parts=("adv",)), captions, 0) for word in text.split()}
    assert any(held_out(word, "adv", 0.2) for word in everywhere & set(ADVERBS))


def test_nothing_to_exchange_is_said():
    captions, tags = world(1, train_share=1)
    with pytest.raises(ValueError, match=r"no two training videos .* train\.rule to paper"):
        TrainingGroups(captions, tags)


@pytest.mark.parametrize("change, fault", [
    ({"strategy": "phrase"}, "strategies coarse and word"), ({"strategy": "prompt"}, "strategies coarse and word"),
    ({"n_per": "caption"}, r"train\.n_per to part"),
])
def test_what_does_not_go_with_rule_exchange(data, change, fault):
    captions, tags = data
    settings = dict(strategy="word", rule="exchange", n=2, n_per="part", seed=0, holdout=0) | change
    with pytest.raises(ValueError, match=fault):
        sources.training_negatives(captions, tables.validate(tags, "tags"), settings, runs.STRATEGIES[settings["strategy"]])


def test_groups_that_the_world_brings_along_are_trained_on_and_share_their_lists_evenly():
    entries = [annotation(0, "train_groups", i) for i in range(4 * 14)]
    spoken = [(entry["video_id"], caption) for entry in entries for caption in entry["captions"]]
    captions = pd.DataFrame([(video, c["caption_id"], c["caption"], c["group"]) for video, c in spoken],
                            columns=["video_id", "caption_id", "caption", "group"]).assign(dataset="csv", split="train")
    tags = pd.DataFrame([(c["caption_id"], i, *token, "gold") for _, c in spoken for i, token in enumerate(c["tokens"])],
                        columns=["caption_id", "i", "text", "whitespace", "lemma", "upos", "tag", "head", "dep", "tagger"])
    source = TrainingGroups(captions, tags, n=3, seed=1)
    assert source.attrs["videos"]["adj"] >= 16 and source.attrs["videos"]["verb"] >= 8  # two groups of each slot
    found = epoch_of(source, captions, 0)
    true, false = Counter(), Counter(text for *_, others in found for text in others)
    for _, text, others in found:
        true[text] += len(others)
    assert true == false
    kept = TrainingGroups(captions, tags, n=3, seed=1, holdout=0.2).lists(captions["caption_id"], 0)
    different = {word for text, other in zip(np.array(kept[0])[kept[3]], kept[2]) for word in {*text.split()} ^ {*other.split()}}
    assert different & {"wide", "hollow"} and not different & {word for word in ADJECTIVES if held_out(word, "adj", 0.2)}
