"""Words, Penn tags, universal parts of speech and lemmas of captions, by the built-in tagger or any spaCy pipeline.

In: texts, or the captions table. Out: token tables; ``"".join(text + whitespace)`` is the text again, character by
character, also with double spaces or spaces in front (these form a row of their own, part SPACE). The tagger reads the
text with its white space evened out, so odd spacing changes no tag.

The built-in pipeline lies in ``data/tagger`` (MODEL_CARD.md there says what it was trained on and how good it is).
There is no silent fallback: a pipeline that is asked for by name is used or an error says how to install it, and the
name in every output carries the content hash of the pipeline. Lemmas come from `inflect.lemmatize` whatever the
pipeline, so that the lexicon sees one kind of lemma.
"""

import hashlib
import re
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from posrank.language.inflect import lemmatize

BUILTIN = Path(__file__).parent / "data" / "tagger"
COLUMNS = ("text", "whitespace", "lemma", "upos", "tag")
BATCH = 1000

# Components that neither give tags nor feed those that do.
_NOT_NEEDED = ("parser", "ner", "senter", "sentencizer", "lemmatizer", "trainable_lemmatizer", "textcat",
               "textcat_multilabel", "entity_linker", "entity_ruler", "span_ruler", "spancat")


@lru_cache(maxsize=4)
def load_tagger(name_or_path=None):
    """The tagger: None or "builtin" for the committed pipeline, else the name or folder of any spaCy pipeline.

    Returns a `Tagger`; its ``name`` is the pipeline's name, version and content hash. ValueError where the pipeline is
    not installed or cannot be read (with the command that installs it) and where it gives no tags or no parts.
    """
    import spacy

    builtin = name_or_path in (None, "builtin")
    source = BUILTIN if builtin else str(name_or_path)
    try:
        nlp = spacy.load(source, exclude=list(_NOT_NEEDED))
    except OSError as error:
        hint = (
            "check its files out again from git, or run python -m posrank.language.train_tagger" if builtin else
            f"install it with `python -m spacy download {source}`, give the folder of a spaCy pipeline, or leave "
            "`tagger` empty for the built-in one"
        )
        raise ValueError(f"tagger {str(source)!r} is not a readable spaCy pipeline: {hint}") from error
    except (ValueError, ImportError) as error:
        raise ValueError(f"tagger {str(source)!r} cannot be loaded by this spaCy: {str(error)[:300]}") from error
    fast_matrices(nlp)
    nlp.max_length = 10**9  # the limit is there for the parser, which is left out
    probe = nlp("a man is walking slowly")
    needed = {"TAG": "fine tags", "POS": "parts of speech"}
    missing = [what for key, what in needed.items() if not probe.has_annotation(key)]
    if missing:
        raise ValueError(
            f"tagger {str(source)!r} gives no {' and no '.join(missing)} (components: "
            f"{', '.join(nlp.pipe_names) or 'none'}): it needs a tagger, and a morphologizer or an "
            "attribute_ruler, as en_core_web_sm has"
        )
    meta = nlp.meta
    label = f"{meta['lang']}_{meta['name']}" if meta.get("name") and not builtin else meta.get("name", "tagger")
    return Tagger(nlp, f"{label}-{meta.get('version', '0')} sha256:{_content_hash(nlp, source)}")


def tag(texts, tagger=None):
    """Tag texts -> one DataFrame per text with the columns text, whitespace, lemma, upos, tag, one row per token.

    tagger: None (built-in), a pipeline's name or folder, or what `load_tagger` returned. An empty text gives an empty
    table. ValueError naming the position where an item is no text. For many captions use `tag_captions`: one table.

    >>> table = tag(["A chef  stirs the soup"])[0]
    >>> table["upos"].tolist(), "".join(table["text"] + table["whitespace"])
    (['DET', 'NOUN', 'VERB', 'DET', 'NOUN'], 'A chef  stirs the soup')
    """
    from posrank.language.markup import warn_of_marks

    texts = _checked(texts)
    warn_of_marks(texts, "texts")
    tokens, lengths = _as_tagger(tagger).tokens(texts)
    ends = np.cumsum(lengths)
    return [tokens.iloc[end - n:end].reset_index(drop=True) for end, n in zip(ends, lengths)]


def tag_captions(captions, tagger=None, progress=True):
    """Tag a captions table (columns caption_id, caption) -> the tags table of `posrank.schema`, in the captions' order.

    Columns caption_id, i (0, 1, ... within the caption), text, whitespace, lemma, upos, tag, tagger. Equal captions are
    tagged once. One process; about 2,000 captions a second. ValueError for a missing column or a caption without text.
    """
    missing = [column for column in ("caption_id", "caption") if column not in captions]
    if missing:
        found = ", ".join(map(str, captions.columns))
        raise ValueError(f"captions table: column {missing[0]!r} is missing (has: {found})")
    tagger = _as_tagger(tagger)
    ids = captions["caption_id"].astype("str").array
    codes, unique = pd.factorize(np.array(_checked(captions["caption"], ids), dtype=object))
    tokens, lengths = tagger.tokens(unique, progress=progress)
    starts = np.cumsum(lengths) - lengths
    n = lengths[codes]
    first = np.cumsum(n) - n
    i = np.arange(n.sum()) - np.repeat(first, n)
    table = tokens.take(np.repeat(starts[codes], n) + i).reset_index(drop=True)
    table.insert(0, "caption_id", ids.take(np.repeat(np.arange(len(ids)), n)))
    table.insert(1, "i", i.astype("int64"))
    table["tagger"] = pd.Series([tagger.name], dtype="str").take(np.zeros(len(table), dtype=np.int64)).array
    return table


