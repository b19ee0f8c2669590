"""The authors' released test negatives as a negatives table.

In: a file ``*_RE20.json`` of the paper's repository, ``{caption_id: {"0": sentence, ..., "19": sentence}}``, and the
captions table of the dataset. Out: the negatives table of posrank.tables with one more column, ``changed`` (how many
words differ from the caption). The files say neither which word was drawn nor where its replacement came from:
`position`, `original` and `replacement` are those of the first differing word, and `source` is looked up in WordNet
afterwards. The repository has no licence; its files are for users to clone, never part of this project.
"""

import os
import re
import warnings
from bisect import bisect_right
from collections import Counter
from functools import cache
from pathlib import Path

import pandas as pd

from posrank import PARTS
from posrank.captions.documents import read_json
from posrank.language.inflect import lemmatize
from posrank.language.parts import check_part
from posrank.language.tagger import load_tagger
from posrank.negatives.changed_words import changes
from posrank.negatives.corpus import named_lexicon
from posrank.negatives.paper import RANDOM, SOURCES
from posrank.negatives.sentences import TaggedCaptions, starts
from posrank.tables import validate

_NAMES = {
    "noun": "noun", "verb": "verb", "adjective": "adj", "adverb": "adv", "preposition": "prep", "adj": "adj",
    "adv": "adv", "prep": "prep", "adp": "prep",
}
UNCHANGED = "unchanged"
"""The source of a sentence that equals its caption."""

_MANY = 5  # words: a sentence that differs in more belongs to another version of its caption


def load_released(path, captions, part=None, *, tags=None, lexicon="builtin"):
    """The negatives table of one of the authors' files.

    path      ``uvo_val_adverb_RE20.json`` and the like
    captions  the table that has the file's captions (their ids are `video7500#3`, `<video>_s_e#3`, `<video>##*##3`)
    part      one of PARTS (or its full name, "adverb"); None = from the file's name
    tags      tags table of the captions, for `position`; None = the built-in tokenizer, which gives the same numbers

    rule is "released", level "word"; `position` is the index of the first differing word among the caption's tokens, -1
    where nothing differs. ``.attrs``: rule, level, part, file, k, lists and `changed` ({words that differ: sentences}).
    ValueError naming the file, line and entry for another format, an unknown caption id, a sentence that is no text; a
    warning where many sentences differ from their captions in more than five words.
    """
    if not isinstance(path, (str, os.PathLike)):
        raise ValueError(f"path: expected the path of a file, got {type(path).__name__}")
    path = Path(path)
    part = _part_of(path) if part is None else check_part(_NAMES.get(part, part) if isinstance(part, str) else part)
    for column in ("caption_id", "caption"):
        if not isinstance(captions, pd.DataFrame) or column not in captions:
            raise ValueError(f"captions: expected a captions table with the column {column!r}")
    lists = read_json(path).items(what="an object {caption id: {number: sentence}}")
    texts = dict(zip(captions["caption_id"].tolist(), captions["caption"].tolist()))
    if not lists:
        raise ValueError(f"{path}, line 1: an object {{caption id: {{number: sentence}}}} is needed")
    token_starts, sources, rows = _token_starts(tags), _sources(named_lexicon(lexicon)), []
    for name, entry in lists:
        caption_id = _caption_id(name, texts)
        if caption_id is None:
            absent = f"{sum(_caption_id(other, texts) is None for other, _ in lists)} of {len(lists)} are not"
            what = f"caption {name!r} is not in the captions table ({absent})"
            raise entry.wrong(f"{what}: load the same dataset, all splits")
        if not entry.data:
            raise entry.wrong("an object {number: sentence} is needed")
        for key, each in entry.items(what="an object {number: sentence}"):
            sentence = each.data
            if not key.isdecimal() or not isinstance(sentence, str) or not sentence.strip():
                raise each.wrong("a number as key and a sentence as text are needed")
            found, first, source = changes(texts[caption_id], sentence), (-1, "", ""), UNCHANGED
            if found:
                start, old, new = found[0]
                first = bisect_right(token_starts(caption_id, texts[caption_id]), start) - 1, old, new
                source = sources(old.lower()).get(new.lower(), RANDOM)
            rows.append((caption_id, part, int(key), sentence, *first, source, len(found)))
    columns = ["caption_id", "part", "k", "sentence", "position", "original", "replacement", "source", "changed"]
    table = pd.DataFrame(rows, columns=columns).assign(rule="released", level="word")
    table = validate(table, "negatives")
    counts = Counter(table["changed"].tolist())
    far = sum(count for words, count in counts.items() if words > _MANY)
    if far > 0.05 * len(table):
        warnings.warn(
            f"{path}: {far} of {len(table)} sentences differ from their captions in more than {_MANY} words: is the "
            "captions table that of the same release?", stacklevel=2,
        )
    table.attrs.update(
        rule="released", level="word", part=part, file=path.name, lists=len(lists),
        k=int(table.groupby("caption_id").size().max()), changed={str(n): counts[n] for n in sorted(counts)},
    )
    return table


