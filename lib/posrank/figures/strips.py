"""A video as a strip of frames in time's order: a picture, or HTML with the picture in it."""

import base64
import math
from html import escape
from io import BytesIO

import numpy as np

from posrank.negatives.changed_words import changes


def strip(frames, frames_read, most=8, width=1056):
    """Frames uint8 [F, H, W, 3] as one picture (PIL), at most `most` of the first `frames_read`, evenly spaced, from
    left to right; small ones in one row, larger ones in two."""
    from PIL import Image

    shown = np.unique(np.linspace(0, max(frames_read, 1) - 1, most).round().astype(int))
    height, wide = frames.shape[1:3]
    rows = 1 if len(shown) <= most // 2 or wide <= 128 else 2
    columns = math.ceil(len(shown) / rows)
    side = min(width // (most // rows) - 4, 2 * wide)
    tall = round(side * height / wide)
    sheet = Image.new("RGB", (columns * (side + 4) - 4, rows * (tall + 4) - 4), (255, 255, 255))
    for n, f in enumerate(shown):
        picture = Image.fromarray(np.asarray(frames[f])).resize((side, tall), Image.Resampling.LANCZOS)
        sheet.paste(picture, (n % columns * (side + 4), n // columns * (tall + 4)))
    return sheet


def png(picture):
    """The bytes of a PNG file of a picture (PIL)."""
    out = BytesIO()
    picture.save(out, format="PNG", compress_level=9)
    return out.getvalue()


def strip_html(clip, width=620):
    """An <img> of a clip (frames, frames_read), or a line that says that there are no frames where it is None."""
    if clip is None:
        return '<div style="color:#888">no frames of this video here</div>'
    data = base64.b64encode(png(strip(*clip, width=width))).decode()
    return f'<img alt="frames of the video, in order" style="max-width:100%" src="data:image/png;base64,{data}">'


def lines_html(lines):
    """A table of (label, HTML) lines, the labels in grey."""
    label = "color:#777;font-weight:normal;text-align:left;vertical-align:top;padding-right:1em;white-space:nowrap"
    rows = "".join(f'<tr><th style="{label}">{escape(name)}</th><td style="text-align:left">{html}</td></tr>'
                   for name, html in lines)
    return f'<table style="margin:0 0 1em">{rows}</table>'


def marked(text, other, colour):
    """`text` as HTML, the words in which it differs from `other` in a colour.

    >>> marked("a red car", "a big car", "#0173b2")
    'a <b style="color:#0173b2">red</b> car'
    """
    plain, at, out = " ".join(text.split()), 0, ""
    for change in changes(text, other):
        end = change.start + len(change.original)
        if change.original:
            out += escape(plain[at : change.start])
            out, at = f'{out}<b style="color:{colour}">{escape(plain[change.start : end])}</b>', end
    return out + escape(plain[at:])
