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
from posrank.language.lexicon import load
from posrank.language.parts import check_part
from posrank.language.tagger import load_tagger
from posrank.negatives.changed_words import changes
from posrank.negatives.paper import ANTONYM, HYPERNYM, HYPONYM, RANDOM
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
    token_at, source, rows = _Tokens(tags), _Sources(lexicon), []
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
            found = changes(texts[caption_id], sentence)
            first = found[0] if found else None
            position = -1 if first is None else token_at(caption_id, texts[caption_id], first.start)
            rows.append((
                caption_id, part, int(key), sentence, position, first.original if first else "",
                first.replacement if first else "", source(first), len(found),
            ))
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


class _Tokens:
    """Index of the token that holds a character of a caption whose white space is evened out."""

    def __init__(self, tags=None):
        self._tags = None if tags is None else TaggedCaptions(tags)
        self._known = {}

    def __call__(self, caption_id, caption, character):
        if caption_id not in self._known:
            self._known[caption_id] = self._of(caption_id, caption)
        return bisect_right(self._known[caption_id], character) - 1

    def _of(self, caption_id, caption):
        if self._tags is None:
            return [token.idx for token in load_tagger().nlp.tokenizer(" ".join(caption.split()))]
        if caption_id not in self._tags:
            raise ValueError(f"tags: caption {caption_id!r} has none; tag all captions")
        tokens = self._tags[caption_id]
        return starts(tokens.text, tokens.whitespace)


class _Sources:
    """Where a replacement may have come from, by WordNet without part of speech."""

    def __init__(self, lexicon):
        lexicon = load(lexicon) if isinstance(lexicon, str) else lexicon
        self._relations = (
            (ANTONYM, lexicon.antonyms), (HYPERNYM, lexicon.hypernym_antonyms), (HYPONYM, lexicon.hyponym_antonyms),
        )
        self._look_up = cache(self._look_up)

    def __call__(self, change):
        if change is None:
            return UNCHANGED
        return self._look_up(change.original.lower()).get(change.replacement.lower(), RANDOM)

    def _look_up(self, word):
        forms = dict.fromkeys((word, lemmatize(word, "VERB", "VBG"), lemmatize(word, "NOUN", "NNS")))
        found = {}
        for source, relation in self._relations:
            for part in PARTS:
                for form in forms:
                    for other in relation(form, part):
                        found.setdefault(other.lower(), source)
        return found
