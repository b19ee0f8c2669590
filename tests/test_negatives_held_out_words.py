"""Held-out replacement words: training never draws them, test sets are divided by them."""

import pandas as pd
import pytest

from posrank import PARTS
from posrank.negatives import TrainingNegatives, generate
from posrank.negatives.held_out_words import held_out, split
from posrank.world.grammar import write_captions
from posrank.world.scenes import item_rng, sample_scene
from posrank.world.words import WORDS


def world(videos=60):
    captions, tags = [], []
    for n in range(videos):
        rng = item_rng("test", n)
        for i, (text, tokens) in enumerate(write_captions(sample_scene(rng), rng)):
            name = f"v{n}#{i}"
            captions.append((f"v{n}", name, text, "train"))
            tags += [(name, j, *token, "gold") for j, token in enumerate(tokens)]
    return (pd.DataFrame(captions, columns=["video_id", "caption_id", "caption", "split"]),
            pd.DataFrame(tags, columns=["caption_id", "i", "text", "whitespace", "lemma", "upos", "tag", "head", "dep", "tagger"]))


def test_forms_go_together_and_shares_are_kept():
    assert held_out("fridge", "noun", 0.2) and held_out("Fridges", "noun", 0.2) and held_out("blinking", "verb", 0.2)
    words = [f"w{n}" for n in range(4000)]
    assert 0.17 < sum(held_out(word, "prep", 0.2) for word in words) / 4000 < 0.23
    assert not any(held_out(word, "prep", 0) for word in words) and all(held_out(word, "prep", 1) for word in words)
    # a larger share holds out more words, never others
    assert all(held_out(word, "prep", 0.5) for word in words if held_out(word, "prep", 0.2))
    with pytest.raises(ValueError, match="from 0 to 1"):
        held_out("ball", "noun", 20)


def test_every_part_of_the_world_has_words_of_both_kinds():
    for part in PARTS:
        assert 0 < sum(held_out(word, part, 0.2) for word in WORDS[part]) < len(WORDS[part]) / 2


@pytest.mark.parametrize("rule,level", [("paper", "word"), ("paper", "phrase"), ("released", "word")])
def test_training_never_puts_a_held_out_word_in(rule, level):
    captions, tags = world(30)
    source = TrainingNegatives(captions, tags, rule=rule, level=level, n=4, holdout=0.2)
    table = pd.concat([source.table(captions["caption_id"][:40], epoch) for epoch in range(2)])
    assert len(table) > 100 and source.attrs["holdout"] == 0.2
    assert not any(held_out(word, part, 0.2) for part, word in zip(table["part"], table["replacement"]))
    if level == "phrase":  # the neighbour's part is not in the table; the world's words belong to one part each
        kind = {word + "ing" * (part == "verb"): part for part, words in WORDS.items() for word in words}
        known = [(kind[word], word) for word in table["replacement2"] if word in kind]
        assert known and not any(held_out(word, part, 0.2) for part, word in known)
    free = TrainingNegatives(captions, tags, rule=rule, level=level, n=4)
    drawn = free.table(captions["caption_id"][:40], 0)
    assert any(held_out(word, part, 0.2) for part, word in zip(drawn["part"], drawn["replacement"]))


def test_a_set_is_divided_without_loss():
    captions, tags = world(20)
    table = generate(captions, k=20, tags=tags, progress=False)
    both = split(table, 0.2)
    assert len(both["seen"]) + len(both["held-out"]) == len(table) and len(both["held-out"]) > 0
    assert all(held_out(word, part, 0.2) for part, word in zip(both["held-out"]["part"], both["held-out"]["replacement"]))
    assert split(table, 0)["held-out"].empty and split(table, 1)["seen"].empty


def test_what_cannot_be_divided_is_an_error():
    captions, tags = world(4)
    with pytest.raises(ValueError, match="level word"):
        split(generate(captions, level="phrase", tags=tags, progress=False), 0.2)
    with pytest.raises(ValueError, match="replacement"):
        split(pd.DataFrame({"part": ["noun"]}), 0.2)
