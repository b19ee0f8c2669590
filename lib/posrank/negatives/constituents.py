"""Spans of a caption that read as English by themselves: the caption, its clauses and its phrases.

In: tokens with syntactic heads (spaCy's labels). Out: spans (left, right, size), cut at whole constituents: a noun
phrase, with a prepositional phrase behind it; a verb with its objects and adverbs; the same with its subject in
front. What is denied, wished, said or likened is left out: it need not be true.
"""

from posrank.negatives.acts import left_out
from posrank.negatives.word_lists import fixed, words_of

CAPTION, CLAUSE, PHRASE = 0, 1, 2
"""Contexts from large to small: the whole caption, a subject with its verb, a phrase."""

_SUBJECTS = frozenset({"nsubj", "nsubjpass"})
_VERB_RIGHT = frozenset(
    {"dobj", "obj", "prep", "agent", "advmod", "acomp", "prt", "dative", "attr", "oprd", "npadvmod", "punct"}
)
_VERB_DEPS = frozenset({"ROOT", "acl", "relcl", "conj", "advcl", "ccomp", "pcomp"})


class Tree:
    """Children of each token, and the first and last token of its subtree."""

    def __init__(self, tokens):
        n = len(tokens.text)
        self.head = [h if 0 <= h < n else i for i, h in enumerate(tokens.head)]
        self.children = [[] for _ in range(n)]
        self.first, self.last = list(range(n)), list(range(n))
        for i, head in enumerate(self.head):
            if head != i:
                self.children[head].append(i)
            for ancestor in self.ancestors(i, n + 1):
                self.first[ancestor] = min(self.first[ancestor], i)
                self.last[ancestor] = max(self.last[ancestor], i)

    def ancestors(self, i, steps):
        """The heads above a token, at most so many (parsers' trees have no cycles, files may)."""
        while self.head[i] != i and steps:
            i, steps = self.head[i], steps - 1
            yield i


def spans(tokens, words, tree):
    """(left, right, size) of the caption, of its clauses and of its phrases, largest first."""
    found = [(0, len(words), CAPTION)]
    for verb, upos in enumerate(tokens.upos):
        tells = upos == "VERB" and tokens.dep[verb] in _VERB_DEPS and tokens.lemma[verb].lower() not in ("be", "have")
        if tells and not _irreal(tokens, tree, verb):
            ends = _verb_ends(tokens, words, tree, verb)
            start = _subject(tokens, tree, verb)
            if start is not None:
                found += [(start, end, CLAUSE) for end in ends]
            if tokens.tag[verb] != "VBN":
                bare = () if left_out(tokens, words, tree, verb, verb + 1) else (verb + 1,)
                manner = verb - 1 in tree.children[verb] and words[verb - 1].endswith("ly")  # "slowly walking"
                adverb = verb - 1 if manner and tokens.dep[verb - 1] == "advmod" else verb
                found += [(left, end, PHRASE) for end in (*ends, *bare) for left in {verb, adverb} if end - left > 1]
    for noun, upos in enumerate(tokens.upos):
        if upos == "NOUN":
            start = core(tokens, tree, noun)
            end = phrase_end(tokens, words, tree, noun)
            goes_on = (*tokens.upos, "")[end] in ("NOUN", "PROPN", "ADJ")  # parsers cut "white space suit" in two
            if start is None or goes_on or _mentioned(tokens, words, tree, noun):
                continue
            found.append((start, end, PHRASE))
            for child in tree.children[noun]:
                if child == end and tokens.dep[child] == "prep":
                    end = object_end(tokens, words, tree, child)
                    if end is not None:
                        found.append((start, end, PHRASE))
    # no statement begins or ends within a fixed expression or at "of", or points to what stands outside of it ("on it")
    expressions, vague = fixed(words), words_of("vague")
    cut = {i for i in expressions if i - 1 in expressions} | {i for i, word in enumerate(words) if word == "of"}
    whole = {
        (left, right, size)
        for left, right, size in found
        if size == CAPTION or not (left in cut or right in cut or not vague.isdisjoint(words[left:right]))
    }
    return sorted(whole, key=lambda span: (span[2], span[0] - span[1], span[0]))


def phrase_end(tokens, words, tree, noun):
    """One past a noun, or past the noun that "of" joins to it: "a piece of paper"."""
    of = next((child for child in tree.children[noun] if child == noun + 1 and words[child] == "of"), None)
    if of is not None:
        for child in tree.children[of]:
            if tokens.dep[child] == "pobj" and child > of and core(tokens, tree, child) == of + 1:
                return child + 1
    return noun + 1


def core(tokens, tree, noun):
    """First token of a noun phrase that ends with its noun: determiner, adjectives, compounds; None where it is
    broken."""
    left = [child for child in tree.children[noun] if child < noun]
    if not left:
        return noun
    if any(
        tokens.dep[child] in ("relcl", "acl", "nsubj", "aux", "cop", "prep", "neg", "predet", "cc", "conj")
        for child in left
    ):
        return None
    start = min(tree.first[child] for child in left)
    inside = sum(tree.last[child] - tree.first[child] + 1 for child in left)
    return start if inside == noun - start else None


def object_end(tokens, words, tree, prep):
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
            placed = tokens.lemma[verb].lower() not in words_of("place")
            if placed and core(tokens, tree, child) == here and tokens.upos[child] == "NOUN":
                ends.append(phrase_end(tokens, words, tree, child))
        elif dep in ("prep", "agent"):
            end = object_end(tokens, words, tree, child)
            if end is not None:
                ends.append(end)
        elif dep == "advmod" and tree.last[child] == child:
            ends.append(child + 1)
        here = tree.last[child] + 1
    return [end for end in ends if not left_out(tokens, words, tree, verb, end)]


def _subject(tokens, tree, verb):
    """First token of a verb's subject, or of the noun that its participle describes; None without one beside it."""
    for child in tree.children[verb]:
        if tokens.dep[child] in _SUBJECTS and child < verb and tokens.upos[child] == "NOUN":
            return core(tokens, tree, child)
    noun = tree.head[verb]
    if tokens.dep[verb] == "acl" and noun == verb - 1 and tokens.upos[noun] == "NOUN":
        return core(tokens, tree, noun)
    return None


def _irreal(tokens, tree, verb):
    """Whether a verb's statement may not hold: a modal or "to" before it, a verb of wishing or saying above it."""
    lemma, unreal, above = tokens.lemma, words_of("unreal"), tree.head[verb]
    if any(tokens.dep[i] == "aux" and i < verb and lemma[i].lower() in unreal for i in tree.children[verb]):
        return True
    told = above != verb and tokens.upos[above] == "VERB" and tokens.dep[verb] in ("ccomp", "pcomp")
    return told and lemma[above].lower() in unreal | words_of("saying") - {"see"}


def _mentioned(tokens, words, tree, noun):
    """Whether a noun is talked of, likened to or asked for, and need not be there."""
    for above in tree.ancestors(noun, 6):
        if words[above] in words_of("mention") - {"with", "by"}:
            return True
        if tokens.upos[above] == "VERB":
            return tokens.lemma[above].lower() in words_of("saying") | words_of("unreal")
    return False
