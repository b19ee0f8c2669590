"""Word lists written by hand, from data/: verb particles, fixed expressions, paraphrases, genders, words of rule
`exchange`.

In: data files. Out: dictionaries and sets of lower-case words. Nothing here looks at captions.
"""

from collections import defaultdict
from functools import cache
from importlib.resources import files


def _lines(name):
    """(head, text behind the colon) of the lines of a data file, without comments and empty lines."""
    text = (files("posrank.negatives") / "data" / name).read_text(encoding="utf-8")
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            head, _, rest = line.partition(":")
            yield head.strip(), rest.strip()


@cache
def verb_particles():
    """{verb lemma: frozenset of its particles}.

    >>> "on" in verb_particles()["put"]
    True
    """
    found = defaultdict(frozenset)
    for verb, particles in _lines("verb_particles.txt"):
        found[verb] |= frozenset(particles.split())
    return dict(found)


@cache
def paraphrases():
    """{(part, tag or "*", word): (paraphrase, ...)}."""
    found = defaultdict(tuple)
    for head, texts in _lines("paraphrases.txt"):
        found[tuple(head.split())] += tuple(text.strip() for text in texts.split(","))
    return dict(found)


@cache
def _expressions():
    """{first word: [(words, ...), ...]} of the fixed expressions, longest first."""
    found = defaultdict(list)
    for words in sorted((tuple(line.split()) for line, _ in _lines("multiword.txt")), key=len, reverse=True):
        found[words[0]].append(words)
    return dict(found)


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


@cache
def exchange_words():
    """{"out" | "set" | "near" | "kind" | "opposed" | "against" | "needs": {name: ...}} from data/exchange_words.txt.

    out: {part: frozenset of lemmas}; set: {name: frozenset of words}; the others {part: {word: set of words}}: near,
    kind and opposed are symmetric, without the word, and with bars hold between their sides alone; against and needs
    hold the words behind the bar.
    """
    found = {kind: defaultdict(frozenset) for kind in ("out", "set")}
    found |= {kind: defaultdict(lambda: defaultdict(set)) for kind in ("near", "kind", "opposed", "against", "needs")}
    for head, rest in _lines("exchange_words.txt"):
        kind, name = head.split()
        if kind in ("out", "set"):
            found[kind][name] |= frozenset(rest.split())
            continue
        words = found[kind]["adj" if kind == "kind" else name]
        sides = [set(side.split()) for side in rest.split("|")]
        if kind in ("against", "needs"):
            for word in sides[0]:
                words[word] |= sides[1]
            continue
        for side in sides:
            others = set().union(*sides) if len(sides) == 1 else set().union(*(o for o in sides if o is not side))
            for word in side:
                words[word] |= others - {word}
    return found


@cache
def genders():
    """{"noun" | "pronoun": {word: "male" or "female"}}."""
    found = {"noun": {}, "pronoun": {}}
    for head, words in _lines("genders.txt"):
        gender, kind = head.split()
        found[kind].update(dict.fromkeys(words.split(), gender))
    return found


def words_of(name):
    """One of the sets of data/exchange_words.txt: "vague", "unreal", "saying", "mention", "no_object", "doubt"."""
    return exchange_words()["set"][name]


def unreliable(words):
    """Whether a caption (words in lower case) denies, asks, offers a choice or imagines: its statements may not hold.

    >>> unreliable("a man without a hat".split()), unreliable("a man in a hat".split())
    (True, False)
    """
    return not words_of("doubt").isdisjoint(words)


def never_exchanged(part, word, lemma):
    """Whether a word is never the one that differs."""
    return not exchange_words()["out"][part].isdisjoint((word, lemma))
