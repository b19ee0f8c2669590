"""spaCy's English stop words, and the tokens that make a caption eligible in the authors' released sets.

The authors' word dictionaries hold no stop word, and their sets exist for exactly those captions that have a word of
such a dictionary: a token with the part's universal tag whose text is no stop word. Case is told apart, as in their
code: "With" at the start of a caption is none of the stop words.
"""

from functools import cache

from posrank.language.parts import PART_UPOS


@cache
def stop_words():
    """spaCy's STOP_WORDS, lower case, as a frozenset (326 words in spaCy 3.8)."""
    from spacy.lang.en.stop_words import STOP_WORDS

    return frozenset(STOP_WORDS)


def content_words(tags, part):
    """Boolean Series on the rows of a tags table: tokens with the universal tag of `part` that are no stop word.

    >>> import pandas as pd
    >>> tags = pd.DataFrame({"text": ["With", "a", "with", "near"], "upos": ["ADP", "DET", "ADP", "ADP"]})
    >>> content_words(tags, "prep").tolist()
    [True, False, False, True]
    """
    return (tags["upos"] == PART_UPOS[part]) & ~tags["text"].isin(stop_words())
