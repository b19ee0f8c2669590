"""What may be true of a video although it was not said there with these words: the filters of rule `exchange`.

In: the tags of all captions, and which video each describes. Out: for a word, its place in a statement and a video,
whether the statement with another word might be true of that video as well. It might where that word

* was said of the video in any caption, or shares a sense with a word that was, or stands below or above one;
* is related in sense to the word that it would replace, or often describes the same videos;
* is no opposite and of no excluding kind (adjectives, adverbs, prepositions: data/exchange_words.txt), and the
  captions of the video hold no evidence against it ("outside" of what they call a kitchen).
"""

from collections import defaultdict
from functools import cache

from posrank.language.inflect import inflect
from posrank.language.parts import parts_of
from posrank.negatives.acts import Acts, misspelt
from posrank.negatives.scene import SILENT, Scene
from posrank.negatives.sentences import taggers_of
from posrank.negatives.word_lists import exchange_words, words_of

UP, DOWN, KIND = 3, 2, 2
"""Steps above and below a word that count as related in sense; nouns of one kind share a word so many steps above."""
SHARE, LIFT, MIN_VIDEOS = 0.04, 2.0, 3
"""Two words go together where that share of one's videos has the other too, that often more than by chance, in so
many videos."""
AGAINST, AGREED = 8, 2
"""One caption in so many must speak against a word; so many captions of many must say an adjective."""
SINGULAR = 0.2
"""A plural tells of several things where the singular is said in so large a share as the plural: not of trousers."""
_HEAD_PARTS = {"adj": "noun", "adv": "verb", "prep": "noun"}
_FORMS = {"noun": ("NNS",), "verb": ("VBZ", "VBG", "VBD", "VBN")}


