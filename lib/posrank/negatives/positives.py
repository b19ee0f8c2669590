"""Hard positives: captions with one word replaced by another that says the same.

In: what `posrank.negatives.generate` gets. Out: a table of the same form, rule "positive": sentences that are as true
of the video as the caption. A model that likes them less than a negative does not read words for what they mean
(`posrank.scoring.brittleness`). Replacements: hand-made paraphrases (data/paraphrases.txt, one word or several), then
WordNet's synonyms of the word's first sense that the dataset uses, in the word's own form. Words of fixed expressions
stay.
"""

import pandas as pd

from posrank import PARTS
from posrank.language.inflect import inflect
from posrank.language.parts import fine_tag, part_of, parts_of
from posrank.negatives.corpus import gather
from posrank.negatives.draw import item_random
from posrank.negatives.never_replaced import kept_words
from posrank.negatives.rules import check_parts, counts_by_part
from posrank.negatives.sentences import Slot, normal
from posrank.negatives.table import Rows
from posrank.negatives.word_lists import fixed, paraphrases

PARAPHRASE, SYNONYM = "paraphrase", "synonym"


def generate_positives(captions, k=2, seed=0, parts=PARTS, tags=None, reference=None, lexicon="builtin", tagger=None):
    """Up to `k` hard positives for each caption and part -> table as of posrank.negatives.generate, rule "positive".

    Arguments as there. Captions without a word that has an equal are absent; ``.attrs["captions"]`` counts by part
    those that have one. Deterministic per (seed, caption, part).

    >>> import pandas as pd
    >>> words = [("a", "DET", "DT"), ("big", "ADJ", "JJ"), ("box", "NOUN", "NN")]
    >>> tags = pd.DataFrame([("c", i, w, " ", w, u, t, "test") for i, (w, u, t) in enumerate(words)],
    ...                     columns=["caption_id", "i", "text", "whitespace", "lemma", "upos", "tag", "tagger"])
    >>> captions = pd.DataFrame({"caption_id": ["c"], "video_id": ["v"], "caption": ["a big box"], "split": ["train"]})
    >>> generate_positives(captions, tags=tags, parts="adj")["sentence"].tolist()
    ['a large box']
    """
    parts = check_parts(parts)
    counts = counts_by_part(k, parts)
    corpus = gather(captions, tags, reference, lexicon, tagger)
    rows = Rows("word")
    for caption_id, text in corpus.captions.items():
        if not text.strip():
            continue
        found = {}
        for slot, word, source in _equals(corpus, corpus.tokens(caption_id)):
            if slot.part in parts:
                found.setdefault(slot.part, []).append((slot.render(word), ((slot, word, source),)))
        for part in parts:
            if part in found:
                item_random(seed, caption_id, part, "positive").shuffle(found[part])
                rows.add(caption_id, part, found[part][: counts[part]])
    table = rows.table("positive", {"rule": "positive", "k": counts, "seed": seed, **corpus.attrs})
    table.attrs["captions"] = {part: int(table.loc[table["part"] == part, "caption_id"].nunique()) for part in parts}
    return table


def rephrased(captions, tags, k=2):
    """Other captions of the same video with the same nouns, verbs, adjectives, adverbs and prepositions, each as often
    ("there is a red box" and "the red box"): positives that nobody had to write.

    captions: caption_id, video_id, caption; tags: tags table of them. Returns a DataFrame caption_id, part, sentence:
    up to `k` for each caption, once for each part it has, in the order of `captions`.

    >>> tags = pd.DataFrame({"caption_id": ["c0", "c0", "c1", "c1"], "lemma": ["red", "box", "box", "red"],
    ...                      "upos": ["ADJ", "NOUN", "NOUN", "ADJ"], "tag": ["JJ", "NN", "NN", "JJ"]})
    >>> captions = pd.DataFrame({"caption_id": ["c0", "c1"], "video_id": "v",
    ...                          "caption": ["the red box", "a box that is red"]})
    >>> rephrased(captions, tags).query("caption_id == 'c0'")[["part", "sentence"]].values.tolist()
    [['noun', 'a box that is red'], ['adj', 'a box that is red']]
    """
    words = tags[["caption_id"]].assign(part=parts_of(tags), word=tags["lemma"].str.lower())
    words = words[words["part"].notna() & words["caption_id"].isin(captions["caption_id"])]
    words = words.assign(word=words["part"] + " " + words["word"]).sort_values(["caption_id", "word"])
    said = words.groupby("caption_id")["word"].agg("|".join).reindex(captions["caption_id"]).fillna("")
    table = captions[["caption_id", "video_id", "caption"]].assign(key=said.to_numpy())
    table["form"] = table["caption"].map(normal)
    table = table[table["key"] != ""]
    distinct = table.drop_duplicates(["video_id", "key", "form"])
    both = table.merge(distinct, on=["video_id", "key"], suffixes=("", "_other"))
    both = both[both["form"] != both["form_other"]].groupby("caption_id", sort=False).head(k)
    found = [
        (name, part, other)
        for name, rows in both.groupby("caption_id", sort=False)
        for part in PARTS
        if any(word.startswith(part + " ") for word in rows["key"].iloc[0].split("|"))
        for other in rows["caption_other"]
    ]
    return pd.DataFrame(found, columns=["caption_id", "part", "sentence"])


def _equals(corpus, tokens):
    """(slot, replacement, source) of everything that may be said instead."""
    words = [text.lower() for text in tokens.text]
    stays = set(kept_words(tokens)) | fixed(words)
    for i, (upos, tag) in enumerate(zip(tokens.upos, tokens.tag)):
        part = part_of(upos, tag)
        if part is None or i in stays:
            continue
        tag = fine_tag(part, tag)
        by_hand = paraphrases().get((part, tag, words[i])) or paraphrases().get((part, "*", words[i]), ())
        slot = Slot(tokens, i, part, tag)
        for text in by_hand:
            yield slot, text, PARAPHRASE
        if by_hand:
            continue
        seen = corpus.vocabulary.seen(part, tag)
        for lemma in corpus.lexicon.first_synonyms(tokens.lemma[i].lower(), part):
            form = inflect(lemma, tag)
            if form in seen and form != words[i]:
                yield slot, form, SYNONYM
