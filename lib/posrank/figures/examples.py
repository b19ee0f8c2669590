"""Single lists: Fig. 1 and 4, one list with its scores, and the lists on which a run fails.

Comes in: captions, negatives, ranks and scores. Goes out: HTML, the changed word in the colour of its source.
"""

import re
from html import escape

import pandas as pd

from posrank import PARTS
from posrank.figures.strips import lines_html, marked, strip_html

SOURCE_COLOURS = {"antonym": "#c0392b", "antonym of a hypernym": "#d68910", "antonym of a hyponym": "#b7950b",
                  "random": "#1f618d"}
COARSE_COLOUR, FINE_COLOUR = "#9a5b13", "#1e7b34"
"""Fig. 1's colours: captions of other videos, and sentences with one changed word."""


def examples_html(captions, negatives, caption_ids, per_part=3):
    """Captions, each with its first negatives of each part; a legend of the sources below."""
    texts = dict(zip(captions["caption_id"], captions["caption"]))
    blocks = [
        lines_html([("caption", f"<b>{escape(texts[each])}</b>"), *_lines(negatives, each, texts[each], per_part)])
        for each in caption_ids
    ]
    colours = " &nbsp; ".join(f'<b style="color:{colour}">{name}</b>' for name, colour in SOURCE_COLOURS.items())
    return "".join(blocks) + f"<p>The changed word is: {colours}</p>"


def _lines(negatives, caption_id, caption, per_part):
    """(part, HTML of the first negatives) of each part in which a caption has some."""
    mine = negatives[negatives["caption_id"] == caption_id].sort_values("k").groupby("part").head(per_part)
    texts = {part: [marked_negative(n, caption) for n in mine[mine["part"] == part].itertuples()] for part in PARTS}
    return [(part, "<br>".join(some)) for part, some in texts.items() if some]


def marked_negative(negative, caption, colour=None):
    """A row of the negatives table as HTML, its differing words in `colour` (None: that of their source)."""
    source = re.sub("(.*)_antonym", r"antonym of a \1", negative.source)
    return marked(negative.sentence, caption, colour or SOURCE_COLOURS.get(source, "#555555"))


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
