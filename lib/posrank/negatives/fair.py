"""Rule `fair`: negatives that the text alone does not give away (word level and phrase level).

In: what `posrank.negatives.generate` gets. Out: its negatives table. Per part of speech: one word (phrase level: one pair of
neighbouring words) of each caption is drawn, with all its filtered candidates (posrank.negatives.fair_pool); a family of blind
models scores them (fair_family); then captions, list length and candidates are chosen so that the caption's blind rank is
uniform over the set (fair_balance). All negatives of a list change the same word, so a model that sees no video is at chance,
not below it.
"""

from typing import NamedTuple

import numpy as np

from posrank import PARTS
from posrank.language.inflect import article
from posrank.negatives.draw import item_random
from posrank.negatives.fair_contexts import Contexts
from posrank.negatives.fair_family import Family
from posrank.negatives.fair_pool import FairPools
from posrank.negatives.fair_truth import Together, content_lemmas
from posrank.negatives.sentences import Joint, TaggedCaptions

POOL = 160
"""Candidates of a word that are scored: all its antonyms, and others at random up to this number."""

LADDER = (20, 15, 10, 7, 5, 4, 3, 2, 1)
"""List lengths tried: the longest one of those up to k at which enough captions remain."""

ENOUGH = {"noun": 1000, "verb": 1000, "adj": 1000, "adv": 300, "prep": 1000}
SHARE = 0.4
"""Captions that a set should have; of a small dataset this share of those that have candidates at all."""

SHORT = {"adv": 5, "prep": 5}
"""Longest lists of the small classes where k is one number for all parts."""

WORDS = {"noun": 1, "verb": 3, "adj": 3, "adv": 3, "prep": 3}
"""Words of a caption that are tried for a list, drawn at random: the one with most candidates above is kept."""

MARGIN, HANDICAP = 0.4, 0.7
"""In nats: what a candidate has to differ by for every model of the family, and what is added to the caption's own score first
(posrank.negatives.fair_balance says why). docs/fair.md shows what other values do."""

STRICTNESS = ((MARGIN, HANDICAP), (0.2, 0.4), (0.1, 0.2), (0.0, 0.0))
"""Margin and handicap, then more lenient ones where too few captions remain even in pairs: rather short lists than a lenient
balance."""

LENIENT = {"adv": (None, 0.3), "prep": (None, 0.9)}
"""A last step for the small classes. Margin None: the mean of the family alone decides."""

CLOSED, CLOSED_SHARE = ((None, 0.0), (0.0, 0.0)), (0.6, 0.3)
"""The same for vocabularies of gold tags, which are closed: counts are large there, and all words may be equally likely, so
the mean of the family decides; what is stricter is tried where a single model still sees the caption in such a set. The second
tuple is the share of captions that each must keep."""

UNBALANCED = "left out to keep the blind rank uniform"
CHUNK = 2000


class Item(NamedTuple):
    """One caption and part: the word(s) drawn, candidates as (words, source) tuples rendered by `sentence`, and which are
    antonyms. pieces: what stands in the place of the changed stretch, for scoring, the caption's own first."""

    caption_id: str
    video: object
    slots: tuple
    candidates: tuple
    antonym: np.ndarray


