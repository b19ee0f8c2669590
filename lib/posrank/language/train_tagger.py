"""Train the built-in tagger: ``python -m posrank.language.train_tagger --ewt DIR``.

In: UD English EWT (DIR holds the official ``en_ewt-ud-{train,dev,test}.conllu``, or spaCy DocBins of the splits,
``ewt_{train,dev,test}.spacy``) and the synthetic captions of `caption_templates`. Out: a spaCy pipeline (tok2vec,
tagger, morphologizer) under ``data/tagger``, with the measured accuracy in its meta.json. One seed, one thread: same
bytes on the same machine and library versions. Some minutes on one core.

EWT is edited text with capitals and full stops; captions have neither. So half of its training sentences come a second
time in lower case without punctuation. Forms of "be" are auxiliaries throughout (EWT calls the "is" of "there is" a
verb): a negative must never replace them.
"""

import argparse
import os
import random
import shutil
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np

OUT = Path(__file__).parent / "data" / "tagger"
SPLITS = ("train", "dev", "test")
WIDTH, DEPTH, ROWS = 96, 4, {"NORM": 4000, "PREFIX": 500, "SUFFIX": 2000, "SHAPE": 500}
_PUNCTUATION = frozenset({"PUNCT", "SYM"})


def read_split(folder, split, vocab):
    """Docs of one EWT split with tags, parts and lemmas, from .conllu or .spacy; ValueError where neither is there."""
    from spacy.tokens import Doc, DocBin
    from spacy.training.converters import conllu_to_docs

    conllu, binary = Path(folder) / f"en_ewt-ud-{split}.conllu", Path(folder) / f"ewt_{split}.spacy"
    if conllu.is_file():
        found = conllu_to_docs(conllu.read_text(encoding="utf-8"), n_sents=1, no_print=True)
        docs = [Doc(vocab).from_bytes(doc.to_bytes()) for doc in found]
    elif binary.is_file():
        docs = list(DocBin().from_disk(binary).get_docs(vocab))
    else:
        raise ValueError(
            f"{folder}: neither {conllu.name} nor {binary.name}; get UD_English-EWT from universaldependencies.org"
        )
    return _without_copies(docs)


def _without_copies(docs):
    """Drop a sentence that is the lower-case copy of the one before it: augmentation is this script's own task."""
    kept, before = [], None
    for doc in docs:
        bare = [t.lower_ for t in doc if t.pos_ not in _PUNCTUATION]
        if bare != before or [t.text for t in doc] != bare:
            kept.append(doc)
        before = bare
    return kept


def training_docs(docs, n_captions, seed):
    """EWT's docs, lower-case copies of half of them, and `n_captions` synthetic captions, in seeded order."""
    from posrank.language.caption_templates import sentences

    rng = random.Random(seed)
    vocab = docs[0].vocab
    counts = Counter((t.tag_, t.text) for doc in docs for t in doc if t.text.islower() and t.text.isalpha())
    frequent = sorted(key for key, n in counts.items() if n >= 3 and len(key[1]) > 2)
    nouns = {tag: [word for t, word in frequent if t == tag] for tag in ("NN", "NNS")}
    rows = [[(t.text, t.tag_, _upos(t), bool(t.whitespace_)) for t in doc] for doc in docs]
    copies = [[(w.lower(), tag, upos, True) for w, tag, upos, _ in row if upos not in _PUNCTUATION]
              for row in rows if rng.random() < 0.5]
    captions = [[(w, tag, upos, True) for w, tag, upos in row] for row in sentences(n_captions, seed, nouns)]
    rows = [row for row in (*rows, *copies, *captions) if row]
    rng.shuffle(rows)
    return [_doc(vocab, row) for row in rows]


def _upos(token):
    return "AUX" if token.pos_ == "VERB" and token.lemma_.lower() == "be" else token.pos_


def _doc(vocab, row):
    from spacy.tokens import Doc

    words, tags, upos, spaces = zip(*row)
    return Doc(vocab, words=words, tags=tags, pos=upos, spaces=spaces, morphs=[""] * len(words))


