"""Which statements are put together: groups that share a frame, each video in one group at most, as many videos as
possible.

In: candidates, and a function that says whether a statement may hold of another video as well. Out: groups.
"""

from collections import Counter, defaultdict
from typing import NamedTuple

from posrank.negatives.statements import Frame

LARGEST = 6
"""Statements in a group at most."""


class Candidate(NamedTuple):
    """A statement that may join a group. order: a hash that decides between equally good ones."""

    video: str
    order: str
    caption_id: str
    frame: Frame


def group_videos(candidates, may_hold, part, largest=LARGEST):
    """Groups of candidates that share a frame: a list of lists of rows, every video in at most one.

    candidates: list of Candidate. Pairs are made for the videos with the fewest partners first, then the others join
    the groups of their frames, then groups of a frame are joined: as many videos as possible come first, large groups
    second.
    """
    by_key, by_video = defaultdict(list), defaultdict(list)
    for row in sorted(candidates, key=lambda row: row.order):
        by_key[row.frame.key].append(row)
        by_video[row.video].append(row)
    words = Counter((row.frame.key, row.frame.word) for row in candidates)
    rank = {
        video: (sum(len(by_key[row.frame.key]) - words[row.frame.key, row.frame.word] for row in rows), rows[0].order)
        for video, rows in by_video.items()
    }
    for rows in by_key.values():
        rows.sort(key=lambda row: rank[row.video])

    def apart(a, b):
        one, two = a.frame, b.frame
        own, other = (one.word, one.lemma), (two.word, two.lemma)
        return a.video != b.video and one.word != two.word and not (
            may_hold(part, own, other, a.video, one.anchor) or may_hold(part, other, own, b.video, two.anchor)
        )

    groups, used = defaultdict(list), set()
    for video in sorted(by_video, key=rank.get):
        for row in sorted(by_video[video] if video not in used else (), key=lambda row: len(by_key[row.frame.key])):
            others = (o for o in by_key[row.frame.key] if o.video not in used and apart(row, o))
            if other := next(others, None):
                groups[row.frame.key].append([row, other])
                used |= {video, other.video}
                break
    for video in sorted(by_video, key=rank.get):
        for row in by_video[video] if video not in used else ():
            homes = (g for g in groups[row.frame.key] if len(g) < largest and all(apart(row, o) for o in g))
            if home := next(homes, None):
                home.append(row)
                used.add(video)
                break
    for found in groups.values():
        for first in range(len(found)):
            for later in range(len(found) - 1, first, -1):
                small = len(found[first]) + len(found[later]) <= largest
                if small and all(apart(a, b) for a in found[first] for b in found[later]):
                    found[first] += found.pop(later)
    return [group for key in sorted(groups) for group in groups[key]]
