"""Rule `paper`: which words may take the place of a word, as Section 4 is written.

In: the vocabulary of the dataset and a lexicon. Out: `Choices` for a word in its part and fine tag: first its antonyms,
then the antonyms of its hypernyms and hyponyms, each inflected to the word's tag and kept only where the dataset uses
it; then the pool that a random word is drawn from. Any token of the part may be replaced, except what
`posrank.negatives.never_replaced` names. Words that occur elsewhere in the caption are not left out: on a balanced
vocabulary that would tell which word is the true one.
"""

from bisect import bisect_left
from functools import lru_cache
from typing import NamedTuple

from posrank.language.inflect import inflect
from posrank.language.parts import fine_tag, part_of
from posrank.negatives.never_replaced import kept_words
from posrank.negatives.sentences import Slot

ANTONYM, HYPERNYM, HYPONYM, RANDOM = "antonym", "hypernym_antonym", "hyponym_antonym", "random"
SOURCES = (ANTONYM, HYPERNYM, HYPONYM, RANDOM)


class Choices(NamedTuple):
    """The replacements of one word.

    ranked: ((word, source), ...), best first; pool: sorted words, shared between many Choices; skip: ascending indices
    of `pool` that do not count (the word itself, and what is in `ranked`). `len` is not theirs: use `total`.
    """

    ranked: tuple
    pool: tuple
    skip: tuple

    @property
    def total(self):
        return len(self.ranked) + len(self.pool) - len(self.skip)

    def without(self, words):
        """The same without `words`."""
        ranked = tuple(item for item in self.ranked if item[0] not in words)
        gone = {item[0] for item in self.ranked} | set(words)
        return Choices(ranked, self.pool, tuple(sorted({*indices_of(self.pool, gone), *self.skip})))


class PaperRule:
    """Section 4 for single words. `slots(tokens, others)` is all that drawing needs; see posrank.negatives.draw.

    vocabulary: posrank.negatives.vocabulary.Vocabulary. lexicon: has antonyms, hypernym_antonyms, hyponym_antonyms.
    """

    name = "paper"

    def __init__(self, vocabulary, lexicon):
        self.vocabulary, self.lexicon = vocabulary, lexicon
        self.vocabulary_size = vocabulary.size
        self.choices = lru_cache(maxsize=None)(self._choices)

    def slots(self, tokens, others=frozenset()):
        """What may be replaced in a caption, in order: [(Slot, Choices), ...], and why other words may not.

        others: the other captions of the same video (as posrank.negatives.sentences.normal writes them); a word that
        would turn the caption into one of them is no choice. Returns (slots, {part: reason}, {part: clashes}); a slot
        has at least one choice; the reason is that of the last word of the part that stays.
        """
        slots, kept, clashes = [], {}, {}
        stays = kept_words(tokens)
        for position, (upos, tag) in enumerate(zip(tokens.upos, tokens.tag)):
            part = part_of(upos, tag)
            if part is None:
                continue
            if position in stays:
                kept[part] = f"only words that stay ({stays[position]})"
                continue
            tag = fine_tag(part, tag)
            choices = self.choices(tokens.text[position].lower(), tokens.lemma[position].lower(), part, tag)
            slot = Slot(tokens, position, part, tag)
            if others and (equal := slot.clashes(others)):
                fewer = choices.without(equal)
                if fewer.total < choices.total:
                    clashes[part] = clashes.get(part, 0) + choices.total - fewer.total
                    choices = fewer
            if choices.total:
                slots.append((slot, choices))
            else:
                kept[part] = f"no other word with its tag in the vocabulary ({tag})"
        return slots, kept, clashes

    def _choices(self, word, lemma, part, tag):
        ranked, have = [], {word}
        for source, lemmas in (
            (ANTONYM, self.lexicon.antonyms(lemma, part)),
            (HYPERNYM, self.lexicon.hypernym_antonyms(lemma, part)),
            (HYPONYM, self.lexicon.hyponym_antonyms(lemma, part)),
        ):
            for other in lemmas:
                form = self._form(other.lower(), part, tag)
                if form and form not in have:
                    have.add(form)
                    ranked.append((form, source))
        pool = self.vocabulary.pool(part, tag)
        return Choices(tuple(ranked), pool, tuple(indices_of(pool, have)))

    def _form(self, lemma, part, tag):
        """The form of `lemma` under `tag` that the dataset uses, or None."""
        if (form := self.vocabulary.form(lemma, part, tag)) or self.vocabulary.gold:
            return form
        form = inflect(lemma, tag)  # where the tagger's lemma differs from the lexicon's
        return form if form in self.vocabulary.seen(part, tag) else None


def indices_of(words, wanted):
    """The indices, ascending, of those `wanted` that are in the sorted sequence `words`."""
    places = ((bisect_left(words, word), word) for word in wanted)
    return sorted(index for index, word in places if index < len(words) and words[index] == word)
