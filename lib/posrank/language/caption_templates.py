"""Synthetic captions with gold tags, which teach the tagger what a treebank of e-mails and reviews lacks.

In: a seed. Out: sentences as lists of (word, Penn tag, Universal part). A small weighted grammar draws subjects, verb
phrases and places that short videos show, in lower case and mostly without punctuation, as captions are written. Its
aim is what taggers trained on edited text get wrong: lower-case third-person verbs read as plural nouns ("a chef
stirs"), bare participles ("a man wearing a hat"), fronted places, verb-particle pairs, adverbs of direction. Labels
follow UD English EWT, except that "be" is always an auxiliary, also in "there is".
"""

import random
from functools import cache
from pathlib import Path

WORDS = Path(__file__).parent / "data" / "caption_words.yaml"

# A symbol draws one of its expansions by weight. In an expansion, "word/TAG/UPOS" stands for itself, "?" after a symbol
# means half of the time, and a symbol without a rule here is a class of words (see _WORD_CLASSES).
GRAMMAR = {
    "S": [
        (8, "NP VPZ"), (7, "NP IS VPG"), (3, "NP VPG"), (2, "NPS VPP"), (2, "NPS ARE VPG"), (2, "THERE IS NP VPG?"),
        (1, "THERE ARE NPS VPG?"), (2, "NP THAT VPZ"), (2, "NP THAT IS VPG"), (2, "NP IS VPG PP THAT VPZ"),
        (2, "PP COMMA? NP VPZ"), (2, "PP COMMA? NP IS VPG"), (1, "PP COMMA? THERE IS NP"), (2, "NP IS VPN"),
        (1, "NP IS being/VBG/AUX VPN"), (2, "NP AND NP ARE VPG"), (1, "NP AND NP VPP"), (2, "CLIP NP VPG"),
        (1, "CLIP NP"),
        (2, "NP VPZ AND VPZ"), (2, "NP IS VPG AND VPG"), (1, "NP VPZ WHILE NP VPZ"), (2, "NP IS VPG WHILE VPG"),
        (1, "NP IS ADJP"), (1, "NP IS PP"), (2, "NP TRIES to/TO/PART VB OBJ PP?"),
        (1, "NP EXPLAINS HOW to/TO/PART VB OBJ"),
        (1, "NP WHO VPZ"), (1, "NP PP VPZ"), (3, "NP PP IS VPG"), (1, "PRON VPZ"), (1, "PRON IS VPG"),
        (1, "NP VPZ AS/SCONJ NP VPZ"), (1, "NP IS NOT VPG"), (1, "NP DOES NOT VB OBJ?"), (1, "NP CAN VB OBJ? PP?"),
        (1, "NP VBZ COMMA VBZ AND VBZ OBJ"), (1, "MANNER COMMA? NP VPZ"), (1, "NPS VPG"), (1, "N VPZ"), (1, "NS VPP"),
        (2, "NP IS VBGI MANNER PP"), (2, "NP IS VBGI DIRECTION PP?"), (2, "NP VBZI MANNER PP?"),
        (2, "NP THAT VBZI MANNER PP"),
        (1, "NP VPD"), (1, "NP WAS VPG"), (1, "VPG"), (1, "NP IS VPG BY/SCONJ VPG"),
    ],
    "NP": [(6, "DT ADJ? PERSON"), (4, "DT ADJ? THING"), (2, "DT ADJ THING"), (1, "DT ADJ ADJ PERSON"), (1, "DT NN"),
           (1, "DT ADJ NN"), (1, "DT COMPOUND THING"), (1, "DT COMPOUND PERSON"), (1, "GROUP NPS0"), (1, "SOMEONE"),
           (1, "DT ADJ AND/CCONJ ADJ THING")],
    "NPS": [(3, "NUM ADJ? PERSONS"), (1, "some/DT/DET ADJ? PERSONS"), (1, "the/DT/DET NS"),
            (1, "several/JJ/ADJ PERSONS"),
            (1, "NUM THINGS"), (1, "PERSONS"), (1, "people/NNS/NOUN"), (1, "COMPOUND PERSONS"), (1, "many/JJ/ADJ NS"),
            (1, "NUM men/NNS/NOUN"), (1, "NUM women/NNS/NOUN"), (1, "kids/NNS/NOUN")],
    "NPS0": [(2, "PERSONS"), (2, "people/NNS/NOUN"), (1, "ADJ PERSONS"), (1, "NS")],
    "OBJ": [(6, "DT ADJ? THING"), (2, "POSS ADJ? THING"), (1, "THINGS"), (1, "DT COMPOUND THING"), (2, "MASS"),
            (1, "DT NN"),
            (1, "ADJ THINGS"), (1, "DT THING AND/CCONJ THING"), (1, "something/NN/PRON"), (1, "DT PERSON"),
            (1, "it/PRP/PRON")],
    "PP": [(6, "PREP DT ADJ? PLACE"), (4, "PREP DT ADJ? THING"), (2, "PREP POSS ADJ? THING"), (1, "PREP DT NN"),
           (1, "on/IN/ADP stage/NN/NOUN"), (1, "at/IN/ADP home/NN/NOUN"), (1, "next/JJ/ADJ to/IN/ADP DT THING"),
           (1, "in/IN/ADP front/NN/NOUN of/IN/ADP DT THING"), (1, "PREP each/DT/DET other/JJ/ADJ"),
           (1, "PREP NUM PERSONS"),
           (1, "on/IN/ADP top/NN/NOUN of/IN/ADP DT THING"), (1, "out/IN/ADP of/IN/ADP DT THING"), (1, "PREP THINGS"),
           (1, "with/IN/ADP DT ADJ THING"), (1, "PREP DT COMPOUND PLACE"), (2, "in/IN/ADP DT ADJ THING")],
    "VPZ": [(4, "BEFORE? VBZ OBJ PP? MANNER?"), (4, "BEFORE? VBZI PP MANNER?"), (2, "VBZI MANNER"),
            (2, "VBZI DIRECTION PP?"),
            (1, "VBZI"), (1, "PVZ OBJ"), (1, "PVZ PP?"), (1, "VBZI DEGREE MANNER"), (1, "VBZI PP AND/CCONJ VBZI PP?")],
    "VPP": [(3, "VBP OBJ PP?"), (4, "VBPI PP? MANNER?"), (1, "VBPI DIRECTION"), (1, "PVP OBJ")],
    "VPG": [(4, "VBG OBJ PP? MANNER?"), (4, "VBGI PP? MANNER?"), (2, "VBGI DIRECTION PP?"), (1, "PVG OBJ?"),
            (2, "MANNER VBGI PP?"),
            (1, "wearing/VBG/VERB DT ADJ THING"), (1, "VBGI DEGREE MANNER"), (1, "MANNER VBG OBJ")],
    "VPN": [(2, "VBN by/IN/ADP NP"), (1, "VBN PP?"), (1, "MANNER VBN PP?"), (1, "VBN MANNER")],
    "VPD": [(1, "VBD OBJ PP?"), (1, "VBDI PP? MANNER?")],
    "ADJP": [(2, "ADJ"), (1, "DEGREE ADJ"), (1, "ADJ AND/CCONJ ADJ")],
    "GROUP": [(3, "a/DT/DET group/NN/NOUN of/IN/ADP"), (1, "a/DT/DET couple/NN/NOUN of/IN/ADP"),
              (1, "a/DT/DET bunch/NN/NOUN of/IN/ADP"), (1, "a/DT/DET pair/NN/NOUN of/IN/ADP")],
    "CLIP": [(2, "this/DT/PRON is/VBZ/AUX a/DT/DET video/NN/NOUN of/IN/ADP"), (2, "a/DT/DET clip/NN/NOUN of/IN/ADP"),
             (1, "a/DT/DET scene/NN/NOUN from/IN/ADP"), (1, "a/DT/DET video/NN/NOUN about/IN/ADP"),
             (1, "a/DT/DET cartoon/NN/NOUN of/IN/ADP"), (1, "footage/NN/NOUN of/IN/ADP")],
    "DT": [(6, "a/DT/DET"), (4, "the/DT/DET"), (1, "another/DT/DET"), (1, "one/CD/NUM"), (1, "some/DT/DET")],
    "POSS": [(1, "his/PRP$/PRON"), (1, "her/PRP$/PRON"), (1, "their/PRP$/PRON"), (0.5, "its/PRP$/PRON")],
    "PRON": [(1, "he/PRP/PRON"), (1, "she/PRP/PRON"), (1, "it/PRP/PRON")],
    "SOMEONE": [(2, "someone/NN/PRON"), (1, "somebody/NN/PRON"), (1, "everyone/NN/PRON")],
    "NUM": [(4, "two/CD/NUM"), (2, "three/CD/NUM"), (1, "four/CD/NUM"), (1, "five/CD/NUM"), (0.5, "2/CD/NUM")],
    "IS": [(9, "is/VBZ/AUX"), (0.3, "s/VBZ/AUX")],
    "WAS": [(1, "was/VBD/AUX")],
    "ARE": [(1, "are/VBP/AUX")],
    "DOES": [(1, "does/VBZ/AUX")],
    "CAN": [(2, "can/MD/AUX"), (1, "will/MD/AUX")],
    "NOT": [(1, "not/RB/PART"), (1, "n't/RB/PART"), (0.5, "t/RB/PART")],
    "THERE": [(1, "there/EX/PRON")],
    "THAT": [(1, "that/WDT/PRON")],
    "WHO": [(1, "who/WP/PRON")],
    "AND": [(1, "and/CC/CCONJ")],
    "AND/CCONJ": [(1, "and/CC/CCONJ")],
    "AS/SCONJ": [(1, "as/IN/SCONJ")],
    "BY/SCONJ": [(1, "by/IN/SCONJ")],
    "WHILE": [(1, "while/IN/SCONJ")],
    "COMMA": [(1, ",/,/PUNCT")],
    "TRIES": [(1, "tries/VBZ/VERB"), (1, "starts/VBZ/VERB"), (1, "wants/VBZ/VERB"), (1, "is/VBZ/AUX trying/VBG/VERB")],
    "EXPLAINS": [(1, "explains/VBZ/VERB"), (1, "shows/VBZ/VERB"), (1, "is/VBZ/AUX showing/VBG/VERB"),
                 (1, "is/VBZ/AUX explaining/VBG/VERB")],
    "HOW": [(1, "how/WRB/ADV")],
}

