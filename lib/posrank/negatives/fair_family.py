"""The blind models that rule `fair` balances against: strong ones on all captions, and cross-fitted ones on disjoint parts.

In: reference captions and their videos. Out: scores of exchanged words, [models, n]. One model's counts are partly noise: what
it calls likelier is so by accident as often as the counts are small, and a judge with fresh captions sees the true sentence
again. Models of other orders and on disjoint parts of the captions have accidents of their own; where all agree, a further one
mostly does too.

A caption that is among the reference captions is scored by models that have not seen its video.
"""

from hashlib import blake2b

import numpy as np

from posrank.language.ngrams import NgramModel
from posrank.language.windows import Places, exchange_scores, place

FOLDS = 2
STRONG = (4, 3, 2, 1)
"""Orders of the models on all captions: what one of them says by accident, the others mostly do not."""
FOLD_ORDER = 3


class Family:
    """`scores(stretches, videos)` -> float64 [models, n].

    texts, videos: reference captions and the video of each (None: every caption its own). Deterministic: a video's part comes
    from the hash of its name.
    """

    def __init__(self, texts, videos=None, folds=FOLDS, strong=STRONG, fold_order=FOLD_ORDER):
        self._texts = list(texts)
        videos = [f"caption {n}" for n in range(len(self._texts))] if videos is None else list(videos)
        self._strong, self._order, self.folds = strong, fold_order, folds
        self._fold_of = {video: _fold(video, folds) for video in dict.fromkeys(videos)}
        self._fold = np.array([self._fold_of[video] for video in videos])
        self._fitted = {}

    @property
    def name(self):
        """What it consists of, in words."""
        orders = ", ".join(f"{order}-gram" for order in self._strong)
        return f"Kneser-Ney {orders} on {len(self._texts)} captions; {self._order}-gram on each of {self.folds} parts"

    def models(self, fold=None):
        """The models that have not seen the videos of part `fold` (None: all models)."""
        rest = [("all but", fold, order) for order in self._strong]
        return [self._model(*key) for key in rest + [("part", n, self._order) for n in range(self.folds) if n != fold]]

    def _model(self, kind, fold, order):
        key = kind, fold, order
        if key not in self._fitted:
            keep = self._fold == fold if kind == "part" else self._fold != (-1 if fold is None else fold)
            texts = [text for text, kept in zip(self._texts, keep) if kept]
            self._fitted[key] = NgramModel(order).fit(texts or [""])
        return self._fitted[key]

    def fold(self, video):
        """The part that holds the captions of `video`, None where none are among the reference captions."""
        return self._fold_of.get(video)

    def scores(self, stretches, videos):
        """Scores of a caption's own stretch of words and of its candidates, caption after caption.

        stretches: (text before, text after, [own words, candidate, ...]) each; videos: the video of each. -> scores
        [models, n], starts [captions + 1]: entry starts[i] is the caption's own. Where a model has seen the video, its row
        repeats the first model's.
        """
        starts = np.concatenate([[0], np.cumsum([len(words) for _, _, words in stretches])]).astype(np.int64)
        homes = [self.fold(video) for video in videos]
        result = np.zeros((len(self._strong) + self.folds, starts[-1]))
        for home in sorted(set(homes), key=lambda fold: -1 if fold is None else fold):
            mine = [n for n, other in enumerate(homes) if other == home]
            places = Places(*zip(*(place(*stretches[n][:2]) for n in mine)))
            owner = np.repeat(np.arange(len(mine)), [len(stretches[n][2]) for n in mine])
            flat = [word for n in mine for word in stretches[n][2]]
            at = np.concatenate([np.arange(starts[n], starts[n + 1]) for n in mine])
            values = [exchange_scores(model, places, owner, flat) for model in self.models(home)]
            for row in range(len(result)):
                result[row, at] = values[row if row < len(values) else 0]
        return result, starts


def _fold(video, folds):
    return int.from_bytes(blake2b(f"fold|{video}".encode(), digest_size=4).digest(), "big") % folds
