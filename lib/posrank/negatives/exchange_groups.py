"""Rule `exchange`: statements that people wrote, exchanged between videos, so that no text-only model can tell the
true one.

A group is m >= 2 statements, each true of its own video, that differ in exactly one word (of one part and one Penn
tag, at one place; "a" or "an" before it aside), with m different videos. The list of each video is the whole group. A
text-only scorer gives the m statements one fixed order whatever the video, and each is the positive once: the ranks
1..m occur once each, so the mean reciprocal rank of a group is H(m)/m, chance, for every text-only scorer. Ties at
their expected reciprocal rank change nothing.

In: captions and their tags with heads. Out: a captions table of the statements and its negatives table.
"""

import hashlib
from collections import defaultdict

import pandas as pd

from posrank import PARTS
from posrank.negatives.constituents import CAPTION, CLAUSE, PHRASE
from posrank.negatives.corpus import ids_in_splits, lexicon_name, named_lexicon, shown, videos_of, with_tags
from posrank.negatives.known_groups import known_groups
from posrank.negatives.matching import Candidate, group_videos
from posrank.negatives.may_hold import MayHold
from posrank.negatives.rules import check_choice, check_parts, several
from posrank.negatives.statements import UNITS, frames
from posrank.tables import validate

NO_STATEMENT, NO_OTHER, MAY_HOLD = (
    "no statement with a word of this part",
    "no other video has the same statement",
    "others may hold too",
)


def exchange(
    captions, parts=PARTS, tags=None, splits=None, units=UNITS, seed=0, lexicon="builtin", tagger=None, progress=True
):
    """Groups of statements that differ in one word and hold of different videos -> (statements, negatives).

    captions   captions table of one dataset; captions of other splits help to tell what else may hold of a video
    parts      parts of speech to make groups for
    tags       tags table with head and dep; None = made by `tagger` (None = the default one)
    splits     whose captions are exchanged; None = all
    units      "caption" (whole captions), "statement" (clauses and phrases cut from them), or both
    seed       decides between equally good groups

    statements: a captions table (caption = the statement, in lower case) with the columns source_caption_id, unit,
    part, group, word and position (the word that differs, and its place in the statement). negatives:
    `lists_of(statements)`, its negatives table, with group: the list of a statement is the other statements of its
    group, letter by letter. Within a part a video stands in one group at most. ``posrank.evaluate(scorer, negatives,
    statements)`` ranks them. ``.attrs`` of both: groups, lists and videos by part, dropped ({part: {reason:
    videos}}), captions_per_video (mean).

    ValueError for tags without syntactic heads, and as `generate`.
    """
    made = Statements(captions, parts, tags, splits, units, lexicon, tagger, progress)
    rows, dropped = list(made.known), {}
    for part in made.parts:
        groups, dropped[part] = made.groups(part, seed)
        for number, group in enumerate(groups):
            for row in group:
                frame, name = row.frame, f"{part}-{number:04d}"
                unit = "caption" if frame.size == CAPTION else "statement"
                rows.append((row.caption_id, frame.text, unit, frame.word, frame.position - frame.left, part, name))
    statements = _statements(rows, made.captions)
    lists = statements.groupby(["part", "unit"]).size()
    statements.attrs = {
        "rule": "exchange", "level": "word", "seed": seed, "parts": list(made.parts), "units": list(made.units),
        **made.attrs,
        "groups": {part: int(statements.loc[statements["part"] == part, "group"].nunique()) for part in made.parts},
        "lists": {part: {unit: int(lists.get((part, unit), 0)) for unit in made.units} for part in made.parts},
        "dropped": dropped,
    }  # fmt: skip
    return statements, lists_of(statements)


class Statements:
    """All statements of captions, cut once, to be put together in groups as often as is asked for.

    Arguments as those of `exchange`; again: whether captions of groups that the dataset brings along may stand in
    further ones. parts, units: those wanted, in order; captions: the table of those that are exchanged; ``.attrs``:
    tagger, lexicon, captions_per_video (mean).
    """

    def __init__(self, captions, parts=PARTS, tags=None, splits=None, units=UNITS, lexicon="builtin", tagger=None,
                 progress=True, again=False):
        self.parts = check_parts(parts)
        self.units = tuple(check_choice("unit", unit, UNITS) for unit in several("units", units))
        captions, tags, tagged = with_tags(captions, tags, tagger, heads=True)
        lexicon, video_of = named_lexicon(lexicon), videos_of(captions)
        self.captions = captions[captions["caption_id"].isin(set(ids_in_splits(captions, splits)))]
        self._videos = {video_of[caption_id] for caption_id in self.captions["caption_id"]}
        self._may_hold = MayHold(tags, video_of, lexicon)
        given = "group" in self.captions and "caption" in self.units
        self.known = known_groups(self.captions, tagged, self.parts) if given else []
        taken = set() if again else {caption_id for caption_id, *_ in self.known}
        names = shown(self.captions["caption_id"], progress, "statements")
        tokens = ((name, tagged[name]) for name in names if name in tagged and name not in taken)
        self._found = _candidates(tokens, video_of, self.parts, self.units, self._may_hold)
        self.attrs = {"tagger": str(tagged.tagger), "lexicon": lexicon_name(lexicon),
                      "captions_per_video": round(len(self.captions) / len(self._videos), 2)}

    def groups(self, part, seed, kept=None):
        """([group, ...], {reason: videos left out}) of a part; a group is a list of Candidate. `seed` (a number or
        text) decides between equally good groups. kept: which candidates may join, None = all."""
        rows = [row._replace(order=place_of(seed, row.caption_id)) for row in filter(kept, self._found[part])]
        return _groups(rows, self._may_hold, part, self._videos)


