"""What is wrong with a set of negatives, counted: the data-validation table of any negatives table.

Nothing here looks at a video; text-only judges stand beside this table in `posrank.validity.validity_report`. The paper
says that 4 of 100 of its negatives are false and 7 ungrammatical; here is what can be counted without a person.
"""

from hashlib import blake2b

import numpy as np
import pandas as pd

from posrank import PARTS
from posrank.language.parts import part_of
from posrank.language.tagger import tag
from posrank.negatives.changed_words import changes
from posrank.negatives.paper import SOURCES
from posrank.negatives.sentences import normal, starts
from posrank.scoring.ranks import chance

CONTEXTS = (32, 77)
"""Text lengths at which the systems cut captions, in tokens: the released evaluation's, and CLIP's own."""


def sentence_counts(negatives, captions, tags=None, tagger=None, tokenize=None, contexts=CONTEXTS, lists=None,
                    sample=1000, seed=0):
    """The validity table of a set: one row per part of speech that has lists.

    captions  those of all negatives, and the other captions of their videos (for `same_video`)
    tags      tags table of the captions: adds `original_other_part`
    tagger    as in posrank.language.tag, None = without: adds `replacement_other_part`, judged on a random
              `sample` of negatives a part (None = all), the same for equal seeds
    lists     look at so many lists a part only, drawn at random (None = all); captions to chance are always of all
    tokenize  function (texts, context_length) -> array [n, context_length] of token ids, or "clip" for CLIP's: adds the
              ties at every length of `contexts`

    Columns, shares of all negatives unless said otherwise: captions, videos, k (mean), shortest, chance, antonym,
    hypernym_antonym, hyponym_antonym, random, captions_with_antonym
                          as `list_statistics` gives them
    several_words         differ from the caption in more than one word (for level phrase: in more than two)
    capitals              put a capital letter where the caption's word has none, inside of the sentence
    unknown_words         replacements that no caption of the table uses (typos among them)
    equal_caption         equal the caption, case and white space aside
    duplicates            equal an earlier negative of the same list, likewise
    same_video            equal another caption of the same video, likewise
    original_other_part, replacement_other_part
                          the first changed word, or what took its place, is tagged as another part
    tied_<n>, lost_<n>    negatives that equal their caption once cut at n tokens; captions all of whose negatives do

    Raises ValueError where a negative's caption is not in `captions`.
    """
    table = _changes(sample_lists(negatives, lists, seed), captions)
    used = {word for text in captions["caption"] for word in _words(text)}
    captioned = set(zip(captions["video_id"], captions["caption"].map(normal)))
    table["plain"] = table["sentence"].map(normal)
    table["equal_caption"] = table["plain"] == table["caption"].map(normal)
    table["duplicates"] = table.duplicated(["part", "caption_id", "plain"])
    of_video = [pair in captioned for pair in zip(table["video_id"], table["plain"])]
    table["same_video"] = np.array(of_video, dtype=bool) & ~table["equal_caption"]
    table["several_words"] = table["differing"] > np.where(table["level"] == "phrase", 2, 1)
    table["capitals"] = [
        start > 0 and new[:1].isupper() and not old[:1].isupper()
        for start, old, new in zip(table["start"], table["old"], table["new"])
    ]
    table["unknown_words"] = [bool(new) and not _words(new) <= used for new in table["new"]]
    columns = ["several_words", "capitals", "unknown_words", "equal_caption", "duplicates", "same_video"]
    if tags is not None:
        table["original_other_part"] = _original_other(table, tags)
        columns.append("original_other_part")
    result = list_statistics(negatives).set_index("part")
    videos = negatives["caption_id"].map(captions.drop_duplicates("caption_id").set_index("caption_id")["video_id"])
    result.insert(1, "videos", videos.groupby(negatives["part"]).nunique().reindex(result.index))
    result = result.drop(columns="capitals").join(table.groupby("part")[columns].mean())
    if tagger is not None:
        result = result.join(_replacement_other(table, tagger, sample, seed))
    if tokenize == "clip":
        from posrank.towers.tokenizer import ByteTokenizer

        tokenize = ByteTokenizer()
    if tokenize is not None:
        for length in contexts:
            result = result.join(ties(table, tokenize, length))
    return result.reset_index()


def list_statistics(negatives):
    """Per part (no rows for an empty set): captions with a list, its mean length K, chance, the share of negatives from
    each source, the share of captions whose list holds an antonym, and the share of negatives with a capital in the
    middle of the sentence.

    `chance` is the PoSRank of a random ranker on exactly these lists: the mean of H(K + 1) / (K + 1).
    """
    columns = ["part", "captions", "k", "shortest", "chance", *SOURCES, "captions_with_antonym", "capitals"]
    parts, rows = {part: negatives[negatives["part"] == part] for part in PARTS}, []
    for part, mine in parts.items():
        if mine.empty:
            continue
        lengths = mine.groupby("caption_id", sort=False).size()
        shares = mine["source"].value_counts(normalize=True)
        antonyms = mine.loc[mine["source"] == "antonym", "caption_id"].nunique()
        rows.append({
            "part": part, "captions": len(lengths), "k": float(lengths.mean()), "shortest": int(lengths.min()),
            "chance": float(chance(lengths.to_numpy() + 1)),
            **{source: float(shares.get(source, 0.0)) for source in SOURCES},
            "captions_with_antonym": antonyms / len(lengths),
            "capitals": float(mine["replacement"].str[:1].str.isupper().mean()),
        })
    return pd.DataFrame(rows, columns=columns)


