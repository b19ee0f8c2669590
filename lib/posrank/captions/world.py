"""The generated world's annotation file.

Comes in: ``annotations.json`` in `root`, a JSON list of ``{"video_id", "split", "file", "captions": [{"caption_id",
"caption", "group"}, ...]}``; ``file`` is relative to the folder of videos, `group` stands where captions of
further videos differ from this one in one word.
"""

from posrank.captions.annotation_files import note_once
from posrank.captions.documents import read_json
from posrank.tables.layout import CHOICES

VARIANTS = ("default",)
_SPLITS = {split: split for split in CHOICES["captions"]["split"]}


def read(folder, rows, variant):
    """The captions of ``annotations.json``."""
    seen = {}
    for video in read_json(folder.need("annotations.json")).entries(what="a list of videos"):
        name, split, file = video.text("video_id"), video.choice("split", _SPLITS), video.text("file")
        note_once(seen, name, video.place, "video_id")
        for entry in video.entries("captions"):
            rows.add(split, name, entry.get("caption"), entry.place, file=file, caption_id=entry.text("caption_id"),
                     group="" if entry.get("group") is None else entry.text("group"))