def place_of(seed, name):
    """A hash that puts captions or groups into an order drawn from `seed`."""
    return hashlib.blake2b(f"{seed} {name}".encode(), digest_size=8).hexdigest()


def lists_of(statements):
    """The negatives table of a statements table: the list of each is the other statements of its group, in the order
    of their texts. ``.attrs`` are those of the statements."""
    columns = ["caption_id", "part", "group", "caption", "position", "word"]
    own = statements[columns]
    pairs = own.merge(own[["group", "caption", "word"]], on="group", suffixes=("", "_other"))
    pairs = pairs[pairs["caption"] != pairs["caption_other"]]
    pairs = pairs.sort_values(["part", "caption_id", "caption_other"], kind="stable")
    table = pd.DataFrame({
        "caption_id": pairs["caption_id"], "part": pairs["part"], "k": pairs.groupby("caption_id").cumcount(),
        "sentence": pairs["caption_other"], "position": pairs["position"], "original": pairs["word"],
        "replacement": pairs["word_other"], "source": "exchange", "rule": "exchange", "level": "word",
        "group": pairs["group"],
    })  # fmt: skip
    table = validate(table.astype({"source": "str", "rule": "str", "level": "str"}), "negatives")
    table.attrs = dict(statements.attrs)
    return table


def words_alone(statements):
    """(statements, negatives) with the word that differs in the place of each statement: what a model makes of the word
    without its sentence. (The sentence without the word is the same for a whole group, so chance for every model.)"""
    alone = statements.assign(caption=statements["word"])
    return alone, lists_of(alone)


def whole_groups(statements, videos):
    """The statements whose groups are whole where only `videos` can be seen, and how many groups were left out:
    (table, int).

    A group that lacks a video is left out as a whole: chance is exact for whole groups alone.
    """
    seen = statements["video_id"].isin(set(videos))
    broken = set(statements.loc[~seen, "group"])
    return statements[~statements["group"].isin(broken)], len(broken)


def _candidates(captions, video_of, parts, units, may_hold):
    """{part: [Candidate]} of captions, an iterable of (caption_id, Tokens with heads)."""
    found = {part: {} for part in parts}
    for caption_id, tokens in captions:
        video = video_of[caption_id]
        for frame in frames(tokens, parts):
            unit = "caption" if frame.size == CAPTION else "statement"
            usual = may_hold.reliable(frame.part, frame.word, frame.lemma, video) and may_hold.usual(frame, video)
            if unit in units and usual:
                made = Candidate(video, "", caption_id, frame)
                found[frame.part].setdefault((frame.size, frame.key, video, frame.word), made)
    return {part: list(rows.values()) for part, rows in found.items()}


def _groups(candidates, may_hold, part, videos):
    """(groups, {reason: videos}) of one part: whole captions first, then clauses, then phrases."""
    groups, used, paired = [], set(), set()
    for size in (CAPTION, CLAUSE, PHRASE):
        rows = [row for row in candidates if row.frame.size == size and row.video not in used]
        words = defaultdict(set)
        for row in rows:
            words[row.frame.key].add(row.frame.word)
        rows = [row for row in rows if len(words[row.frame.key]) > 1]
        paired |= {row.video for row in rows}
        made = group_videos(rows, may_hold, part)
        used |= {row.video for group in made for row in group}
        groups += made
    stated = {row.video for row in candidates}
    dropped = {NO_STATEMENT: len(videos - stated), NO_OTHER: len(stated - paired - used), MAY_HOLD: len(paired - used)}
    return groups, {reason: count for reason, count in dropped.items() if count}


def _statements(rows, captions):
    """The captions table of the statements; what it says of file and times is that of the caption they come from."""
    found = pd.DataFrame(rows, columns=["source_caption_id", "caption", "unit", "word", "position", "part", "group"])
    found["caption_id"] = found["source_caption_id"] + "@" + found["group"]
    more = [column for column in ("dataset", "split", "video_id", "file", "start", "end") if column in captions]
    sources = captions[["caption_id", *more]].rename(columns={"caption_id": "source_caption_id"})
    table = found.merge(sources, on="source_caption_id", how="left", validate="many_to_one")
    for column, value in (("dataset", "csv"), ("split", "test")):
        table[column] = table[column] if column in table else pd.array([value] * len(table), dtype="str")
    return validate(table.astype({name: "str" for name in found.columns if name != "position"}), "captions")
