"""Audit of a set of negatives by people: which sentences they look at, and the file that keeps what they say.

In: negatives and captions tables. Out: `sample`, a table of items to look at, and labels, one row per item and
labeller, in a csv file that is written whole after each answer. A label names its negative (rule, level, caption_id,
part, k) and a fingerprint of the two texts, never the texts: labels can be given away where captions cannot, and labels
of another set, or of the same set made anew, are recognised. `shares` counts them, `page` asks.

Section 4 reports the same audit of the paper's own sets: of 100 captions, 4 false negatives and 7 grammatical errors.
"""

from hashlib import blake2b
from pathlib import Path

import pandas as pd

from posrank import PARTS, tables
from posrank.files import safe_name, write_text

KEY = tables.KEYS["negatives"]
"""The columns that name a negative."""

ANSWERS = {"grammatical": ("yes", "no"), "false_negative": ("yes", "no", "cannot tell")}
"""Question -> its answers. false_negative: is the sentence true of the video all the same?"""

COLUMNS = (*KEY, "fingerprint", *ANSWERS, "labeller")
"""The columns of a labels table; all are text but k. An empty answer has not been given yet."""


def sample(negatives, captions, n=100, seed=0):
    """`n` negatives to look at, the parts of speech in turn: columns KEY, sentence, caption, video_id, fingerprint.

    Each part gives its share of `n` (its rest where it has fewer), drawn evenly from all its negatives by a hash of
    seed and key: neither the order of rows nor other negatives matter, and a larger `n` goes on where a smaller one
    ended. Fewer than `n` rows come back where the set is smaller. ValueError where a caption is not in `captions`, or
    is there twice (captions of several datasets).
    """
    if isinstance(n, bool) or not isinstance(n, int) or n < 1:
        raise ValueError(f"n is {n!r}: give the number of negatives to look at, 1 or more")
    table = tables.validate(negatives, "negatives")[[*KEY, "sentence"]]
    if table.empty:
        raise ValueError("the set of negatives is empty: there is nothing to look at")
    draw = pd.Series([_digest(seed, *key) for key in zip(*(table[column] for column in KEY))])
    table = table.iloc[draw.argsort(kind="stable")]
    order = pd.DataFrame({"turn": table.groupby("part").cumcount(), "part": table["part"].map(PARTS.index)})
    return _with_captions(table.loc[order.sort_values(["turn", "part"], kind="stable").index[:n]], captions)


def fingerprint(caption, sentence):
    """16 hexadecimal digits that change with either text.

    >>> fingerprint("a red car", "a blue car")
    '37fbb251eed0aa63'
    """
    return _digest(caption, sentence)


def empty():
    """A labels table without rows."""
    return pd.DataFrame({column: pd.Series([], dtype="int64" if column == "k" else "str") for column in COLUMNS})


def check_labels(labels, where="labels"):
    """`labels` with COLUMNS in order; further columns (notes of one's own) are kept behind them.

    ValueError naming `where`, the line (of a csv file: the first row is line 2) and the remedy where a column is
    missing, an answer is none of ANSWERS, a key is empty, a k is no whole number, or somebody labels a negative twice.
    """
    absent = [column for column in COLUMNS if column not in labels.columns]
    if absent:
        raise ValueError(f"{where}: column {absent[0]!r} is missing (needed: {', '.join(COLUMNS)}): "
                         "is this a file of labels?")
    labels = labels[[*COLUMNS, *(column for column in labels.columns if column not in COLUMNS)]].reset_index(drop=True)
    for column in COLUMNS:
        wrong = labels[column].isna() | ((labels[column].astype(str) == "") & (column not in ANSWERS))
        allowed = {"part": PARTS, **{question: ("", *answers) for question, answers in ANSWERS.items()}}.get(column)
        if allowed:
            wrong |= ~labels[column].isin(allowed)
        if column == "k":
            wrong |= ~labels[column].astype(str).str.fullmatch(r"\d{1,9}")
        for row, value in labels.loc[wrong, column].items():
            remedy = (f"use one of {', '.join(filter(None, allowed))}" if allowed
                      else f"give {'a whole number' if column == 'k' else 'it'}")
            raise ValueError(f"{where}, line {row + 2}: {column} is {value!r}; {remedy}")
    labels["k"] = labels["k"].astype("int64")
    twice = labels[labels.duplicated([*KEY, "labeller"])]
    if len(twice):
        row, label = twice.index[0], twice.iloc[0]
        raise ValueError(f"{where}, line {row + 2}: {label['labeller']} has labelled {_name(label)} before; keep one "
                         "of the lines")
    return labels


