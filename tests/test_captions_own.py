"""Anybody's csv file: names of columns and splits in other spellings, files under two ids, HTML entities."""

import json
import os
import re
import warnings

import pandas as pd
import pytest

from posrank import captions, negatives
from posrank.captions.same_files import repeated_files
from posrank.language.markup import unescape


def load(folder, text, encoding="utf-8"):
    """(table, warnings) of a csv file."""
    (folder / "captions.csv").write_bytes(text.encode(encoding))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        table = captions.load("csv", folder)
    return table, [str(each.message) for each in caught]


@pytest.mark.parametrize(("header", "rows", "note"), [
    (" Video_ID,CAPTION,Split", ["v,a dog,Train", "w,a cat, TEST "], None),
    ("video-id,Caption,subset", ["v,a dog,training", "w,a cat,Testing"], "column 'subset' was read as 'split'"),
    ("Video ID;caption;split", ["v;a dog;train", "w;a cat;test"], None),
    ("\ufeff\ufeffvideo_id\tcaption\tsplit\tview", ["v\ta dog\ttrain\tx", "w\t\"a\n cat\"\ttest\ty"],
     "columns that were not read: 'view'"),
    ("video_id,caption,caption_zh,split", ["v,a dog,x,train", "w,a cat,y,test"],
     "columns that were not read: 'caption_zh'"),
    ("video,video_id,caption,split", ["0,v,a dog,train", "1,w,a cat,test"], "columns that were not read: 'video'"),
])
def test_columns_in_other_spellings(tmp_path, header, rows, note):
    table, warned = load(tmp_path, "\r\n".join([header, *rows]))
    assert table[["video_id", "caption", "split", "file"]].values.tolist() == [
        ["v", "a dog", "train", "v.mp4"], ["w", "a cat", "test", "w.mp4"]]
    assert table.attrs["notes"] == ([note] if note else []) and not warned


def test_times_in_other_spellings(tmp_path):
    table, _ = load(tmp_path, "video_id,caption,file_name,Start_Time,END\nv,a dog,a.mp4,1,2.5\n")
    assert table.loc[0, ["file", "start", "end"]].tolist() == ["a.mp4", 1, 2.5]


@pytest.mark.parametrize(("text", "message"), [
    ("video_id,caption,spllit\nv,a,train", "line 1: column 'spllit' is not known, the nearest is 'split'"),
    ("video_id,captions,file\nv,a,b", "line 1: column 'captions' is not known, the nearest is 'caption'"),
    ("video_id,caption,file,start_ms\nv,a,b,1", "line 1: column 'start_ms' is not known, the nearest is 'start'"),
    ("video_id,caption,file,Split,split\nv,a,b,train,test", "line 1: columns 'Split' and 'split' both mean 'split'"),
    ("video_id,caption,file,phase\nv,a,v.mp4,train", "line 1: column 'phase' holds splits .'train' in line 2"),
    ("video_id,caption,split\n\ufeffv,a,train", r"line 2: video_id '\\ufeffv' cannot be used"),
    ("video_id,caption,subset,partition\nv,a,test,test", "line 1: columns 'subset' and 'partition' both mean 'split'"),
    ("id,Text,file\nv,a,b", r"line 1: no column named 'video_id' \(found: id, Text, file\)"),
    ("video_id,caption,split\nv,a,dev", "line 2: split is 'dev': use train, val or test; 'dev' is usually val"),
    ("video_id,caption,split\nv,a,", "line 2: split is ''"),
    ("video_id,caption,file,start\nv,a,b,1_0", "line 2: start is '1_0'"),
    ("video_id,caption,file,end\nv,a,b,0:12", "line 2: end is '0:12'"),
    ("video_id,caption,file,end\nv,a,b,1e308", "line 2: end is '1e308'"),
    ("video_id,caption,file\n\ufeff,a,b", "line 2: video_id .* cannot be used"),
    ("video_id,caption,file\nv,a," + "x" * 300, r"line 2: 'xxx.*\(302 characters\) cannot be the name of a file"),
])
def test_what_is_no_column_or_value(tmp_path, text, message):
    with pytest.raises(ValueError, match=rf"captions\.csv, {message}") as caught:
        load(tmp_path, text)
    assert len(str(caught.value)) < 700


def test_a_test_split_alone(tmp_path):
    table, warned = load(tmp_path, "video_id,caption,split\nv.mp4,a dog,test\n")
    assert table.loc[0, ["video_id", "file", "split"]].tolist() == ["v.mp4", "v.mp4", "test"] and not warned
    assert "no caption is of split train" in table.attrs["notes"][0]


