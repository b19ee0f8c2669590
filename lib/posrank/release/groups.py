"""Groups of rule exchange as places in captions, and the statements table again.

In: a statements table and the captions that the statements were cut from. Out: the table of `groups.parquet`, one row
per statement: caption_id (of the source), video_id, fingerprint, part, group, unit; start and length of the statement
(characters of the caption with even white space; a statement is in lower case), word_start and word_length of the word
in which the group differs, and its position (the statement's token). The list of a statement is its group.
"""

import pandas as pd

from posrank.release.spans import even, fingerprint
from posrank.tables import validate

COLUMNS = ("caption_id", "video_id", "fingerprint", "part", "group", "unit", "start", "length", "word_start",
           "word_length", "position")
_OWN = ("source_caption_id", "unit", "part", "group", "word", "position")
_FROM_CAPTION = ("dataset", "split", "file", "start", "end")


def pack(statements, captions):
    """-> the table of groups.parquet. ValueError names a statement that is no piece of its caption, or has another name
    than <caption>@<group>."""
    absent = [column for column in _OWN if column not in statements]
    if absent:
        raise ValueError(f"statements: column {absent[0]!r} is missing; give the statements of "
                         "posrank.negatives.exchange")
    texts = dict(zip(captions["caption_id"], captions["caption"]))
    rows = []
    for row in statements.itertuples(index=False):
        if row.source_caption_id not in texts:
            raise ValueError(f"statements: caption {row.source_caption_id!r} is not in the captions table; give the "
                             "captions that the statements were cut from")
        if row.caption_id != f"{row.source_caption_id}@{row.group}":
            raise ValueError(f"statements: statement {row.caption_id!r} is not named <caption>@<group>, as `build` "
                             "would name it; give the statements as posrank.negatives.exchange returns them")
        caption = texts[row.source_caption_id]
        text = even(caption).lower()
        start, inside = _start(text, row.caption), row.caption
        if start < 0 or row.word not in inside:
            raise ValueError(f"statements: statement {row.caption_id!r} is no piece of its caption "
                             f"{row.source_caption_id!r}")
        rows.append((row.source_caption_id, row.video_id, fingerprint(caption), row.part, row.group, row.unit, start,
                     len(inside), _word_start(inside, row.word, row.position), len(row.word), row.position))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def unpack(table, captions, columns):
    """The statements table of the rows of groups.parquet; captions: a captions table with these sources."""
    known = captions.drop_duplicates("caption_id").set_index("caption_id")
    made = []
    for row in table.itertuples(index=False):
        text = even(known.loc[row.caption_id, "caption"]).lower()
        statement = text[row.start : row.start + row.length]
        word = statement[row.word_start : row.word_start + row.word_length]
        if len(statement) < row.length or not word:
            raise ValueError(f"caption {row.caption_id!r}, group {row.group}: a place lies outside of the caption")
        made.append((row.caption_id, statement, row.unit, word, row.position, row.part, row.group))
    found = pd.DataFrame(made, columns=["source_caption_id", "caption", "unit", "word", "position", "part", "group"])
    found = found.astype({name: "str" if name != "position" else "int64" for name in found})
    found["caption_id"] = found["source_caption_id"] + "@" + found["group"]
    found["video_id"] = pd.array(table["video_id"].tolist(), dtype="str")
    for column in _FROM_CAPTION:
        if column in columns and column in known:
            found[column] = known.loc[found["source_caption_id"], column].to_numpy()
    for column, value in (("dataset", "csv"), ("split", "test")):  # as posrank.negatives.exchange does
        if column not in found:
            found[column] = pd.array([value] * len(found), dtype="str")
    return validate(found, "captions")[list(columns)]


def _start(text, statement):
    """Where the statement stands in the text, as whole words where it can; -1 where it does not."""
    first = at = text.find(statement)
    while at >= 0:
        end = at + len(statement)
        if not text[at - 1 : at].isalnum() and not text[end : end + 1].isalnum():
            return at
        at = text.find(statement, at + 1)
    return first


def _word_start(statement, word, position):
    """Where the word stands: of its whole-word occurrences the one that is nearest behind `position` tokens."""
    found = [at for at in range(len(statement)) if statement.startswith(word, at)
             and not statement[at - 1 : at].isalnum() and not statement[at + len(word) : at + len(word) + 1].isalnum()]
    # no token is shorter than a character, and as many words stand before it at most
    within = [at for at in found if len(statement[:at].split()) <= position]
    return (within or found or [statement.find(word)])[-1]
