"""What a word asks of the words further on in its sentence: frames of verbs, nouns of adjectives and prepositions (rule `fair`).

In: the tokens of a caption and a position. Out: short names, or whether a word is what its tag says. Where a tagger's part
is doubtful, the word stays.
"""

FREE = "free"
"""The frame in which any verb may stand."""

ARGUMENTS = frozenset({
    "into", "onto", "to", "from", "about", "off", "over", "through", "against", "toward", "towards", "around", "across", "up", "down",
    "out", "away", "back", "as",
})
"""Prepositions and adverbs that some verbs take after their object ("feeds milk to", "throws a man into") and others do not."""

PLURAL = frozenset({"between", "among", "amongst", "amid", "amidst"})
"""Prepositions that stand before several things only."""

_CLAUSES = frozenset({"what", "how", "that", "why", "where", "when", "who", "which", "if", "whether", "he", "she", "they", "i", "we"})
_INSIDE = frozenset({"DET", "NUM", "ADJ", "NOUN", "PROPN", "PRON", "ADV", "PART", "CCONJ"})
_OPENERS = frozenset({"after", "before", "until", "since", "as", "while", "for"})
_LINKING = frozenset({
    "be", "look", "seem", "appear", "become", "get", "feel", "sound", "taste", "smell", "turn", "go", "keep", "stay", "remain", "grow",
})
"""Verbs that adjectives stand behind."""
_BEFORE_TO = frozenset({"about", "how", "going", "trying", "tries", "try", "able", "want", "wants", "used", "ready"})
_PARTICLES = frozenset({"in", "on", "up", "down", "out", "off", "over", "away", "back", "along", "around", "through"})
_RECIPROCAL = (("each", "other"), ("one", "another"), ("eachother",))
_REACH = 9


def frame(tokens, i):
    """What comes after the object of the verb at `i`: "P into", "to" (an infinitive), "clause", "doing", or FREE.

    Only what a verb must allow: prepositions of place and time ("in", "near", "during") follow any verb.
    """
    for j in range(i + 1, min(i + 1 + _REACH, len(tokens.text))):
        upos, word, tag = tokens.upos[j], tokens.text[j].lower(), tokens.tag[j]
        if word in ARGUMENTS and upos in ("ADP", "ADV", "PART", "SCONJ"):
            if word == "to" and tokens.tag[j + 1 : j + 2] == ["VB"]:
                return "to"
            return f"P {word}" if j > i + 1 or upos == "ADV" else FREE  # right after the verb: its context class
        if word in _CLAUSES:
            return "clause" if upos != "DET" else FREE
        if upos == "VERB":
            return "doing" if tag in ("VBG", "VB") and j > i + 1 and tokens.upos[j - 1] != "CCONJ" else FREE
        if upos not in _INSIDE or word in ("and", "or", "but"):
            return FREE
    return FREE


def head_noun(tokens, i):
    """The lemma of the noun that the adjective at `i` stands before (the last one of a compound), "" where none follows.

    >>> from posrank.negatives.sentences import Tokens
    >>> words = "a red sports car".split()
    >>> head_noun(Tokens(words, [" "] * 4, words, ["DET", "ADJ", "NOUN", "NOUN"], ["DT", "JJ", "NNS", "NN"]), 1)
    'car'
    """
    found = ""
    for upos, lemma, tag in list(zip(tokens.upos, tokens.lemma, tokens.tag))[i + 1 : i + 7]:
        if upos in ("NOUN", "PROPN"):
            found = lemma.lower()
        elif found or not (upos in ("ADJ", "NUM", "CCONJ", "ADV", "PUNCT") or tag in ("VBN", "VBG")):
            break
    return found


def several(tokens, i):
    """Whether several things follow the preposition at `i`: a plural, or two joined by "and"."""
    for j in range(i + 1, min(i + 7, len(tokens.text))):
        if tokens.upos[j] in ("VERB", "AUX", "ADP", "PUNCT"):
            return False
        if tokens.tag[j] in ("NNS", "NNPS"):
            return True
        if tokens.upos[j] in ("NOUN", "PROPN") and tokens.text[j + 1 : j + 2] == ["and"]:
            return True
    return False


def doubtful(tokens, i, part):
    """Whether the word at `i` may be no word of its part, or a piece of something, so that it stays."""
    check = {"noun": _may_be_verb, "verb": _no_plain_verb, "adj": _as_noun, "adv": _takes_object, "prep": _no_preposition}
    return check[part](tokens, i)


