"""The two judges of a negative set: blind language models that took no part in building it.

In: captions. Out: fitted NgramModels. A set on which a judge stays near chance cannot be solved from the text by counting
word sequences; its negation has to stay there too, for a model can learn to prefer the unlikely sentence.

* Judge A knows what the builder knows: an interpolated 4-gram with absolute discounting on all training captions.
* Judge B has fresh eyes: an interpolated trigram on the captions of a random half of the training videos, for a set that
  was built from the other half (`halves`).
"""

from hashlib import blake2b

from posrank.language.ngrams import fit


def halves(captions, seed=0):
    """The captions of two random halves of the videos: (for the builder, for judge B), two tables.

    A video goes to one side by the hash of its name, so neither the order of the rows nor other videos matter. ValueError
    where a half would be empty.

    >>> import pandas as pd
    >>> table = pd.DataFrame({"video_id": [f"v{i}" for i in range(10)], "caption": ["a man"] * 10})
    >>> [len(half) for half in halves(table)]
    [5, 5]
    """
    videos = captions["video_id"].tolist()
    side = {video: blake2b(f"{seed}|judge|{video}".encode(), digest_size=8).digest()[0] % 2 for video in set(videos)}
    judged = [side[video] == 1 for video in videos]
    if all(judged) or not any(judged):
        raise ValueError(f"judge B: {len(set(videos))} videos cannot be split in halves by seed {seed}; give more captions")
    return captions[[not mine for mine in judged]], captions[judged]


def judge_a(training, exclude_videos=()):
    """Judge A, fitted on the captions table `training` without `exclude_videos`."""
    return fit(training, exclude_videos, order=4, smoothing="absolute")


def judge_b(training, exclude_videos=()):
    """Judge B, fitted on captions that no builder saw: the second table of `halves`."""
    return fit(training, exclude_videos, order=3)
