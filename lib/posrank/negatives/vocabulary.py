"""The dataset vocabulary that replacements come from (Section 4: "a word of the same part-of-speech from the dataset").

In: the tags of the reference captions (normally the training split) and a lexicon. Out: for every part and fine tag the
sorted words that may stand there. A word is in the pool of (part, tag) when

* it is written in lower case, has letters only (two or more) and is not on the block list;
* it was seen at least twice, and at least twice with that tag;
* the part is the one it mostly has, and the tag is not a rarity for it (a fifth of its uses in this part): this keeps
  the tagger's slips out;
* the lexicon knows its lemma in this part: this keeps misspellings out ("perfrom"). Prepositions are a closed list.

Gold tags need none of the last three, and a closed vocabulary must pass whole: there every word counts as tagged.
"""

from collections import Counter, defaultdict
from copy import copy

from posrank import PARTS
from posrank.language.lexicon import blocked_words
from posrank.language.parts import fine_tag, part_of
from posrank.language.stopwords import content_words

MIN_COUNT = 2
MIN_TAG_SHARE = 0.2


class Vocabulary:
    """Pools of replacement words; `tagger` names the tagger that made the tags, `size` counts words by part.

    tags: tags table of the reference captions; without caption_id, rows are kinds of tokens, and column n says how
    often each occurs. lexicon: see posrank.language.lexicon; asked by `known` only.
    """

    def __init__(self, tags, lexicon):
        taggers = tags["tagger"].unique().tolist() if "tagger" in tags else ["unknown"]
        self.tagger = taggers[0] if len(taggers) == 1 else ", ".join(map(str, taggers))
        self.gold = self.tagger == "gold"
        uses, lower = _count(tags)
        least, blocked = 1 if self.gold else MIN_COUNT, blocked_words()
        pools, seen, forms = defaultdict(set), defaultdict(set), {}
        for word, by_label in uses.items():
            too_rare = lower[word] < least or len(word) < 2
            if not word.isalpha() or word in blocked or (too_rare and not self.gold):
                continue
            major = _majority(by_label)
            for part in by_label.keys() & set(PARTS):
                by_tag = by_label[part]
                kept = sorted(by_tag.items(), key=lambda item: (-item[1], item[0]))
                kept = [use for use in kept if use[1] >= least and (part, use[0][1]) != ("verb", "be")]
                known = self.gold or (part == major and kept and lexicon.known(kept[0][0][1], part))
                rare = 0 if self.gold else MIN_TAG_SHARE * sum(by_tag.values())
                for (tag, lemma), count in kept:
                    seen[part, tag].add(word)
                    forms[part, tag, lemma] = max(forms.get((part, tag, lemma), (0, "")), (count, word))
                    if known and count >= rare:
                        pools[part, tag].add(word)
        self._pools = {key: tuple(sorted(words)) for key, words in pools.items()}
        self._seen = {key: frozenset(words) for key, words in seen.items()}
        self._forms = {key: word for key, (_, word) in forms.items()}
        self._surface = _surface(tags)
        self.size = {part: len({w for (p, _), words in pools.items() if p == part for w in words}) for part in PARTS}

    def without(self, unwanted):
        """The same without the words for which `unwanted(word, part)` is true; `size` stays."""
        other, surface = copy(self), self._surface
        other._pools = {key: tuple(w for w in words if not unwanted(w, key[0])) for key, words in self._pools.items()}
        other._seen = {key: frozenset(w for w in words if not unwanted(w, key[0])) for key, words in self._seen.items()}
        other._forms = {key: word for key, word in self._forms.items() if not unwanted(word, key[0])}
        other._surface = {part: tuple(w for w in words if not unwanted(w, part)) for part, words in surface.items()}
        return other

    def pool(self, part, tag):
        """The words that a random replacement of this part and fine tag is drawn from, sorted; () if there are none."""
        return self._pools.get((part, tag), ())

    def surface(self, part):
        """All words with the part's universal tag as they are written, stop words and words with symbols left out,
        sorted: the authors' dictionaries, typos and slips of the tagger included (rule `released`)."""
        return self._surface[part]

    def form(self, lemma, part, tag):
        """The word seen with this lemma, part and tag (the most frequent one), or None."""
        return self._forms.get((part, tag, lemma))

    def seen(self, part, tag):
        """The words seen with this part and tag at all: an antonym must be among them (WordNet says its part)."""
        return self._seen.get((part, tag), frozenset())


def _majority(by_label):
    """The label with most uses; equal counts: the first in the order of PARTS, other labels last."""
    order = {part: n for n, part in enumerate(PARTS)}
    return min(by_label, key=lambda label: (-sum(by_label[label].values()), order.get(label, len(order)), label))


def _surface(tags):
    distinct = tags[["text", "upos"]].drop_duplicates()
    return {
        part: tuple(sorted(word for word in set(distinct.loc[content_words(distinct, part), "text"]) if word.isalnum()))
        for part in PARTS
    }


def _count(tags):
    """-> {lower-case word: {part or other label: Counter of (fine tag, lemma)}}, {word: uses written in lower case}."""
    uses, lower = defaultdict(lambda: defaultdict(Counter)), Counter()
    columns = ["text", "lemma", "upos", "tag"]
    rows = tags.groupby(columns, sort=True, observed=True)
    counts = rows.size() if "caption_id" in tags or "n" not in tags else rows["n"].sum()
    for (text, lemma, upos, tag), count in counts.items():
        word = text.lower()
        part = part_of(upos, tag)
        label = part or f"{upos} {tag}"
        uses[word][label][fine_tag(part, tag), lemma.lower()] += count
        if word == text:
            lower[word] += count
    # the same word and tag with two lemmas ("lay", "lie"): one entry, the lemma used most, the first of equal ones
    for by_label in uses.values():
        for label, by_tag in by_label.items():
            best, total = {}, Counter()
            for (tag, lemma), count in sorted(by_tag.items(), key=lambda item: (-item[1], item[0])):
                best.setdefault(tag, lemma)
                total[tag] += count
            by_label[label] = Counter({(tag, best[tag]): total[tag] for tag in sorted(best)})
    return uses, lower
