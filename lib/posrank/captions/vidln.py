"""Video Localized Narratives (Voigtlaender et al., CVPR 2023): datasets ``vln_uvo`` and ``vln_oops``. CC BY 4.0.

Comes in: the official jsonl files (``UVO_sparse_train``, ``UVO_dense_val``, ``oops_train``, ..., one video per line),
read line by line, or the ``captions.txt`` of the paper's authors (``<video>##*##<k>**#**<caption>``) with
``vln_uvo_test_ids.txt`` or ``vln_oops_test_ids.txt``. A caption is one narrative of an actor; the background's is
counted as dropped. Lines with the same video are pooled. Train = the *_train files, test = the *_val files (UVO:
sparse + dense; authors' counts: train 5,606 videos / 12,312 captions, test 2,663 / 6,561; OOPS test 5,335 captions).
Caption ids are the authors': ``<video>##*##<k>``.
"""

from posrank.captions.annotation_files import absent, find_all, folder_of, line_place, list_of_ids, text_of
from posrank.captions.documents import line_entries
from posrank.captions.rows import Rows
from posrank.messages import short

SOURCE = "https://google.github.io/video-localized-narratives (jsonl files)"
VARIANTS = ("default",)
_PREFIX = {"vln_uvo": "uvo_", "vln_oops": "oops_"}
_BETWEEN = "**#**"


def load(root, variant="default", dataset="vln_uvo"):
    """The captions table of one of the two; see the head of this file."""
    folder = folder_of(root, dataset)
    rows, authors = Rows(dataset, folder), folder / "captions.txt"
    if authors.is_file():
        _authors(authors, folder / f"{dataset}_test_ids.txt", rows)
        return rows.table()
    paths = find_all(folder, "*.jsonl")
    paths = [path for path in paths if path.parent == folder] or paths
    if not paths:
        raise absent(folder, "neither captions.txt nor VidLN *.jsonl files", dataset, SOURCE)
    named = [path for path in paths if path.name.lower().startswith(_PREFIX[dataset])]
    seen = {}
    for path in named or paths:
        for entry in line_entries(path):
            _line(rows, entry, _PREFIX[dataset], seen)
    return rows.table()


def _line(rows, entry, prefix, seen):
    video, source = entry.text("video_id"), entry.text("dataset_id")
    if entry.get("vidln_id") is not None:
        key = (source, entry.name("vidln_id"))
        if key in seen:
            number = short(entry.get("vidln_id"))
            raise entry.wrong(f"{short(source)[1:-1]} vidln_id {number} is already at {seen[key]()}: keep it once")
        seen[key] = entry.place
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
            rows.add(
                split, video, narrative.get("caption"), narrative.place, file=f"{source}/{video}.mp4",
                caption_id=f"{video}##*##{rows.count(video)}",
            )


def _authors(path, ids, rows):
    if not ids.is_file():
        raise FileNotFoundError(f"{ids} does not exist: a list of the test videos, one id a line, belongs there")
    test = {name for _, name in list_of_ids(ids)}
    for line, text in enumerate(text_of(path).split("\n"), 1):
        if not text.strip():
            continue
        name, between, caption = text.partition(_BETWEEN)
        video, mark, _ = name.rpartition("##*##")
        if not between or not mark:
            raise ValueError(f"{path}, line {line}: not of the form <video>##*##<number>**#**<caption>: correct it")
        split = "test" if video in test else "train"
        rows.add(split, video, caption, line_place(path, line), file=f"{video}.mp4", caption_id=name)
