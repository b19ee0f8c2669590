"""Captions beside what a benchmark holds against them: others' captions (Fig. 2), both kinds of negatives (Fig. 1)."""

from html import escape

from posrank import PARTS
from posrank.captions.nearest import nearest_captions
from posrank.figures.examples import COARSE_COLOUR, FINE_COLOUR, marked_negative
from posrank.figures.strips import lines_html, strip_html


def tested(captions):
    """The captions that a benchmark asks about: those of the test split; without one those of val; without both all."""
    for split in ("test", "val"):
        some = captions[captions["split"] == split]
        if len(some):
            return some
    return captions


def some(captions, n, seed):
    """At most `n` rows of a table, drawn by `seed`."""
    return captions.sample(min(n, len(captions)), random_state=seed)


def nearest_html(captions, n=4, k=5, seed=0, clip=lambda video_id: None):
    """Fig. 2: `n` of the tested captions, each with the `k` captions of other videos nearest to it (TF-IDF cosine).

    clip: video id -> (frames, frames_read) or None. Words that the caption does not have are bold.
    """
    asked = tested(captions)
    ids = some(asked, n, seed)["caption_id"].tolist()
    near = nearest_captions(asked, ids, k=k, split=None)
    blocks = []
    for row in asked.set_index("caption_id").loc[ids].itertuples():
        mine, words = near[near["caption_id"] == row.Index], set(row.caption.lower().split())
        lines = [("", strip_html(shown))] if (shown := clip(row.video_id)) is not None else []
        lines.append(("caption", f"<b>{escape(row.caption)}</b>"))
        for other in mine.itertuples():
            text = " ".join(escape(w) if w.lower() in words else f"<b>{escape(w)}</b>"
                            for w in other.near_caption.split())
            lines.append((f"{other.similarity:.2f}", _coloured(text)))
        blocks.append(lines_html(lines if len(mine) else [*lines, ("", "there are no captions of other videos")]))
    return "".join(blocks)


def coarse_fine_html(captions, negatives, seed=0, k=5, per_part=1, clip=lambda video_id: None, ranks=None):
    """Fig. 1: one video, its caption, captions of other videos (coarse-grained negatives) and some negatives of each
    part of speech (fine-grained negatives), as HTML; a line that says so where there are no negatives.

    The caption is drawn from those with the most parts of speech in `negatives`. ranks: {label: ranks table of a run};
    below the negatives of a part then stands the rank of the caption among all of its list.
    """
    parts = negatives[negatives["caption_id"].isin(captions["caption_id"])].groupby("caption_id")["part"].nunique()
    if parts.empty:
        return "<p>This set has no negatives.</p>"
    chosen = some(captions[captions["caption_id"].isin(parts.index[parts == parts.max()])], 1, seed).iloc[0]
    others = some(captions[captions["video_id"] != chosen["video_id"]].drop_duplicates("video_id"), k, seed)["caption"]
    lines = [("video", strip_html(clip(chosen["video_id"]))), ("caption", f"<b>{escape(chosen['caption'])}</b>"),
             ("coarse-grained", "<br>".join(_coloured(escape(other)) for other in others))]
    mine = negatives[negatives["caption_id"] == chosen["caption_id"]].sort_values("k")
    for part in (part for part in PARTS if part in set(mine["part"])):
        texts = [marked_negative(row, chosen["caption"], FINE_COLOUR)
                 for row in mine[mine["part"] == part].head(per_part).itertuples()]
        told = [f"{1 + row.better + row.equal / 2:g} of {row.negatives + 1} ({label})"
                for label, table in (ranks or {}).items()
                for row in table[(table["caption_id"] == chosen["caption_id"]) & (table["part"] == part)].itertuples()]
        if told:
            texts.append(f'<span style="color:#777">rank of the caption: {", ".join(told)}</span>')
        lines.append((f"fine-grained, {part}", "<br>".join(texts)))
    return lines_html(lines)


def _coloured(html):
    return f'<span style="color:{COARSE_COLOUR}">{html}</span>'
