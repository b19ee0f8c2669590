"""Captions as tokens, and sentences with some of their words replaced.

In: tags tables. Out: strings in which everything but the replaced tokens, and an article in front of one, is letter by
letter the caption: white space (MSR-VTT has double spaces), case and punctuation. Tokens are found by index, never by
search: "a man and a man" has two men, and only one is replaced.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

from posrank.language.inflect import article, match_case

_COLUMNS = ("text", "whitespace", "lemma", "upos", "tag")


class Tokens(NamedTuple):
    """The tokens of one caption: parallel lists, as in a tags table."""

    text: list
    whitespace: list
    lemma: list
    upos: list
    tag: list

    def sentence(self):
        """The caption itself."""
        return "".join([text + space for text, space in zip(self.text, self.whitespace)])


class TaggedCaptions:
    """A tags table for look-up by caption: `tagged[caption_id]` -> Tokens, `caption_id in tagged`, len().

    Each distinct string is held once, so that millions of tokens fit. ValueError where a column is missing, the tokens of
    a caption are not numbered 0, 1, 2, ... or more than one tagger made the table.
    """

    def __init__(self, tags):
        for column in ("caption_id", "i", *_COLUMNS):
            if column not in tags:
                raise ValueError(f"tags table: column {column!r} is missing (has: {', '.join(map(str, tags.columns))})")
        taggers = tags["tagger"].unique().tolist() if "tagger" in tags else ["unknown"]
        if len(taggers) > 1:
            raise ValueError(f"tags table: made by more than one tagger ({', '.join(taggers)}); tag all captions with one")
        self.tagger = taggers[0] if taggers else "unknown"
        ids, names = pd.factorize(tags["caption_id"])
        number = tags["i"].to_numpy(dtype=np.int64)
        order = np.lexsort((number, ids))
        ids, number = ids[order], number[order]
        starts = np.flatnonzero(np.r_[True, ids[1:] != ids[:-1]]) if len(ids) else np.zeros(0, int)
        stops = np.r_[starts[1:], len(ids)] if len(ids) else np.zeros(0, int)
        wrong = number != np.arange(len(ids)) - np.repeat(starts, stops - starts)
        if wrong.any():
            name = names[ids[int(wrong.argmax())]]
            raise ValueError(
                f"tags table: the tokens of caption {name!r} are not numbered 0, 1, 2, ... in column 'i'; make the tags again"
            )
        self._spans = {str(names[ids[a]]): (int(a), int(b)) for a, b in zip(starts, stops)}
        self._columns = []
        for column in _COLUMNS:
            codes, values = pd.factorize(tags[column])
            if (codes < 0).any():
                raise ValueError(f"tags table: column {column!r} has missing values; make the tags again")
            self._columns.append((codes[order].astype(np.int32), np.array([str(v) for v in values], dtype=object)))

    def __contains__(self, caption_id):
        return caption_id in self._spans

    def __len__(self):
        return len(self._spans)

    def __getitem__(self, caption_id):
        a, b = self._spans[caption_id]
        return Tokens(*(values[codes[a:b]].tolist() for codes, values in self._columns))


class Slot:
    """One word of a caption that may be replaced, with the text around it cut ready: `slot.render("star")`.

    position: index of the token; part, tag, text, lemma: of that token.
    """

    __slots__ = ("_after", "_before", "_before_an", "_cased", "lemma", "part", "position", "tag", "text")

    def __init__(self, tokens, position, part, tag):
        self.position, self.part, self.tag = position, part, tag
        self.text, self.lemma = tokens.text[position], tokens.lemma[position]
        pieces = [text + space for text, space in zip(tokens.text, tokens.whitespace)]
        self._before = "".join(pieces[:position])
        self._before_an = None
        if is_article(tokens, position - 1):
            head = "".join(pieces[: position - 1])
            model, space = tokens.text[position - 1], tokens.whitespace[position - 1]
            self._before = head + match_case("a", model) + space
            self._before_an = head + match_case("an", model) + space
        self._after = tokens.whitespace[position] + "".join(pieces[position + 1 :])
        self._cased = self.text != self.text.lower()

    def render(self, word):
        """The caption with this word replaced by `word` (lower case), in the case of the original, article repaired."""
        before = self._before
        if self._before_an is not None and article(word) == "an":
            before = self._before_an
        return (before + (match_case(word, self.text) if self._cased else word) + self._after).strip()

    def clashes(self, others):
        """The words that would turn the caption into one of `others`, sentences as `normal` writes them."""
        words = set()
        after = normal(self._after)
        after = " " + after if self._after[:1].isspace() and after else after
        for before in {self._before, self._before_an} - {None}:
            head = normal(before)
            head = head + " " if before[-1:].isspace() and head else head
            for other in others:
                if len(other) > len(head) + len(after) and other.startswith(head) and other.endswith(after):
                    word = other[len(head) : len(other) - len(after)]
                    if " " not in word:
                        words.add(word)
        return words


def is_article(tokens, position):
    """Whether the token there is "a" or "an" with white space after it."""
    return position >= 0 and tokens.text[position].lower() in ("a", "an") and tokens.whitespace[position] != ""


def render(tokens, replacements):
    """The caption with `replacements` = {position: word in lower case}; case kept, articles in front of a change repaired."""
    texts = list(tokens.text)
    for position, word in replacements.items():
        texts[position] = match_case(word, tokens.text[position])
        if is_article(tokens, position - 1):
            texts[position - 1] = match_case(article(word), tokens.text[position - 1])
    return "".join([text + space for text, space in zip(texts, tokens.whitespace)]).strip()


def normal(sentence):
    """A sentence for comparison: case and the amount of white space do not count."""
    return " ".join(sentence.lower().split())
