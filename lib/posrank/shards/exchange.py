"""Rule exchange over many shards: statements shuffled by the words that they share, then put together.

A statement with one word left out is a key (posrank.negatives.statements). Each shard deals its statements to buckets
by a hash of the key; a bucket then holds every statement of its keys, whatever shard it came from, and keeps those with
another word and another video. These are candidates: what may hold of both videos is filtered, and each video given one
group, by posrank.negatives.exchange on the captions of the videos that are left.
"""

from hashlib import blake2b

import pandas as pd

from posrank import PARTS
from posrank.negatives.sentences import TaggedCaptions
from posrank.negatives.statements import frames

COLUMNS = ("part", "key", "word", "video_id", "caption_id", "statement")


def statements(captions, tags, parts=PARTS):
    """DataFrame of COLUMNS: each statement with a word of `parts` left out; key: 16 hexadecimal digits. Of equal
    statements of a video the first caption's stays. ValueError for tags without heads."""
    tagged, rows = TaggedCaptions(tags, True), []
    for caption_id, video in zip(captions["caption_id"], captions["video_id"]):
        for frame in frames(tagged[caption_id], parts) if caption_id in tagged else ():
            key = blake2b(repr(frame.key).encode(), digest_size=8).hexdigest()
            rows.append((frame.part, key, frame.word, video, caption_id, frame.text))
    table = pd.DataFrame(rows, columns=[*COLUMNS], dtype="str")
    return table.sort_values([*COLUMNS]).drop_duplicates(["part", "key", "word", "video_id"], ignore_index=True)


def deal(table, buckets):
    """{number of a bucket: the statements whose key belongs there}."""
    bucket = table["key"].map(lambda key: int(key, 16) % buckets)
    return dict(iter(table.groupby(bucket, sort=True)))


def groups(table):
    """Of all statements of some keys those with a partner: a key with two words or more, of two videos or more."""
    keys = ["part", "key"]
    by_key = table.groupby(keys)
    partners = (by_key["word"].transform("nunique") > 1) & (by_key["video_id"].transform("nunique") > 1)
    return table[partners].sort_values([*COLUMNS], ignore_index=True)
