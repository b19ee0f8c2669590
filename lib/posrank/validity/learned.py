"""The learned judge: how much of a negative set can a text-only model learn from the set itself?

In: a negatives table and its captions. Out: a ranks table. For each part a list-wise logistic model (conditional logit)
of the sentences alone is trained on the lists of other videos and ranks the held-out lists: what a text tower can learn
when it is trained on such negatives. Far above chance, the set can be solved without vision. Folds are by video, for
rule `exchange` by group: there the judge stays at chance, as its proof says.
"""

import hashlib

import numpy as np
import pandas as pd
from scipy import optimize, sparse

from posrank import PARTS
from posrank.scoring.ranks import reciprocal_from_counts
from posrank.tables import validate
from posrank.validity.learned_judge_features import BITS, Texts, dense, word_hashes

MOST = 4000
"""Lists a fold is trained on at most, a random choice: more change little."""


def learned_judge(negatives, captions, tags=None, folds=5, seed=0, penalty=0.3, run="learned judge"):
    """A text-only classifier trained on the lists of other videos -> the ranks table of all lists, each held out once.

    negatives  negatives table of one rule and level; captions: its captions table (statements for rule exchange)
    tags       not used: words are read from the sentences
    folds      2 or more; a video (rule exchange: a group) is in one fold. Each part has judges of its own
    penalty    weight of the squared coefficients

    Word counts and word vectors come from the training split of `captions`, without the videos that are judged
    (``.attrs``: training = how many such captions; 0 = none, then from the lists alone). ValueError where the videos
    are too few for that many folds.
    """
    if not isinstance(folds, int) or folds < 2:
        raise ValueError(f"folds is {folds!r}: give a whole number of at least 2")
    table = captions.drop_duplicates("caption_id").set_index("caption_id")
    missing = set(negatives["caption_id"]) - set(table.index)
    if missing:
        raise ValueError(f"negatives: caption {min(missing)!r} is not in the captions table; give those of this set")
    judged = set(table.loc[negatives["caption_id"].unique(), "video_id"])
    training = []
    if "split" in captions:
        training = captions.loc[(captions["split"] == "train") & ~captions["video_id"].isin(judged), "caption"].tolist()
    lists = {part: rows for part in PARTS if len(rows := negatives[negatives["part"] == part])}
    out = [_judge_part(rows, table, training, folds, seed, penalty, run, part) for part, rows in lists.items()]
    if not out:
        raise ValueError("negatives: there is no list to judge")
    ranks = validate(pd.concat(out, ignore_index=True), "ranks")
    ranks.attrs.update(folds=folds, seed=seed, training=len(training))
    return ranks


def _judge_part(lists, table, training, folds, seed, penalty, run, part):
    number, ids = pd.factorize(lists["caption_id"])
    sentences = np.concatenate([table.loc[ids, "caption"].to_numpy(), lists["sentence"].to_numpy()])
    list_of = np.concatenate([np.arange(len(ids)), number])
    positive = np.arange(len(sentences)) < len(ids)
    videos = table.loc[ids, "video_id"].to_numpy()
    units = lists.drop_duplicates("caption_id")["group"].to_numpy() if "group" in lists else videos
    fold = np.array([_fold(seed, unit, folds) for unit in units])
    matrix = _matrix(sentences, list_of, training)
    scores = np.zeros(len(sentences))
    rng = np.random.default_rng(seed)
    for held in range(folds):
        learn = np.flatnonzero(fold != held)
        here = (fold == held)[list_of]
        if not len(learn):
            raise ValueError(f"{part}: all lists are in one fold of {folds}, there are too few videos: lower folds")
        if len(learn) > MOST:
            learn = np.sort(rng.choice(learn, MOST, replace=False))
        chosen = np.isin(list_of, learn)
        weights = fit_lists(matrix[chosen], np.searchsorted(learn, list_of[chosen]), positive[chosen], penalty)
        scores[here] = np.round(matrix[here] @ weights, 9)
    own = scores[list_of]  # the captions come first, in the order of their lists
    better, equal, size = (np.bincount(list_of, those, len(ids)).astype(int)
                           for those in (scores > own, (scores == own) & ~positive, ~positive))
    return pd.DataFrame({"run": run, "caption_id": ids, "video_id": videos, "part": part, "better": better,
                         "equal": equal, "negatives": size, "reciprocal_rank": reciprocal_from_counts(better, equal)})


def _fold(seed, unit, folds):
    return int.from_bytes(hashlib.blake2b(f"{seed} {unit}".encode(), digest_size=8).digest(), "little") % folds


def _matrix(sentences, list_of, training):
    """float64 csr [sentences, features]: what differs within a list; dense features have unit spread within lists."""
    unique, where = np.unique(sentences.astype(str), return_inverse=True)
    texts = Texts(unique)
    row, column = word_hashes(texts)
    words = sparse.csr_matrix((np.ones(len(row)), (row, column)), shape=(len(unique), 1 << BITS))[where].tocoo()
    found, inverse = np.unique(list_of[words.row] * (1 << BITS) + words.col, return_inverse=True)
    kept = (np.bincount(inverse, words.data) != np.bincount(list_of)[found >> BITS])[inverse]
    shape = len(sentences), 1 << BITS
    words = sparse.csr_matrix((words.data[kept], (words.row[kept], words.col[kept])), shape=shape)
    numbers = dense(unique.tolist(), texts, training)[where]
    sizes = np.bincount(list_of)
    for i in range(numbers.shape[1]):
        numbers[:, i] -= (np.bincount(list_of, numbers[:, i]) / sizes)[list_of]
    numbers /= np.where(numbers.std(0) > 0, numbers.std(0), 1)
    return sparse.hstack([words, sparse.csr_matrix(numbers)], format="csr")


def fit_lists(matrix, list_of, positive, penalty, steps=60):
    """Coefficients [features] that make the positive of each list likely: conditional logit with a squared penalty, by
    L-BFGS.

    matrix: csr [n, features]; list_of int [n], numbered from 0; positive bool [n], one in each list.
    """
    used = np.flatnonzero(np.diff(matrix.tocsc().indptr))
    matrix = matrix[:, used].tocsr()
    transposed, lists = matrix.T.tocsr(), int(list_of.max()) + 1

    def loss(weights):
        scores = matrix @ weights
        highest = np.full(lists, -np.inf)
        np.maximum.at(highest, list_of, scores)
        likely = np.exp(scores - highest[list_of])
        total = np.bincount(list_of, likely, lists)
        value = (np.log(total) + highest).sum() - scores[positive].sum()
        gradient = transposed @ (likely / total[list_of] - positive)
        return value + penalty * weights @ weights / 2, gradient + penalty * weights

    best = optimize.minimize(loss, np.zeros(len(used)), jac=True, method="L-BFGS-B", options={"maxiter": steps})
    weights = np.zeros((1 << BITS) + 4)
    weights[used] = best.x
    return weights
