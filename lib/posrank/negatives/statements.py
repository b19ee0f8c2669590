"""Statements that a caption makes of its video: the caption itself, and the clauses and phrases that a parser finds in it.

In: the tokens of a caption with syntactic heads. Out: spans that read as English by themselves, and frames: a span with one
word left out. Two statements that share a frame differ in exactly one word, of one part and one Penn tag, at one place.
This is the first half of rule `exchange` (posrank.negatives.exchange_groups is the second); nothing of a caption is edited
beyond letter case, white space and the punctuation around the statement.
"""

from typing import NamedTuple

from posrank.language.parts import fine_tag, part_of
from posrank.negatives.exchange_words import fixed, stays, unreliable
from posrank.negatives.frozen import frozen

UNITS = ("caption", "statement")
CAPTION, CLAUSE, PHRASE = 0, 1, 2
"""Contexts from large to small: the whole caption, a subject with its verb, a phrase."""

_SUBJECTS = frozenset({"nsubj", "nsubjpass"})
_OBJECTS = frozenset({"dobj", "obj", "pobj", "nsubj", "nsubjpass", "attr", "oprd"})
_VERB_RIGHT = frozenset({"dobj", "obj", "prep", "agent", "advmod", "acomp", "prt", "dative", "attr", "oprd", "npadvmod", "punct"})
_VERB_DEPS = frozenset({"ROOT", "acl", "relcl", "conj", "advcl", "ccomp", "pcomp"})
_PUNCTUATION = " .,;:!?\"'`-–…()[]"


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


class Tree:
    """Children of each token, and the span of each token's subtree."""

    def __init__(self, tokens):
        n = len(tokens.text)
        self.children = [[] for _ in range(n)]
        self.first, self.last = list(range(n)), list(range(n))
        heads = [h if 0 <= h < n else i for i, h in enumerate(tokens.head)]
        for i, head in enumerate(heads):
            if head != i:
                self.children[head].append(i)
        for i in range(n):
            ancestor, steps = i, 0
            while heads[ancestor] != ancestor and steps <= n:
                ancestor, steps = heads[ancestor], steps + 1
                self.first[ancestor] = min(self.first[ancestor], i)
                self.last[ancestor] = max(self.last[ancestor], i)
        self.head = heads


def spans(tokens, words, tree):
    """(left, right, size) of the caption, of its clauses and of its phrases, largest first."""
    found = [(0, len(words), CAPTION)]
    for verb, upos in enumerate(tokens.upos):
        if upos == "VERB" and tokens.lemma[verb].lower() not in ("be", "have") and tokens.dep[verb] in _VERB_DEPS and not _irreal(tokens, words, tree, verb):
            ends = _verb_ends(tokens, words, tree, verb)
            start = _subject(tokens, tree, verb)
            if start is not None:
                found += [(start, end, CLAUSE) for end in ends]
            found += [(verb, end, PHRASE) for end in ends if tokens.tag[verb] != "VBN" or "by" in words[verb:end]]
    for noun, upos in enumerate(tokens.upos):
        if upos == "NOUN":
            start = core(tokens, tree, noun)
            if start is None or _mentioned(tokens, words, tree, noun):
                continue
            end = phrase_end(tokens, words, tree, noun)
            found.append((start, end, PHRASE))
            for child in tree.children[noun]:
                if child == end and tokens.dep[child] == "prep":
                    end = _object_end(tokens, words, tree, child)
                    if end is not None:
                        found.append((start, end, PHRASE))
    cut = _cuts(words)
    whole = [span for span in found if span[2] == CAPTION or not (_vague(words[span[0]:span[1]]) or {span[0], span[1]} & cut)]
    return sorted(set(whole), key=lambda span: (span[2], span[0] - span[1], span[0]))


_VAGUE = frozenset({
    "it", "him", "her", "them", "they", "he", "she", "something", "someone", "somebody", "anything", "everything", "everyone",
    "this", "that", "these", "those", "another", "other", "others", "same", "different", "its", "which", "who", "whom", "what", "whose",
    "each", "one", "ones", "etc", "such", "various", "first", "second", "third", "last", "next",
})


def _vague(words):
    """Whether a phrase points to what stands outside of it ("on it", "the other man")."""
    return not _VAGUE.isdisjoint(words)


def _cuts(words):
    """Places between two words of a fixed expression, or before "of": no statement begins or ends there."""
    expressions = fixed(words)
    inside = {i for i in expressions if i - 1 in expressions}
    return inside | {i for i, word in enumerate(words) if word == "of"}


