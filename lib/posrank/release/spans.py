"""Where a sentence differs from its caption, as places in the caption, and the sentence again from these places.

In: a caption and a sentence with some of its words replaced. Out: spans that name no word of the caption. Places are
characters of the caption with its white space evened out (`even`); they hold in every copy of the caption that differs
in case or white space alone, and so does its fingerprint. The sentence is made from the copy at hand, whose own case
and white space it keeps.
"""

import re
from hashlib import blake2b
from typing import NamedTuple

from posrank.language.inflect import match_case

_OTHER_ARTICLE = {"a": "an", "an": "a"}


class Span(NamedTuple):
    """One changed word. start, end: its place; word: what takes it; written: the same as it is written
    there, None where that is `word`; article: what the word before becomes ("a" or "an"), None where it stays."""

    start: int
    end: int
    word: str
    written: str | None = None
    article: str | None = None


def even(text):
    """`text` with every run of white space as one space, none at its ends.

    >>> even("  A red   car ")
    'A red car'
    """
    return " ".join(text.split())


def fingerprint(caption):
    """16 hexadecimal digits (BLAKE2b) of a caption; case and the amount of white space do not count.

    >>> fingerprint("A red  car") == fingerprint("a red car"), fingerprint("a red cart") == fingerprint("a red car")
    (True, False)
    """
    return blake2b(even(caption).lower().encode(), digest_size=8).hexdigest()


def find_spans(caption, sentence, changes):
    """The spans that turn `caption` into `sentence`: one for each of `changes`, (original, replacement) in their order
    in the text. None where these changes, and "a" or "an" in front of a changed word, are not all that differs.

    >>> find_spans("a red car", "an orange car", [("red", "orange")])
    [Span(start=2, end=5, word='orange', written=None, article='an')]
    """
    return _find(even(caption), even(sentence), 0, 0, changes)


def _find(caption, sentence, at, there, changes):
    if not changes:
        return [] if caption[at:] == sentence[there:] else None
    (original, word), rest = changes[0], changes[1:]
    start = caption.find(original, at)
    while start >= 0:
        end = start + len(original)
        for article, before in _leads(caption, at, start):
            here = there + len(before)
            written = sentence[here : here + len(word)]
            if sentence.startswith(before, there) and word in (written, written.lower()):
                more = _find(caption, sentence, end, here + len(word), rest)
                if more is not None:
                    return [Span(start, end, word, None if written == word else written, article), *more]
        start = caption.find(original, start + 1)
    return None


def _leads(caption, at, start):
    """(article, text from `at` to `start`) as it stands, and with the other article at its end where it has one."""
    yield None, caption[at:start]
    left = caption.rfind(" ", 0, max(start - 1, 0)) + 1
    word = caption[left : start - 1] if caption[start - 1 : start] == " " else ""
    if left >= at and (other := _OTHER_ARTICLE.get(word.lower())):
        other = match_case(other, word)
        yield other, caption[at:left] + other + " "


class Caption:
    """A caption of which many sentences are made: `text`, its white space evened out, and `with_changes`."""

    def __init__(self, caption):
        self.text = even(caption)
        self._raw, self._places = caption, []
        for word in re.finditer(r"\S+", caption):
            if self._places:
                self._places.append(self._places[-1] + 1)
            self._places.extend(range(*word.span()))

    def with_changes(self, spans):
        """The caption with `spans` (in the order of the text) replaced; white space at its ends goes, else it stays.

        >>> Caption("a red  car").with_changes([Span(2, 5, "orange", None, "an")])
        'an orange  car'
        """
        pieces, at = [], self._places[0] if self._places else 0
        for span in spans:
            start, end = self._places[span.start], self._places[span.end - 1] + 1
            if span.article is not None:
                left = self.text.rfind(" ", 0, span.start - 1) + 1
                pieces += [self._raw[at : self._places[left]], span.article]
                at = self._places[span.start - 2] + 1
            pieces += [self._raw[at:start], span.word if span.written is None else span.written]
            at = end
        return "".join([*pieces, self._raw[at:].rstrip()])

    def everywhere(self, original, word):
        """(the caption with every occurrence of the whole word `original` replaced as rule released does it, the Span
        of the first one); None where there is none.

        >>> Caption("a red car and a red bus").everywhere("red", "old")
        ('a old car and a old bus', Span(start=2, end=5, word='old', written=None, article=None))
        """
        whole = re.compile(rf"\b{re.escape(original)}\b")
        first = whole.search(self.text)
        if first is None:
            return None
        return whole.sub(lambda found: word, self._raw.strip()), Span(first.start(), first.end(), word)

    def original(self, span):
        """The word at a span."""
        return self.text[span.start : span.end]

    def fits(self, spans):
        """Whether all spans lie within the caption."""
        return all(0 <= span.start < span.end <= len(self.text) for span in spans)