def ties(negatives, tokenize, length):
    """Negatives that vanish when texts are cut at `length` tokens: DataFrame by part with the columns

    tied_<length>   share of the negatives whose token ids equal those of their caption
    lost_<length>   share of the captions all of whose negatives do: their rank is decided by the order of a sort

    negatives: has the columns part, caption_id, sentence and caption. tokenize: see `sentence_counts`.
    """
    texts = pd.unique(pd.concat([negatives["caption"], negatives["sentence"]], ignore_index=True))
    ids = np.asarray(tokenize(list(texts), length))
    _, group = np.unique(ids, axis=0, return_inverse=True)
    number = pd.Series(group.ravel(), index=pd.Index(texts))
    same = number.reindex(negatives["caption"]).to_numpy() == number.reindex(negatives["sentence"]).to_numpy()
    lists = negatives[["part", "caption_id"]].assign(same=same)
    lost = lists.groupby(["part", "caption_id"])["same"].all().groupby("part").mean()
    return pd.DataFrame({f"tied_{length}": lists.groupby("part")["same"].mean(), f"lost_{length}": lost})


def _changes(negatives, captions):
    """The negatives with their caption, its video, and the first word that differs."""
    own = captions.drop_duplicates("caption_id").set_index("caption_id")
    absent = ~negatives["caption_id"].isin(own.index).to_numpy()
    if absent.any():
        name = negatives["caption_id"].iloc[int(absent.argmax())]
        raise ValueError(f"caption {name!r} of the negatives is not in the captions table: give the whole table")
    table = negatives[["caption_id", "part", "sentence", "level"]].reset_index(drop=True)
    table["caption"] = own["caption"].reindex(table["caption_id"]).to_numpy()
    table["video_id"] = own["video_id"].reindex(table["caption_id"]).to_numpy()
    first, count = [], []
    for old, new in zip(table["caption"], table["sentence"]):
        # an article that follows its noun ("a dog" -> "an elephant") is no second word
        found = changes(old, new)
        words = [change for change in found if {change.original.lower(), change.replacement.lower()} != {"a", "an"}]
        first.append((words or found or [(-1, "", "")])[0])
        count.append(len(words))
    table["start"], table["old"], table["new"] = zip(*first) if first else ((), (), ())
    table["differing"] = count
    return table


def sample_lists(negatives, lists, seed):
    """The negatives of `lists` captions a part (None = all), drawn by a hash of seed, part and id."""
    if lists is None:
        return negatives
    keys = ["part", "caption_id"]
    return negatives.merge(_sample(negatives[keys].drop_duplicates(), keys, lists, seed)[keys], on=keys)


def _sample(table, keys, n, seed):
    """`n` rows of each part (None = all), those with the lowest hashes of seed and `keys`."""
    if n is None:
        return table
    texts = ["|".join(map(str, (seed, *key))).encode() for key in zip(*(table[key] for key in keys))]
    hashes = [blake2b(text, digest_size=8).digest() for text in texts]
    return table.assign(order=hashes).sort_values("order", kind="stable").groupby("part").head(n)


def _words(text):
    return {word.strip(".,;:!?\"'()").lower() for word in text.replace("-", " ").split()} - {""}


def _starts(tokens):
    """{first character: part} of a caption's tokens (rows of a tags table), its white space evened out."""
    parts = (part_of(upos, tag) for upos, tag in zip(tokens["upos"], tokens["tag"]))
    return dict(zip(starts(tokens["text"], tokens["whitespace"]), parts))


def _original_other(table, tags):
    own = tags[tags["caption_id"].isin(table["caption_id"])].sort_values(["caption_id", "i"], kind="stable")
    parts = {name: _starts(rows) for name, rows in own.groupby("caption_id", sort=False)}
    return [
        start >= 0 and parts.get(name, {}).get(start, part) != part
        for name, start, part in zip(table["caption_id"], table["start"], table["part"])
    ]


def _replacement_other(table, tagger, sample, seed):
    """Series by part: the share of (sampled) negatives whose new word the tagger calls another part."""
    changed = _sample(table[table["start"] >= 0], ["caption_id", "sentence"], sample, seed)
    tagged = tag([" ".join(text.split()) for text in changed["sentence"]], tagger)
    wrong = [_starts(rows).get(at) != part for rows, at, part in zip(tagged, changed["start"], changed["part"])]
    wrong = pd.Series(wrong, index=changed["part"].to_numpy(), dtype=float, name="replacement_other_part")
    return wrong.groupby(level=0).mean()
