"""Fig. 1 and 4 as HTML: clips and captions with their negatives, the changed word in the colour of its source."""

import re
from html import escape

import pandas as pd

from posrank import PARTS
from posrank.figures.runs import name_of
from posrank.figures.strips import lines_html, marked, strip_html
from posrank.figures.style import STRATEGIES, SYSTEMS

SOURCE_COLOURS = {"antonym": "#c0392b", "antonym of a hypernym": "#d68910", "antonym of a hyponym": "#b7950b",
                  "random": "#1f618d"}
COARSE_COLOUR, FINE_COLOUR = "#9a5b13", "#1e7b34"
"""Fig. 1's colours: captions of other videos, and sentences with one changed word."""


def examples_html(captions, negatives, caption_ids, per_part=3):
    """Captions, each with its first negatives of each part; a legend of the sources below."""
    texts = dict(zip(captions["caption_id"], captions["caption"]))
    blocks = [lines_html([("caption", f"<b>{escape(texts[each])}</b>"), *_lines(negatives, each, texts[each], per_part)])
              for each in caption_ids]
    return "".join(blocks) + _legend()


def _legend():
    """Which colour of a changed word stands for which source."""
    colours = " &nbsp; ".join(f'<b style="color:{colour}">{name}</b>' for name, colour in SOURCE_COLOURS.items())
    return f"<p>The changed word is: {colours}</p>"


def _lines(negatives, caption_id, caption, per_part):
    """(part, HTML of the first negatives) of each part in which a caption has some."""
    mine = negatives[negatives["caption_id"] == caption_id].sort_values("k").groupby("part").head(per_part)
    texts = {part: [marked_negative(n, caption) for n in mine[mine["part"] == part].itertuples()] for part in PARTS}
    return [(part, "<br>".join(some)) for part, some in texts.items() if some]


def marked_negative(negative, caption, colour=None):
    """A row of the negatives table as HTML, its differing words in `colour` (None: that of their source)."""
    source = re.sub("(.*)_antonym", r"antonym of a \1", negative.source)
    return marked(negative.sentence, caption, colour or SOURCE_COLOURS.get(source, "#555555"))


def example_html(work, metrics, index=0, per_part=2, others=3):
    """Fig. 1: a test clip with its caption, captions of other videos (coarse-grained negatives), and for each part of
    speech some of its negatives with the rank of the caption in its list under each strategy of the first system.

    index: which of the captions that have a list for the most parts. "" and a printed line without videos or lists.
    """
    dataset, options = work.params.train.dataset, work.params.evaluate
    if not work.has_videos(dataset):
        print(f"{dataset}: no videos here, so no clip is shown")
        return ""
    texts, store, lists = work.captions(dataset), work.frames(dataset), work.negatives(dataset, options.rules[0])
    test = texts[(texts["split"] == options.split) & texts["video_id"].isin(store.ids)]
    parts = lists[lists["caption_id"].isin(test["caption_id"])].groupby("caption_id", sort=False)["part"].nunique()
    if parts.empty:
        print(f"{dataset}: no lists of the split {options.split} whose video can be shown")
        return ""
    chosen = test.set_index("caption_id").loc[parts.sort_values(ascending=False, kind="stable").index[index]]
    table = pd.DataFrame({"fine-grained negatives": dict(_lines(lists, chosen.name, chosen["caption"], per_part))})
    for m in metrics:
        if m["system"] == metrics[0]["system"] and m["seed"] == metrics[0]["seed"]:
            ranks = work.ranks(name_of(m))
            if ranks is None:
                continue
            mine = ranks[(ranks["run"] == ranks["run"].iloc[0]) & (ranks["caption_id"] == chosen.name)].set_index("part")
            rank, of = 1 + mine["better"] + mine["equal"] / 2, mine["negatives"] + 1
            table[STRATEGIES[m["strategy"]]] = rank.map("{:g}".format) + " of " + of.astype(str)
    left = [{"selector": "th, td", "props": "text-align:left; vertical-align:top"}]
    fine = table.fillna("").style.set_table_styles(left).set_uuid("fig1").to_html()
    far = test[test["video_id"] != chosen["video_id"]].drop_duplicates("video_id")["caption"].head(others)
    coarse = "".join(f'<li style="color:{COARSE_COLOUR}">{escape(text)}</li>' for text in far)
    told = f"<p>Rank of the caption in its list under {SYSTEMS[metrics[0]['system']]}.</p>" if len(table.columns) > 1 else ""
    return (f"{strip_html(store[chosen['video_id']], 900)}<p><b>{escape(chosen['caption'])}</b></p>"
            f"<p>Coarse-grained negatives, captions of other videos:</p><ul>{coarse}</ul>{fine}{_legend()}{told}")
