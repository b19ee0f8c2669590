"""Statements that a caption makes of its video: the caption itself, and the clauses and phrases that a parser finds in it.

In: the tokens of a caption with syntactic heads. Out: spans that read as English by themselves, and frames: a span with one
word left out. Two statements that share a frame differ in exactly one word, of one part and one Penn tag, at one place.
This is the first half of rule `exchange` (posrank.negatives.exchange_groups is the second); nothing of a caption is edited
beyond letter case, white space and the punctuation around the statement.
"""

from typing import NamedTuple

from posrank.language.parts import fine_tag, part_of
from posrank.negatives.constituents import CAPTION, CLAUSE, Tree, object_end, spans
from posrank.negatives.exchange_words import stays, unreliable, words_of
from posrank.negatives.never_replaced import kept_words
from posrank.negatives.word_lists import fixed

UNITS = ("caption", "statement")
_OBJECTS = frozenset({"dobj", "obj", "pobj", "nsubj", "nsubjpass", "attr", "oprd"})


class Frame(NamedTuple):
    """A statement with one word left out. key: equal for statements that differ in that word alone.

    part, tag    of the word (see posrank.language.parts.fine_tag)
    size         CAPTION, CLAUSE or PHRASE
    left, right  tokens of the span, right not included; position: of the word, counted in the caption
    word, lemma  in lower case; anchor: the lemma that the word belongs to (a preposition's object, else its head)
    text         the statement
    """

    key: tuple
    part: str
    tag: str
    size: int
    left: int
    right: int
    position: int
    word: str
    lemma: str
    anchor: str
    text: str


class Parsed(NamedTuple):
    """The tokens of one caption: parallel lists; head = index of the syntactic head (a root's own index or below 0)."""

    text: list
    whitespace: list
    lemma: list
    upos: list
    tag: list
    head: list
    dep: list


def frames(tokens, parts):
    """All frames of a caption: a list of Frame, none where the caption denies, asks or only imagines something.

    tokens: Parsed. parts: the parts of speech wanted.
    """
    words = [text.lower() for text in tokens.text]
    if unreliable(words):
        return []
    tree = Tree(tokens)
    open_words = _replaceable(tokens, words, tree, parts)
    if not open_words:
        return []
    found, seen = [], set()
    for left, right, size in spans(tokens, words, tree):
        if not any(left <= i < right for i in open_words):
            continue
        left, right = _trimmed(words, left, right)
        if (left, right) in seen:
            continue
        seen.add((left, right))
        for i in open_words:
            if left <= i < right and _fits(tokens, tree, open_words[i], i, left, right, size):
                found.append(_frame(tokens, words, tree, open_words[i], i, left, right, size))
    return found


def _trimmed(words, left, right):
    while left < right and not any(letter.isalnum() for letter in words[right - 1]):
        right -= 1
    while left < right and not any(letter.isalnum() for letter in words[left]):
        left += 1
    return left, right


def _replaceable(tokens, words, tree, parts):
    """{position: part} of the words that may be exchanged."""
    never, expressions = kept_words(tokens), fixed(words)
    found = {}
    for i, (upos, tag) in enumerate(zip(tokens.upos, tokens.tag)):
        part = part_of(upos, tag)
        if (
            part in parts
            and i not in never
            and i not in expressions
            and not stays(part, words[i], tokens.lemma[i].lower())
        ) and words[i].isascii() and words[i].isalpha() and _whole(tokens, words, tree, part, i):
            found[i] = part
    return found


def _whole(tokens, words, tree, part, i):
    """Whether the word is no piece of a compound, and plays the role that its part needs."""
    dep = tokens.dep[i]
    if part == "noun":
        if any(tokens.dep[child] in ("compound", "nmod") for child in tree.children[i]):
            return False
        above = tree.head[i]
        if dep == "pobj" and (words[above] in words_of("mention") or tokens.lemma[tree.head[above]].lower() in words_of("no_object")):
            return False
        return dep in _OBJECTS and not (dep in ("dobj", "obj") and tokens.lemma[above].lower() in words_of("no_object"))
    if part == "adj":
        if any(abs(child - i) == 1 for child in tree.children[i]):
            return False
        beside = tokens.upos[i + 1] if i + 1 < len(tokens.upos) else ""
        before = tokens.upos[i - 1] if i else ""
        if (
            stays("noun", words[tree.head[i]], tokens.lemma[tree.head[i]].lower())
            and tokens.upos[tree.head[i]] == "NOUN"
        ):
            return False
        return (
            dep in ("amod", "acomp")
            and tokens.tag[i] == "JJ"
            and beside not in ("ADJ", "CCONJ")
            and before not in ("ADJ", "ADV")
        )
    if part == "adv":
        return (
            dep == "advmod" and tokens.tag[i] == "RB" and not tree.children[i] and tokens.upos[tree.head[i]] == "VERB"
        )
    if part == "prep":
        return dep == "prep" and object_end(tokens, words, tree, i) is not None
    return True


def _fits(tokens, tree, part, i, left, right, size):
    """Whether a span says enough around the word: a noun needs its verb or preposition, a verb its object."""
    if size == CAPTION:
        return True
    if part == "noun":
        above = tree.head[i]
        if tokens.dep[i] == "pobj":  # "walking on a beach": the preposition, and what it belongs to
            return (
                left <= above < right and left <= tree.head[above] < right and tokens.upos[tree.head[above]] == "VERB"
            )
        return left <= above < right and tokens.upos[above] == "VERB" and right - left > 2
    if part == "verb":
        return any(
            child > i and child < right and tokens.dep[child] in ("dobj", "obj", "prep", "agent")
            for child in tree.children[i]
        )
    if part == "adj":
        return left <= tree.head[i] < right and (tokens.dep[i] == "amod" or size == CLAUSE)
    if part == "adv":
        return left <= tree.head[i] < right
    return left <= tree.head[i] < right and any(i < child < right for child in tree.children[i])


def _frame(tokens, words, tree, part, i, left, right, size):
    tag = fine_tag(part, tokens.tag[i])
    # white space of the caption's own ("riding  a bike") is a token of spaCy's, and no difference
    pieces = [
        "" if words[at].isspace() else words[at] + (" " if tokens.whitespace[at] else "") for at in range(left, right)
    ]
    text = "".join(pieces).strip()
    before = pieces[: i - left]
    if before and words[i - 1] in ("a", "an"):
        before[-1] = "a "
    key = (
        part,
        tag,
        "".join(before),
        "".join(pieces[i - left + 1 :]).strip(),
        bool(tokens.whitespace[i]) and i + 1 < right,
    )
    return Frame(
        key, part, tag, size, left, right, i, words[i], tokens.lemma[i].lower(), _anchor(tokens, tree, part, i), text
    )


def _anchor(tokens, tree, part, i):
    at = tree.head[i]
    if part == "prep":
        at = next((child for child in tree.children[i] if tokens.dep[child] == "pobj"), at)
    return tokens.lemma[at].lower()