def check_set(labels, negatives, captions, where="labels"):
    """`labels`, checked to be labels of this set; ValueError where a negative is not in it or has another text."""
    labels = check_labels(labels, where)
    keys = labels[list(KEY)].drop_duplicates()
    found = tables.validate(negatives, "negatives")[[*KEY, "sentence"]].merge(keys, on=list(KEY))
    both = labels.merge(_with_captions(found, captions), on=list(KEY), how="left", suffixes=("", "_now"))
    reasons = {"is not in this set": both["fingerprint_now"].isna(),
               "has another text now than when it was labelled": both["fingerprint_now"] != both["fingerprint"]}
    for what, wrong in reasons.items():
        if wrong.any():
            row, label = both.index[wrong][0], both[wrong].iloc[0]
            raise ValueError(f"{where}, line {row + 2}: {_name(label)} {what}: these are labels of another set (other "
                             "rule, seed, preset or data); move the file away, or open the set that it belongs to")
    return labels


def put(labels, item, labeller, **answers):
    """A labels table with the given answers of `labeller` on `item` (a row of `sample`); other answers stay."""
    for question, answer in answers.items():
        if answer not in ANSWERS.get(question, ()):
            raise ValueError(f"{question} = {answer!r}: the questions and their answers are {ANSWERS}")
    mine = (labels["labeller"] == labeller) & (labels[list(KEY)] == [item[column] for column in KEY]).all(axis=1)
    if mine.any():
        labels = labels.copy()
        labels.loc[mine, list(answers)] = list(answers.values())
        return labels
    row = {column: item[column] for column in (*KEY, "fingerprint")}
    row |= dict.fromkeys(ANSWERS, "") | answers | {"labeller": labeller}
    return pd.concat([labels, pd.DataFrame([row])], ignore_index=True)


def read_labels(path):
    """The labels table in a csv file, an empty one where there is no file. ValueError names file, line and remedy."""
    path = Path(path)
    if not path.exists():
        return empty()
    try:
        labels = pd.read_csv(path, dtype="str", keep_default_na=False, encoding="utf-8-sig")
    except (ValueError, UnicodeError) as problem:
        raise ValueError(f"{path} is no readable csv file in UTF-8 ({problem}): correct it or move it away") from None
    return check_labels(labels, path)


def save(path, item, labeller, **answers):
    """Add answers to the labels file `path`, read anew: what was written since is kept. The csv file is written as a
    whole or not at all. Returns all labels."""
    labels = put(read_labels(path), item, labeller, **answers)
    write_text(path, check_labels(labels).to_csv(index=False, lineterminator="\n"))
    return labels


def read_folder(folder, negatives, captions):
    """The labels of everybody who labelled a set: all csv files of its folder, checked against the set."""
    found = [check_set(read_labels(path), negatives, captions, path) for path in sorted(Path(folder).glob("*.csv"))]
    return check_labels(pd.concat(found, ignore_index=True), folder) if found else empty()


def labels_folder(work, name):
    """Where the labels of set `name` are kept: data/audit/<name> of the project, also where `work` is a preset's copy,
    which is made to be deleted: then data/audit/<preset>/<name>."""
    folder, name = Path(work.folder), safe_name(name, "set")
    if folder.parent.name == ".presets":
        return folder.parent.parent / "data" / "audit" / folder.name / name
    return folder / "data" / "audit" / name


def _with_captions(table, captions):
    """`table` with the columns caption, video_id and fingerprint."""
    own = captions.loc[captions["caption_id"].isin(table["caption_id"]), ["caption_id", "caption", "video_id"]]
    for caption_id in own.loc[own["caption_id"].duplicated(), "caption_id"]:
        raise ValueError(f"caption {caption_id!r} is in the captions table twice: give the captions of one dataset")
    table = table.merge(own, on="caption_id", how="left")
    strange = table.loc[table["caption"].isna(), "caption_id"]
    if len(strange):
        raise ValueError(f"caption {strange.iloc[0]!r} of the negatives is not in the captions table: these are "
                         "negatives of another dataset")
    table["fingerprint"] = [fingerprint(a, b) for a, b in zip(table["caption"], table["sentence"])]
    return table


def _name(row):
    return f"caption {row['caption_id']!r}, {row['part']}, k {row['k']}, rule {row['rule']}"


def _digest(*key):
    return blake2b("\x1f".join(map(str, key)).encode(), digest_size=8).hexdigest()
