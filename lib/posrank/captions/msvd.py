"""MSVD (Chen and Dolan, ACL 2011): 1,970 YouTube clips, about 40 sentences each.

Comes in one of

* json: ``captions_msvd.json`` (or another ``*captions*.json``), ``{clip: [caption, ...]}``, usually in lower case
  without punctuation
* pickle: ``raw-captions.pkl``, ``{clip: [[token, ...], ...]}``, as the CLIP4Clip family distributes it; read without
  running anything from the file (`posrank.captions.pickles`)
* csv: the corpus with case and punctuation (``MSR Video Description Corpus.csv``, or csv files with train, val or test
  in their names): columns VideoID, Start, End, Description, and Language where there is one; only English is kept
 and the lists ``train_list.txt``, ``val_list.txt``, ``test_list.txt`` of the usual split (1,200 / 100 / 670 clips;
48,774 / 4,290 / 27,763 captions in the json, 4,291 and 27,768 in the csv files of val and test). Table 1's train (1.3K
videos) is train + val. Clips are ``<VideoID>_<Start>_<End>``; a file that is much longer gets a note in the frame
store.
"""

from posrank.captions.annotation_files import absent, csv_rows, find, find_all, folder_of, line_place, present_lists
from posrank.captions.documents import Document, Entry, entry_of
from posrank.captions.pickles import read_pickle
from posrank.captions.rows import Rows

SOURCE = (
    "https://www.cs.utexas.edu/users/ml/clamp/videoDescription/ (videos, corpus); raw-captions.pkl and the lists are "
    "in msvd_data.zip of https://github.com/ArrowLuo/CLIP4Clip/releases"
)
VARIANTS = ("default", "json", "pickle", "csv")
"""default = the first of json, pickle, csv that is there."""
_JSON, _PICKLE = ("captions_msvd.json", "*captions*.json"), ("raw-captions.pkl", "*captions*.pkl")


def load(root, variant="default"):
    """The captions table; ``.attrs["notes"]`` names the file that was read and lists that are not there."""
    folder = folder_of(root, "msvd")
    rows = Rows("msvd", folder)
    sources = {
        "json": lambda: _clips(folder, rows, _JSON, lambda path: Document(path).root),
        "pickle": lambda: _clips(folder, rows, _PICKLE, _pickled),
        "csv": lambda: _csv(folder, rows),
    }
    for name in sources if variant == "default" else (variant,):
        if sources[name]():
            return rows.table()
    several = "captions_msvd.json, raw-captions.pkl or csv files"
    raise absent(folder, f"no {several if variant == 'default' else f'file of variant {variant!r}'}", "msvd", SOURCE)


def _pickled(path):
    return Entry(read_pickle(path), lambda *steps: f"{path}{entry_of(steps)}")


def _clips(folder, rows, names, read):
    """Add the captions of a file {clip: [caption or [token, ...]]}; False where there is none."""
    path = find(folder, *names)
    if path is None:
        return False
    clips = read(path).items(what="an object {clip: [caption, ...]}")
    splits = present_lists(folder, rows, "msvd", SOURCE, "clip", "{}_list.txt")
    rows.notes.append(f"captions are those of {path.name}")
    for clip, captions in clips:
        if not isinstance(clip, str) or not isinstance(captions.data, (list, tuple)):
            raise captions.wrong("a clip needs a text as its id and a list of captions")
        for number, caption in enumerate(captions.data):
            here = Entry(caption, captions.at, (clip, number))
            if isinstance(caption, (list, tuple)):
                if not all(isinstance(token, str) for token in caption):
                    raise here.wrong("a token is no text: the official file has lists of words")
                caption = " ".join(caption)
            _add(rows, splits.get(clip), clip, caption, here.place)
    return True


def _add(rows, split, clip, caption, place):
    if split is None:
        rows.skip(clip, "clip is in no list of the split", place)
    else:
        rows.add(split, clip, caption, place, file=f"{clip}.avi")


def _csv(folder, rows):
    paths = find_all(folder, "*.csv")
    lists = present_lists(folder, None, "msvd", SOURCE, "clip", "{}_list.txt")
    for path in paths:
        named = [split for split in ("train", "val", "test") if split in path.stem.lower()]
        if not lists and len(named) != 1:
            raise FileNotFoundError(
                f"{path}: its name tells no split and there is no train_list.txt, val_list.txt, test_list.txt: "
                f"put the lists of {SOURCE} beside it"
            )
        rows.notes.append(f"captions are those of {path.name}")
        for line, row in csv_rows(path, ("VideoID", "Start", "End", "Description")):
            place = line_place(path, line)
            pieces = [row[key].strip() for key in ("VideoID", "Start", "End")]
            if not all(pieces) or not all(piece.isdecimal() for piece in pieces[1:]):
                raise ValueError(f"{place()}: VideoID, Start and End must be there, the times in whole seconds")
            clip = "_".join(pieces)
            if row.get("Language", "English").strip().lower() != "english":
                rows.skip(clip, "not English", place)
            else:
                _add(rows, lists.get(clip) if lists else named[0], clip, row["Description"], place)
    return bool(paths)
