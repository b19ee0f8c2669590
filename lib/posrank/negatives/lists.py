"""`generate`: from captions to the table of negatives (Section 4 at level word, Section 6.3 at level phrase).

In: a captions table. Out: the negatives table of posrank.tables, one row per negative sentence, with the word that was
drawn, what took its place and where that came from. How a list is drawn: posrank.negatives.draw; what may replace what:
the rule's own file.
"""

import warnings
from collections import Counter
from itertools import pairwise

from posrank import PARTS
from posrank.negatives.corpus import gather, ids_in_splits, shown
from posrank.negatives.draw import item_random, phrases, words
from posrank.negatives.rules import LEVELS, RULES, check_choice, check_parts, counts_by_part, make_rule
from posrank.negatives.sentences import Joint, normal
from posrank.negatives.table import Rows
from posrank.negatives.word_lists import genders

NO_TEXT, NO_WORD, NO_NEIGHBOUR = "no text", "no word of this part", "no neighbour to change along"


def generate(
    captions, rule="paper", level="word", k=20, seed=0, parts=PARTS, tags=None, reference=None, splits=None,
    lexicon="builtin", tagger=None, progress=True,
):
    """The negatives table of `captions`: up to `k` distinct sentences per caption and part.

    captions: captions table of one dataset, all splits (needed: caption_id, video_id, caption; split for `splits` and
        for the default of `reference`).
    rule: "paper" (Section 4 as written) or "released" (the authors' procedure, see posrank.negatives.released).
    level: "word" or "phrase" (Section 6.3, two words; `part` is that of the first).
    k: negatives per caption, one number or one per part (mapping, or sequence in the order of PARTS).
    seed: any integer or text; the draw depends on it, the caption's id and the part only, so neither the order of the
        rows nor which other captions are there matters (except other captions of the same video, see below).
    parts: the parts of speech to make lists for.
    tags: tags table that covers `captions`; None = made by `tagger` (None = en_core_web_sm).
    reference: what the vocabulary comes from: captions, or their tags; None = the training split of `captions`, or all
        of them where there is none, with a UserWarning (``.attrs["reference"]`` says which).
    splits: whose captions get lists, a name or several; the other rows are reference only. None = all rows. The
        pipeline's sets are ``generate(table, splits=params.negatives.splits, tags=tags)``.
    lexicon: "builtin" or "nltk", see posrank.language.lexicon.

    Lists are shorter than `k` where fewer sentences exist: every one of them is in the list then. No negative equals
    its caption, another negative of the list, or another caption of the same video (case and white space aside; rule
    "released" keeps those that differ in case, and captions of the same video, as its source does).
    Captions without a list are absent. ``.attrs``: rule, level, k, seed, parts, tagger, lexicon, reference, vocabulary
    (words by part); dropped ({part: {reason: captions}}), short ({part: {length: captions}} of lists below k),
    same_video ({part: negatives left out because they are another caption of the video}), gender_breaks ({part:
    negatives in which a changed gender contradicts a later pronoun}).

    ValueError names the argument, row or caption at fault.

    >>> import pandas as pd
    >>> words = [("a", "DET", "DT"), ("red", "ADJ", "JJ"), ("or", "CCONJ", "CC"), ("blue", "ADJ", "JJ"),
    ...          ("box", "NOUN", "NN")]
    >>> tags = pd.DataFrame([("c", i, w, " ", w, u, t, "gold") for i, (w, u, t) in enumerate(words)],
    ...                     columns=["caption_id", "i", "text", "whitespace", "lemma", "upos", "tag", "tagger"])
    >>> captions = pd.DataFrame({"caption_id": ["c"], "video_id": ["v"], "caption": ["a red or blue box"],
    ...                          "split": ["train"]})
    >>> table = generate(captions, tags=tags, progress=False)
    >>> sorted(table["sentence"]), table.attrs["short"]["adj"]
    (['a blue or blue box', 'a red or red box'], {2: 1})
    """
    level, parts = check_choice("level", level, LEVELS), check_parts(parts)
    check_choice("rule", rule, RULES)
    counts = counts_by_part(k, parts)
    corpus = gather(captions, tags, reference, lexicon, tagger)
    wanted = ids_in_splits(captions, splits)
    if reference is None and not ("split" in captions and (captions["split"] == "train").any()):
        warnings.warn(
            f"replacement words come from {corpus.attrs['reference']}, those that get negatives among them: pass the "
            "table with its training split and name in `splits` whose captions get lists, or give `reference`",
            stacklevel=2,
        )
    chooser = make_rule(rule, corpus.vocabulary, corpus.lexicon)
    rows, gender_breaks, same_video = Rows(level), Counter(), Counter()
    dropped, short = {part: Counter() for part in parts}, {part: Counter() for part in parts}
    for caption_id in shown(wanted, progress, f"negatives ({rule}, {level})"):
        if not corpus.captions[caption_id].strip():
            for part in parts:
                dropped[part][NO_TEXT] += 1
            continue
        tokens, others = corpus.tokens(caption_id), corpus.others(caption_id)
        slots, stays, clashes = chooser.slots(tokens, others)
        joined = joints(tokens, slots) if level == "phrase" else None
        same_video.update(clashes)
        present = {slot.part for slot, _ in slots}
        for part in parts:
            if part not in present:
                dropped[part][stays.get(part, NO_WORD)] += 1
                continue
            rng = item_random(seed, caption_id, part)
            if level == "word":
                drawn = one_word([item for item in slots if item[0].part == part], counts[part], rng)
            else:
                drawn = two_words(slots, joined, counts[part], rng, (part,), others, same_video)
            if not drawn:
                dropped[part][NO_NEIGHBOUR] += 1
                continue
            rows.add(caption_id, part, drawn)
            if len(drawn) < counts[part]:
                short[part][len(drawn)] += 1
            gender_breaks[part] += sum(
                any(breaks_pronoun(tokens, slot, word) for slot, word, _ in changes) for _, changes in drawn
            )
    return rows.table(rule, {
        "rule": rule, "level": level, "k": counts, "seed": seed, "parts": list(parts), **corpus.attrs,
        "vocabulary": dict(chooser.vocabulary_size),
        "dropped": {part: dict(sorted(dropped[part].items())) for part in parts},
        "short": {part: dict(sorted(short[part].items())) for part in parts},
        "same_video": {part: same_video[part] for part in parts},
        "gender_breaks": {part: gender_breaks[part] for part in parts},
    })  # fmt: skip