def find_released(folder):
    """{part: path} of the authors' files in a folder or one level below it; ValueError where a part has two."""
    found = {}
    for path in sorted({*Path(folder).glob("*_RE*.json"), *Path(folder).glob("*/*_RE*.json")}):
        part = _part_of(path)
        if part in found:
            raise ValueError(f"{path} and {found[part]} are both negatives of the part {part!r}: keep one of them")
        found[part] = path
    return {part: found[part] for part in PARTS if part in found}


def with_files(made, folder, wanted, captions, tags=None):
    """`made` (a table of rule "released") with the lists of the authors' files in `folder` in place of its own.

    Each part that has a file comes from it alone, cut to the captions of the table `wanted`; `captions` and `tags` are
    those of the whole dataset. ``.attrs["files"]`` names the files by part, and their parts' entries in "dropped" and
    "short" are counted anew. Without files: `made` itself.
    """
    files = find_released(folder) if Path(folder).is_dir() else {}
    if not files:
        return made
    attrs, read = dict(made.attrs), []
    attrs["dropped"], attrs["short"] = dict(attrs.get("dropped", {})), dict(attrs.get("short", {}))
    for part, path in files.items():
        table = load_released(path, captions, part, tags=tags)
        table = table[table["caption_id"].isin(wanted["caption_id"])]
        attrs["dropped"][part] = {f"not in {path.name}": len(wanted) - table["caption_id"].nunique()}
        attrs["short"][part] = {}
        read.append(table)
    kept = made[~made["part"].isin(list(files))].assign(changed=pd.NA)
    result = validate(pd.concat([kept.astype({"changed": "Int64"}), *read], ignore_index=True), "negatives")
    result.attrs.update(attrs, files={part: path.name for part, path in files.items()})
    return result


def _part_of(path):
    for piece in re.split(r"[^a-z]+", path.stem.lower()):
        if piece in _NAMES:
            return _NAMES[piece]
    raise ValueError(f"{path}: its name tells no part of speech: give part={', '.join(map(repr, PARTS))}")


def _caption_id(name, texts):
    """The id in the captions table: the file's own, or without the language that VATEX's files put in (``#enc#3``)."""
    return next((known for known in (name, name.replace("#enc#", "#")) if known in texts), None)


def _token_starts(tags):
    """(caption id, caption) -> index of each token's first character in the caption with its white space evened out."""
    tagged = None if tags is None else TaggedCaptions(tags)

    @cache
    def token_starts(caption_id, caption):
        if tagged is None:
            return [token.idx for token in load_tagger().nlp.tokenizer(" ".join(caption.split()))]
        if caption_id not in tagged:
            raise ValueError(f"tags: caption {caption_id!r} has none; tag all captions")
        tokens = tagged[caption_id]
        return starts(tokens.text, tokens.whitespace)

    return token_starts


def _sources(lexicon):
    """Word -> {replacement: where it may have come from}, by WordNet without part of speech."""
    relations = tuple(zip(SOURCES, (lexicon.antonyms, lexicon.hypernym_antonyms, lexicon.hyponym_antonyms)))

    @cache
    def sources(word):
        forms, found = dict.fromkeys((word, lemmatize(word, "VERB", "VBG"), lemmatize(word, "NOUN", "NNS"))), {}
        for source, relation in relations:
            for other in (other for part in PARTS for form in forms for other in relation(form, part)):
                found.setdefault(other.lower(), source)
        return found

    return sources
