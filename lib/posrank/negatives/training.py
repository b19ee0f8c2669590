"""Training negatives (Sections 6.2 and 6.3): drawn afresh in every epoch, the same in every run.

A draw depends on the seed, the epoch, the caption's id and the part, not on batches, workers or the order of calls, so
a resumed run sees what an undisturbed one sees.
"""

from functools import lru_cache
from itertools import chain

import numpy as np

from posrank import PARTS
from posrank.negatives.corpus import gather
from posrank.negatives.draw import item_random
from posrank.negatives.held_out_words import held_out
from posrank.negatives.lists import joints, one_word, two_words
from posrank.negatives.rules import LEVELS, RULES, check_choice, check_parts, make_rule
from posrank.negatives.table import Rows

PREFER = 0.5
"""Probability that a word's next antonym is taken where antonyms and random words are both left."""

CACHED = 20_000


class TrainingNegatives:
    """Negatives of training captions, by caption id and epoch.

    captions, tags, rule, level, seed, parts, reference, lexicon, tagger: as in posrank.negatives.generate.
    n_per "part": up to `n` for every part that the caption has (the paper's N = 16). "caption": up to `n` in all, the
    part drawn at random for each among the caption's parts (as in the authors' code; there N counts the caption, here
    it does not); at level phrase the first word is drawn among all words of the parts (Section 6.3).

    Antonyms first, but not only: each time a word is drawn that still has unused antonyms (its own, of hypernyms, of
    hyponyms), the next of them is taken with probability 1/2, else a random word of the pool; once one kind is used up,
    the other follows. (Evaluation lists take a word's antonyms first, always.) The sentences of one caption and epoch
    are distinct within a part; where a closed vocabulary has fewer than `n`, all there are come back. ``.attrs``
    describes the settings.

    holdout: share of each part's words that never become a replacement (posrank.negatives.held_out_words), 0 = all may.
    """

    def __init__(
        self, captions, tags=None, *, rule="paper", level="word", n=16, n_per="part", seed=0, parts=PARTS,
        reference=None, lexicon="builtin", tagger=None, holdout=0.0,
    ):
        self.rule, self.level = check_choice("rule", rule, RULES), check_choice("level", level, LEVELS)
        self.parts = check_parts(parts)
        self.n_per = check_choice("n_per", n_per, ("part", "caption"))
        if isinstance(n, bool) or not hasattr(n, "__index__") or n < 1:
            raise ValueError(f"n is {n!r}; it is a whole number of negatives, 1 or more")
        self.n, self.seed = int(n), seed
        self._corpus = gather(captions, tags, reference, lexicon, tagger)
        vocabulary = self._corpus.vocabulary
        if holdout:
            vocabulary = vocabulary.without(lambda word, part: held_out(word, part, holdout))
        chooser = make_rule(rule, vocabulary, self._corpus.lexicon)
        self._chooser = chooser.for_training() if hasattr(chooser, "for_training") else chooser
        self._prepared = lru_cache(maxsize=CACHED)(self._prepare)
        self.attrs = {
            "rule": rule, "level": level, "n": self.n, "n_per": n_per, "seed": seed, "parts": list(self.parts),
            **({"holdout": holdout} if holdout else {}), **self._corpus.attrs,
        }

    def __contains__(self, caption_id):
        return caption_id in self._corpus.captions

    def draw(self, caption_id, epoch):
        """The negatives of one caption in one epoch: a list of sentences, part after part; [] where it has none.

        KeyError names a caption id that is not there.
        """
        return [sentence for _, drawn in self._draw(caption_id, epoch) for sentence, _ in drawn]

    def lists(self, caption_ids, epoch):
        """As TrainingGroups.lists (posrank.negatives.training_groups); the true sentence of a list is the caption."""
        drawn, rows = [self.draw(caption_id, epoch) for caption_id in caption_ids], np.arange(len(caption_ids))
        return None, rows, list(chain.from_iterable(drawn)), np.repeat(rows, [len(each) for each in drawn])

    def table(self, caption_ids, epoch):
        """The same draws as a negatives table: which word was changed, into what, from which source."""
        rows = Rows(self.level)
        for caption_id in caption_ids:
            by_part = {}
            for negative in chain.from_iterable(drawn for _, drawn in self._draw(caption_id, epoch)):
                by_part.setdefault(negative[1][0][0].part, []).append(negative)
            for part, drawn in by_part.items():
                rows.add(caption_id, part, drawn)
        return rows.table(self.rule, {**self.attrs, "epoch": epoch})

    def _prepare(self, caption_id):
        if caption_id not in self._corpus.captions:
            raise KeyError(f"no caption {caption_id!r} among the {len(self._corpus.captions)} training captions")
        if not self._corpus.captions[caption_id].strip():
            return [], None, {}, ()
        tokens, others = self._corpus.tokens(caption_id), self._corpus.others(caption_id)
        slots = self._chooser.slots(tokens, others)[0]  # all five parts: neighbours come from any of them
        by_part = {part: [item for item in slots if item[0].part == part] for part in self.parts}
        by_part = {part: items for part, items in by_part.items() if items}
        if self.level == "word":  # other captions of the video are no longer among the choices
            return slots, None, by_part, ()
        return slots, joints(tokens, slots), by_part, others

    def _draw(self, caption_id, epoch):
        """[(part or "caption", [(sentence, changes), ...]), ...]"""
        slots, joined, by_part, others = self._prepared(caption_id)
        if not slots:
            return []
        drawn = []
        for name in by_part if self.n_per == "part" else ("caption",):
            rng = item_random(self.seed, caption_id, name, epoch)
            if self.level == "phrase":
                parts = self.parts if name == "caption" else (name,)
                found = two_words(slots, joined, self.n, rng, parts, others, prefer=PREFER)
            elif name == "caption":
                found = self._parts_at_random(by_part, rng)
            else:
                found = one_word(by_part[name], self.n, rng, PREFER)
            drawn.append((name, found))
        return drawn

    def _parts_at_random(self, by_part, rng):
        """`n` in all: a part for each, as often as it has sentences left, then so many of each part."""
        left = {part: sum(choices.total for _, choices in items) for part, items in by_part.items()}
        counts, live = dict.fromkeys(by_part, 0), list(by_part)
        for _ in range(self.n):
            if not live:
                break
            at = int(rng.random() * len(live))
            part = live[at]
            counts[part] += 1
            if counts[part] == left[part]:
                live.pop(at)
        return [negative for part, count in counts.items() if count
                for negative in one_word(by_part[part], count, rng, PREFER)]