def fast_matrices(nlp):
    """Let a pipeline multiply matrices with numpy instead of thinc's own BLIS: measured three times as fast."""
    from thinc.api import NumpyOps

    ops = NumpyOps(use_blis=False)
    for _, pipe in nlp.pipeline:
        for node in pipe.model.walk() if hasattr(pipe, "model") else ():
            node.ops = ops


class Tagger:
    """A loaded spaCy pipeline with its ``name`` (name, version, content hash); made by `load_tagger`."""

    def __init__(self, nlp, name):
        self.nlp, self.name = nlp, name

    def __repr__(self):
        return f"Tagger({self.name!r})"

    def tokens(self, texts, progress=False):
        """Tag a sequence of str -> (DataFrame of all tokens, columns COLUMNS; int array [len(texts)], tokens each)."""
        from tqdm.auto import tqdm

        kinds, spaces = _Codes(), _Codes()  # a token = a kind (text, lemma, upos, tag) and the white space after it
        kind_of, space_of, lengths = [], [], np.zeros(len(texts), dtype=np.int64)
        known = {}
        plain = (" ".join(text.split()) for text in texts)
        docs = tqdm(self.nlp.pipe(plain, batch_size=BATCH), total=len(texts), desc="tag", unit="caption",
                    disable=not progress, mininterval=1)
        for number, (text, doc) in enumerate(zip(texts, docs)):
            before = len(kind_of)
            if doc.text == text:
                for token in doc:
                    key = (token.orth, token.pos, token.tag)
                    kind = known.get(key)
                    if kind is None:
                        kind = known[key] = kinds.code(_kind(token.text, token))
                    kind_of.append(kind)
                    space_of.append(spaces.code(token.whitespace_))
            else:
                for kind, space in _original(text, doc):
                    kind_of.append(kinds.code(kind))
                    space_of.append(spaces.code(space))
            lengths[number] = len(kind_of) - before
        columns = dict(zip(("text", "lemma", "upos", "tag"), zip(*kinds.values))) if kinds.values else {}
        kind_of, space_of = np.array(kind_of, dtype=np.int64), np.array(space_of, dtype=np.int64)
        columns = {name: pd.Series(columns.get(name, ()), dtype="str").take(kind_of).array for name in COLUMNS
                   if name != "whitespace"}
        columns["whitespace"] = pd.Series(spaces.values, dtype="str").take(space_of).array
        return pd.DataFrame({name: columns[name] for name in COLUMNS}), lengths


class _Codes:
    """Numbers distinct values in order of appearance."""

    def __init__(self):
        self.values, self._codes = [], {}

    def code(self, value):
        number = self._codes.get(value)
        if number is None:
            number = self._codes[value] = len(self.values)
            self.values.append(value)
        return number


def _kind(text, token):
    upos, tag = token.pos_, token.tag_
    return text, lemmatize(text, upos, tag), upos, tag


def _original(text, doc):
    """Tokens of the evened-out text with their letters and white space in the original: (kind, whitespace) pairs."""
    place = []  # of each character of the evened-out text in the original
    for word in re.finditer(r"\S+", text):
        if place:
            place.append(place[-1] + 1)
        place.extend(range(word.start(), word.end()))
    if not place:
        return [((text, text, "SPACE", "_SP"), "")] if text else []
    lead = text[: place[0]]
    found = [((lead, lead, "SPACE", "_SP"), "")] if lead else []
    for token in doc:
        start, end = place[token.idx], place[token.idx + len(token) - 1] + 1
        after = token.idx + len(token.text_with_ws)
        found.append((_kind(text[start:end], token), text[end : place[after] if after < len(place) else len(text)]))
    return found


def _as_tagger(tagger):
    return tagger if isinstance(tagger, Tagger) else load_tagger(tagger)


def _checked(texts, names=None):
    """`texts` as a list of str that UTF-8 can write; ValueError naming the position (and the caption id)."""
    if isinstance(texts, str):
        raise ValueError("texts is one text: give a list of texts")
    texts = list(texts)
    for position, text in enumerate(texts):
        where = f"texts[{position}]" if names is None else f"caption {names[position]!r} (row {position})"
        if not isinstance(text, str):
            found = f"{type(text).__name__} {str(text)[:40]!r}"
            raise ValueError(f"{where}: expected text, found {found}; drop or fill this row")
        if not text.isascii():
            try:
                text.encode("utf-8")
            except UnicodeEncodeError as error:
                problem = f"half a surrogate pair at character {error.start}"
                raise ValueError(f"{where}: {problem}; read the file as UTF-8") from error
    return texts


def _content_hash(nlp, source):
    """First 8 hex digits of a SHA-256 over the pipeline's files (names and bytes), texts about it left out."""
    folder = Path(getattr(nlp, "path", None) or source)
    digest = hashlib.sha256()
    for file in sorted(p for p in folder.rglob("*") if p.is_file() and p.suffix not in (".md", ".pyc", ".py")):
        digest.update(file.relative_to(folder).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:8]
