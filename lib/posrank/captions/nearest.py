"""The captions nearest to a caption by text similarity (Section 3, Fig. 2).

By vectors from any text tower (the paper uses CLIP); without them, by TF-IDF over words.
"""

import re

import numpy as np
import pandas as pd


def nearest_captions(captions, ids, k=5, vectors=None, split="test"):
    """The k captions of other videos most similar (cosine) to each caption of `ids`.

    captions  captions table
    ids       caption_ids to look at
    vectors   [len(captions), d], numpy or scipy sparse, row i = caption i of the table; None = `tfidf`
    split     where neighbours are sought; None = everywhere
    Returns a DataFrame caption_id, video_id, caption, rank (from 1), near_id, near_video, near_caption, similarity.
    Equal sentences are shown once. Raises ValueError for unknown ids and vectors of another length.
    """
    captions = captions.reset_index(drop=True)
    vectors = tfidf(captions["caption"]) if vectors is None else _unit(vectors, len(captions))
    where = pd.Series(captions.index, index=captions["caption_id"])
    unknown = [name for name in ids if name not in where.index]
    if unknown:
        raise ValueError(f"caption {unknown[0]!r} is not in the captions table")
    pool = captions.index.to_numpy() if split is None else np.flatnonzero(captions["split"] == split)
    if not len(pool):
        raise ValueError(f"no captions in split {split!r}: choose another split")
    text, video = captions["caption"].to_numpy(), captions["video_id"].to_numpy()
    rows = []
    for name in ids:
        here = int(where[name])
        product = vectors[pool] @ vectors[here].T
        scores = np.asarray(product.todense() if hasattr(product, "todense") else product, dtype=np.float64).ravel()
        order = np.argsort(-scores, kind="stable")
        order = order[video[pool[order]] != video[here]]
        first = ~pd.Series(text[pool[order]]).duplicated().to_numpy()
        for rank, at in enumerate(order[first][:k], 1):
            near = captions.iloc[int(pool[at])]
            rows.append((
                name, video[here], text[here], rank, near["caption_id"], near["video_id"], near["caption"],
                float(scores[at]),
            ))
    columns = ["caption_id", "video_id", "caption", "rank", "near_id", "near_video", "near_caption", "similarity"]
    return pd.DataFrame(rows, columns=columns)


def tfidf(texts):
    """Sparse unit vectors [len(texts), words]: counts of lower-cased words times log inverse caption frequency."""
    from scipy import sparse

    words = [re.findall(r"\w+", text.lower()) for text in texts]
    lengths = [len(entry) for entry in words]
    codes, types = pd.factorize(np.array([word for entry in words for word in entry], dtype=object))
    rows = np.repeat(np.arange(len(words)), lengths)
    counts = sparse.csr_matrix((np.ones(len(codes)), (rows, codes)), shape=(len(words), len(types)))
    frequency = np.bincount(counts.indices, minlength=len(types))
    weighted = counts @ sparse.diags(np.log((1 + len(words)) / (1 + frequency)) + 1)
    return _unit(weighted, len(words))


def _unit(vectors, count):
    """Rows of length one; a row of zeros stays zero."""
    from scipy import sparse

    if vectors.shape[0] != count or len(vectors.shape) != 2:
        raise ValueError(f"vectors have shape {tuple(vectors.shape)}: one row for each of {count} captions is needed")
    if sparse.issparse(vectors):
        lengths = np.sqrt(np.asarray(vectors.multiply(vectors).sum(axis=1)).ravel())
        return (sparse.diags(1 / np.where(lengths > 0, lengths, 1)) @ vectors).tocsr()
    vectors = np.asarray(vectors, dtype=np.float64)
    if not np.isfinite(vectors).all():
        raise ValueError("vectors hold NaN or infinity: check the text tower")
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(lengths > 0, lengths, 1)
