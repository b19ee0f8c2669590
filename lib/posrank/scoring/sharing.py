"""What several processes share when they evaluate one run: features of videos, and the rows of the similarity.

In: a SystemScorer with its videos in fixed batches (`together`) and a world of processes (rank, size, collect). Out:
the same numbers, to the last digit, as one process gets.
"""

import numpy as np

from posrank.scoring.scorers import inference


def share_videos(scorer, world):
    """Encode every video of `scorer.together` once, each batch in one process, and keep its features in all of them.

    Where there are more videos than the scorer keeps, nothing is shared: each process encodes what it comes to.
    """
    batches = scorer.batches()
    if world.size == 1 or sum(map(len, batches)) > scorer.keep:
        return
    for start in range(0, len(batches), world.size):
        mine = batches[start + world.rank : start + world.rank + 1]
        with inference(scorer.system):
            features = scorer.encode(mine[0]).cpu() if mine else None
        for batch, found in zip(batches[start:], world.collect(features)):
            scorer.remember(batch, found)


def similarity(scorer, texts, video_ids, world=None):
    """`scorer.similarity(texts, video_ids)`, rows computed by all processes; the first gets [T, V], the others None."""
    if world is None or world.size == 1:
        return scorer.similarity(texts, video_ids)
    texts, step = list(texts), scorer.text_batch
    starts = range(0, len(texts), step)
    # whole batches of rows, so that each holds the texts it would hold in one process
    mine = [text for start in starts[world.rank :: world.size] for text in texts[start : start + step]]
    parts = world.collect(scorer.similarity(mine, video_ids), everywhere=False)
    if parts is None:
        return None
    out = np.zeros((len(texts), len(video_ids)), np.float32)
    for rank, part in enumerate(parts):
        for number, start in enumerate(starts[rank :: world.size]):
            out[start : start + step] = part[number * step : (number + 1) * step]
    return out