# Class of words: list in caption_words.yaml, Penn tag, Universal part. Verb forms are inflected from the lemma.
_WORD_CLASSES = {
    "PERSON": ("person", "NN", "NOUN"), "THING": ("thing", "NN", "NOUN"), "PLACE": ("place", "NN", "NOUN"),
    "PERSONS": ("person", "NNS", "NOUN"), "THINGS": ("thing", "NNS", "NOUN"), "COMPOUND": ("compound", "NN", "NOUN"),
    "MASS": ("mass", "NN", "NOUN"), "N": ("person", "NN", "NOUN"), "ADJ": ("adjective", "JJ", "ADJ"),
    "MANNER": ("manner", "RB", "ADV"), "DIRECTION": ("direction", "RB", "ADV"), "BEFORE": ("before_verb", "RB", "ADV"),
    "DEGREE": ("degree", "RB", "ADV"), "PREP": ("preposition", "IN", "ADP"), "VB": ("transitive", "VB", "VERB"),
    **{tag: ("transitive", tag, "VERB") for tag in ("VBZ", "VBP", "VBG", "VBN", "VBD")},
    **{f"{tag}I": ("intransitive", tag, "VERB") for tag in ("VBZ", "VBP", "VBG", "VBD")},
    "PVZ": ("particle_verb", "VBZ", "VERB"), "PVP": ("particle_verb", "VBP", "VERB"),
    "PVG": ("particle_verb", "VBG", "VERB"),
}
# "away", "down" after a verb are adverbs in EWT, "up", "on", "off", "out" particles.
_ADVERB_PARTICLES = frozenset({"away", "down"})


