"""Two views of WordNet's graph with the same five questions: the committed table, and nltk's corpus.

The lexicon's rules (`posrank.language.lexicon`) are written once on these questions, so both views answer alike.
Left out of both views: names of several words ("ice_cream": a replacement is one token) and instances (Paris, Edison:
proper names). Relations come in the order of WordNet's data files, senses in WordNet's order of frequency.
"""

import gzip
import hashlib
from collections import defaultdict
from pathlib import Path

POS = {"noun": "n", "verb": "v", "adj": "a", "adv": "r"}
HEADER = "posrank-wordnet-relations 1"
INSTALL = (
    "lexicon 'nltk' needs nltk's WordNet 3.0 corpus: run `python -m nltk.downloader wordnet`, or copy the files of the "
    "Debian packages wordnet-base and wordnet-sense-index with a lexnames file to $NLTK_DATA/corpora/wordnet; or use "
    "lexicon: builtin"
)


class NltkGraph:
    """nltk's WordNet corpus; a synset is nltk's ``Synset``. ValueError saying what to install where it is missing."""

    def __init__(self):
        from nltk.corpus import wordnet

        try:
            wordnet.ensure_loaded()
        except (LookupError, OSError) as error:
            raise ValueError(INSTALL) from error
        self._wordnet = wordnet
        digest = hashlib.sha256()
        for pos in ("noun", "verb", "adj", "adv"):
            with wordnet.open(f"data.{pos}") as file:
                digest.update(file.read().encode("utf-8"))
        self.name = f"wordnet-{wordnet.get_version()} nltk sha256:{digest.hexdigest()[:8]}"

    def spellings(self, lemma, part):
        """((synset, name as spelled), ...) in sense order, for every name equal to `lemma` but for letter case."""
        found = dict.fromkeys(
            (entry.synset(), entry.name())
            for entry in self._wordnet.lemmas(lemma, POS[part])
            if "_" not in entry.name() and not entry.synset().instance_hypernyms()
        )
        return tuple(found)

    def names(self, synset):
        """Single-word names of a synset in WordNet's order, as spelled."""
        return tuple(name for name in synset.lemma_names() if "_" not in name)

    def antonyms(self, synset, name):
        """Names that WordNet marks as direct antonyms of this name in this sense, sorted."""
        entries = (entry for entry in synset.lemmas() if entry.name() == name)
        return tuple(sorted({a.name() for entry in entries for a in entry.antonyms() if "_" not in a.name()}))

    def hypernyms(self, synset):
        return _by_offset(synset.hypernyms())

    def hyponyms(self, synset):
        return _by_offset(synset.hyponyms())

    def heads(self, synset):
        """For an adjective's satellite sense, the head of its cluster; () for every other synset."""
        return _by_offset(s for s in synset.similar_tos() if s.pos() == "a") if synset.pos() == "s" else ()

    def synsets(self):
        """Every synset with a single-word name, in file order."""
        kept = (s for s in self._wordnet.all_synsets() if not s.instance_hypernyms() and self.names(s))
        return sorted(kept, key=_order)


def _order(synset):
    return "nvar".index(synset.pos().replace("s", "a")), synset.offset()


def _by_offset(synsets):
    kept = (s for s in synsets if any("_" not in name for name in s.lemma_names()) and not s.instance_hypernyms())
    return tuple(sorted(kept, key=_order))


class TableGraph:
    """The committed table; a synset is its row number. Same questions as `NltkGraph`.

    Rows (tab-separated): pos, names, antonyms ("0=white": of the first name), hypernyms and heads (rows back or ahead).
    After an empty line: lemma, pos and the order of its senses, for lemmas whose senses are not in file order.
    """

    def __init__(self, path):
        path = Path(path)
        data = path.read_bytes()
        try:
            text = gzip.decompress(data).decode("utf-8")
        except (OSError, EOFError, UnicodeDecodeError) as error:
            raise ValueError(f"{path}: not a gzip file of text; check the file out again from git") from error
        rows, _, orders = text.partition("\n\n")
        header, *rows = rows.split("\n")
        if not header.startswith(HEADER):
            what = f"first line is {header[:40]!r}, expected {HEADER!r}"
            raise ValueError(f"{path}: {what}; run tools/build_lexicon.py again")
        self.name = f"wordnet-{header.split()[-1]} builtin sha256:{hashlib.sha256(data).hexdigest()[:8]}"
        self._names, self._antonyms, self._hypernyms, self._heads = [], {}, {}, {}
        self._hyponyms = defaultdict(list)
        self._index = defaultdict(list)
        for row, line in enumerate(rows):
            pos, names, antonyms, hypernyms, heads = line.split("\t")
            names = tuple(names.split(" "))
            self._names.append(names)
            for name in names:
                self._index[name.lower(), pos].append((row, name))
            for entry in antonyms.split():
                i, _, words = entry.partition("=")
                self._antonyms[row, names[int(i)]] = tuple(words.split(","))
            if hypernyms:
                self._hypernyms[row] = above = tuple(row + int(step) for step in hypernyms.split(" "))
                for hypernym in above:
                    self._hyponyms[hypernym].append(row)
            if heads:
                self._heads[row] = tuple(row + int(step) for step in heads.split(" "))
        for line in orders.splitlines():
            lemma, pos, order = line.split("\t")
            senses = self._index[lemma, pos]
            self._index[lemma, pos] = [senses[int(i)] for i in order.split(" ")]

    def spellings(self, lemma, part):
        return tuple(self._index.get((lemma.lower(), POS[part]), ()))

    def names(self, synset):
        return self._names[synset]

    def antonyms(self, synset, name):
        return self._antonyms.get((synset, name), ())

    def hypernyms(self, synset):
        return self._hypernyms.get(synset, ())

    def hyponyms(self, synset):
        return tuple(self._hyponyms.get(synset, ()))

    def heads(self, synset):
        return self._heads.get(synset, ())