class FairSource:
    """Everything that rule `fair` asks: `items(caption_id, parts, rng)` draws words, `family` scores them.

    corpus: posrank.negatives.corpus.Corpus made from captions (not from a ready vocabulary). ValueError otherwise.
    """

    def __init__(self, corpus):
        if corpus.reference is None:
            raise ValueError("rule 'fair' learns blind models from reference captions: give captions or their tags, no vocabulary")
        tagged = TaggedCaptions(corpus.reference)
        names = list(tagged)
        tokens = [tagged[name] for name in names]
        videos = [corpus.reference_videos.get(name, name) for name in names]
        self.corpus = corpus
        self.family = Family([each.sentence() for each in tokens], videos)
        captioned = {}
        for caption_id, text in corpus.captions.items():
            if text.strip():
                captioned.setdefault(corpus.video(caption_id), []).append(caption_id)
        self.pools = FairPools(
            corpus.vocabulary, corpus.lexicon, Contexts(tokens), Together(videos, [content_lemmas(each) for each in tokens]),
            lambda video: [corpus.tagged[name] for name in captioned.get(video, ())],
        )
        self._captioned = captioned

    @property
    def strictness(self):
        """STRICTNESS, or CLOSED where the vocabulary is one of gold tags."""
        return CLOSED if self.corpus.vocabulary.gold else STRICTNESS

    def in_order(self):
        """The caption ids with a text, video by video."""
        return [name for names in self._captioned.values() for name in names]

    def items(self, caption_id, parts, level, seed):
        """-> ([Item, ...] up to WORDS for each part, {part: why there is none})."""
        tokens, video = self.corpus.tokens(caption_id), self.corpus.video(caption_id)
        found, kept = self.pools.of(tokens, video, parts if level == "word" else PARTS)
        items = []
        for part in parts:
            rng = item_random(seed, caption_id, part, "fair", level)
            mine = [n for n, each in enumerate(found) if each.slot.part == part]
            if level == "phrase":
                mine = [n for n in mine if len(found) > 1]
            draw = _words if level == "word" else _pairs
            for n in rng.sample(mine, min(len(mine), WORDS[part] if level == "word" else 1)):
                items.append(draw(caption_id, video, tokens, found, n, rng))
        return items, kept


    def scores(self, items):
        """-> scores [models, n], starts: as Family.scores, each item's own words first."""
        pieces, videos = [], [item.video for item in items]
        for item in items:
            pieces.append(stretches(item, self.corpus.tokens(item.caption_id)))
        return self.family.scores(pieces, videos)


def stretches(item, tokens):
    """What changes between the candidates of an item: (text before, text after, [changed stretch of the caption, of each
    candidate]). The stretch takes in an article right before it."""
    slots = sorted(item.slots, key=lambda slot: slot.position)
    head, an, tail = slots[0].around()[:2] + slots[-1].around()[2:]
    if an is not None:
        head = head.rstrip()[:-1]
    if len(slots) == 1:
        words = [slots[0].text.lower(), *(each[0][0] for each in item.candidates)]
        return head, tail, words if an is None else [f"{article(word)} {word}" for word in words]
    texts = [tokens.sentence().strip(), *(render(item, n, tokens)[0] for n in range(len(item.candidates)))]
    return head, tail, [text[len(head) : len(text) - len(tail)].strip() for text in texts]


def _words(caption_id, video, tokens, found, n, rng):
    """The candidates of one word."""
    each = found[n]
    at = range(len(each.index))
    if len(at) > POOL:
        antonyms = np.flatnonzero(each.antonym).tolist()
        at = sorted({*antonyms, *rng.sample(at, POOL - min(len(antonyms), POOL))})
    chosen = tuple((each.word(m),) for m in at)
    return Item(caption_id, video, (each.slot,), chosen, each.antonym[list(at)])


def _pairs(caption_id, video, tokens, found, n, rng):
    """Candidates of a word and a neighbour of it (the one before or after in the sequence of replaceable words)."""
    other = rng.choice([m for m in (n - 1, n + 1) if 0 <= m < len(found)])
    one, two = found[n], found[other]
    seen, size = {}, len(one.index) * len(two.index)
    for at in rng.sample(range(size), min(size, POOL)):
        a, b = divmod(at, len(two.index))
        seen[one.word(a), two.word(b)] = bool(one.antonym[a] or two.antonym[b])
    return Item(caption_id, video, (one.slot, two.slot), tuple(seen), np.array(list(seen.values()), bool))


def render(item, n, tokens):
    """(sentence, ((slot, word, source), ...)) of the n-th candidate, as posrank.negatives.table.Rows takes it."""
    changes = tuple((slot, word, source) for slot, (word, source) in zip(item.slots, item.candidates[n]))
    if len(changes) == 1:
        return item.slots[0].render(changes[0][1]), changes
    low, high = sorted(changes, key=lambda change: change[0].position)
    return Joint(tokens, low[0], high[0]).render(low[1], high[1]), changes
