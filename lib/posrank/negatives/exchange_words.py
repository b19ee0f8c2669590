"""The word lists of rule `exchange`, from data/: words that are never exchanged, and words of which one excludes another.

In: data files written by hand. Out: sets of words in lower case. Nothing here looks at captions.
"""

from collections import defaultdict
from functools import lru_cache

from posrank.negatives.word_lists import read_list


def unreliable(words):
    """Whether a caption (words in lower case) denies, asks, offers a choice or imagines: its statements may not hold.

    >>> unreliable("a man without a hat".split()), unreliable("a man in a hat".split())
    (True, False)
    """
    return not words_of("doubt").isdisjoint(words)


@lru_cache(maxsize=1)
def word_lists():
    """{"out" | "near" | "kind" | "opposed": {part: ...}} from data/exchange_words.txt.

    out: {part: frozenset of lemmas}; near, kind, opposed: {part: {word: frozenset of words}}, symmetric, without the word.
    """
    found = {
        "out": defaultdict(frozenset),
        "set": defaultdict(frozenset),
        **{kind: defaultdict(lambda: defaultdict(set)) for kind in ("near", "kind", "opposed")},
    }
    for line in read_list("exchange_words.txt"):
        head, _, rest = line.partition(":")
        kind, part = head.split()
        if kind in ("out", "set"):
            found[kind][part] |= frozenset(rest.split())
            continue
        part = "adj" if kind == "kind" else part
        sides = [side.split() for side in rest.split("|")]
        pairs = [
            (a, b) for x in sides for y in sides for a in x for b in y if a != b and (kind != "opposed" or x is not y)
        ]
        for word, other in pairs:
            found[kind][part][word].add(other)
    return found


def words_of(name):
    """One of the sets of data/exchange_words.txt: "vague", "unreal", "saying", "mention", "no_object", "doubt"."""
    return word_lists()["set"][name]


def stays(part, word, lemma):
    """Whether a word is never the one that differs."""
    out = word_lists()["out"][part]
    return word in out or lemma in out
