"""What the lmms-eval tasks beside it call: a video, sentences in the order of their hashes, and the rank of the true
one by the loss of each."""

import os


def doc_to_visual(doc):
    """The path of the video."""
    return [os.path.join(os.environ.get("POSRANK_VIDEOS", ""), doc["video"])]


def doc_to_choice(doc):
    """The sentences of the list."""
    return doc["choices"]


def process_results(doc, results):
    """results: (loss, whether it is the likeliest text) of each sentence -> both metrics, with the video they go by.

    Ties: the expected reciprocal rank over the order inside the tied block.
    """
    losses = [float(result[0]) for result in results]
    own = losses[doc["answer"]]
    better, tied = sum(loss < own for loss in losses), sum(loss == own for loss in losses)
    reciprocal = sum(1 / (better + 1 + n) for n in range(tied)) / tied
    first = 1 / tied if better == 0 else 0.0
    return {name: {"score": value, "video_id": doc["video_id"]}
            for name, value in (("posrank", reciprocal), ("first", first))}


def mean(items):
    """Mean of the scores."""
    return sum(item["score"] for item in items) / len(items)
