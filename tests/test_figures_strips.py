"""posrank.figures.strips: which frames a strip shows and where, and texts that cannot break the page."""

import base64
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from posrank.figures.strips import lines_html, marked, png, strip, strip_html


def clip(frames, height=16, width=16):
    """Frames of one grey each: 10, 20, 30, ..."""
    return np.stack([np.full((height, width, 3), 10 * (n + 1), np.uint8) for n in range(frames)])


def greys(sheet, columns, rows=1):
    """The grey in the middle of each place of a sheet, row by row."""
    wide, tall = sheet.width / columns, sheet.height / rows
    return [sheet.getpixel((int((x + 0.5) * wide), int((y + 0.5) * tall)))[0] for y in range(rows) for x in range(columns)]


def test_few_frames_are_all_shown_in_order():
    assert greys(strip(clip(4), 4), 4) == [10, 20, 30, 40]


def test_frames_that_were_not_read_are_not_shown():
    sheet = strip(clip(4), 2)
    assert greys(sheet, 2) == [10, 20] and sheet.width < strip(clip(4), 4).width


def test_a_clip_of_which_nothing_was_read_shows_its_first_frame():
    assert greys(strip(clip(4), 0), 1) == [10]


def test_many_frames_are_thinned_evenly_from_the_first_to_the_last():
    assert greys(strip(clip(15), 15), 8) == [10, 30, 50, 70, 90, 110, 130, 150]
    assert greys(strip(clip(9), 9, most=3), 3) == [10, 50, 90]


def test_small_frames_stand_in_one_row_and_large_ones_in_two():
    assert strip(clip(8, 128, 128), 8).size == (8 * 132 - 4, 128)
    large = strip(clip(8, 130, 130), 8)
    assert large.size == (4 * 264 - 4, 2 * 264 - 4)
    assert greys(large, 4, 2) == [10, 20, 30, 40, 50, 60, 70, 80]


def test_an_odd_number_of_large_frames_leaves_the_last_place_white():
    assert greys(strip(clip(5, 130, 130), 5), 3, 2) == [10, 20, 30, 40, 50, 255]
    assert strip(clip(4, 130, 130), 4).height == 128, "half of the most stands in one row"


def test_frames_keep_their_shape_and_are_at_most_doubled():
    assert strip(clip(1, 30, 60), 1).size == (120, 60)
    assert strip(clip(2, 30, 60), 2).size == (2 * 120 + 4, 60)
    assert strip(clip(1, 30, 60), 1, width=8 * 44).size == (40, 20)


def test_a_png_is_the_picture_and_the_same_bytes_each_time():
    picture = strip(clip(3), 3)
    data = png(picture)
    assert data.startswith(b"\x89PNG") and data == png(strip(clip(3), 3))
    np.testing.assert_array_equal(np.asarray(Image.open(BytesIO(data))), np.asarray(picture))


def test_a_strip_in_html_holds_the_picture_itself():
    html = strip_html((clip(3), 2))
    assert html.startswith("<img alt=") and html.endswith('">')
    data = base64.b64decode(html.partition("base64,")[2].removesuffix('">'))
    assert data == png(strip(clip(3), 2, width=620)) != png(strip(clip(3), 3, width=620))
    narrow = base64.b64decode(strip_html((clip(3), 2), 80).partition("base64,")[2].removesuffix('">'))
    assert Image.open(BytesIO(narrow)).size == (6 + 4 + 6, 6)


def test_a_video_without_frames_is_a_line_that_says_so():
    assert "no frames of this video here" in strip_html(None) and "<img" not in strip_html(None)


def test_labels_are_escaped_and_html_beside_them_is_not():
    html = lines_html([("a < b", "<b>bold</b>"), ("", "second")])
    assert ">a &lt; b</th>" in html and "><b>bold</b></td>" in html
    assert html.count("<tr>") == 2 and html.index("bold") < html.index("second")
    assert lines_html([]) == '<table style="margin:0 0 1em"></table>'


def bold(word):
    return f'<b style="color:red">{word}</b>'


@pytest.mark.parametrize(("text", "other", "html"), [
    ("a red car", "a big car", f"a {bold('red')} car"),
    ("a  red   car ", "a big car", f"a {bold('red')} car"),
    ("a red car", "a red car", "a red car"),
    ("red cars run", "big dogs run", f"{bold('red')} {bold('cars')} run"),
    ("a red, car", "a big, car", f"a {bold('red')}, car"),
    ("a red car", "a red", f"a red {bold('car')}"),
    ("a red", "a red car", "a red"),  # what the other has more is nowhere here
    ("", "a", ""),
    ("<b> & red", "<b> & big", f"&lt;b&gt; &amp; {bold('red')}"),
    ("a red & <b>", "a big & <b>", f"a {bold('red')} &amp; &lt;b&gt;"),
    ("a <i> car", "a big car", f"a {bold('&lt;i&gt;')} car"),
])
def test_words_that_differ_are_coloured_and_all_text_is_escaped(text, other, html):
    assert marked(text, other, "red") == html
