"""Training lists of rule `exchange`: statements of other training videos, so that words alone teach the text tower
nothing.

In: training captions and their tags with heads. Out: for a batch's captions, lists of statements: each video's own
statement and the other statements of its group. Statements are cut once; groups are put together anew in every epoch.
Within an epoch each statement of a group is the true one as often as every other and a false one equally often, so no
word is told by being true. (The captions that fill no whole batch at an epoch's end are the exception: a batch's loss
is computed without them.)
"""

from collections import Counter
from functools import lru_cache

import numpy as np
import pandas as pd

from posrank import PARTS
from posrank.negatives.exchange_groups import Statements, place_of
from posrank.negatives.held_out_words import held_out
from posrank.negatives.rules import check_parts

KNOWN = ("caption_id", "caption", "unit", "word", "position", "part", "group")
"""What posrank.negatives.known_groups says of a statement."""


class TrainingGroups:
    """Lists of statements of training captions, by caption id and epoch.

    captions, tags, seed, parts, lexicon, tagger: as in posrank.negatives.exchange. n: false statements in a list at
    most; of a larger group each video gets the next `n` in a ring, so that all are used alike. A video with more
    captions than another one of its group is asked as often as that one. holdout: share of each part's words whose
    statements are left out (posrank.negatives.held_out_words). ``.attrs`` describes the settings and counts videos that
    stand in a group of the first epoch, by part.
    """

    def __init__(self, captions, tags=None, *, n=16, seed=0, parts=PARTS, lexicon="builtin", tagger=None, holdout=0.0):
        self.n, self.seed, self.parts = int(n), seed, check_parts(parts)
        self._holdout = holdout
        captions = captions.sort_values("caption_id")  # of equal statements of a video the first one counts
        self._statements = Statements(captions, self.parts, tags, lexicon=lexicon, tagger=tagger, again=True)
        order = captions.sort_values(["video_id", "caption_id"])
        self._video = dict(zip(captions["caption_id"], captions["video_id"]))
        self._number = dict(zip(order["caption_id"], order.groupby("video_id").cumcount()))
        self._captions = Counter(captions["video_id"])
        self._brought = pd.DataFrame(self._statements.known, columns=KNOWN)
        self._lists = lru_cache(maxsize=2)(self._draw)
        found = self._lists(0)
        self.attrs = {
            "rule": "exchange", "level": "word", "n": self.n, "seed": seed, "parts": list(self.parts),
            **({"holdout": holdout} if holdout else {}), **self._statements.attrs,
            "videos": {part: sum(part in lists for lists in found.values()) for part in self.parts},
        }  # fmt: skip
        if not found:
            raise ValueError("no two training videos have statements that differ in one word, so rule exchange has "
                             "nothing to train on: give more captions, or set train.rule to paper")

    def __contains__(self, caption_id):
        return caption_id in self._video

    def lists(self, caption_ids, epoch):
        """The lists of a batch: (true statements, the row of each in `caption_ids`, false statements, the list of
        each); rows and lists are int64. A caption brings a list for each part, none where its video stands in no
        group."""
        found, true, rows, false, owner = self._lists(epoch), [], [], [], []
        for row, caption_id in enumerate(caption_ids):
            lists = found.get(self._video[caption_id], {})
            for own, others, times in lists.values():
                if self._number[caption_id] < times:
                    owner += [len(true)] * len(others)
                    true.append(own)
                    rows.append(row)
                    false += others
        return true, np.array(rows, np.int64), false, np.array(owner, np.int64)

    def _draw(self, epoch):
        """{video: {part: (own statement, the others, how many captions of the video bring this list)}} of an epoch."""
        found = {}
        for part in self.parts:
            for group in self._groups(part, f"{self.seed} {epoch}"):
                texts, videos = [text for _, text in group], [video for video, _ in group]
                times = min(self._captions[video] for video in videos)
                for i, video in enumerate(videos):
                    ring = texts[i + 1 :] + texts[:i]
                    found.setdefault(video, {})[part] = (texts[i], ring[: self.n], times)
        return found

    def _groups(self, part, key):
        """[[(video, statement), ...], ...] of a part: groups that the dataset brings along, then those of other videos.
        A video stands in one group; which of several that is, `key` decides."""
        groups, used = [], set()
        brought = self._brought[self._brought["part"] == part]
        for _, rows in sorted(brought.groupby("group"), key=lambda item: place_of(key, item[0])):
            kept = rows[[self._kept(word, part) for word in rows["word"]]]
            own = [(self._video[name], text) for name, text in zip(kept["caption_id"], kept["caption"])]
            own = [(video, text) for video, text in own if video not in used]
            if len(own) > 1:
                groups.append(own)
                used |= {video for video, _ in own}

        def free(row):
            return self._video[row.caption_id] not in used and self._kept(row.frame.word, part)

        for rows in self._statements.groups(part, key, free)[0]:
            groups.append([(self._video[row.caption_id], row.frame.text) for row in rows])
        return groups

    def _kept(self, word, part):
        return not self._holdout or not held_out(word, part, self._holdout)
