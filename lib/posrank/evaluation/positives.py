"""Hard positives of the captions that a run is evaluated on, and how brittle the run is before them.

Hard positives come in two kinds: `synonym`, one word replaced by another that says the same
(posrank.negatives.positives), and `rephrased`, another caption of the same video with the same nouns, verbs,
adjectives, adverbs and prepositions. Those that the system cannot read (words unknown to its tokenizer, or cut to the
caption's own tokens) are left out and counted.
"""

import itertools

import numpy as np
import pandas as pd

from posrank import PARTS, scoring
from posrank.negatives.positives import generate_positives, rephrased
from posrank.scoring.brittleness import from_ranks

KINDS = ("synonym", "rephrased")
UNKNOWN, ALIKE = "words unknown to the text tower", "the caption's own tokens"


def hard_positives(captions, tags, training, system, k=2, seed=0, lexicon="builtin"):
    """(positives, left out): DataFrame caption_id, part, sentence, kind, and {kind: {reason: how many}}. captions:
    those that are evaluated; training: the captions that words come from, or their tags; tags: of the captions, and of
    the training captions where those are given as captions. Up to `k` of a kind for each caption and part."""
    tables = {"synonym": generate_positives(captions, k, seed, tags=tags, reference=training, lexicon=lexicon),
              "rephrased": rephrased(captions, tags, k)}
    texts = captions.set_index("caption_id")["caption"]
    kept, left_out = [], {}
    for kind, table in tables.items():
        table = table[["caption_id", "part", "sentence"]].astype("str").assign(kind=kind)
        known, alike = _readable(system, table["sentence"].tolist(), texts.reindex(table["caption_id"]).tolist())
        left_out[kind] = {UNKNOWN: int((~known).sum()), ALIKE: int((known & alike).sum())}
        kept.append(table[known & ~alike])
    return pd.concat(kept, ignore_index=True), left_out


def _readable(system, sentences, captions):
    """Two bool arrays: every word of the sentence has a token; its tokens are those of its caption."""
    if not sentences:
        return np.zeros(0, bool), np.zeros(0, bool)
    theirs, own = (np.asarray(system.tokenize(texts).cpu()) for texts in (sentences, captions))
    width = max(theirs.shape[1], own.shape[1])
    theirs, own = (np.pad(ids, ((0, 0), (0, width - ids.shape[1]))) for ids in (theirs, own))
    unknown = getattr(system.tokenizer, "unknown", None)
    known = np.ones(len(sentences), bool) if unknown is None else (theirs != unknown).all(1)
    return known, (theirs == own).all(1)


def brittleness_entry(ranks, positives, left_out, b=10000, seed=0, shuffled=None):
    """The entry `brittleness` of a run's metrics: {kind: {"parts": {part: {brittleness, low, high, shuffled, captions,
    triples}}, "left_out": {reason: how many}}}. ranks, positives, and shuffled (such a pair of the model with shuffled
    videos, or None): of posrank.scoring.brittleness.split_ranks."""
    lists = dict(iter(from_ranks(ranks, positives).groupby(["kind", "part"])))
    zero = {} if shuffled is None else from_ranks(*shuffled).groupby(["kind", "part"])["brittleness"].mean()
    entry = {kind: {"parts": {}, "left_out": left_out.get(kind, {})} for kind in KINDS}
    for kind, part in (key for key in itertools.product(KINDS, PARTS) if key in lists):
        mine, low, high = lists[kind, part], None, None
        if mine["video_id"].nunique() > 1:
            low, high = scoring.bootstrap(mine["brittleness"], mine["video_id"], b=b, seed=seed)
        entry[kind]["parts"][part] = {
            "brittleness": float(mine["brittleness"].mean()), "low": low, "high": high, "captions": len(mine),
            "triples": int(mine["triples"].sum()), **({"shuffled": float(zero[kind, part])} if len(zero) else {})}
    return entry
