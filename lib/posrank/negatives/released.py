"""Rule `released`: how the authors' published sets were made, as far as their files and code tell.

In: the words of the dataset by universal tag, and a lexicon. Out: choices for the words of a caption. What differs from
Section 4 as written:

* a caption gets a list for a part only where a word of the part is no stop word (`posrank.language.stopwords`); then
  every word of the part may be replaced, stop words too;
* antonyms are looked up without part of speech and put in as WordNet writes them, whether the dataset has them or not;
  no step over hypernyms and hyponyms; then come random words of the vocabulary, which is not cleaned: typos, the
  tagger's slips, capitals;
* every occurrence of the word is replaced, found as a whole word, case told apart; articles are not repaired; nothing
  keeps a negative from being another caption of the video.

In training their antonym look-up never fires and no stop-word rule holds (`for_training`). Where their files are at
hand, `posrank.negatives.load_released` is the exact form. At level phrase, of which they published no sets, each word
is replaced once and articles are repaired.
"""

import re
from functools import lru_cache

from posrank import PARTS
from posrank.language.parts import PART_UPOS
from posrank.language.stopwords import stop_words
from posrank.negatives.paper import ANTONYM, Choices, indices_of
from posrank.negatives.sentences import Slot

NO_CONTENT = "only stop words of this part"
_PART = {upos: part for part, upos in PART_UPOS.items()}
_LOOK_UP = tuple(part for part in PARTS if part != "prep")  # WordNet knows no prepositions


class ReleasedSlot(Slot):
    """A word of a caption that is replaced wherever it stands; see posrank.negatives.sentences.Slot."""

    __slots__ = ("_caption", "_everywhere")

    def __init__(self, tokens, position, part, tag):
        super().__init__(tokens, position, part, tag)
        self._before_an, self._cased = None, False  # the article before stays, the case is the replacement's own
        self._caption = tokens.sentence().strip()
        self._everywhere = re.compile(rf"\b{re.escape(self.text)}\b")

    def render(self, word):
        """The caption with every occurrence of this word replaced by `word` as it is."""
        sentence, count = self._everywhere.subn(lambda found: word, self._caption)
        return sentence if count else super().render(word)


class ReleasedRule:
    """The authors' procedure; the interface is that of posrank.negatives.paper.PaperRule."""

    name = "released"

    def __init__(self, vocabulary, lexicon, training=False):
        self.vocabulary, self.lexicon, self.training = vocabulary, lexicon, training
        self.vocabulary_size = {part: len(vocabulary.surface(part)) for part in PARTS}
        self.choices = lru_cache(maxsize=None)(self._choices)

    def for_training(self):
        """The rule as their training code applies it: random words only, for any word of the part."""
        return ReleasedRule(self.vocabulary, self.lexicon, training=True)

    def slots(self, tokens, others=frozenset()):
        """As PaperRule.slots; `others` is not used. A word that stands there twice is one slot, at its first place."""
        words = [(_PART.get(upos), text) for upos, text in zip(tokens.upos, tokens.text)]
        eligible = {part for part, text in words if part and (self.training or text not in stop_words())}
        slots, kept, seen = [], {}, set()
        for position, (part, text) in enumerate(words):
            if part is None or (part, text) in seen:
                continue
            seen.add((part, text))
            if part not in eligible:
                kept[part] = NO_CONTENT
                continue
            choices = self.choices(text, tokens.lemma[position].lower(), part)
            if choices.total:
                slots.append((ReleasedSlot(tokens, position, part, tokens.tag[position]), choices))
            else:
                kept[part] = "no other word of this part in the vocabulary"
        return slots, kept, {}

    def _choices(self, word, lemma, part):
        have = {word: None}  # in order
        if not self.training:
            for form in dict.fromkeys((word.lower(), lemma)):
                for known in _LOOK_UP:
                    have |= dict.fromkeys(self.lexicon.antonyms(form, known))
        pool = self.vocabulary.surface(part)
        ranked = tuple((other, ANTONYM) for other in have if other != word)
        return Choices(ranked, pool, tuple(indices_of(pool, have)))