def phrase_end(tokens, words, tree, noun):
    """One past a noun, or past the noun that "of" joins to it: "a piece of paper"."""
    of = next((child for child in tree.children[noun] if child == noun + 1 and words[child] == "of"), None)
    if of is not None:
        for child in tree.children[of]:
            if tokens.dep[child] == "pobj" and child > of and core(tokens, tree, child) == of + 1:
                return child + 1
    return noun + 1


def core(tokens, tree, noun):
    """First token of a noun phrase that ends with its noun: determiner, adjectives, compounds; None where it is broken."""
    left = [child for child in tree.children[noun] if child < noun]
    if not left:
        return noun
    if any(tokens.dep[child] in ("relcl", "acl", "nsubj", "aux", "cop", "prep", "neg", "predet", "cc", "conj") for child in left):
        return None
    start = min(tree.first[child] for child in left)
    inside = sum(tree.last[child] - tree.first[child] + 1 for child in left)
    return start if inside == noun - start else None


def _object_end(tokens, words, tree, prep):
    """One past the noun of a preposition's object: "in a red dress" of "in a red dress that ..."; None without one."""
    for child in tree.children[prep]:
        if tokens.dep[child] == "pobj" and child > prep:
            start = core(tokens, tree, child)
            return phrase_end(tokens, words, tree, child) if start == prep + 1 else None
    return None


def _verb_ends(tokens, words, tree, verb):
    """Ends of phrases that begin with a verb: after its object, after each prepositional phrase or adverb."""
    ends, here = [], verb + 1
    for child in (child for child in tree.children[verb] if child > verb):
        if tree.first[child] != here or tokens.dep[child] not in _VERB_RIGHT:
            break
        dep = tokens.dep[child]
        if dep in ("dobj", "obj", "attr", "oprd"):
            if core(tokens, tree, child) == here and tokens.upos[child] == "NOUN":
                ends.append(phrase_end(tokens, words, tree, child))
        elif dep in ("prep", "agent"):
            end = _object_end(tokens, words, tree, child)
            if end is not None:
                ends.append(end)
        elif dep == "advmod" and tree.last[child] == child:
            ends.append(child + 1)
        here = tree.last[child] + 1
    return ends


def _subject(tokens, tree, verb):
    """First token of a verb's subject, or of the noun that its participle describes; None without one beside it."""
    for child in tree.children[verb]:
        if tokens.dep[child] in _SUBJECTS and child < verb and tokens.upos[child] == "NOUN":
            return core(tokens, tree, child)
    noun = tree.head[verb]
    if tokens.dep[verb] == "acl" and noun == verb - 1 and tokens.upos[noun] == "NOUN":
        return core(tokens, tree, noun)
    return None


_UNREAL = frozenset({
    "can", "could", "may", "might", "should", "would", "will", "must", "want", "try", "attempt", "plan", "pretend", "about",
    "intend", "need", "wish", "hope", "ask", "tell", "teach", "learn", "offer", "prepare", "refuse", "fail", "like", "love",
    "to",
})
_SAYING = frozenset({
    "talk", "discuss", "explain", "describe", "speak", "say", "tell", "ask", "sing", "think", "mention", "review", "comment",
    "call", "advertise", "promote", "name", "know", "like", "love", "want", "need", "teach", "learn", "discuss", "interview",
    "report", "narrate", "answer", "write", "read", "see", "look", "listen", "hear", "imagine", "play",
})


_MENTION = frozenset({"about", "like", "of", "for", "as", "by", "than", "with"})
_NO_OBJECT = frozenset({"wear", "have", "show", "see", "watch", "feature", "dress", "talk", "discuss", "explain", "describe", "review",
                        "do", "make", "look", "get", "say", "tell", "be", "include", "contain", "display", "speak"})
"""Verbs of which two objects may well both be true, or whose object need not be there."""


def _irreal(tokens, words, tree, verb):
    """Whether a verb's statement may not hold: a modal or "to" before it, a verb of wishing or saying above it."""
    if any(tokens.lemma[child].lower() in _UNREAL and child < verb for child in tree.children[verb] if tokens.dep[child] == "aux"):
        return True
    above = tree.head[verb]
    return above != verb and tokens.upos[above] == "VERB" and tokens.dep[verb] in ("ccomp", "pcomp") and (
        tokens.lemma[above].lower() in _UNREAL | _SAYING - {"see"}
    )


