"""MSVD (Chen and Dolan, ACL 2011): 1,970 YouTube clips, about 40 sentences each.

Comes in one of

* json: ``captions_msvd.json`` (or another ``*captions*.json``), ``{clip: [caption, ...]}``, usually in lower case
  without punctuation
* pickle: ``raw-captions.pkl``, ``{clip: [[token, ...], ...]}``, as the CLIP4Clip family distributes it; read without
  running anything from the file (`posrank.captions.pickles`)
* csv: the corpus with case and punctuation (``MSR Video Description Corpus.csv``, or csv files with train, val or test
  in their names): columns VideoID, Start, End, Description, and Language where there is one; only English is kept

With it come the lists ``train_list.txt``, ``val_list.txt``, ``test_list.txt`` of the usual split (1,200 / 100 / 670
clips; 48,774 / 4,290 / 27,763 captions in the json, 4,291 and 27,768 in the csv files of val and test). Table 1's train
(1.3K videos) is train + val. Clips are ``<VideoID>_<Start>_<End>``; a file that is much longer gets a note in the frame
store.
"""

from posrank.captions.annotation_files import csv_rows
from posrank.captions.documents import Entry, entry_of, read_json
from posrank.captions.pickles import read_pickle

VARIANTS = ("default", "json", "pickle", "csv")
"""default = the first of json, pickle, csv that is there."""
_JSON, _PICKLE = ("captions_msvd.json", "*captions*.json"), ("raw-captions.pkl", "*captions*.pkl")


def read(folder, rows, variant):
    """The captions; the notes name the file that was read and lists that are not there."""
    rows.outside = "clip is in no list of the split"
    sources = {
        "json": lambda: _clips(folder, rows, _JSON, read_json),
        "pickle": lambda: _clips(folder, rows, _PICKLE, _pickled),
        "csv": lambda: _csv(folder, rows),
    }
    if not any(sources[name]() for name in (sources if variant == "default" else (variant,))):
        several = "captions_msvd.json, raw-captions.pkl or csv files"
        raise folder.absent(f"no {several if variant == 'default' else f'file of variant {variant!r}'}")


def _pickled(path):
    return Entry(read_pickle(path), lambda *steps: f"{path}{entry_of(steps)}")


def _clips(folder, rows, names, read):
    """Add the captions of a file {clip: [caption or [token, ...]]}; False where there is none."""
    path = folder.find(*names)
    if path is None:
        return False
    clips = read(path).items(what="an object {clip: [caption, ...]}")
    splits = folder.split_lists("clip", "{}_list.txt")
    folder.notes.append(f"captions are those of {path.name}")
    for clip, captions in clips:
        if not isinstance(clip, str) or not isinstance(captions.data, (list, tuple)):
            raise captions.wrong("a clip needs a text as its id and a list of captions")
        for number, caption in enumerate(captions.data):
            here = Entry(caption, captions.at, (clip, number))
            if isinstance(caption, (list, tuple)):
                if not all(isinstance(token, str) for token in caption):
                    raise here.wrong("a token is no text: the official file has lists of words")
                caption = " ".join(caption)
            rows.add(splits.get(clip), clip, caption, here.place, file=f"{clip}.avi")
    return True


def _csv(folder, rows):
    paths = folder.find_all("*.csv")
    lists = folder.split_lists("clip", "{}_list.txt", needed=False)
    for path in paths:
        named = [split for split in ("train", "val", "test") if split in path.stem.lower()]
        if not lists and len(named) != 1:
            raise FileNotFoundError(
                f"{path}: its name tells no split and there is no train_list.txt, val_list.txt, test_list.txt: "
                f"put the lists of {folder.source} beside it"
            )
        folder.notes.append(f"captions are those of {path.name}")
        for place, row in csv_rows(path, ("VideoID", "Start", "End", "Description")):
            pieces = [row[key].strip() for key in ("VideoID", "Start", "End")]
            if not all(pieces) or not all(piece.isdecimal() for piece in pieces[1:]):
                raise ValueError(f"{place()}: VideoID, Start and End must be there, the times in whole seconds")
            clip = "_".join(pieces)
            if row.get("Language", "English").strip().lower() != "english":
                rows.skip(clip, "not English", place)
            else:
                split = lists.get(clip) if lists else named[0]
                rows.add(split, clip, row["Description"], place, file=f"{clip}.avi")
    return bool(paths)
