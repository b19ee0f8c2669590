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

from posrank.captions.annotation_files import csv_rows, text_lines

VARIANTS = ("default", "qa")


def read(folder, rows, variant):
    """The captions; lists that are not there are noted."""
    rows.outside = "GIF is in no list of the split"
    if variant == "qa":
        paths = folder.find_all("*question.csv")
        if not paths:
            raise FileNotFoundError(f"{folder.path} holds no *question.csv of TGIF-QA: variant 'qa' needs one")
    else:
        more = "; or use variant 'qa' with the question files of TGIF-QA"
        paths = [folder.need("tgif-v1.0.tsv", "tgif*.tsv", more=more)]
    splits = folder.split_lists("GIF", "{}.txt", "splits_{}.txt")
    if variant == "qa":
        _questions(paths, rows, {_name(url): split for url, split in splits.items()})
        return
    absent = len(set(splits) - _sentences(paths[0], rows, splits))
    if absent:
        folder.notes.append(f"{absent} listed GIFs have no sentence")


def _sentences(path, rows, splits):
    """Add the lines of the tsv; returns the set of its URLs."""
    videos, taken = {}, {}
    for place, text in text_lines(path):
        url, tab, sentence = text.rstrip("\r").partition("\t")
        url = url.strip()
        if not tab or "/" not in url or not _name(url):
            raise ValueError(f"{place()}: not of the form URL<TAB>sentence: get the file again")
        if url not in videos:
            videos[url] = _distinct(url, taken)
        rows.add(splits.get(url), videos[url], sentence, place, file=f"{videos[url]}.gif")
    return set(videos)


def _questions(paths, rows, splits):
    seen = set()
    for path in paths:
        for place, row in csv_rows(path, ("gif_name", "description"), delimiter="\t", quoting=3):
            name, sentence = row["gif_name"].strip(), row["description"].strip()
            if (name, sentence) in seen:
                rows.skip(name, "the same sentence under another question", place)
            else:
                rows.add(splits.get(name), name, sentence, place, file=f"{name}.gif")
            seen.add((name, sentence))


def _distinct(url, taken):
    """The GIF's name; with its folder where another URL has that name already."""
    name = _name(url)
    if taken.setdefault(name, url) != url:
        name = f"{name}~{PurePosixPath(url).parent.name}"
        taken[name] = url
    return name


def _name(url):
    return PurePosixPath(url).stem
