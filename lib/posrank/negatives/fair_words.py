"""The word lists of rule `fair`, from data/: which words stay, which say too little, which exclude each other.

In: data files written by hand. Out: dictionaries and sets of words (lower case). Nothing here looks at captions.
"""

from collections import defaultdict
from functools import lru_cache

from posrank.negatives.frozen import read_list


@lru_cache(maxsize=1)
def word_lists():
    """{"stays" | "vague" | "near" | "against" | "class" | "kind": {part or word: words}} from data/fair_words.txt.

    stays, vague: {part: frozenset}; near: {verb: frozenset of those that often hold with it}; against: {adverb: frozenset of
    those that are false where it is true}; class: {adverb: its class}; kind: {adjective: what it tells (colour, origin, ...)}.
    """
    found = {"stays": {}, "vague": {}, "near": {}, "class": {}, "kind": {}, "against": {}}
    for line in read_list("fair_words.txt"):
        head, _, words = line.partition(":")
        kind, name = head.split()
        if kind == "against":
            sides = [frozenset(side.split()) for side in words.split("|")]
            for own, other in (sides, sides[::-1]):
                found[kind] |= {word: found[kind].get(word, frozenset()) | other for word in own}
        elif kind == "near":
            line_words = frozenset(words.split())
            found[kind] |= {word: found[kind].get(word, frozenset()) | line_words - {word} for word in line_words}
        elif kind in ("class", "kind"):
            for word in words.split():
                found[kind].setdefault(word, name)
        else:
            found[kind][name] = found[kind].get(name, frozenset()) | frozenset(words.split())
    return found


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


def adverb_class(word):
    """direction | place | manner, or "" for adverbs that have none.

    >>> adverb_class("upstairs"), adverb_class("angrily")
    ('place', 'manner')
    """
    return word_lists()["class"].get(word) or ("manner" if word.endswith("ly") else "")


def adjective_kind(word):
    """What an adjective tells of a thing: colour, origin, ..., or "" where it is of no kind that excludes others.

    >>> adjective_kind("red"), adjective_kind("dead")
    ('colour', '')
    """
    return word_lists()["kind"].get(word, "")


@lru_cache(maxsize=1)
def opposed_prepositions():
    """{preposition: frozenset of those that are false where it is true} from data/opposed_prepositions.txt, as directed there.

    >>> "outside" in opposed_prepositions()["in"], "near" in opposed_prepositions()["in"]
    (True, False)
    """
    found = defaultdict(set)
    for line in read_list("opposed_prepositions.txt"):
        words, _, others = line.partition(":")
        for word in words.split():
            found[word] |= set(others.split()) - {word}
    return {word: frozenset(others) for word, others in found.items()}