def before_verb(tokens, i):
    """Whether the adverb at `i` stands before what it tells about: only adverbs in "-ly" do ("slowly walks", not "fast walks")."""
    return tokens.upos[i + 1 : i + 2] in (["VERB"], ["AUX"], ["ADJ"], ["ADV"])


def _may_be_verb(tokens, i):
    """An "-ing" right after a noun ("two donkeys meeting"), an "-s" after one in a sentence without verb ("a cat nurses"), one that
    is joined to no noun ("jumps up and ducks"), or what follows "about to"."""
    word = tokens.text[i].lower()
    if tokens.tag[i] == "NNS" and i > 1 and tokens.upos[i - 1] == "CCONJ" and tokens.upos[i - 2] in ("ADP", "ADV", "VERB"):
        return True
    if i > 1 and tokens.text[i - 1].lower() == "to" and tokens.text[i - 2].lower() in _BEFORE_TO:
        return True
    if not i or tokens.upos[i - 1] not in ("NOUN", "PROPN"):
        return False
    if word.endswith("ing"):
        return tokens.tag[i - 1] in ("NNS", "NNPS") or i + 1 == len(tokens.text)
    return tokens.tag[i] == "NNS" and tokens.tag[i - 1] == "NN" and not {"VBZ", "VBP", "VBD", "MD"} & set(tokens.tag)


def _no_plain_verb(tokens, i):
    """A base form that looks like an "-ing" ("sing" and "swing" are tagged as such at times), or a participle used as an
    adjective ("looks refreshing")."""
    if tokens.tag[i] == "VBG" and tokens.text[i].lower() == tokens.lemma[i].lower():
        return True
    return tokens.tag[i] in ("VBG", "VBN") and i > 0 and tokens.lemma[i - 1].lower() in _LINKING - {"be", "keep", "go", "stay"}


def _as_noun(tokens, i):
    """An adjective that stands for a noun ("in black", "a present"), or is a piece of a compound ("black eyed peas")."""
    before, after = tokens.upos[i - 1] if i else "", tokens.upos[i + 1] if i + 1 < len(tokens.upos) else ""
    if before == "ADP" and after not in ("NOUN", "PROPN", "ADJ"):
        return True
    if before in ("DET", "NUM", "NOUN") and not head_noun(tokens, i):
        return True
    if before == "VERB" and tokens.lemma[i - 1].lower() not in _LINKING and not head_noun(tokens, i):
        return True  # "eating healthy"
    if after in ("ADJ", "VERB") and tokens.text[i + 1].lower().endswith("ed"):
        return True
    return tokens.text[i].lower().endswith("ed") and before == "ADJ"


def _takes_object(tokens, i):
    """An adverb with a noun phrase right behind it is a preposition, a particle ("walks down the road") or an adjective."""
    return tokens.upos[i + 1 : i + 2] in (["DET"], ["PRON"], ["NUM"], ["NOUN"], ["PROPN"])


def _no_preposition(tokens, i):
    """A preposition beside another, one that opens a clause ("after he left"), one without object, or one of "to each other"."""
    if "ADP" in tokens.upos[max(i - 1, 0) : i] or "ADP" in tokens.upos[i + 1 : i + 2]:
        return True
    if i and tokens.text[i - 1].lower() in _PARTICLES:
        return True
    if tokens.upos[i + 1 : i + 2] in ([], ["PUNCT"], ["SPACE"], ["AUX"], ["SCONJ"], ["CCONJ"]):
        return True
    after = tuple(text.lower() for text in tokens.text[i + 1 : i + 3])
    if any(after[: len(words)] == words for words in _RECIPROCAL):
        return True
    return tokens.text[i].lower() in _OPENERS and _clause(tokens, i)


def _clause(tokens, i):
    """Whether a subject and its verb follow token `i`."""
    subject = False
    for upos, tag in list(zip(tokens.upos, tokens.tag))[i + 1 : i + 8]:
        if upos == "AUX" or (upos == "VERB" and tag in ("VBZ", "VBP", "VBD")):
            return subject
        if upos in ("NOUN", "PROPN", "PRON"):
            subject = True
        elif upos not in ("DET", "ADJ", "NUM", "ADV", "PART"):
            return False
    return False