def sentences(n, seed=0, treebank=None):
    """n tagged captions: [(word, tag, upos), ...] each, the same for the same arguments.

    treebank: {"NN": [...], "NNS": [...]} further nouns (from the training treebank), so that the shapes are learned
    over more words than the hand-made lists have.

    >>> [word for word, tag, upos in sentences(1, seed=3)[0]] == [word for word, *_ in sentences(1, seed=3)[0]]
    True
    """
    rng = random.Random(seed)
    return [_article(_expand("S", rng, treebank or {})) for _ in range(n)]


@cache
def _words():
    import yaml

    # strings only: YAML's usual loader reads "on" and "off" as truth values
    return yaml.load(WORDS.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)


def _expand(symbol, rng, treebank):
    if symbol.endswith("?"):
        return _expand(symbol[:-1], rng, treebank) if rng.random() < 0.5 else []
    if symbol in GRAMMAR:
        weights, expansions = zip(*GRAMMAR[symbol])
        expansion = rng.choices(expansions, weights)[0]
        return [token for part in expansion.split() for token in _expand(part, rng, treebank)]
    if symbol in ("NN", "NS"):
        tag = "NN" if symbol == "NN" else "NNS"
        further = treebank.get(tag)
        return [(rng.choice(further), tag, "NOUN")] if further else _draw("thing", tag, "NOUN", rng)
    if symbol in _WORD_CLASSES:
        return _draw(*_WORD_CLASSES[symbol], rng)
    word, tag, upos = symbol.rsplit("/", 2)
    return [(word, tag, upos)]


def _draw(name, tag, upos, rng):
    from posrank.language.inflect import inflect

    word = rng.choice(_words()[name])
    if name == "mass":
        return [(word, "NNS" if word in ("vegetables", "ingredients", "clothes", "sports") else tag, upos)]
    verb, _, particle = word.partition(" ")
    tokens = [(inflect(verb, tag), tag, upos)]
    if particle:
        tokens.append((particle, "RB", "ADV") if particle in _ADVERB_PARTICLES else (particle, "RP", "ADP"))
    return tokens


def _article(tokens):
    from posrank.language.inflect import article

    following = [*tokens[1:], ("", "", "")]
    return [(article(after[0]), tag, upos) if (word, tag) == ("a", "DT") else (word, tag, upos)
            for (word, tag, upos), after in zip(tokens, following)]
