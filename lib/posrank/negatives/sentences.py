"""Captions as tokens, and sentences with some of their words replaced.

In: tags tables. Out: strings in which everything but the replaced tokens, and an article in front of one, is letter by
letter the caption: white space (MSR-VTT has double spaces), case and punctuation. Tokens are found by index, never by
search: "a man and a man" has two men, and only one is replaced.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

from posrank.language.inflect import article, match_case


class Tokens(NamedTuple):
    """The tokens of one caption: parallel lists, as in a tags table; head and dep are there where they are asked for.

    head: index of the syntactic head (a root's own index, or below 0).
    """

    text: list
    whitespace: list
    lemma: list
    upos: list
    tag: list
    head: list = ()
    dep: list = ()

    def sentence(self):
        """The caption itself."""
        return _spell(self, 0, len(self.text))


class TaggedCaptions:
    """A tags table for look-up by caption: `tagged[caption_id]` -> Tokens, `caption_id in tagged`, iteration over the
    ids.

    Each distinct string is held once, so that millions of tokens fit. ValueError where a column is missing, the tokens
    of a caption are not numbered 0, 1, 2, ... or more than one tagger made the table.
    heads: read the syntactic heads too; ValueError where the tags have none.
    """

    def __init__(self, tags, heads=False):
        columns = Tokens._fields if heads else Tokens._fields[:5]
        for column in ("caption_id", "i", *columns):
            if column not in tags:
                raise ValueError(f"tags table: column {column!r} is missing (has: {', '.join(map(str, tags.columns))})")
        if heads and len(tags) and not (tags["dep"] != "").any():
            raise ValueError("the tags have no syntactic heads (dep is empty): tag with a pipeline that has a parser")
        taggers = taggers_of(tags)
        if len(taggers) > 1:
            raise ValueError(f"tags table: made by more than one tagger ({', '.join(taggers)}); tag all with one")
        self.tagger = taggers[0] if taggers else "unknown"
        ids, names = pd.factorize(tags["caption_id"])
        number = tags["i"].to_numpy(dtype=np.int64)
        order = np.lexsort((number, ids))
        ids, number = ids[order], number[order]
        starts = np.flatnonzero(np.diff(ids, prepend=-1))
        stops = np.append(starts, len(ids))[1:]
        wrong = number != np.arange(len(ids)) - np.repeat(starts, stops - starts)
        if wrong.any():
            name = names[ids[int(wrong.argmax())]]
            raise ValueError(
                f"tags table: the tokens of caption {name!r} are not numbered 0, 1, 2, ... in column 'i'; "
                "make the tags again"
            )
        self._spans = {str(names[ids[a]]): (int(a), int(b)) for a, b in zip(starts, stops)}
        self._columns = []
        for column in columns:
            codes, values = pd.factorize(tags[column])
            if (codes < 0).any():
                raise ValueError(f"tags table: column {column!r} has missing values; make the tags again")
            kind = int if column == "head" else str
            self._columns.append((codes[order].astype(np.int32), np.array([kind(v) for v in values], dtype=object)))

    def __contains__(self, caption_id):
        return caption_id in self._spans

    def __iter__(self):
        return iter(self._spans)

    def __getitem__(self, caption_id):
        a, b = self._spans[caption_id]
        return Tokens(*(values[codes[a:b]].tolist() for codes, values in self._columns))


def taggers_of(tags):
    """The names of the taggers that made a tags table, sorted."""
    return sorted(map(str, tags["tagger"].unique())) if "tagger" in tags else ["unknown"]


class Slot:
    """One word of a caption that may be replaced, with the text around it cut ready: `slot.render("star")`.

    position: index of the token; part, tag, text, lemma: of that token.
    """

    __slots__ = ("_after", "_before", "_before_an", "_cased", "lemma", "part", "position", "tag", "text")

    def __init__(self, tokens, position, part, tag):
        self.position, self.part, self.tag = position, part, tag
        self.text, self.lemma = tokens.text[position], tokens.lemma[position]
        self._before, self._before_an = _lead(tokens, 0, position)
        self._before, self._before_an = self._before.lstrip(), self._before_an and self._before_an.lstrip()
        self._after = (tokens.whitespace[position] + _spell(tokens, position + 1, len(tokens.text))).rstrip()
        self._cased = self.text != self.text.lower()

    def render(self, word):
        """The caption with this word replaced by `word` (lower case), in the case of the original, article repaired."""
        return self.head(word) + self._after

    def head(self, word):
        """As `render`, up to the word itself."""
        before = self._before if self._before_an is None or article(word) == "a" else self._before_an
        return before + (match_case(word, self.text) if self._cased else word)

    def clashes(self, others):
        """The words that would turn the caption into one of `others`, sentences as `normal` writes them."""
        words = set()
        after = normal(self._after)
        after = " " + after if self._after[:1].isspace() and after else after
        for before in {self._before, self._before_an} - {None}:
            head = normal(before)
            head = head + " " if before[-1:].isspace() and head else head
            found = [o[len(head) : len(o) - len(after)] for o in others if o.startswith(head) and o.endswith(after)]
            words.update(word for word in found if word and " " not in word)
        return words


class Joint:
    """Two slots of a caption, the lower one first, for rendering both changes: `joint.render("star", "blue")`."""

    __slots__ = ("_between", "_between_an", "_high", "_low")

    def __init__(self, tokens, low, high):
        self._low, self._high = low, high
        self._between, self._between_an = _lead(tokens, low.position + 1, high.position)
        space = tokens.whitespace[low.position]
        self._between, self._between_an = space + self._between, self._between_an and space + self._between_an

    def render(self, word, word2):
        """The caption with `word` at the lower and `word2` at the higher slot."""
        between = self._between if self._between_an is None or article(word2) == "a" else self._between_an
        high = self._high
        return self._low.head(word) + between + (match_case(word2, high.text) if high._cased else word2) + high._after


def _spell(tokens, start, stop):
    return "".join([text + space for text, space in zip(tokens.text[start:stop], tokens.whitespace[start:stop])])


def _lead(tokens, start, stop):
    """The text of tokens start to stop, where an article at its end is "a"; the same with "an", None without one."""
    last = stop - 1
    if last < start or tokens.text[last].lower() not in ("a", "an") or not tokens.whitespace[last]:
        return _spell(tokens, start, stop), None
    head, model, space = _spell(tokens, start, last), tokens.text[last], tokens.whitespace[last]
    return head + match_case("a", model) + space, head + match_case("an", model) + space


def starts(texts, spaces):
    """Index of the first character of each token (its text, the white space after it) once white space is evened out.

    >>> starts(["A", " ", "dog", "."], [" ", "", "", ""])
    [0, 2, 2, 5]
    """
    found, at = [], 0
    for text, space in zip(texts, spaces):
        found.append(at)
        at += 0 if text.isspace() else len(text) + bool(space)
    return found


def normal(sentence):
    """A sentence for comparison: case and the amount of white space do not count."""
    return " ".join(sentence.lower().split())
