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

from posrank import PARTS
from posrank.language.lexicon import blocked_words
from posrank.language.parts import fine_tag, part_of
from posrank.language.stopwords import content_words

MIN_COUNT = 2
MIN_TAG_SHARE = 0.2


class Vocabulary:
    """Pools of replacement words; `tagger` names the tagger that made the tags, `size` counts words by part.

    tags: tags table of the reference captions. lexicon: see posrank.language.lexicon; asked by `known` only.
    """

    def __init__(self, tags, lexicon):
        taggers = tags["tagger"].unique().tolist() if "tagger" in tags else ["unknown"]
        self.tagger = taggers[0] if len(taggers) == 1 else ", ".join(map(str, taggers))
        self.gold = self.tagger == "gold"
        uses, lower = _count(tags)
        blocked = blocked_words()
        pools, seen, forms = defaultdict(set), defaultdict(set), {}
        for word, by_label in uses.items():
            if not word.isalpha() or word in blocked:
                continue
            if not self.gold and (lower[word] < MIN_COUNT or len(word) < 2):
                continue
            major = self._majority(by_label)
            for label, by_tag in by_label.items():
                if label not in PARTS:
                    continue
                total = sum(by_tag.values())
                known = None
                for (tag, lemma), count in sorted(by_tag.items(), key=lambda item: (-item[1], item[0])):
                    if label == "verb" and lemma == "be":
                        continue
                    if count < MIN_COUNT and not self.gold:
                        continue
                    seen[label, tag].add(word)
                    key = label, tag, lemma
                    forms[key] = max(forms.get(key, (0, "")), (count, word))
                    if self.gold:
                        pools[label, tag].add(word)
                    elif label == major and count >= MIN_TAG_SHARE * total:
                        if known is None:
                            known = lexicon.known(lemma, label)
                        if known:
                            pools[label, tag].add(word)
        self._pools = {key: tuple(sorted(words)) for key, words in pools.items()}
        self._seen = {key: frozenset(words) for key, words in seen.items()}
        self._forms = {key: word for key, (_, word) in forms.items()}
        self._surface = _surface(tags)
        self.size = {
            part: len(set().union(*(words for (p, _), words in self._pools.items() if p == part))) for part in PARTS
        }

    @staticmethod
    def _majority(by_label):
        """The label with most uses; equal counts: the first in the order of PARTS, other labels last."""
        order = {part: n for n, part in enumerate(PARTS)}
        totals = {label: sum(by_tag.values()) for label, by_tag in by_label.items()}
        return min(totals, key=lambda label: (-totals[label], order.get(label, len(order)), label))

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
    counts = tags.groupby(columns, sort=True, observed=True).size()
    for (text, lemma, upos, tag), count in counts.items():
        word = text.lower()
        part = part_of(upos, tag)
        label = part or f"{upos} {tag}"
        uses[word][label][fine_tag(part, tag), lemma.lower()] += count
        if word == text:
            lower[word] += count
    # the same word and tag with two lemmas ("lay", "lie"): one entry, the lemma used most
    for by_label in uses.values():
        for label, by_tag in by_label.items():
            best, total = {}, Counter()
            for (tag, lemma), count in sorted(by_tag.items()):
                total[tag] += count
                if tag not in best or count > best[tag][1]:
                    best[tag] = (lemma, count)
            by_label[label] = Counter({(tag, best[tag][0]): total[tag] for tag in best})
    return uses, lower
