"""Word lists written by hand, from data/: verb particles, fixed expressions, paraphrases.

In: data files. Out: dictionaries and sets of lower-case words. Nothing here looks at captions.
"""

from collections import defaultdict
from functools import cache
from importlib.resources import files


def read_list(name):
    """The lines of a data file of this package, without comments and empty lines."""
    text = (files("posrank.negatives") / "data" / name).read_text(encoding="utf-8")
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]


def _sets(name):
    """{word: frozenset of words} of lines "word word: other other"."""
    found = defaultdict(set)
    for line in read_list(name):
        words, _, others = line.partition(":")
        for word in words.split():
            found[word] |= set(others.split()) - {word}
    return {word: frozenset(others) for word, others in found.items()}


@cache
def verb_particles():
    """{verb lemma: frozenset of its particles}.

    >>> "on" in verb_particles()["put"]
    True
    """
    return _sets("verb_particles.txt")


@cache
def paraphrases():
    """{(part, tag or "*", word): (paraphrase, ...)}."""
    found = {}
    for line in read_list("paraphrases.txt"):
        head, _, texts = line.partition(":")
        part, tag, word = head.split()
        found[part, tag, word] = (*found.get((part, tag, word), ()), *(text.strip() for text in texts.split(",")))
    return found


@cache
def _expressions():
    """{first word: ((words, ...), ...)} of the fixed expressions, longest first."""
    found = {}
    for line in read_list("multiword.txt"):
        words = tuple(line.split())
        found.setdefault(words[0], []).append(words)
    return {word: tuple(sorted(lines, key=len, reverse=True)) for word, lines in found.items()}


def fixed(words):
    """Positions of the words (lower case) that stand in a fixed expression: a set.

    >>> sorted(fixed("a dog sits in front of a door".split()))
    [3, 4, 5]
    """
    found = set()
    for i, word in enumerate(words):
        for expression in _expressions().get(word, ()):
            if tuple(words[i : i + len(expression)]) == expression:
                found.update(range(i, i + len(expression)))
                break
    return found