def blank_pipeline():
    """The untrained pipeline: one small convolutional tok2vec under a tagger (Penn) and a morphologizer (UPOS)."""
    import spacy

    nlp = spacy.blank("en")
    nlp.add_pipe("tok2vec", config={"model": {
        "@architectures": "spacy.Tok2Vec.v2",
        "embed": {"@architectures": "spacy.MultiHashEmbed.v2", "width": WIDTH, "attrs": list(ROWS),
                  "rows": list(ROWS.values()), "include_static_vectors": False},
        "encode": {"@architectures": "spacy.MaxoutWindowEncoder.v2", "width": WIDTH, "depth": DEPTH, "window_size": 1,
                   "maxout_pieces": 3},
    }})
    listener = {"@architectures": "spacy.Tok2VecListener.v1", "width": WIDTH, "upstream": "*"}
    for name in ("tagger", "morphologizer"):
        nlp.add_pipe(name, config={"model": {"@architectures": "spacy.Tagger.v2", "tok2vec": listener}})
    return nlp


def train(docs, steps, words=1800, rate=0.0015, seed=0, report=None, every=200):
    """Train a fresh pipeline for `steps` batches of about `words` words; the rate warms up, then falls to zero.

    The plain loop behind ``nlp.update`` (cross entropy of both heads on the shared tok2vec), without its work on
    alignments: tokens are gold here. report(step, nlp) is called every `every` steps and at the end
    with the averaged weights in place: keep the pipeline there. Returns it with the last step's own weights.
    """
    from spacy.util import fix_random_seed
    from thinc.api import Adam, set_dropout_rate, warmup_linear
    from tqdm.auto import tqdm

    from posrank.language.tagger import fast_matrices

    fix_random_seed(seed)
    nlp = blank_pipeline()
    nlp.initialize(lambda: [_example(doc) for doc in docs])
    fast_matrices(nlp)
    body = nlp.get_pipe("tok2vec").model
    set_dropout_rate(body, 0.1)
    heads = [nlp.get_pipe(name).model.get_ref("softmax") for name in ("tagger", "morphologizer")]
    gold = list(zip(docs, _gold(nlp, docs)))
    optimizer = Adam(warmup_linear(rate, steps // 20, steps), L2=0.01, L2_is_weight_decay=True, grad_clip=1.0,
                     use_averages=True)
    rng, batches = random.Random(seed), []
    for step in tqdm(range(1, steps + 1), desc="tagger", mininterval=10):
        if not batches:
            rng.shuffle(gold)
            batches = _batches(gold, words)
        batch, labels = zip(*batches.pop())
        vectors, back_body = body(list(batch), is_train=True)
        stacked = np.vstack(vectors)
        gradient = np.zeros_like(stacked)
        for head, wanted in zip(heads, map(np.concatenate, zip(*labels))):
            error, back_head = head(stacked, is_train=True)
            error = error.copy()
            error[np.arange(len(wanted)), wanted] -= 1  # of the cross entropy at the softmax's input
            gradient += back_head(error)
        back_body(np.split(gradient, np.cumsum([len(doc) for doc in batch])[:-1]))
        for model in (body, *heads):
            model.finish_update(optimizer)
        optimizer.step_schedules()
        if report and (step % every == 0 or step == steps):
            with nlp.use_params(optimizer.averages):
                report(step, nlp)
    return nlp


def _gold(nlp, docs):
    tags = {label: i for i, label in enumerate(nlp.get_pipe("tagger").labels)}
    parts = {label.removeprefix("POS="): i for i, label in enumerate(nlp.get_pipe("morphologizer").labels)}
    return [(np.array([tags[t.tag_] for t in doc]), np.array([parts[t.pos_] for t in doc])) for doc in docs]


def _batches(items, words):
    batches, size = [[]], 0
    for item in items:
        if size + len(item[0]) > words and batches[-1]:
            batches.append([])
            size = 0
        batches[-1].append(item)
        size += len(item[0])
    return batches


def _example(doc):
    from spacy.tokens import Doc
    from spacy.training import Example

    plain = Doc(doc.vocab, words=[t.text for t in doc], spaces=[bool(t.whitespace_) for t in doc])
    return Example(plain, doc)


def accuracy(nlp, docs):
    """Percent of gold tokens with the right Penn tag and the right Universal part: {"xpos": ..., "upos": ...}."""
    right, total = Counter(), 0
    for gold, predicted in zip(docs, nlp.pipe(_example(doc).predicted for doc in docs)):
        total += len(gold)
        right["xpos"] += sum(a.tag_ == b.tag_ for a, b in zip(gold, predicted))
        right["upos"] += sum(a.pos_ == b.pos_ for a, b in zip(gold, predicted))
    return {key: 100 * right[key] / total for key in ("xpos", "upos")}


# Letters of hand-tagged captions ("a/X man/N rides/V"): P a preposition, T a verb's particle, U an auxiliary.
_LETTERS = {"NOUN": "N", "PROPN": "N", "VERB": "V", "AUX": "U", "ADJ": "A", "ADV": "R", "ADP": "P", "SCONJ": "S"}


def caption_accuracy(nlp, path):
    """Tokens right on hand-tagged captions, one a line as word/letter pairs -> (percent, mistakes as text)."""
    from spacy.tokens import Doc

    mistakes, total = [], 0
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        pairs = [item.rsplit("/", 1) for item in line.split()]
        for token, (word, letter) in zip(nlp(Doc(nlp.vocab, words=[w for w, _ in pairs])), pairs):
            total += 1
            given = "T" if (token.tag_, token.pos_) == ("RP", "ADP") else _LETTERS.get(token.pos_, "X")
            if given != letter:
                mistakes.append(f"{word} {letter}>{given} in: {' '.join(w for w, _ in pairs)}")
    return 100 * (1 - len(mistakes) / max(total, 1)), mistakes


CARD = """# Model card: posrank_tagger

A spaCy pipeline (tok2vec, tagger, morphologizer) that gives video captions Penn tags and universal parts of speech.
Made by `python -m posrank.language.train_tagger`; this card is written by that script.

* Data: UD English EWT, training split, licence CC BY-SA 4.0 (Silveira et al. 2014, "A Gold Standard Dependency Corpus
  for English", LREC; https://universaldependencies.org/treebanks/en_ewt), half of it a second time in lower case
  without punctuation, and synthetic captions from `caption_templates.py`. No caption of any video dataset.
* Licence of the weights: CC BY-SA 4.0, as the treebank's.
* Made to differ from EWT: every form of "be" is AUX, also in "there is", which costs a little on EWT's own test split.
* Network: hash embeddings of {rows},
  {depth} convolutions of width {width}. Seed {seed}, {step} of {steps} steps, {synthetic} synthetic captions,
  {cpu_minutes:.1f} CPU minutes.
* Known weak spots: "puts on a coat" (the particle is read as a preposition), "each other" (an adjective, as in EWT),
  spelling without apostrophes ("isn t").
* Lemmas are not part of it (see `inflect.py`).

| measured on gold tokens | percent |
|---|---|
{table}
"""


def save(nlp, out, measured, options):
    """Write the pipeline to the folder `out` (replaced as a whole), with meta.json and MODEL_CARD.md."""
    nlp.meta.update(name="posrank_tagger", version="1.0", license="CC BY-SA 4.0", performance=measured,
                    description="Penn tags and universal parts of speech for video captions")
    names = {"dev": "EWT dev", "test": "EWT test"}
    lines = [f"| {names[split]} {key.upper()} | {measured[split][key]:.2f} |"
             for split in names if split in measured for key in ("xpos", "upos")]
    if "captions" in measured:
        lines.append(f"| 50 hand-tagged captions, seven classes | {measured['captions']:.2f} |")
    card = CARD.format(table="\n".join(lines), rows=", ".join(f"{k} ({v})" for k, v in ROWS.items()), depth=DEPTH,
                       width=WIDTH, step=measured["step"], cpu_minutes=measured["cpu_minutes"], steps=options.steps,
                       seed=options.seed, synthetic=options.synthetic)
    out = Path(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent) as folder:
        fresh = Path(folder) / out.name
        nlp.to_disk(fresh)
        (fresh / "MODEL_CARD.md").write_text(card, encoding="utf-8")
        shutil.rmtree(out, ignore_errors=True)
        os.replace(fresh, out)


def main(arguments=None):
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    import spacy

    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--ewt", type=Path, required=True, help="folder with the EWT splits")
    parser.add_argument("--captions", type=Path, help="hand-tagged captions for the model card (word/letter lines)")
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--steps", type=int, default=1600)
    parser.add_argument("--synthetic", type=int, default=6000, help="number of synthetic captions")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    splits = {split: read_split(options.ewt, split, spacy.blank("en").vocab) for split in SPLITS}
    start = time.process_time()
    docs = training_docs(splits["train"], options.synthetic, options.seed)

    def report(step, nlp):
        last = step == options.steps
        measured = {"step": step, "cpu_minutes": (time.process_time() - start) / 60}
        measured |= {split: accuracy(nlp, splits[split]) for split in (("dev", "test") if last else ("dev",))}
        if options.captions:
            measured["captions"], mistakes = caption_accuracy(nlp, options.captions)
            print("\n".join(mistakes) if last else "", flush=True)
        print(measured, flush=True)
        save(nlp, options.out, measured, options)  # a usable pipeline at any time

    train(docs, options.steps, seed=options.seed, report=report)


if __name__ == "__main__":
    main()
