"""Fig. 1 and 4 as HTML: clips and captions with their negatives, the changed word coloured by where its replacement
comes from."""

from html import escape

from posrank import PARTS
from posrank.figures.runs import name_of
from posrank.figures.strips import strip_html
from posrank.figures.style import STRATEGIES, SYSTEMS

SOURCE_COLOURS = {"antonym": "#c0392b", "hypernym_antonym": "#d68910", "hyponym_antonym": "#b7950b",
                  "random": "#1f618d"}


def caption_html(sentence, word, source, second=None):
    """A sentence with the (first) occurrence of each changed word in the colour of its source.

    >>> caption_html("a white car", "white", "antonym")
    'a <b style="color:#c0392b">white</b> car'
    """
    out, rest = "", sentence
    for changed, origin in [(word, source), *([second] if second else [])]:
        before, found, after = rest.partition(changed)
        if found:
            colour = SOURCE_COLOURS.get(origin, "#555555")
            out, rest = out + escape(before) + f'<b style="color:{colour}">{escape(found)}</b>', after
    return out + escape(rest)


def examples_html(captions, negatives, caption_ids, per_part=3):
    """A table: one row per caption and part with its first negatives; a legend of the sources below."""
    texts = dict(zip(captions["caption_id"], captions["caption"]))
    rows = []
    for caption_id in caption_ids:
        mine = negatives[negatives["caption_id"] == caption_id]
        rows.append(
            f'<tr><td colspan="2" style="padding-top:.7em;text-align:left"><b>{escape(texts[caption_id])}</b></td></tr>'
        )
        for part in PARTS:
            some = mine[mine["part"] == part].sort_values("k").head(per_part)
            if some.empty:
                continue
            lines = []
            for n in some.itertuples():
                # position and replacement are known: colour the word there, not its first namesake
                lines.append(marked_negative(n, texts[caption_id]))
            rows.append(f'<tr><td style="color:#777;vertical-align:top">{part}</td>'
                        f'<td style="text-align:left">{"<br>".join(lines)}</td></tr>')
    legend = " &nbsp; ".join(f'<b style="color:{colour}">{_source(name)}</b>'
                             for name, colour in SOURCE_COLOURS.items())
    return f"<table>{''.join(rows)}</table><p>{legend}</p>"


def _source(name):
    """ "hypernym_antonym" as "antonym of a hypernym"."""
    relation, related, _ = name.partition("_antonym")
    return f"antonym of a {relation}" if related else name


def marked_negative(negative, caption, colour=None):
    """A row of the negatives table as HTML, the words that differ from its caption in `colour` (None: that of their source)."""
    old, new = caption.split(" "), negative.sentence.split(" ")
    if len(old) != len(new):
        return caption_html(negative.sentence, negative.replacement, negative.source)
    colour = colour or SOURCE_COLOURS.get(negative.source, "#555555")
    return " ".join(escape(b) if a == b else f'<b style="color:{colour}">{escape(b)}</b>' for a, b in zip(old, new))


def example_html(work, metrics, index=0, per_part=2, others=3):
    """Fig. 1: a test clip with its caption, captions of other videos (coarse-grained negatives), and for each part of
    speech some of its negatives with the rank of the caption in its list under each strategy of the first system (first
    seed).

    index: which of the captions that have a list for the most parts. Says so and returns "" where there are no videos
    or no lists.
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
            mine = (None if found is None
                    else found[(found["caption_id"] == chosen.name) & (found["run"] == found["run"].iloc[0])])
            ranks[STRATEGIES[m["strategy"]]] = ({} if mine is None
                                                else {r.part: f"{1 + r.better + r.equal / 2:g} of {r.negatives + 1}"
                                                      for r in mine.itertuples()})
    far = test[test["video_id"] != chosen["video_id"]].drop_duplicates("video_id")["caption"].head(others)
    cell = '<td style="text-align:left;vertical-align:top">'
    head = "".join(f"<th>{name}</th>" for name in ("", "fine-grained negatives", *ranks))
    rows = []
    for part in PARTS:
        some = lists[(lists["caption_id"] == chosen.name) & (lists["part"] == part)].sort_values("k").head(per_part)
        if len(some):
            lines = "<br>".join(marked_negative(n, chosen["caption"]) for n in some.itertuples())
            rows.append(f"<tr>{cell}{part}</td>{cell}{lines}</td>"
                        + "".join(f"<td>{r.get(part, '')}</td>" for r in ranks.values()) + "</tr>")
    coarse = "".join(f'<li style="color:#8b5a2b">{escape(text)}</li>' for text in far)
    return (f"{strip_html(store[chosen['video_id']], 900)}<p><b>{escape(chosen['caption'])}</b></p>"
            f"<p>Coarse-grained negatives, captions of other "
            f"videos:</p><ul>{coarse}</ul><table><tr>{head}</tr>{''.join(rows)}</table>"
            + (f"<p>Rank of the caption in its list under {SYSTEMS[metrics[0]['system']]}.</p>" if ranks else ""))