class MayHold:
    """`may_hold(part, own, other, video)`; own and other are (word, lemma) pairs in lower case.

    tags: tags table; video_of: {caption_id: video}; lexicon: see posrank.language.lexicon.
    """

    def __init__(self, tags, video_of, lexicon):
        self.lexicon, self.gold = lexicon, taggers_of(tags) == ["gold"]  # gold tags: every word is exact
        lower = {name: tags[name].str.lower() for name in ("text", "lemma")}
        table = tags[["caption_id"]].assign(
            video=tags["caption_id"].map(video_of), word=lower["text"], lemma=lower["lemma"], part=parts_of(tags)
        ).dropna(subset=["video"])  # fmt: skip
        self.said, self._videos_of = defaultdict(set), defaultdict(set)
        for video, word, lemma in table[["video", "word", "lemma"]].drop_duplicates().itertuples(index=False):
            self.said[video].update((word, lemma))
        for video, lemma, part in table[["video", "lemma", "part"]].dropna().drop_duplicates().itertuples(index=False):
            self._videos_of[part, lemma].add(video)
        self._videos = max(table.dropna()["video"].nunique(), 1)
        self._relations = self._prepositions(tags, video_of)
        usual = table.assign(part=table["part"].fillna("")).value_counts(["word", "part"])
        self._uses = defaultdict(dict)
        for (word, part), count in usual.items():
            self._uses[word][part] = count
        self._share = (usual / usual.groupby(level="word").transform("sum")).to_dict()
        self._frequency = table[["video", "word"]].drop_duplicates()["word"].value_counts().to_dict()
        spoken = table[["video", "caption_id", "word"]].drop_duplicates()
        self._told = spoken.value_counts(["video", "word"]).to_dict()
        self._captions = spoken.groupby("video")["caption_id"].nunique().to_dict()
        self._evidence = {
            (kind, word): spoken[spoken["word"].isin(words)].groupby("video")["caption_id"].nunique().to_dict()
            for kind in ("against", "needs")
            for word, words in exchange_words()[kind]["adv"].items()
        }
        self.implied, self.apart, self.related = cache(self._implied), cache(self._apart), cache(self._related)
        self.above = cache(lambda lemma, part: self._steps(lemma, part, lexicon.hypernyms, UP))
        self.below = cache(lambda lemma, part: self._steps(lemma, part, lexicon.hyponyms, DOWN))
        self.up = cache(lambda lemma: {lemma, *lexicon.above(lemma, "noun")})
        self.scene, self.acts = Scene(tags, video_of, self.up), Acts(tags, video_of, lexicon)
        self.one_act, self.one_kind = cache(self.acts.one_act), cache(self._one_kind)

    def __call__(self, part, own, other, video, anchor=""):
        """Whether the statement with `other` in the place of `own` may be true of `video`. anchor: lemma that the
        word belongs to."""
        if own[1] == other[1]:
            return True
        if part == "prep":
            said = (other[0], anchor) in self._relations[video]
        else:
            said = not self.said[video].isdisjoint(other)
        if said or (part == "adv" and self.denied(other[0], video)):
            return said
        if self._open_to_others(part, own, other, anchor, video):
            return True
        return not self.apart(part, own, other) or self._said_related(part, own[1], other[1], video)

    def _open_to_others(self, part, own, other, anchor, video):
        """Whether others are there of whom the statement may be true, though no caption says so."""
        if self.gold:
            return False
        if part in ("adv", "prep"):
            return not self.scene.alone(video) and (part == "adv" or other[0] in words_of("several"))
        if part == "adj" and (anchor in words_of("many") or self._several_said(anchor, video)):
            return True
        if part == "verb" and self._any_does(other[1], video):
            return True
        if part == "noun" and anchor in words_of("several"):
            return anchor in words_of("close") or not self.one_kind(own[1], other[1], KIND)
        if part == "adj" and self.scene.person(anchor) and other[0] in _colours() - words_of("skin"):
            return True
        sizes = part == "adj" and other[0] in exchange_words()["opposed"]["adj"]
        if sizes and self._captions[video] < SILENT:
            return True
        if part == "adj" and anchor in words_of("worn") and not self.said[video].isdisjoint(words_of("laundry")):
            return True
        if self.said[video].isdisjoint(words_of("others")):
            return False
        if part == "adj":
            return sizes or anchor in words_of("worn") or self._captions[video] < SILENT
        return other[1] in exchange_words()["opposed"][part] and part in ("noun", "verb")

    def denied(self, adverb, video):
        """Whether captions of the video speak against an adverb, or many say nothing that it needs."""
        against, needs = self._evidence.get(("against", adverb), {}), self._evidence.get(("needs", adverb))
        captions = self._captions[video]
        several = max(1, captions // AGAINST)
        if against.get(video, 0) >= several:
            return True
        return needs is not None and captions >= SILENT and not needs.get(video, 0)

    def reliable(self, part, word, lemma, video):
        """Whether the word is known, mostly of this part (taggers and writers err), and not denied by other captions:
        where there are many, several must say an adjective."""
        if part == "adv" and self.denied(word, video):
            return False
        doubtful = self._captions[video] >= SILENT and self._told.get((video, word), 0) < AGREED
        if part == "adj" and doubtful and not self.gold:
            return False
        cut = part == "verb" and self.acts.cut_short(lemma)
        if not self.gold and (cut or misspelt(word, self._frequency, part == "verb")):
            return False
        known = part in ("prep", "adv") or self.lexicon.known(lemma, part)
        common = self._frequency.get(word, 0) >= min(3, 1 + self._videos // 500)
        return known and common and self._share.get((word, part), 0) >= 0.4

    def usual(self, frame, video):
        """Whether the word that a frame's word belongs to is mostly of the part that the tagger gave it here, and
        enough is said of the video to know of whom else the statement holds."""
        if not self.gold and (frame.loose == "act" or (frame.loose and self._captions[video] < SILENT)):
            return False
        part, head = _HEAD_PARTS.get(frame.part), frame.anchor
        if part is None:
            return True
        forms = {head, *(inflect(head, tag) for tag in _FORMS[part])} if head.isalpha() else {head}
        seen = [self._uses[form] for form in sorted(forms) if form in self._uses]
        total = sum(sum(uses.values()) for uses in seen)
        return not total or sum(uses.get(part, 0) for uses in seen) >= 0.4 * total

    def _apart(self, part, own, other):
        """Whether the two words exclude each other, whatever the video."""
        lists = exchange_words()
        opposed, together = lists["opposed"][part], lists["near"][part].get(own[0], ())
        if part in ("adv", "prep") and other[0] in together and not self.gold:
            return False
        if other[0] in opposed.get(own[0], ()) or other[1] in opposed.get(own[1], ()):
            return True
        if part in ("adv", "prep"):
            return False
        if part == "adj":
            near = () if self.gold else lists["near"]["adj"].get(own[0], ())
            return other[0] in lists["kind"]["adj"].get(own[0], ()) and other[0] not in near
        if own[1] in opposed or other[1] in opposed:
            return False
        if part == "noun" and {"person", "people"} & (self.up(own[1]) | self.up(other[1])):
            return False
        near = () if self.gold and part == "noun" else lists["near"][part].get(own[1], ())
        if other[1] in near or self.related(own[1], other[1], part):
            return False
        if part == "noun" and not self.gold and self.one_kind(own[1], other[1], 1):  # a mule looks like a horse
            return False
        if part == "verb" and not self.gold and self._beside(own[1], other[1]):
            return False
        return not self.go_together(own[1], other[1], part)

    def _one_kind(self, a, b, steps):
        """Whether two nouns share a word so many steps above: who sits in a restaurant may sit in a chair."""
        one, two = (self._steps(lemma, "noun", self.lexicon.hypernyms, steps) for lemma in (a, b))
        return not one.isdisjoint(two)

    def _beside(self, a, b):
        """Whether two verbs may tell one act, or one tells how somebody stands or moves and the other what they do."""
        return self.one_act(a, b) or (a in words_of("posture")) != (b in words_of("posture"))

    def _any_does(self, verb, video):
        """Whether a verb tells how one stands or moves, or what anybody does, and somebody may be there who does."""
        upright = verb == "stand" and not self.said[video].isdisjoint(words_of("upright"))
        if verb in words_of("anybody") or upright:
            return not self.scene.alone(video)
        return verb in words_of("posture") and self.scene.open_posture(video)

    def _several_said(self, noun, video):
        """Whether captions speak of several of a thing ("cars"; "jeans" may be one)."""
        several = inflect(noun, "NNS") if noun.isalpha() else noun
        countable = self._frequency.get(noun, 0) >= SINGULAR * self._frequency.get(several, 0)
        return several != noun and several in self.said[video] and countable

    @staticmethod
    def _prepositions(tags, video_of):
        """{video: {(preposition, lemma of its object)}} that were said there."""
        objects = tags.loc[tags["dep"] == "pobj", ["caption_id", "head", "lemma"]]
        words = tags[["caption_id", "i", "text"]].rename(columns={"i": "head"})
        both = objects.merge(words, on=["caption_id", "head"])
        found = defaultdict(set)
        for caption_id, word, lemma in both[["caption_id", "text", "lemma"]].itertuples(index=False):
            found[video_of.get(caption_id)].add((word.lower(), lemma.lower()))
        return found

    def _said_related(self, part, own, other, video):
        """Whether a word said of the video implies `other` (its synonym, or below it), often holds with it (`near`), or
        leaves it open (a noun above it)."""
        if part not in ("noun", "verb", "adj"):
            return False
        told = () if self.gold or part == "adj" or self._captions[video] >= SILENT else self.said[video] - {own}
        if other in self.implied(video, part) or not exchange_words()["near"][part].get(other, set()).isdisjoint(told):
            return True
        return part == "noun" and not self.said[video].isdisjoint(self.up(other) - self.up(own) - {own, other})

    def _implied(self, video, part):
        relations = self.lexicon.first_synonyms, self.lexicon.above
        return {name for word in self.said[video] for relation in relations for name in relation(word, part)}

    def _related(self, a, b, part):
        if b == a or b in self.lexicon.synonyms(a, part):
            return True
        return b in self.above(a, part) | self.below(a, part) or a in self.above(b, part) | self.below(b, part)

    def _steps(self, lemma, part, relation, steps):
        found, edge = set(), {lemma}
        for _ in range(steps):
            edge = {other for word in edge for other in relation(word, part)[:30]} - found
            found |= edge
        return frozenset(found)

    def go_together(self, a, b, part):
        """Whether two lemmas describe the same videos more often than chance has it."""
        one, two = self._videos_of.get((part, a), set()), self._videos_of.get((part, b), set())
        both = len(one & two)
        least = max(MIN_VIDEOS, SHARE * min(len(one), len(two)), LIFT * len(one) * len(two) / self._videos)
        return both >= least


@cache
def _colours():
    return frozenset(exchange_words()["kind"]["adj"].get("red", ())) | {"red"}
