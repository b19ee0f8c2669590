"""TGIF (Li et al., CVPR 2016): 102,068 animated GIFs of Tumblr with 125,782 sentences.
 Comes in: ``tgif-v1.0.tsv`` (``URL<TAB>sentence`` a line, no header) and the lists of URLs ``train.txt``, ``val.txt``,
``test.txt`` (80,000 / 10,708 / 11,360 GIFs; also as ``splits_<split>.txt``). A video is the GIF's name without its
ending, ``tumblr_nhhdkv93Du1u1h5axo1_400``; where two URLs have the same name the later one is told apart by its folder.

Variants: ``default``, and ``qa``: the descriptions in the question files of TGIF-QA (``*question.csv``, tab-separated,
columns gif_name and description), each once, where the tsv is not at hand: a part of the dataset.

Train and val have one sentence per GIF, test three. Table 1's train (89.4K videos, 90.4K captions) is near train + val
(90,708), its test set is the official one. For research, GIFs under their owners' terms.
"""

from pathlib import PurePosixPath

from posrank.captions.annotation_files import csv_rows, find_all, folder_of, line_place, need, present_lists, text_of
from posrank.captions.rows import Rows

SOURCE = "https://github.com/raingo/TGIF-Release (data/tgif-v1.0.tsv, data/splits)"
VARIANTS = ("default", "qa")
_OUTSIDE = "GIF is in no list of the split"


def load(root, variant="default"):
    """The captions table; lists that are not there are named in ``.attrs["notes"]``."""
    folder = folder_of(root, "tgif")
    rows = Rows("tgif", folder)
    if variant == "qa":
        _questions(folder, rows)
    else:
        more = "; or use variant 'qa' with the question files of TGIF-QA"
        path = need(folder, "tgif-v1.0.tsv", "tgif*.tsv", dataset="tgif", source=SOURCE, more=more)
        _sentences(path, rows, _lists(folder, rows))
    return rows.table()


def _sentences(path, rows, splits):
    videos, taken = {}, {}
    for line, text in enumerate(text_of(path).split("\n"), 1):
        if not text.strip():
            continue
        place = line_place(path, line)
        url, tab, sentence = text.rstrip("\r").partition("\t")
        url = url.strip()
        if not tab or "/" not in url or not _name(url):
            raise ValueError(f"{place()}: not of the form URL<TAB>sentence: get the file again")
        if url not in videos:
            videos[url] = _distinct(url, taken)
        if url in splits:
            rows.add(splits[url], videos[url], sentence, place, file=f"{videos[url]}.gif")
        else:
            rows.skip(videos[url], _OUTSIDE, place)
    absent = len(set(splits) - set(videos))
    if absent:
        rows.notes.append(f"{absent} listed GIFs have no sentence")


def _questions(folder, rows):
    paths = find_all(folder, "*question.csv")
    if not paths:
        raise FileNotFoundError(f"{folder} holds no *question.csv of TGIF-QA: variant 'qa' needs one")
    splits = {_name(url): split for url, split in _lists(folder, rows).items()}
    seen = set()
    for path in paths:
        for line, row in csv_rows(path, ("gif_name", "description"), delimiter="\t", quoting=3):
            name, sentence = row["gif_name"].strip(), row["description"].strip()
            place = line_place(path, line)
            if (name, sentence) in seen:
                rows.skip(name, "the same sentence under another question", place)
            elif name not in splits:
                rows.skip(name, _OUTSIDE, place)
            else:
                rows.add(splits[name], name, sentence, place, file=f"{name}.gif")
            seen.add((name, sentence))


def _lists(folder, rows):
    return present_lists(folder, rows, "tgif", SOURCE, "GIF", "{}.txt", "splits_{}.txt")


def _distinct(url, taken):
    """The GIF's name; with its folder where another URL has that name already."""
    name = _name(url)
    if taken.setdefault(name, url) != url:
        name = f"{name}~{PurePosixPath(url).parent.name}"
        taken[name] = url
    return name


def _name(url):
    return PurePosixPath(url).stem
