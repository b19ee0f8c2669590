"""The word lists of rule `exchange`, from data/: words that are never exchanged, and words of which one excludes another.

In: data files written by hand. Out: sets of words in lower case. Nothing here looks at captions.
"""

from collections import defaultdict
from functools import lru_cache

from posrank.negatives.frozen import read_list

_DOUBT = frozenset({
    "not", "n't", "no", "without", "never", "nobody", "nothing", "none", "instead", "pretend", "pretends", "pretending", "if",
    "whether", "how", "why", "what", "when", "neither", "nor", "cannot", "cant", "dont", "doesnt", "isnt", "fake", "?", "unless",
    "before", "until", "almost", "or", "may", "might", "could", "would", "should", "trying", "tries", "tried", "try", "imagine",
})


def unreliable(words):
    """Whether a caption (words in lower case) denies, asks, offers a choice or imagines: its statements may not hold.

    >>> unreliable("a man without a hat".split()), unreliable("a man in a hat".split())
    (True, False)
    """
    return not _DOUBT.isdisjoint(words)


@lru_cache(maxsize=1)
def word_lists():
    """{"out" | "near" | "kind" | "opposed": {part: ...}} from data/exchange_words.txt.

    out: {part: frozenset of lemmas}; near, kind, opposed: {part: {word: frozenset of words}}, symmetric, without the word.
    """
    found = {"out": defaultdict(frozenset), **{kind: defaultdict(lambda: defaultdict(set)) for kind in ("near", "kind", "opposed")}}
    for line in read_list("exchange_words.txt"):
        head, _, rest = line.partition(":")
        kind, part = head.split()
        if kind == "out":
            found["out"][part] |= frozenset(rest.split())
            continue
        part = "adj" if kind == "kind" else part
        sides = [side.split() for side in rest.split("|")]
        pairs = [(a, b) for x in sides for y in sides for a in x for b in y if a != b and (kind != "opposed" or x is not y)]
        for word, other in pairs:
            found[kind][part][word].add(other)
    return found


def stays(part, word, lemma):
    """Whether a word is never the one that differs."""
    out = word_lists()["out"][part]
    return word in out or lemma in out


@lru_cache(maxsize=1)
def _expressions():
    """{first word: ((words, ...), ...)} from data/multiword.txt, longest first."""
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
