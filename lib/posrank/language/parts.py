"""The five parts of speech of the paper, read from Universal part-of-speech tags and Penn Treebank tags.

In: `upos` and `tag` of a token, or a tags table. Out: "noun", "verb", "adj", "adv", "prep", or None for the rest.
The paper names the parts and no tagset; its proportions (Table 2) fit spaCy's Universal tags. Three details are decided
here, once, for every count and every negative:

* auxiliaries and copulas (AUX, modals) are no verbs: "is" in "a man is walking" carries no content;
* particles (tag RP: "picks *up*") are no prepositions, although Universal tags call both ADP;
* the infinitive's "to" (PART) is no preposition; the preposition "to" counts as IN, whether a tagset says IN or TO.
"""

from posrank import PARTS
from posrank.messages import unknown

UPOS_PART = {"NOUN": "noun", "VERB": "verb", "ADJ": "adj", "ADV": "adv", "ADP": "prep"}
"""Universal tag -> part; all others have none."""

PART_UPOS = {part: upos for upos, part in UPOS_PART.items()}

_NO_PART = frozenset({("VERB", "MD"), ("ADP", "RP")})


def part_of(upos, tag=""):
    """The part of speech of one token, or None.

    >>> part_of("NOUN", "NNS"), part_of("ADP", "IN"), part_of("ADP", "RP"), part_of("AUX", "VBZ")
    ('noun', 'prep', None, None)
    """
    return None if (upos, tag) in _NO_PART else UPOS_PART.get(upos)


def parts_of(tags):
    """The part of every row of a tags table: a Series of str with missing values, on the table's index.

    ValueError where `tags` lacks the columns upos and tag.

    >>> import pandas as pd
    >>> parts_of(pd.DataFrame({"upos": ["DET", "NOUN"], "tag": ["DT", "NN"]})).tolist()
    [nan, 'noun']
    """
    for column in ("upos", "tag"):
        if column not in tags:
            raise ValueError(f"tags table: column {column!r} is missing (has: {', '.join(map(str, tags.columns))})")
    parts = tags["upos"].astype("str").map(UPOS_PART).astype("str")
    for upos, tag in _NO_PART:
        parts = parts.mask(((tags["upos"] == upos) & (tags["tag"] == tag)).to_numpy())
    return parts


def fine_tag(part, tag):
    """The tag that a replacement shares with the word it replaces: the Penn tag, with TO read as IN for prepositions.

    >>> fine_tag("prep", "TO"), fine_tag("verb", "VBG")
    ('IN', 'VBG')
    """
    return "IN" if part == "prep" and tag == "TO" else tag


def check_part(part):
    """`part` itself where it is one of PARTS; ValueError with the nearest valid one otherwise."""
    if part not in PARTS:
        raise ValueError(unknown("part of speech", part, PARTS))
    return part
