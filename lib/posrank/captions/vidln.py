"""Video Localized Narratives (Voigtlaender et al., CVPR 2023): datasets ``vln_uvo`` and ``vln_oops``. CC BY 4.0.

Comes in: the official jsonl files (``UVO_sparse_train``, ``UVO_dense_val``, ``oops_train``, ..., one video per line),
read line by line, or the ``captions.txt`` of the paper's authors (``<video>##*##<k>**#**<caption>``) with
``vln_uvo_test_ids.txt`` or ``vln_oops_test_ids.txt``. A caption is one narrative of an actor; the background's is
counted as dropped. Lines with the same video are pooled. Train = the *_train files, test = the *_val files (UVO:
sparse + dense; authors' counts: train 5,606 videos / 12,312 captions, test 2,663 / 6,561; OOPS test 5,335 captions).
Caption ids are the authors': ``<video>##*##<k>``.
"""

from posrank.captions.rows import Rows
from posrank.reading import folder_of, json_lines, list_of_ids, text_of

SOURCE = "https://google.github.io/video-localized-narratives (jsonl files)"
VARIANTS = ("default",)
_PREFIX = {"vln_uvo": "uvo_", "vln_oops": "oops_"}
_BETWEEN = "**#**"


def load(root, variant="default", dataset="vln_uvo"):
    """The captions table of one of the two; see the head of this file."""
    folder, rows = folder_of(root, dataset), Rows(dataset)
    authors = folder / "captions.txt"
    if authors.is_file():
        _authors(authors, folder / f"{dataset}_test_ids.txt", rows)
        return rows.table()
    paths = sorted(folder.glob("*.jsonl")) or sorted(folder.glob("*/*.jsonl"))
    named = [path for path in paths if path.name.lower().startswith(_PREFIX[dataset])]
    if not paths:
        raise FileNotFoundError(
            f"{folder} holds neither captions.txt nor VidLN *.jsonl files: dataset {dataset!r} needs them. Get them "
            f"from {SOURCE} and put them, unchanged, into {folder}"
        )
    seen = {}
    for path in named or paths:
        for line, entry in json_lines(path):
            _line(rows, entry, _PREFIX[dataset], f"{path}, line {line}", seen)
    return rows.table()


def _line(rows, entry, prefix, place, seen):
    for key, kind in (("video_id", str), ("dataset_id", str), ("actor_narratives", list)):
        if not isinstance(entry, dict) or not isinstance(entry.get(key), kind):
            raise ValueError(f"{place}: key {key!r} is missing or of another type: an official VidLN line has it")
    video, source = entry["video_id"], entry["dataset_id"]
    key = (source, entry.get("vidln_id"))
    if entry.get("vidln_id") is not None and key in seen:
        raise ValueError(f"{place}: {source} vidln_id {key[1]!r} is already at {seen[key]}: keep it once")
    seen[key] = place
    split = {"train": "train", "val": "test"}.get(source.rsplit("_", 1)[-1])
    for number, narrative in enumerate(entry["actor_narratives"]):
        if not isinstance(narrative, dict) or not isinstance(narrative.get("actor_name"), str):
            raise ValueError(f"{place}: narrative {number} has no 'actor_name'")
        here = _place(f"{place}, narrative {number}")
        if not source.lower().startswith(prefix):
            rows.skip(f"{source} {video}", f"of another dataset ({source})", here)
        elif split is None:
            rows.skip(f"{source} {video}", f"neither of a train nor of a val file ({source})", here)
        elif narrative["actor_name"].strip().lower() == "background":
            rows.skip(f"background of {video}", "narrative of the background", here)
        else:
            count = rows.count(video)
            rows.add(
                split, video, narrative.get("caption"), here, file=f"{source}/{video}.mp4",
                caption_id=f"{video}##*##{count}",
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
        rows.add(split, video, caption, _place(f"{path}, line {line}"), file=f"{video}.mp4", caption_id=name)


def _place(text):
    return lambda: text
