"""Coarse recall by counting beside sorting twice, and the curves of Fig. 3 by sums beside comparing captions pair by pair.

    python benchmarks/recall_and_duplicates.py [--small]

Recall: similarities of 5,000 captions and 1,000 videos, five captions to a video, both directions. The usual way is the CLIP4Clip
family's: the similarities of each direction as a cube [video, caption of it, video], sorted, and sorted again for the ranks; for
video to text the best caption of each video stands for it. Curves: how many captions become identical when nouns are removed;
the usual way takes the words away and compares each caption with every other. Scores have no ties, where sorting would be wrong.
"""

import numpy as np
import pandas as pd
from growth import world_tables
from measure import options, take_turns, write

from posrank.captions.duplicates import duplicate_curves
from posrank.scoring import recall


def by_sorting(similarity, own):
    """R@1, 5, 10 (percent), MdR and MnR of both directions by double argsort; captions of a video are neighbours."""
    videos = similarity.shape[1]
    cube = similarity.reshape(videos, -1, videos)  # [own video, caption, video]
    places = np.argsort(np.argsort(-cube, axis=-1), axis=-1)
    text = np.concatenate([np.diagonal(places[:, i]) for i in range(cube.shape[1])])
    best = cube.max(1).T  # [query video, video of the caption]
    video = np.diagonal(np.argsort(np.argsort(-best, axis=-1), axis=-1))
    return {"t2v": metrics(text + 1), "v2t": metrics(video + 1)}


def metrics(ranks):
    """The usual numbers of ranks that count from 1."""
    hits = {f"R@{k}": 100 * float((ranks <= k).mean()) for k in (1, 5, 10)}
    return hits | {"mean": float(np.mean(list(hits.values()))), "MdR": float(np.median(ranks)), "MnR": float(ranks.mean())}


def pair_by_pair(captions, tags, removed):
    """Captions that equal another one once `removed` nouns (0 or all) are taken away, every pair compared."""
    words = tags if not removed else tags[tags["upos"] != "NOUN"]
    texts = words["text"].str.lower().groupby(words["caption_id"], sort=False).agg(list)
    texts = [texts.get(name, []) for name in captions["caption_id"]]
    return sum(any(other == text for j, other in enumerate(texts) if i != j) for i, text in enumerate(texts))


def difference(one, other):
    """The largest difference between two dicts of dicts of numbers."""
    return max(abs(one[way][key] - other[way][key]) for way in other for key in other[way])


def run(small=False, repeats=3):
    """Table way, ms, ratio (against the usual way of the same task), difference (of the results)."""
    videos, count = (40, 60) if small else (1000, 3000)
    rng = np.random.default_rng(0)
    own = np.repeat(np.arange(videos), 5)
    similarity = rng.normal(size=(len(own), videos))
    similarity[np.arange(len(own)), own] += 2
    captions, tags = world_tables(count)
    last = 2  # no sentence of the world has more nouns

    def curve():
        return duplicate_curves(captions, tags, parts=("noun",))

    def loops():
        return [pair_by_pair(captions, tags, removed) for removed in (0, last)]

    tasks = {
        "recall": {"double argsort": lambda: by_sorting(similarity, own), "counting": lambda: recall(similarity, own)},
        "curve": {"pairs": loops, "sums": curve},
    }
    rows = []
    for task, ways in tasks.items():
        seconds = take_turns(ways, repeats)
        usual, ours = (way() for way in ways.values())
        if task == "recall":
            apart = difference(ours, usual)
        else:
            ours = ours.set_index("removed")["identical"]
            apart = max(abs(ours[removed] - count) for removed, count in zip((0, last), usual))
        first = next(iter(seconds.values()))
        rows += [[f"{task}: {name}", 1000 * took, first / took, float(apart)] for name, took in seconds.items()]
    return pd.DataFrame(rows, columns=["way", "ms", "ratio", "difference"]), (len(own), videos, count)


if __name__ == "__main__":
    chosen = options(__doc__)
    result, (rows, columns, count) = run(chosen.small)
    print(result.to_string())
    text = (
        f"Recall of {rows} captions and {columns} videos in both directions, against CLIP4Clip's way; how many of {count} captions of the "
        "world's grammar are identical without their nouns, against loops over all pairs (which do two points of the curve, ours "
        "does all three and counts two kinds of identity more)."
    )
    ratio = result.set_index("way")["ratio"]
    headline = (
        f"recall is {ratio['recall: counting']:.1f} times faster than by double argsort, the curves of {count} captions "
        f"{ratio['curve: sums']:.0f} times faster than by pairs"
    )
    write("recall_and_duplicates", result, "Recall and duplicate captions", text, chosen.out, headline, "times faster than the usual way")
