"""Spans of a caption that read as English by themselves: the caption, its clauses and its phrases.

In: tokens with syntactic heads (spaCy's labels). Out: spans (left, right, size), cut at whole constituents: a noun phrase,
with a prepositional phrase behind it; a verb with its objects and adverbs; the same with its subject in front. What is denied,
wished, said or likened is left out: it need not be true.
"""

from posrank.negatives.word_lists import fixed, words_of

CAPTION, CLAUSE, PHRASE = 0, 1, 2
"""Contexts from large to small: the whole caption, a subject with its verb, a phrase."""

_SUBJECTS = frozenset({"nsubj", "nsubjpass"})
_VERB_RIGHT = frozenset(
    {"dobj", "obj", "prep", "agent", "advmod", "acomp", "prt", "dative", "attr", "oprd", "npadvmod", "punct"}
)
_VERB_DEPS = frozenset({"ROOT", "acl", "relcl", "conj", "advcl", "ccomp", "pcomp"})


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
        if (
            upos == "VERB"
            and tokens.lemma[verb].lower() not in ("be", "have")
            and tokens.dep[verb] in _VERB_DEPS
            and not _irreal(tokens, words, tree, verb)
        ):
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
                    end = object_end(tokens, words, tree, child)
                    if end is not None:
                        found.append((start, end, PHRASE))
    cut = _cuts(words)
    whole = [
        span
        for span in found
        if span[2] == CAPTION or not (_vague(words[span[0] : span[1]]) or {span[0], span[1]} & cut)
    ]
    return sorted(set(whole), key=lambda span: (span[2], span[0] - span[1], span[0]))


def _vague(words):
    """Whether a phrase points to what stands outside of it ("on it", "the other man")."""
    return not words_of("vague").isdisjoint(words)


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
            if core(tokens, tree, child) == here and tokens.upos[child] == "NOUN":
                ends.append(phrase_end(tokens, words, tree, child))
        elif dep in ("prep", "agent"):
            end = object_end(tokens, words, tree, child)
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


def _irreal(tokens, words, tree, verb):
    """Whether a verb's statement may not hold: a modal or "to" before it, a verb of wishing or saying above it."""
    if any(
        tokens.lemma[child].lower() in words_of("unreal") and child < verb
        for child in tree.children[verb]
        if tokens.dep[child] == "aux"
    ):
        return True
    above = tree.head[verb]
    return (
        above != verb
        and tokens.upos[above] == "VERB"
        and tokens.dep[verb] in ("ccomp", "pcomp")
        and (tokens.lemma[above].lower() in words_of("unreal") | words_of("saying") - {"see"})
    )


def _mentioned(tokens, words, tree, noun):
    """Whether a noun is talked of, likened to or asked for, and need not be there."""
    at, steps = noun, 0
    while tree.head[at] != at and steps < 6:
        at, steps = tree.head[at], steps + 1
        if words[at] in words_of("mention") - {"with", "by"}:
            return True
        if tokens.upos[at] == "VERB":
            return tokens.lemma[at].lower() in words_of("saying") | words_of("unreal")
    return False
