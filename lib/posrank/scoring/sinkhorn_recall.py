"""Coarse recall of UCoFiA's evaluation: Sinkhorn-Knopp biases from the training split are added to each level's logits.

Text to video, each test video gets the bias that all training texts give it; video to text, each test text the one that
all training videos give it (github.com/Ziyang412/UCoFiA, main_ucofia.py of eval_t2v and eval_v2t). PoSRank stays
without: the first is a constant for one video, the second would favour single texts.
"""

import numpy as np
import pandas as pd
import torch
from tqdm.auto import tqdm

from posrank.scoring.recall import recall
from posrank.systems.sinkhorn_knopp import sinkhorn


def sinkhorn_recall(scorer, captions, training, iterations=4, style="clip4clip", progress=True):
    """Recall (as `posrank.scoring.recall`) with biases in both directions.

    scorer: SystemScorer whose system has `levels` (UCoFiA); captions, training: tables with video_id and caption, whose
    videos the scorer's frames hold. iterations: of Sinkhorn-Knopp, at least 1. Memory: three fp32 matrices [texts,
    videos] and one of training texts x test videos at a time. ValueError for a system without levels, an empty training
    table, videos on both sides.
    """
    if not hasattr(scorer.system, "levels"):
        raise ValueError(f"evaluate.sinkhorn is an option of ucofia; {scorer.system.name} has no levels: set it to 0")
    if len(training) == 0:
        raise ValueError("evaluate.sinkhorn needs training captions with frames: the biases are estimated on them")
    own, videos = pd.factorize(captions["video_id"])
    texts, videos, levels = captions["caption"].tolist(), videos.tolist(), scorer.system.levels
    known, known_videos = training["caption"].tolist(), list(dict.fromkeys(training["video_id"]))
    if shared := set(videos) & set(known_videos):
        raise ValueError(f"evaluate.sinkhorn: video {min(shared)!r} is in the training split and evaluated as well")
    with tqdm(total=3, desc="Sinkhorn-Knopp", unit="matrix", disable=not progress) as bar:
        test = scorer.all_pairs(texts, videos, levels)
        bar.update()
        found = scorer.all_pairs(known, videos, levels)
        t2v = sum(test[name] + _bias(x, iterations)[None] for name, x in found.items()) / len(test)
        bar.update()
        found = scorer.all_pairs(texts, known_videos, levels)
        v2t = sum(test[name] + _bias(x.T, iterations)[:, None] for name, x in found.items()) / len(test)
        bar.update()
    return {"t2v": recall(t2v, own, style)["t2v"], "v2t": recall(v2t, own, style)["v2t"]}


def _bias(logits, iterations):
    return sinkhorn(torch.from_numpy(np.ascontiguousarray(logits)), iterations).log_b.numpy()