def repeated(rows, folder=None):
    return list(repeated_files(pd.DataFrame(rows, columns=["video_id", "split", "file", "start", "end"]), folder))


@pytest.mark.parametrize(("rows", "found"), [
    ([("v", "train", "./a.mp4", None, None), ("w", "test", "a.mp4", None, None)],
     "files with two ids in two splits: 1, .*'v'.*'w'"),
    ([("v", "train", "x//a.mp4", None, None), ("w", "val", "x\\a.mp4", 3, 5)], "in two splits: 1"),
    ([("v", "train", "a.mp4", 0, 5), ("u", "train", "a.mp4", 7, 9), ("w", "test", "a.mp4", 4.5, 6)],
     "in two splits: 1, .*'v'.*'w'"),
    ([("v", "test", "a.mp4", None, None), ("w", "test", "x/../a.mp4", None, None)], "in one split: 1"),
    ([("v", "train", "a.mp4", None, None), ("v", "test", "b.mp4", None, None)],
     "videos in two splits: 1, the first: 'v'"),
    ([("v", "train", "a.mp4", 0, 5), ("w", "test", "a.mp4", 5, 9)], None),
    ([("v", "train", "a.mp4", None, None), ("w", "test", "A.mp4", None, None)], None),
    ([("v", "test", "a.mp4", 0, 5), ("w", "test", "a.mp4", 0, 5)], None),
    ([("v", "train", "", None, None), ("w", "test", "", None, None)], None),
])
def test_files_with_two_ids(rows, found):
    lines = repeated(rows)
    assert len(lines) == (found is not None) and all(re.search(found, line) for line in lines)


def test_links_are_one_file_and_loading_warns(tmp_path):
    (tmp_path / "a.mp4").touch()
    os.link(tmp_path / "a.mp4", tmp_path / "b.mp4")
    (tmp_path / "c.mp4").symlink_to("a.mp4")
    for other in ("b.mp4", "c.mp4"):
        _, warned = load(tmp_path, f"video_id,caption,split,file\nv,a dog,train,a.mp4\nw,a cat,test,{other}\n")
        assert len(warned) == 1 and "files with two ids in two splits: 1" in warned[0]


@pytest.mark.parametrize(("text", "clean"), [
    ("a dog&#39;s ball", "a dog's ball"), ("salt &amp; pepper", "salt & pepper"), ("a &amp;amp;amp; b", "a & b"),
    ("&amp;lt;b&amp;gt;", "<b>"), ("&#38;#39;", "'"), ("a&nbsp;dog", "a dog"), ("R&D at 5 & 6", "R&D at 5 & 6"),
    ("&eacute;", "é"),
    ("a &#10; b &#0; c", "a b \ufffd c"), ("<b>a</b> cafÃ©", "<b>a</b> cafÃ©"), ("\ufeff", ""), ("\u200b ", ""),
    ("a\u2028b", "a b"),
])
def test_entities_are_unescaped_once_for_all(text, clean):
    assert captions.clean_text(text) == clean and unescape(clean) == clean
    if not clean:
        return
    from posrank.towers.tokenizer import ByteTokenizer

    same = ByteTokenizer()([text, clean]).tolist()
    assert same[0] == same[1]


def test_texts_are_counted(tmp_path):
    table, warned = load(tmp_path, "video_id,caption,split\nv,a dog&#39;s ball &amp;amp;,test\nw,a <b>man</b>,test\n"
                                   "x,cafÃ© owner,test\n"
                                   "y,a &lt;i&gt; b,test\nz,R&D in a café <3,test\n")
    texts = ["a dog's ball &", "a <b>man</b>", "cafÃ© owner", "a <i> b", "R&D in a café <3"]
    assert table["caption"].tolist() == texts
    assert table.attrs["texts"] == {"HTML entities (unescaped)": 2, "HTML tags": 2, "wrongly decoded characters": 1}
    assert [sum(kind in text for text in warned) for kind in ("entities", "HTML tags", "wrongly decoded")] == [0, 1, 1]
    assert "captions.csv, line 2: 'a dog&#39;s" in json.dumps(table.attrs["notes"])


@pytest.mark.parametrize("caption", ["a dog&#39;s ball rolls", "a <b>red</b> ball rolls", "a cafÃ© owner walks"])
def test_generate_warns_of_raw_captions(caption):
    table = pd.DataFrame({"dataset": "d", "split": "test", "video_id": ["v", "w"], "caption_id": ["v", "w"],
                          "caption": [caption, "a dog runs"]})
    with pytest.warns(UserWarning, match="captions: 1 of 2 hold .*, the first: 'a "):
        negatives.generate(table, k=1, progress=False, reference=table)