def _mentioned(tokens, words, tree, noun):
    """Whether a noun is talked of, likened to or asked for, and need not be there."""
    at, steps = noun, 0
    while tree.head[at] != at and steps < 6:
        at, steps = tree.head[at], steps + 1
        if words[at] in _MENTION - {"with", "by"}:
            return True
        if tokens.upos[at] == "VERB":
            return tokens.lemma[at].lower() in _SAYING | _UNREAL
    return False


def _trimmed(words, left, right):
    while left < right and not any(letter.isalnum() for letter in words[right - 1]):
        right -= 1
    while left < right and not any(letter.isalnum() for letter in words[left]):
        left += 1
    return left, right


def _replaceable(tokens, words, tree, parts):
    """{position: part} of the words that may be exchanged."""
    never, expressions = frozen(tokens), fixed(words)
    found = {}
    for i, (upos, tag) in enumerate(zip(tokens.upos, tokens.tag)):
        part = part_of(upos, tag)
        if part in parts and i not in never and i not in expressions and not stays(part, words[i], tokens.lemma[i].lower()):
            if words[i].isascii() and words[i].isalpha() and _whole(tokens, words, tree, part, i):
                found[i] = part
    return found


def _whole(tokens, words, tree, part, i):
    """Whether the word is no piece of a compound, and plays the role that its part needs."""
    dep = tokens.dep[i]
    if part == "noun":
        if any(tokens.dep[child] in ("compound", "nmod") for child in tree.children[i]):
            return False
        above = tree.head[i]
        if dep == "pobj" and (words[above] in _MENTION or tokens.lemma[tree.head[above]].lower() in _NO_OBJECT):
            return False
        return dep in _OBJECTS and not (dep in ("dobj", "obj") and tokens.lemma[above].lower() in _NO_OBJECT)
    if part == "adj":
        if any(abs(child - i) == 1 for child in tree.children[i]):
            return False
        beside = tokens.upos[i + 1] if i + 1 < len(tokens.upos) else ""
        before = tokens.upos[i - 1] if i else ""
        if stays("noun", words[tree.head[i]], tokens.lemma[tree.head[i]].lower()) and tokens.upos[tree.head[i]] == "NOUN":
            return False
        return dep in ("amod", "acomp") and tokens.tag[i] == "JJ" and beside not in ("ADJ", "CCONJ") and before not in ("ADJ", "ADV")
    if part == "adv":
        return dep == "advmod" and tokens.tag[i] == "RB" and not tree.children[i] and tokens.upos[tree.head[i]] == "VERB"
    if part == "prep":
        return dep == "prep" and _object_end(tokens, words, tree, i) is not None
    return True


def _fits(tokens, tree, part, i, left, right, size):
    """Whether a span says enough around the word: a noun needs its verb or preposition, a verb its object."""
    if size == CAPTION:
        return True
    if part == "noun":
        above = tree.head[i]
        if tokens.dep[i] == "pobj":  # "walking on a beach": the preposition, and what it belongs to
            return left <= above < right and left <= tree.head[above] < right and tokens.upos[tree.head[above]] == "VERB"
        return left <= above < right and tokens.upos[above] == "VERB" and right - left > 2
    if part == "verb":
        return any(child > i and child < right and tokens.dep[child] in ("dobj", "obj", "prep", "agent") for child in tree.children[i])
    if part == "adj":
        return left <= tree.head[i] < right and (tokens.dep[i] == "amod" or size == CLAUSE)
    if part == "adv":
        return left <= tree.head[i] < right
    return left <= tree.head[i] < right and any(i < child < right for child in tree.children[i])


def _frame(tokens, words, tree, part, i, left, right, size):
    tag = fine_tag(part, tokens.tag[i])
    # white space of the caption's own ("riding  a bike") is a token of spaCy's, and no difference
    pieces = ["" if words[at].isspace() else words[at] + (" " if tokens.whitespace[at] else "") for at in range(left, right)]
    text = "".join(pieces).strip()
    before = pieces[: i - left]
    if before and words[i - 1] in ("a", "an"):
        before[-1] = "a "
    key = (part, tag, "".join(before), "".join(pieces[i - left + 1 :]).strip(), bool(tokens.whitespace[i]) and i + 1 < right)
    return Frame(key, part, tag, size, left, right, i, words[i], tokens.lemma[i].lower(), _anchor(tokens, tree, part, i), text)


def _anchor(tokens, tree, part, i):
    at = tree.head[i]
    if part == "prep":
        at = next((child for child in tree.children[i] if tokens.dep[child] == "pobj"), at)
    return tokens.lemma[at].lower()
