"""The generated world's annotation file.

Comes in: ``annotations.json`` in `root`, a JSON list of ``{"video_id", "split", "file", "captions": [{"caption_id",
"caption"}, ...]}``; ``file`` is relative to the folder of videos. Goes out: the captions table. The same file serves
any small dataset that is written by a program rather than by hand.
"""

from posrank.captions.rows import Rows
from posrank.reading import Document, folder_of, need

VARIANTS = ("default",)
SOURCE = "the project's own world stage (dvc repro)"
_SPLITS = ("train", "val", "test")


def load(root, variant="default"):
    """The captions table of ``root/annotations.json``."""
    path = need(folder_of(root, "world"), "annotations.json", dataset="world", source=SOURCE)
    document = Document(path)
    if not isinstance(document.data, list):
        raise document.wrong((), "a list of videos is needed")
    rows, seen = Rows("world"), {}
    for index, video in enumerate(document.data):
        for key, kind in (("video_id", str), ("split", str), ("file", str), ("captions", list)):
            if not isinstance(video, dict) or not isinstance(video.get(key), kind):
                raise document.wrong((index,), f"key {key!r} is missing or no {'text' if kind is str else 'list'}")
        name = video["video_id"]
        if name in seen:
            raise document.wrong((index,), f"video_id {name!r} is already entry {seen[name]}: make the ids unique")
        if video["split"] not in _SPLITS:
            raise document.wrong((index,), f"split is {video['split']!r}, not one of {', '.join(_SPLITS)}")
        seen[name] = index
        for number, entry in enumerate(video["captions"]):
            steps = (index, "captions", number)
            if not isinstance(entry, dict) or not isinstance(entry.get("caption_id"), str):
                raise document.wrong(steps, "key 'caption_id' is missing or no text")
            rows.add(
                video["split"], name, entry.get("caption"), lambda steps=steps: document.at(*steps), file=video["file"],
                caption_id=entry["caption_id"],
            )
    return rows.table()
