"""The generated world's annotation file.

Comes in: ``annotations.json`` in `root`, a JSON list of ``{"video_id", "split", "file", "captions": [{"caption_id",
"caption"}, ...]}``; ``file`` is relative to the folder of videos.
"""

from posrank.captions.annotation_files import folder_of, need
from posrank.captions.documents import Document
from posrank.captions.rows import Rows
from posrank.messages import short

VARIANTS = ("default",)
SOURCE = "the project's own world stage (dvc repro)"
_SPLITS = {split: split for split in ("train", "val", "test")}


def load(root, variant="default"):
    """The captions table of ``root/annotations.json``."""
    path = need(folder_of(root, "world"), "annotations.json", dataset="world", source=SOURCE)
    rows, seen = Rows("world", path), {}
    for index, video in enumerate(Document(path).root.entries(what="a list of videos")):
        name, split, file = video.text("video_id"), video.choice("split", _SPLITS), video.text("file")
        if name in seen:
            raise video.wrong(f"video_id {short(name)} is already entry {seen[name]}: make the ids unique")
        seen[name] = index
        for entry in video.entries("captions"):
            rows.add(split, name, entry.get("caption"), entry.place, file=file, caption_id=entry.text("caption_id"))
    return rows.table()
