"""Fig. 1 and 4 as HTML: clips and captions with their negatives, the changed word in the colour of its source."""

import re
from html import escape

from posrank import PARTS
from posrank.figures.runs import name_of
from posrank.figures.strips import marked, strip_html
from posrank.figures.style import STRATEGIES, SYSTEMS

SOURCE_COLOURS = {"antonym": "#c0392b", "antonym of a hypernym": "#d68910", "antonym of a hyponym": "#b7950b",
                  "random": "#1f618d"}


def examples_html(captions, negatives, caption_ids, per_part=3):
    """A table: one row per caption and part with its first negatives; a legend of the sources below."""
    texts, rows, gap = dict(zip(captions["caption_id"], captions["caption"])), [], "padding-top:.7em;text-align:left"
    for caption_id in caption_ids:
        rows.append(f'<tr><td colspan="2" style="{gap}"><b>{escape(texts[caption_id])}</b></td></tr>')
        rows += [f'<tr><td style="color:#777;vertical-align:top">{part}</td>'
                 f'<td style="text-align:left">{lines}</td></tr>'
                 for part, lines in _lines(negatives, caption_id, texts[caption_id], per_part)]
    return f"<table>{''.join(rows)}</table>{_legend()}"


def _legend():
    """Which colour of a changed word stands for which source."""
    colours = " &nbsp; ".join(f'<b style="color:{colour}">{name}</b>' for name, colour in SOURCE_COLOURS.items())
    return f"<p>The changed word is: {colours}</p>"


def _lines(negatives, caption_id, caption, per_part):
    """(part, HTML of the first negatives) of each part in which a caption has some."""
    mine = negatives[negatives["caption_id"] == caption_id].sort_values("k")
    found = {part: mine[mine["part"] == part].head(per_part).itertuples() for part in PARTS}
    texts = {part: [marked_negative(n, caption) for n in some] for part, some in found.items()}
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
    ranks = {}
    for m in metrics:
        if m["system"] == metrics[0]["system"] and m["seed"] == metrics[0]["seed"]:
            found = work.ranks(name_of(m))
            mine = () if found is None else found[found["caption_id"] == chosen.name].itertuples()
            ranks[STRATEGIES[m["strategy"]]] = {r.part: f"{1 + r.better + r.equal / 2:g} of {r.negatives + 1}"
                                                for r in mine if r.run == found["run"].iloc[0]}
    far = test[test["video_id"] != chosen["video_id"]].drop_duplicates("video_id")["caption"].head(others)
    cell = '<td style="text-align:left;vertical-align:top">'
    head = "".join(f"<th>{name}</th>" for name in ("", "fine-grained negatives", *ranks))
    rows = "".join(f"<tr>{cell}{part}</td>{cell}{lines}</td>"
                   + "".join(f"<td>{r.get(part, '')}</td>" for r in ranks.values()) + "</tr>"
                   for part, lines in _lines(lists, chosen.name, chosen["caption"], per_part))
    coarse = "".join(f'<li style="color:#8b5a2b">{escape(text)}</li>' for text in far)
    return (f"{strip_html(store[chosen['video_id']], 900)}<p><b>{escape(chosen['caption'])}</b></p>"
            f"<p>Coarse-grained negatives, captions of other videos:</p><ul>{coarse}</ul>"
            f"<table><tr>{head}</tr>{rows}</table>{_legend()}"
            + (f"<p>Rank of the caption in its list under {SYSTEMS[metrics[0]['system']]}.</p>" if ranks else ""))
