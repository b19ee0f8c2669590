"""Statements that a caption makes of its video: the caption itself, and the clauses and phrases that a parser finds
in it.

In: the tokens of a caption with syntactic heads. Out: spans that read as English by themselves, and frames: a span
with one word left out. Two statements that share a frame differ in exactly one word, of one part and one Penn tag, at
one place. This is the first half of rule `exchange` (posrank.negatives.exchange_groups is the second); nothing of a
caption is edited beyond letter case, white space and the punctuation around the statement.
"""

from typing import NamedTuple

from posrank.language.inflect import article
from posrank.language.parts import fine_tag, part_of
from posrank.negatives.constituents import CAPTION, CLAUSE, PHRASE, Tree, object_end, spans
from posrank.negatives.never_replaced import kept_words
from posrank.negatives.word_lists import fixed, never_exchanged, unreliable, words_of

UNITS = ("caption", "statement")
_OBJECTS = frozenset({"dobj", "obj", "pobj", "nsubj", "nsubjpass", "attr", "oprd"})


class Frame(NamedTuple):
    """A statement with one word left out. key: equal for statements that differ in that word alone.

    part, tag    of the word (see posrank.language.parts.fine_tag)
    size         CAPTION, CLAUSE or PHRASE
    left, right  tokens of the span, right not included; position: of the word, counted in the caption
    word, lemma  in lower case; anchor: the lemma that the word belongs to (a preposition's object, else its head)
    text         the statement
    loose        "posture" where it tells how somebody stands, moves or is dressed without saying who; "act" where it
                 tells what somebody does, to nothing ("yelling at the camera"), without saying who; else ""
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
    loose: str = ""


def frames(tokens, parts):
    """All frames of a caption: a list of Frame, none where the caption denies, asks or only imagines something.

    tokens: Tokens with heads. parts: the parts of speech wanted.
    """
    words = [text.lower() for text in tokens.text]
    if unreliable(words):
        return []
    tree = Tree(tokens)
    open_words = _replaceable(tokens, words, tree, parts)
    if not open_words:
        return []
    cut = [(*_trimmed(words, left, right), size) for left, right, size in spans(tokens, words, tree)]
    largest = {}  # of equal spans the first
    for left, right, size in cut:
        largest.setdefault((left, right), size)
    return [
        _frame(tokens, words, tree, part, i, left, right, size)
        for (left, right), size in largest.items()
        for i, part in open_words.items()
        if left <= i < right and _fits(tokens, tree, part, i, left, right, size)
    ]


def _trimmed(words, left, right):
    while left < right and not any(letter.isalnum() for letter in words[right - 1]):
        right -= 1
    while left < right and not any(letter.isalnum() for letter in words[left]):
        left += 1
    return left, right


def _replaceable(tokens, words, tree, parts):
    """{position: part} of the words that may be exchanged."""
    still, found = fixed(words) | set(kept_words(tokens)), {}
    for i, (word, upos, tag) in enumerate(zip(words, tokens.upos, tokens.tag)):
        part = part_of(upos, tag)
        if part not in parts or i in still or not (word.isascii() and word.isalpha()):
            continue
        if i and words[i - 1] in ("a", "an") and words[i - 1] != article(word):  # "a old man"
            continue
        if not never_exchanged(part, word, tokens.lemma[i].lower()) and _whole(tokens, words, tree, part, i):
            found[i] = part
    return found


def _whole(tokens, words, tree, part, i):
    """Whether the word is no piece of a compound, and plays the role that its part needs."""
    dep = tokens.dep[i]
    if part == "noun":
        if any(tokens.dep[child] in ("compound", "nmod") for child in tree.children[i]):
            return False
        # parsers cut compounds in two: "tattoo pen", "family feud"
        if any(0 <= at < len(words) and tokens.upos[at] in ("NOUN", "PROPN") for at in (i - 1, i + 1)):
            return False
        above = tree.head[i]
        if dep == "pobj" and words[above] in words_of("mention"):
            return False
        verb = {"pobj": tree.head[above], "dobj": above, "obj": above, "nsubjpass": above}.get(dep)
        return dep in _OBJECTS and (verb is None or tokens.lemma[verb].lower() not in words_of("no_object"))
    if part == "adj":
        if any(abs(child - i) == 1 for child in tree.children[i]):
            return False
        noun = tree.head[i]
        if tokens.upos[noun] == "NOUN" and never_exchanged("noun", words[noun], tokens.lemma[noun].lower()):
            return False
        before, after = (tokens.upos[at] if 0 <= at < len(words) else "" for at in (i - 1, i + 1))
        alone = after not in ("ADJ", "CCONJ") and before not in ("ADJ", "ADV")
        return dep in ("amod", "acomp") and tokens.tag[i] == "JJ" and alone
    if part == "adv":
        of_verb = dep == "advmod" and tokens.upos[tree.head[i]] == "VERB"
        return of_verb and tokens.tag[i] == "RB" and not tree.children[i]
    if part == "prep":
        return dep == "prep" and object_end(tokens, words, tree, i) is not None
    if part == "verb":
        things = [child for child in tree.children[i] if tokens.dep[child] in ("dobj", "obj")]
        objects = {name for child in things for name in (words[child], tokens.lemma[child].lower())}
        bare = {words[child] for child in things if all(tokens.dep[at] == "compound" for at in tree.children[child])}
        no_acts = words_of("body") | words_of("medium") | words_of("vague")
        return objects.isdisjoint(no_acts) and (tokens.tag[i] != "VBG" or bare.isdisjoint(words_of("compound")))
    return True


def _fits(tokens, tree, part, i, left, right, size):
    """Whether a span says enough around the word: a noun needs its verb or preposition, a verb its object."""
    if size == CAPTION:
        return True
    above, inside = tree.head[i], range(left, right)
    if part == "noun":
        if tokens.dep[i] != "pobj":
            return above in inside and tokens.upos[above] == "VERB" and len(inside) > 2
        verb = tree.head[above]  # "walking on a beach": the preposition, and what it belongs to
        return above in inside and verb in inside and tokens.upos[verb] == "VERB"
    behind = [child for child in tree.children[i] if i < child < right]
    if part == "verb":
        return any(tokens.dep[child] in ("dobj", "obj", "prep", "agent") for child in behind)
    if part == "adj":
        return above in inside and (tokens.dep[i] == "amod" or size == CLAUSE)
    return above in inside and (part == "adv" or bool(behind))


def _frame(tokens, words, tree, part, i, left, right, size):
    tag = fine_tag(part, tokens.tag[i])
    # white space of the caption's own ("riding  a bike") is a token of spaCy's, and no difference
    pieces = [
        "" if words[at].isspace() else words[at] + (" " if tokens.whitespace[at] else "") for at in range(left, right)
    ]
    before, after = pieces[: i - left], pieces[i - left + 1 :]
    if before and words[i - 1] in ("a", "an"):
        before[-1] = "a "
    key = (part, tag, "".join(before), "".join(after).strip(), bool(tokens.whitespace[i]) and i + 1 < right)
    anchor, text = _anchor(tokens, tree, part, i), "".join(pieces).strip()
    loose = _loose(tokens, tree, part, i, left, right) if size == PHRASE else ""
    return Frame(key, part, tag, size, left, right, i, words[i], tokens.lemma[i].lower(), anchor, text, loose)


def _loose(tokens, tree, part, i, left, right):
    starts = {tokens.lemma[at].lower() for at in range(left, min(left + 2, right)) if tokens.upos[at] == "VERB"}
    nouns = [tokens.lemma[at].lower() for at in range(left, right) if tokens.upos[at] == "NOUN"]
    if not starts.isdisjoint(words_of("posture") | words_of("dressed")):
        return "posture"
    behind = {tokens.dep[child] for child in tree.children[i] if i < child < right}
    if part == "verb" and behind.isdisjoint(("dobj", "obj")):
        return "act"
    return "posture" if len(nouns) == 1 and nouns[0] in words_of("worn") else ""


def _anchor(tokens, tree, part, i):
    at = tree.head[i]
    if part == "prep":
        at = next((child for child in tree.children[i] if tokens.dep[child] == "pobj"), at)
    return tokens.lemma[at].lower()
