"""MSVD (Chen and Dolan, ACL 2011): 1,970 YouTube clips, about 40 sentences each.

Comes in one of

* json: ``captions_msvd.json`` (or another ``*captions*.json``), ``{clip: [caption, ...]}``, usually normalised (lower case,
  no punctuation), and the lists below
* pickle: ``raw-captions.pkl``, ``{clip: [[token, ...], ...]}``, as the CLIP4Clip family distributes it, and the lists; read
  without running anything from the file (`posrank.captions.pickles`)
* csv: the corpus with case and punctuation (``MSR Video Description Corpus.csv``, or csv files with train, val or test in
  their names): columns VideoID, Start, End, Description, and Language where there is one; only English is kept

and the lists ``train_list.txt``, ``val_list.txt``, ``test_list.txt`` of the usual split (1,200 / 100 / 670 clips; 48,774 /
4,290 / 27,763 captions in the json, 4,291 and 27,768 in the csv files of val and test). Table 1's train (1.3K videos) is
train + val. Clips are ``<VideoID>_<Start>_<End>``; their files are avi;
a file that is much longer than these seconds gets a note in the frame store. Free for research, see the source.
"""

from posrank.captions.annotation_files import absent, csv_rows, find, find_all, folder_of, line_place, split_lists
from posrank.captions.documents import Document, entry_of
from posrank.captions.pickles import read_pickle
from posrank.captions.rows import Rows

SOURCE = (
    "https://www.cs.utexas.edu/users/ml/clamp/videoDescription/ (videos, corpus); raw-captions.pkl and the lists are in "
    "msvd_data.zip of https://github.com/ArrowLuo/CLIP4Clip/releases"
)
VARIANTS = ("default", "json", "pickle", "csv")
"""default = the first of json, pickle, csv that is there."""
_SPLITS = ("train", "val", "test")
_JSON, _PICKLE = ("captions_msvd.json", "*captions*.json"), ("raw-captions.pkl", "*captions*.pkl")


def load(root, variant="default"):
    """The captions table; ``.attrs["notes"]`` names the file that was read and lists that are not there."""
    folder = folder_of(root, "msvd")
    rows = Rows("msvd", folder)
    sources = {"json": _json, "pickle": _pickle, "csv": _csv}
    for name in sources if variant == "default" else (variant,):
        if sources[name](folder, rows):
            return rows.table()
    wanted = "captions_msvd.json, raw-captions.pkl or csv files" if variant == "default" else f"file of variant {variant!r}"
    raise absent(folder, f"no {wanted}", "msvd", SOURCE)


def _json(folder, rows):
    path = find(folder, *_JSON)
    if path is None:
        return False
    document = Document(path)
    if not isinstance(document.data, dict):
        raise document.wrong((), "an object {clip: [caption, ...]} is needed")
    _clips(rows, path, document.data, _lists(folder, rows), lambda *steps: lambda: document.at(*steps))
    return True


def _pickle(folder, rows):
    path = find(folder, *_PICKLE)
    if path is None:
        return False
    data = read_pickle(path)
    if not isinstance(data, dict):
        raise ValueError(f"{path}: a dict {{clip: [[token, ...], ...]}} is needed, this is a {type(data).__name__}")

    def place(*steps):
        return lambda: f"{path}{entry_of(steps)}"

    _clips(rows, path, data, _lists(folder, rows), place)
    return True


def _clips(rows, path, data, splits, place):
    """Captions of {clip: [caption or [token, ...]]}."""
    rows.notes.append(f"captions are those of {path.name}")
    for clip, entries in data.items():
        if not isinstance(clip, str) or not isinstance(entries, (list, tuple)):
            raise ValueError(f"{place(clip)()}: a clip needs a text as its id and a list of captions")
        for number, entry in enumerate(entries):
            here = place(clip, number)
            if isinstance(entry, (list, tuple)):
                if not all(isinstance(token, str) for token in entry):
                    raise ValueError(f"{here()}: a token is no text: the official file has lists of words")
                entry = " ".join(entry)
            if clip in splits:
                rows.add(splits[clip], clip, entry, here, file=f"{clip}.avi")
            else:
                rows.skip(clip, "clip is in no list of the split", here)


def _lists(folder, rows, required=True):
    paths = {split: find(folder, f"{split}_list.txt") for split in _SPLITS}
    if required:
        missing = [split for split, path in paths.items() if path is None]
        rows.notes += [f"{split}_list.txt is not there: its clips are in no split" for split in missing]
        if len(missing) == len(paths):
            raise absent(folder, "none of train_list.txt, val_list.txt, test_list.txt", "msvd", SOURCE)
    return split_lists({split: path for split, path in paths.items() if path is not None}, "clip ")


def _csv(folder, rows):
    paths = find_all(folder, "*.csv")
    if not paths:
        return False
    lists = _lists(folder, rows, required=False)
    for path in paths:
        named = [split for split in _SPLITS if split in path.stem.lower()]
        if not lists and len(named) != 1:
            raise FileNotFoundError(
                f"{path}: its name tells no split and there is no train_list.txt, val_list.txt, test_list.txt: put the lists "
                f"of {SOURCE} beside it"
            )
        rows.notes.append(f"captions are those of {path.name}")
        for line, row in csv_rows(path, ("VideoID", "Start", "End", "Description")):
            place = line_place(path, line)
            pieces = [row[key].strip() for key in ("VideoID", "Start", "End")]
            if not all(pieces) or not all(piece.isdecimal() for piece in pieces[1:]):
                raise ValueError(f"{place()}: VideoID, Start and End must be there, the times in whole seconds")
            clip = "_".join(pieces)
            split = lists.get(clip) if lists else named[0]
            if row.get("Language", "English").strip().lower() != "english":
                rows.skip(clip, "not English", place)
            elif split is None:
                rows.skip(clip, "clip is in no list of the split", place)
            else:
                rows.add(split, clip, row["Description"], place, file=f"{clip}.avi")
    return True
