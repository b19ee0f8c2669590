"""Fig. 4: captions with their negatives, the changed word coloured by where its replacement comes from, as HTML."""

from html import escape

from posrank.figures.style import TABLE_PARTS

SOURCE_COLOURS = {
    "antonym": "#c0392b", "hypernym_antonym": "#d68910", "hyponym_antonym": "#b7950b", "random": "#1f618d",
}


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
        rows.append(f'<tr><td colspan="2" style="padding-top:.7em;text-align:left"><b>{escape(texts[caption_id])}</b></td></tr>')
        for part in TABLE_PARTS:
            some = mine[mine["part"] == part].sort_values("k").head(per_part)
            if some.empty:
                continue
            lines = []
            for n in some.itertuples():
                # position and replacement are known: colour the word there, not its first namesake
                lines.append(marked_negative(n, texts[caption_id]))
            rows.append(f'<tr><td style="color:#777;vertical-align:top">{part}</td>'
                        f'<td style="text-align:left">{"<br>".join(lines)}</td></tr>')
    legend = " &nbsp; ".join(f'<b style="color:{c}">{name.replace("_", " of ", 1) if "_" not in name else _long(name)}</b>'
                             for name, c in SOURCE_COLOURS.items())
    return f'<table>{"".join(rows)}</table><p>{legend}</p>'


def _long(name):
    relation, _, _ = name.partition("_")
    return f"antonym of a {relation}"


def marked_negative(negative, caption, colour=None):
    """A row of the negatives table as HTML, the words that differ from its caption in `colour` (None: that of their source)."""
    old, new = caption.split(" "), negative.sentence.split(" ")
    if len(old) != len(new):
        return caption_html(negative.sentence, negative.replacement, negative.source)
    colour = colour or SOURCE_COLOURS.get(negative.source, "#555555")
    return " ".join(
        escape(b) if a == b else f'<b style="color:{colour}">{escape(b)}</b>' for a, b in zip(old, new)
    )
