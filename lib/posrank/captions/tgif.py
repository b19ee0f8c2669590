"""TGIF (Li et al., CVPR 2016): 102,068 animated GIFs of Tumblr with 125,782 sentences.

Comes in: ``tgif-v1.0.tsv`` (``URL<TAB>sentence`` a line, no header) and the lists of URLs ``train.txt``, ``val.txt``,
``test.txt`` (80,000 / 10,708 / 11,360 GIFs; also as ``splits_<split>.txt``). A video is the GIF's name without its ending,
``tumblr_nhhdkv93Du1u1h5axo1_400``; where two URLs have the same name the later one is told apart by its folder.

Variants: ``default``, and ``qa``: the descriptions in the question files of TGIF-QA (``*question.csv``, tab-separated,
columns gif_name and description), each once, where the tsv is not at hand: a part of the dataset.

Train and val have one sentence per GIF, test three. Table 1's train (89.4K videos, 90.4K captions) is near train + val
(90,708), its test set is the official one. For research, GIFs under their owners' terms.
"""

from pathlib import PurePosixPath

from posrank.captions.rows import Rows
from posrank.reading import csv_rows, find, folder_of, list_of_ids, text_of

SOURCE = "https://github.com/raingo/TGIF-Release (data/tgif-v1.0.tsv, data/splits)"
VARIANTS = ("default", "qa")
_OUTSIDE = "GIF is in no list of the split"


def load(root, variant="default"):
    """The captions table; lists that are not there are named in ``.attrs["notes"]``."""
    folder, rows = folder_of(root, "tgif"), Rows("tgif")
    if variant == "qa":
        _questions(folder, rows)
    else:
        path = find(folder, "tgif-v1.0.tsv", "tgif*.tsv")
        if path is None:
            raise FileNotFoundError(
                f"{folder} holds no tgif-v1.0.tsv: dataset 'tgif' needs it. Get it from {SOURCE} and put it, unchanged, into "
                f"{folder}; or use variant 'qa' with the question files of TGIF-QA"
            )
        _sentences(path, rows, _lists(folder, rows))
    return rows.table()


def _sentences(path, rows, splits):
    videos, taken = {}, {}
    for line, text in enumerate(text_of(path).split("\n"), 1):
        if not text.strip():
            continue
        place = _text(f"{path}, line {line}")
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
    paths = sorted({*folder.glob("*question.csv"), *folder.glob("*/*question.csv")})
    if not paths:
        raise FileNotFoundError(f"{folder} holds no *question.csv of TGIF-QA: variant 'qa' needs one")
    splits = {_name(url): split for url, split in _lists(folder, rows).items()}
    seen = set()
    for path in paths:
        for line, row in csv_rows(path, ("gif_name", "description"), delimiter="\t", quoting=3):
            name, sentence = row["gif_name"].strip(), row["description"].strip()
            if (name, sentence) in seen:
                rows.skip(name, "the same sentence under another question", _text(f"{path}, line {line}"))
            elif name not in splits:
                rows.skip(name, _OUTSIDE, _text(f"{path}, line {line}"))
            else:
                rows.add(splits[name], name, sentence, _text(f"{path}, line {line}"), file=f"{name}.gif")
            seen.add((name, sentence))


def _lists(folder, rows):
    splits = {}
    for split in ("train", "val", "test"):
        path = find(folder, f"{split}.txt", f"splits_{split}.txt")
        if path is None:
            rows.notes.append(f"{split}.txt is not there: its GIFs are in no split")
            continue
        for line, url in list_of_ids(path):
            if url in splits:
                raise ValueError(f"{path}, line {line}: {url} is also in the {splits[url]} list: keep one")
            splits[url] = split
    if not splits:
        raise FileNotFoundError(
            f"{folder} holds none of train.txt, val.txt, test.txt: the split is defined by them. Get them from {SOURCE} and "
            f"put them into {folder}"
        )
    return splits


def _distinct(url, taken):
    """The GIF's name; with its folder where another URL has that name already."""
    name = _name(url)
    if taken.setdefault(name, url) != url:
        name = f"{name}~{PurePosixPath(url).parent.name}"
        taken[name] = url
    return name


def _name(url):
    return PurePosixPath(url).stem


def _text(place):
    return lambda: place
