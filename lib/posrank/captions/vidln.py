"""Video Localized Narratives (Voigtlaender et al., CVPR 2023): datasets ``vln_uvo`` and ``vln_oops``. CC BY 4.0.

Comes in: the official jsonl files (``UVO_sparse_train``, ``UVO_dense_val``, ``oops_train``, ..., one video per line),
read line by line, or the ``captions.txt`` of the paper's authors (``<video>##*##<k>**#**<caption>``) with
``vln_uvo_test_ids.txt`` or ``vln_oops_test_ids.txt``. A caption is one narrative of an actor; the background's is
counted as dropped. Lines with the same video are pooled. Train = the *_train files, test = the *_val files (UVO:
sparse + dense; authors' counts: train 5,606 videos / 12,312 captions, test 2,663 / 6,561; OOPS test 5,335 captions).
Caption ids are the authors': ``<video>##*##<k>``.
"""

from posrank.captions.annotation_files import list_of_ids, note_once, text_lines
from posrank.captions.documents import line_entries
from posrank.messages import short

VARIANTS = ("default",)
_PREFIX = {"vln_uvo": "uvo_", "vln_oops": "oops_"}
_BETWEEN = "**#**"


def read(folder, rows, variant):
    """The captions of one of the two datasets; see the head of this file."""
    authors, rows.mark = folder.path / "captions.txt", "##*##"
    if authors.is_file():
        _authors(authors, folder.path / f"{folder.dataset}_test_ids.txt", rows)
        return
    paths = folder.find_all("*.jsonl")
    paths = [path for path in paths if path.parent == folder.path] or paths
    if not paths:
        raise folder.absent("neither captions.txt nor VidLN *.jsonl files")
    prefix, seen = _PREFIX[folder.dataset], {}
    for path in [path for path in paths if path.name.lower().startswith(prefix)] or paths:
        for entry in line_entries(path):
            _line(rows, entry, prefix, seen)


def _line(rows, entry, prefix, seen):
    video, source = entry.text("video_id"), entry.text("dataset_id")
    if entry.get("vidln_id") is not None:
        note_once(seen, f"{source} vidln_id {entry.name('vidln_id')}", entry.place, "narrative")
    split = {"train": "train", "val": "test"}.get(source.rsplit("_", 1)[-1])
    for narrative in entry.entries("actor_narratives"):
        actor = narrative.under("actor_name", str).strip().lower()
        if not source.lower().startswith(prefix):
            rows.skip(f"{source} {video}", f"of another dataset ({short(source)[1:-1]})", narrative.place)
        elif split is None:
            neither = f"neither of a train nor of a val file ({short(source)[1:-1]})"
            rows.skip(f"{source} {video}", neither, narrative.place)
        elif actor == "background":
            rows.skip(f"background of {video}", "narrative of the background", narrative.place)
        else:
            caption = narrative.get("caption")
            rows.add(split, video, caption, narrative.place, file=f"{source}/{video}.mp4")


def _authors(path, ids, rows):
    if not ids.is_file():
        raise FileNotFoundError(f"{ids} does not exist: a list of the test videos, one id a line, belongs there")
    test = set(list_of_ids(ids))
    for place, text in text_lines(path):
        name, between, caption = text.partition(_BETWEEN)
        video, mark, _ = name.rpartition("##*##")
        if not between or not mark:
            raise ValueError(f"{place()}: not of the form <video>##*##<number>**#**<caption>: correct it")
        split = "test" if video in test else "train"
        rows.add(split, video, caption, place, file=f"{video}.mp4", caption_id=name)
