"""Single lists of one run: a caption among its negatives with their scores, and the lists on which the run fails.

Comes in: scores and ranks of one run, negatives, captions. Goes out: a DataFrame, or HTML with the video's frames.
"""

from html import escape

import pandas as pd

from posrank import PARTS
from posrank.figures.examples import marked_negative
from posrank.figures.strips import lines_html, strip_html


def ranked_list(scores, negatives, caption, caption_id, part):
    """One list, best first -> DataFrame rank, score, sentence, true (is it the caption?), source.

    scores: scores table of one run; caption: the true sentence. rank counts the sentences that score strictly higher,
    plus half of the others that score the same, plus 1. ValueError where the scores hold no such list.
    """
    mine = scores[(scores["caption_id"] == caption_id) & (scores["part"] == part)]
    if mine.empty:
        raise ValueError(f"there are no scores of caption {caption_id!r} and part {part!r}")
    own = negatives[(negatives["caption_id"] == caption_id) & (negatives["part"] == part)].set_index("k")
    table = pd.DataFrame({"rank": mine["score"].rank(ascending=False), "score": mine["score"],
                          "sentence": [caption if k == -1 else own["sentence"].get(k, "") for k in mine["k"]],
                          "true": mine["k"] == -1, "source": [own["source"].get(k, "") for k in mine["k"]]})
    return table.sort_values(["rank", "true"], kind="stable", ignore_index=True)


def worst_lists(ranks, scores, per_part=2):
    """The lists of each part that rank worst -> DataFrame caption_id, video_id, part, rank (expected), of (sentences),
    k (of the negative with the highest score), score (its), caption_score."""
    keys, is_caption = ["caption_id", "part"], scores["k"] == -1
    own, rest = scores[is_caption].rename(columns={"score": "caption_score"}), scores[~is_caption]
    best = rest.loc[rest.groupby(keys, sort=False)["score"].idxmax()]
    lists = ranks.merge(best[[*keys, "k", "score"]], on=keys).merge(own[[*keys, "caption_score"]], on=keys)
    lists = lists[lists["better"] > 0].assign(rank=1 + lists["better"] + lists["equal"] / 2, of=lists["negatives"] + 1)
    lists = lists.sort_values(["reciprocal_rank", "caption_id"], kind="stable").groupby("part").head(per_part)
    lists = lists.sort_values("part", key=lambda column: column.map(PARTS.index), kind="stable", ignore_index=True)
    return lists[[*keys, "video_id", "rank", "of", "k", "score", "caption_score"]]


def failures_html(run, ranks, scores, negatives, captions, clip, per_part=2):
    """Where `run` fails: `worst_lists` with the video's frames, the caption, the negative that won, both scores (HTML).

    clip: video id -> (frames, frames_read) or None. Tables of several runs are allowed, only `run` is shown.
    """
    texts, blocks, keys = captions.set_index("caption_id")["caption"], [], ["caption_id", "part", "k"]
    worst = worst_lists(ranks[ranks["run"] == run], scores[scores["run"] == run], per_part)
    for row in worst.merge(negatives[[*keys, "sentence", "source"]], on=keys, how="left").itertuples():
        text = texts[row.caption_id]
        won = marked_negative(row, text, "#c0392b") if isinstance(row.sentence, str) else "(not in this set)"
        blocks.append(lines_html([
            (row.part, strip_html(clip(row.video_id))),
            (f"{row.caption_score:.2f}", f"<b>{escape(text)}</b> (the caption, rank {row.rank:g} of {row.of})"),
            (f"{row.score:.2f}", f"{won} (the negative that won)")]))
    return "".join(blocks) or "<p>No caption ranks below a negative.</p>"
