"""A frozen set on the machine that has the captions: every caption is checked, the tables are made again.

In: a release and a captions table. Out: captions (for rule exchange the statements) and negatives, as the functions
that made them once returned them. Captions that are missing or changed are left out, counted and named, never
replaced; a group of rule exchange that lacks one is left out as a whole, since chance is exact for whole groups alone.
"""

import pandas as pd

from posrank.negatives.exchange_groups import lists_of
from posrank.release import edits, groups
from posrank.release.folder import read, table_digest
from posrank.release.spans import fingerprint


def build(release, captions):
    """(captions, negatives) of a release: its sets with the sentences that `captions` give.

    release   a `Release`, its folder or name
    captions  captions table of the release's dataset, as posrank.captions.load returns it (further rows are ignored)

    captions: the rows that have lists, in their order; for rule exchange the statements instead, a captions table.
    negatives: their negatives table. ``posrank.evaluate(scorer, negatives, captions)`` ranks them. ``.attrs`` of both
    are those of the original table, and: release (its name), unmatched ({caption_id: why it was left out: "missing",
    "changed", "of another video"}), lists and lists_left_out (how many), errata (lists with a known fault).

    ValueError where no caption matches, and where all captions match and yet the digest of the tables differs from the
    release's.

    >>> import tempfile
    >>> from posrank.release import write
    >>> captions = pd.DataFrame({"dataset": "csv", "split": "test", "video_id": ["v"], "caption_id": ["v#0"],
    ...                          "caption": ["a red car"]})
    >>> negatives = pd.DataFrame({"caption_id": "v#0", "part": "adj", "k": [0, 1], "position": 1, "original": "red",
    ...     "sentence": ["an old car", "a big car"], "replacement": ["old", "big"], "source": "random",
    ...     "rule": "paper", "level": "word"})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _, found = build(write(negatives, captions, f"{folder}/csv-paper-1.0"), captions)
    >>> found["sentence"].tolist(), found.attrs["unmatched"]
    (['an old car', 'a big car'], {})
    """
    release = read(release)
    about, table = release.about, release.table
    captions, unmatched = matched(table, captions)
    keep = ~table["caption_id"].isin(set(unmatched))
    if about["rule"] == "exchange":
        keep &= ~table["group"].isin(set(table.loc[~keep, "group"]))
    if not keep.any():
        first, reason = next(iter(unmatched.items()))
        raise ValueError(f"release {release.name}: none of its captions is in the captions table as it was ({first!r} "
                         f"is {reason}): give those of dataset {about['dataset']}, variant {about['variant']}")
    own = table[keep]
    if about["rule"] == "exchange":
        texts = groups.unpack(own, captions, about["caption_columns"])
        texts.attrs = dict(about["attrs"])
        negatives = lists_of(texts)[about["columns"]]
        made = texts, negatives
    else:
        spelled = dict(zip(captions["caption_id"], captions["caption"]))
        negatives = edits.unpack(own, spelled, about["rule"], about["level"], about["columns"])
        texts = captions[captions["caption_id"].isin(set(own["caption_id"]))].reset_index(drop=True)
        made = (negatives,)
    if keep.all() and table_digest(*made) != about["digest"]:
        raise ValueError(f"release {release.name}: all captions match, yet the digest of the tables differs; the "
                         "release or this version of the library is damaged")
    more = {"release": release.name, "unmatched": unmatched, "lists": int(keep.sum()),
            "lists_left_out": int((~keep).sum()), "errata": int(own["list"].isin(release.errata["list"]).sum())}
    for each in (texts, negatives):
        each.attrs = {**about["attrs"], **more}
    return texts, negatives


def matched(table, captions):
    """(captions of `table` that match, {caption_id: reason} of those that do not) by id, video and fingerprint."""
    for column in ("caption_id", "video_id", "caption"):
        if column not in captions:
            raise ValueError(f"captions: column {column!r} is missing; give what posrank.captions.load returns")
    asked = table.drop_duplicates("caption_id")
    captions = captions[captions["caption_id"].isin(set(asked["caption_id"]))].reset_index(drop=True)
    if captions["caption_id"].duplicated().any():
        twice = captions.loc[captions["caption_id"].duplicated(), "caption_id"].iloc[0]
        raise ValueError(f"captions: caption_id {twice!r} occurs twice; give the captions of one dataset")
    found = {row.caption_id: (row.video_id, fingerprint(row.caption)) for row in captions.itertuples(index=False)}
    unmatched = {}
    for row in asked.itertuples(index=False):
        video, digest = found.get(row.caption_id, (None, None))
        if (video, digest) != (row.video_id, row.fingerprint):
            unmatched[row.caption_id] = ("missing" if video is None else "changed" if digest != row.fingerprint
                                         else "of another video")
    return captions[~captions["caption_id"].isin(set(unmatched))], unmatched


def unmatched_text(attrs, most=5):
    """What was left out, in a sentence that names the first few captions of each reason; "" where nothing was."""
    named = pd.Series(attrs["unmatched"], dtype="str")
    if named.empty:
        return ""
    reasons = [f"{len(own)} {reason} ({', '.join(own.index[:most])}{', ...' * (len(own) > most)})"
               for reason, own in named.groupby(named, sort=False)]
    return (f"captions that do not match: {'; '.join(reasons)}. Lists left out: {attrs['lists_left_out']}, lists "
            f"that remain: {attrs['lists']}.")
