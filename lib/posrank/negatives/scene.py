"""Who else is in a video, as far as its captions tell: rule `exchange` asks of whom else a statement may be true.

In: the tags of all captions, and which video each describes. Out: for a video, whether its captions speak of one
person or animal alone, and whether they tell of all of them how they stand or move.
"""

from collections import defaultdict
from functools import cache

from posrank.negatives.word_lists import genders, words_of

SILENT = 10
"""With so many captions, what none of them says is hardly there. With fewer, each may be of somebody else."""


class Scene:
    """tags: tags table; video_of: {caption_id: video}; up: {lemma} of all nouns above a noun, itself included."""

    def __init__(self, tags, video_of, up):
        self._up = cache(up)
        words = tags[["caption_id"]].assign(video=tags["caption_id"].map(video_of), word=tags["text"].str.lower(),
                                            lemma=tags["lemma"].str.lower(), tag=tags["tag"], upos=tags["upos"])
        words = words.dropna(subset=["video"])
        self._captions = words.drop_duplicates(["video", "caption_id"])["video"].value_counts().to_dict()
        posed = words[words["lemma"].isin(words_of("posture"))].drop_duplicates(["video", "caption_id"])
        self._posed = posed["video"].value_counts().to_dict()
        self._kinds, self._crowds = defaultdict(set), set(words.loc[words["word"].isin(words_of("others")), "video"])
        nouns = words.loc[words["upos"].isin(("NOUN", "PRON")), ["video", "word", "lemma", "tag"]].drop_duplicates()
        for video, word, lemma, tag in nouns.itertuples(index=False):
            kind = self._kind(word, lemma)
            self._kinds[video].add(kind)
            if kind and tag == "NNS":
                self._crowds.add(video)

    def alone(self, video):
        """Whether one person or animal is there and nobody else, by all that captions tell."""
        kinds = self._kinds[video] - {""}
        mixed = ("animal" in kinds and len(kinds) > 1) or {"male", "female"} <= kinds
        few = 1 < self._captions.get(video, 0) < SILENT
        return not (video in self._crowds or mixed or few)

    def open_posture(self, video):
        """Whether somebody may be there of whom no caption tells how they stand or move."""
        captions = self._captions.get(video, 0)
        if captions < SILENT and self._posed.get(video, 0) == captions and video not in self._crowds:
            return False
        return not self.alone(video)

    def person(self, lemma):
        """Whether a noun names a person."""
        return self._kind(lemma, lemma) not in ("", "animal")

    def _kind(self, word, lemma):
        gender = genders()["noun"].get(word) or genders()["pronoun"].get(word)
        if gender:
            return gender
        above = self._up(lemma)
        return next((kind for kind in ("person", "animal") if kind in above), "")