def breaks_pronoun(tokens, slot, word):
    """Whether `word` in place of `slot` is of the other gender while a later pronoun has the old one.

    "a man brushes his hair" -> "a woman brushes his hair" can be told from the caption without the video.
    """
    nouns, pronouns = genders()["noun"], genders()["pronoun"]
    old = nouns.get(slot.text.lower())
    if old is None or nouns.get(word, old) == old:
        return False
    return any(pronouns.get(text.lower()) == old for text in tokens.text[slot.position + 1 :])


def one_word(slots, k, rng, prefer=1.0):
    """Word level: up to `k` of (sentence, ((slot, word, source),))."""
    return [(slot.render(word), ((slot, word, source),)) for slot, word, source in words(slots, k, rng, prefer)]


def joints(tokens, slots):
    """For level phrase: the joint of each slot with the next one."""
    return [Joint(tokens, low, high) for (low, _), (high, _) in pairwise(slots)]


def two_words(slots, joined, k, rng, parts, others=(), clashes=None, prefer=1.0):
    """Phrase level: up to `k` of (sentence, ((slot, word, source), (slot, word, source))), drawn word, neighbour.

    joined: `joints` of the caption; others: sentences in normal form that no negative may equal; clashes counts those.
    """
    at = {slot.position: n for n, (slot, _) in enumerate(slots)}
    drawn = []
    for changes in phrases(slots, rng, parts, prefer):
        low, high = changes if changes[0][0].position < changes[1][0].position else changes[::-1]
        sentence = joined[at[low[0].position]].render(low[1], high[1])
        if others and normal(sentence) in others:
            if clashes is not None:
                clashes[changes[0][0].part] += 1
            continue
        drawn.append((sentence, changes))
        if len(drawn) == k:
            break
    return drawn
