"""Verbs of which two may tell one act, verbs that say little without their particle, and verbs that are misspelt.

In: the tags of all captions, and which video each describes. Out: for two verbs, whether what one tells may be what
the other tells ("blow" and "fill" a tyre); for a verb, whether it mostly has a particle ("knock over").
"""

from collections import defaultdict

from posrank.negatives.word_lists import verb_particles, words_of

SENSES, BROAD = 3, 100
"""First senses of a verb that are compared; a verb with more kinds below it ("move") makes nothing alike."""
WITH_PARTICLE = 0.3
"""A verb with a particle in this share of its uses is cut short without one."""
MISSPELT = 10
"""A word is misspelt where the same word with a letter doubled, or not doubled, is so many times as frequent."""
_OBJECTS = ("dobj", "obj", "nsubjpass")


class Acts:
    """tags: tags table with heads and relations (without them verbs have no objects and no particles)."""

    def __init__(self, tags, video_of, lexicon):
        self.lexicon = lexicon
        self._objects_of, self._particles = defaultdict(set), {}
        if "dep" not in tags or not (tags["dep"] != "").any():
            return
        columns = ["caption_id", "i", "text", "lemma", "upos"]
        verbs = tags.loc[tags["upos"] == "VERB", ["caption_id", "i", "lemma"]]
        verbs = verbs.rename(columns={"i": "head", "lemma": "verb"}).assign(verb=verbs["lemma"].str.lower())
        both = tags[[*columns, "head", "dep"]].merge(verbs, on=["caption_id", "head"])
        objects = both[both["dep"].isin(_OBJECTS)]
        for caption_id, lemma, verb in objects[["caption_id", "lemma", "verb"]].itertuples(index=False):
            self._objects_of[verb].add((video_of.get(caption_id), lemma.lower()))
        has = both[is_particle(both)].drop_duplicates(["caption_id", "head"])
        uses = verbs["verb"].value_counts()
        self._particles = (has["verb"].value_counts() / uses).dropna().to_dict()

    def cut_short(self, lemma):
        """Whether a verb mostly has a particle."""
        return self._particles.get(lemma, 0) >= WITH_PARTICLE

    def one_act(self, a, b):
        """Whether two verbs were said of one thing in one video, or a sense of one stands beside or above one of the
        other."""
        if not self._objects_of[a].isdisjoint(self._objects_of[b]):
            return True
        beside = getattr(self.lexicon, "beside", None)
        return beside is not None and b in beside(a, "verb", SENSES, BROAD)


def is_particle(table):
    """Which rows of a tags table are particles of verbs, also those that parsers take for adverbs or prepositions."""
    word = table["text"].str.lower()
    moved = table["dep"].isin(("advmod", "prep")) & word.isin(words_of("particle"))
    return (table["dep"] == "prt") | moved


def left_out(tokens, words, tree, verb, right):
    """Whether a verb has a particle at `right` or behind it: a statement that ends there is cut short."""
    for child in tree.children[verb]:
        if child >= right and (tokens.dep[child] == "prt" or _moves(tokens, words, child)):
            return True
    return words[verb + 1 : verb + 2] != [] and right <= verb + 1 and words[verb + 1] in _own_particles(tokens, verb)


def _moves(tokens, words, child):
    return tokens.dep[child] in ("advmod", "prep") and words[child] in words_of("particle")


def _own_particles(tokens, verb):
    return verb_particles().get(tokens.lemma[verb].lower(), ())


def misspelt(word, frequency, verb=False):
    """Whether a word is spelled with a doubled letter too many or too few ("stiring"), and a verb with any letter too
    few or two letters in the other's place ("plying", "signing" for "singing").

    frequency: {word: number of videos}

    >>> misspelt("stiring", {"stiring": 2, "stirring": 60}), misspelt("stirring", {"stiring": 2, "stirring": 60})
    (True, False)
    """
    if len(word) < 5:
        return False
    others = {word[:i] + word[i] + word[i:] for i in range(1, len(word) - 1)}
    others |= {word[:i] + word[i + 1 :] for i in range(1, len(word) - 1) if word[i] == word[i - 1]}
    if verb:
        others |= {word[:i] + word[i + 1] + word[i] + word[i + 2 :] for i in range(1, len(word) - 2)} - {word}
        others |= {word[:i] + letter + word[i:] for i in range(1, len(word) - 1) for letter in "aeiou"}
    return max(frequency.get(other, 0) for other in others) >= MISSPELT * max(frequency.get(word, 0), 1)
