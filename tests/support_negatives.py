"""Small inputs for the tests of negatives: captions with hand-written tags, and the embedded world."""

import pandas as pd

from posrank.language.inflect import lemmatize
from posrank.world.grammar import write_captions
from posrank.world.scenes import item_rng, sample_scene

CAPTION_COLUMNS = ["dataset", "split", "video_id", "caption_id", "caption"]
TAG_COLUMNS = ["caption_id", "i", "text", "whitespace", "lemma", "upos", "tag", "head", "dep", "tagger"]
UPOS = {
    "NN": "NOUN",
    "NNS": "NOUN",
    "JJ": "ADJ",
    "JJR": "ADJ",
    "JJS": "ADJ",
    "RB": "ADV",
    "RBR": "ADV",
    "VB": "VERB",
    "VBZ": "VERB",
    "VBG": "VERB",
    "VBN": "VERB",
    "VBD": "VERB",
    "VBP": "VERB",
    "IN": "ADP",
    "RP": "ADP",
    "TO": "PART",
    "DT": "DET",
    "CC": "CCONJ",
    "PRP": "PRON",
    "PRP$": "PRON",
    "AUX": "AUX",
    ".": "PUNCT",
    "NNP": "PROPN",
    "_SP": "SPACE",
    "HYPH": "PUNCT",
}


def tagged(*sentences, tagger="test", videos=None, splits=None):
    """Sentences as "a/DT man/NN is/AUX ..." -> captions table, tags table. "/UPOS" may follow the tag; "_" after one
    means that no space follows it ("t/NN_ -/HYPH_ shirt/NN"); a token "__/_SP" is one more space."""
    captions, tags = [], []
    for n, sentence in enumerate(sentences):
        tokens = []
        for piece in sentence.split(" "):
            glued = piece.endswith("_") and not piece.endswith("/_SP")
            text, tag, *upos = piece.rstrip("_").split("/") if glued else piece.split("/")
            upos = upos[0] if upos else UPOS[tag]
            text = " " if text == "__" else text
            space = "" if glued or tag == "_SP" else " "
            tag = {"AUX": "VBZ"}.get(tag, tag)
            tokens.append((text, space, lemmatize(text, upos, tag), upos, tag))
        tokens[-1] = (tokens[-1][0], "", *tokens[-1][2:])
        name = f"c{n}"
        tags += [(name, i, *token, -1, "", tagger) for i, token in enumerate(tokens)]
        captions.append(
            (
                "made",
                splits[n] if splits else "test",
                videos[n] if videos else f"v{n}",
                name,
                "".join(text + space for text, space, *_ in tokens),
            )
        )
    return pd.DataFrame(captions, columns=CAPTION_COLUMNS), pd.DataFrame(tags, columns=TAG_COLUMNS)


def world(videos=20, seed=0, train_share=2):
    """Captions and gold tags of the embedded world; every `train_share`-th video is a test video, the others train."""
    captions, tags = [], []
    for video in range(videos):
        rng = item_rng(seed, video)
        scene = sample_scene(rng)
        for n, (text, tokens) in enumerate(write_captions(scene, rng)):
            name = f"v{video}#{n}"
            captions.append(("world", "train" if video % train_share else "test", f"v{video}", name, text))
            tags += [(name, i, *token, "gold") for i, token in enumerate(tokens)]
    return pd.DataFrame(captions, columns=CAPTION_COLUMNS), pd.DataFrame(tags, columns=TAG_COLUMNS)


class Opposites:
    """Knows every word and has the antonyms given: {(lemma, part): (antonyms, hypernym's, hyponym's)}."""

    name = "opposites"

    def __init__(self, pairs=None, unknown=()):
        self.pairs, self.unknown = pairs or {}, unknown

    def _get(self, lemma, part, n):
        return tuple(self.pairs.get((lemma, part), ((), (), ()))[n])

    def antonyms(self, lemma, part):
        return self._get(lemma, part, 0)

    def hypernym_antonyms(self, lemma, part):
        return self._get(lemma, part, 1)

    def hyponym_antonyms(self, lemma, part):
        return self._get(lemma, part, 2)

    def known(self, lemma, part):
        return lemma not in self.unknown


def made_tokens(*sentences):
    """The Tokens of sentences in the notation of `tagged`."""
    from posrank.negatives.sentences import TaggedCaptions

    found = TaggedCaptions(tagged(*sentences)[1])
    return [found[name] for name in found]
