"""Make the committed table of WordNet relations: ``python tools/build_lexicon.py``.

In: nltk's WordNet 3.0 corpus. Out: ``lib/posrank/language/data/wordnet/relations.tsv.gz`` (or ``--out``), with the
notice of WordNet's licence as LICENSE beside it, copied word by word from the head of the corpus. The same corpus gives
the same bytes. The corpus: ``python -m nltk.downloader wordnet``, or, where only Debian packages can be had,
``wordnet-base`` and ``wordnet-sense-index`` with ``--debian /usr/share/wordnet``, which copies their files and writes
the one that is missing there (``lexnames``) to ``$NLTK_DATA/corpora/wordnet``.
"""

import argparse
import gzip
import io
import os
import shutil
from pathlib import Path

from posrank.files import atomic
from posrank.language.lexicon import TABLE
from posrank.language.wordnet import HEADER, POS, NltkGraph

# The lexicographer files of WordNet 3.0 in their numbered order (manual page lexnames(5WN)).
_LEXNAMES = (
    "adj.all", "adj.pert", "adv.all", "noun.Tops", "noun.act", "noun.animal", "noun.artifact", "noun.attribute",
    "noun.body", "noun.cognition", "noun.communication", "noun.event", "noun.feeling", "noun.food", "noun.group",
    "noun.location", "noun.motive", "noun.object", "noun.person", "noun.phenomenon", "noun.plant", "noun.possession",
    "noun.process", "noun.quantity", "noun.relation", "noun.shape", "noun.state", "noun.substance", "noun.time",
    "verb.body", "verb.change", "verb.cognition", "verb.communication", "verb.competition", "verb.consumption",
    "verb.contact", "verb.creation", "verb.emotion", "verb.motion", "verb.perception", "verb.possession",
    "verb.social", "verb.stative", "verb.weather", "adj.ppl",
)
_NUMBER = {"noun": 1, "verb": 2, "adj": 3, "adv": 4}


def corpus_from_debian(source, nltk_data):
    """Copy Debian's WordNet files to `nltk_data`/corpora/wordnet and add ``lexnames``; returns that folder.

    Raises ValueError naming the first missing file and the packages that hold it.
    """
    source, target = Path(source), Path(nltk_data) / "corpora" / "wordnet"
    names = ["cntlist.rev", "index.sense"]
    names += [f"{kind}.{part}" for kind in ("index", "data") for part in _NUMBER] + [f"{part}.exc" for part in _NUMBER]
    missing = [name for name in names if not (source / name).is_file()]
    if missing:
        raise ValueError(f"{source / missing[0]} is missing: apt-get install wordnet-base wordnet-sense-index")
    target.mkdir(parents=True, exist_ok=True)
    for name in names:
        shutil.copyfile(source / name, target / name)
    lines = (f"{i:02d}\t{name}\t{_NUMBER[name.partition('.')[0]]}\n" for i, name in enumerate(_LEXNAMES))
    (target / "lexnames").write_text("".join(lines), encoding="ascii")
    return target


def licence_notice():
    """The licence notice at the head of the corpus files, without their line numbers."""
    from nltk.corpus import wordnet

    with wordnet.open("data.noun") as file:
        head = []
        for line in file:
            if not line.startswith("  "):
                break
            head.append(line.strip().partition(" ")[2].strip())
    return "\n".join(head).strip() + "\n"


def write_graph(graph, path):
    """Write an `NltkGraph` as the table that `TableGraph` reads; the same graph gives the same bytes."""
    synsets = graph.synsets()
    row = {synset: i for i, synset in enumerate(synsets)}
    lines = [f"{HEADER} {graph.name.split()[0].removeprefix('wordnet-')}"]
    lemmas = set()
    for i, synset in enumerate(synsets):
        names = graph.names(synset)
        pos = synset.pos().replace("s", "a")
        lemmas.update((name.lower(), pos) for name in names)
        antonyms = ((k, graph.antonyms(synset, name)) for k, name in enumerate(names))
        lines.append("\t".join((
            pos,
            " ".join(names),
            " ".join(f"{k}={','.join(words)}" for k, words in antonyms if words),
            " ".join(str(row[s] - i) for s in graph.hypernyms(synset)),
            " ".join(str(row[s] - i) for s in graph.heads(synset)),
        )))
    lines.append("")
    parts = {pos: part for part, pos in POS.items()}
    for lemma, pos in sorted(lemmas):
        senses = [(row[s], name) for s, name in graph.spellings(lemma, parts[pos])]
        if senses != sorted(senses, key=lambda sense: sense[0]):
            listed = [(row[s], n) for s, n in _in_file_order(graph, senses, synsets, lemma)]
            lines.append(f"{lemma}\t{pos}\t{' '.join(str(listed.index(sense)) for sense in senses)}")
    buffer = io.BytesIO()
    with gzip.GzipFile(filename="", fileobj=buffer, mode="wb", compresslevel=9, mtime=0) as file:
        file.write(("\n".join(lines) + "\n").encode("utf-8"))
    with atomic(Path(path)) as temporary:
        Path(temporary).write_bytes(buffer.getvalue())


def _in_file_order(graph, senses, synsets, lemma):
    rows = sorted({r for r, _ in senses})
    return [(synsets[r], name) for r in rows for name in graph.names(synsets[r]) if name.lower() == lemma]


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, default=TABLE, help="where the table goes")
    parser.add_argument("--debian", type=Path, help="folder with Debian's WordNet files; needs NLTK_DATA to be set")
    options = parser.parse_args(arguments)
    if options.debian:
        if not os.environ.get("NLTK_DATA"):
            parser.error("--debian copies files to $NLTK_DATA/corpora/wordnet: set NLTK_DATA to a folder")
        print(corpus_from_debian(options.debian, os.environ["NLTK_DATA"]))
    graph = NltkGraph()
    options.out.parent.mkdir(parents=True, exist_ok=True)
    write_graph(graph, options.out)
    (options.out.parent / "LICENSE").write_text(licence_notice(), encoding="utf-8")
    print(f"{options.out}: {options.out.stat().st_size:,} bytes from {graph.name}")


if __name__ == "__main__":
    main()
