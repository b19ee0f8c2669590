"""Writing a release: the packed table, what is known of it, and the papers that go with it.

In: negatives and captions, for rule exchange the statements as well. Out: a folder that holds no text of a caption.
"""

import datetime
import importlib.metadata
import json
import re
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet

from posrank import PARTS
from posrank.files import atomic, safe_name
from posrank.negatives.exchange_groups import lists_of
from posrank.release import card, edits, groups
from posrank.release import folder as layout
from posrank.scoring.ranks import chance
from posrank.tables import validate
from posrank.training.identity import code, digest

_NAME = re.compile(r"(?P<dataset>[a-z0-9_]+)-(?P<rule>[a-z]+)-(?P<version>\d+\.\d+)")


def write(negatives, captions, folder, statements=None, *, blind=None, changes=None, date=None):
    """Make the release `folder`, named <dataset>-<rule>-<version> (as in msrvtt-exchange-1.2) -> `Release`.

    negatives   negatives table of one rule and level (posrank.negatives.generate or exchange)
    captions    the captions that it was made from
    statements  of rule exchange: the statements table
    blind       text-only judges on the set: DataFrame judge, part, posrank, posrank_low, posrank_high, as
                posrank.validity.judge_rows makes it; None = none
    changes     the line of CHANGELOG.md for this version; None = "first version"
    date        of publication, as 2026-01-31; None = today

    An existing folder is replaced as a whole. ValueError for another name, several rules or datasets, and what cannot
    be made again from places and words (see `pack` of posrank.release.edits and posrank.release.groups).
    """
    folder = Path(folder)
    named = _NAME.fullmatch(folder.name)
    if not named:
        raise ValueError(f"release {safe_name(folder.name)!r}: name it <dataset>-<rule>-<version>, as in "
                         "msrvtt-exchange-1.2")
    negatives = validate(negatives, "negatives")
    rule, level = (_only(negatives, column) for column in ("rule", "level"))
    if rule not in layout.TABLE or named["rule"] != rule:
        raise ValueError(f"release {folder.name}: the negatives are of rule {rule}, which the name must say (rules: "
                         f"{', '.join(layout.TABLE)})")
    dataset = _only(captions, "dataset") if "dataset" in captions else named["dataset"]
    if dataset != named["dataset"]:
        raise ValueError(f"release {folder.name}: the captions are of dataset {dataset}, which the name must say")
    if rule == "exchange":
        if statements is None:
            raise ValueError(f"release {folder.name}: rule exchange needs `statements`, beside the captions that they "
                             "were cut from")
        made = statements.reset_index(drop=True), lists_of(statements)
        if not made[1][["caption_id", "sentence"]].equals(negatives[["caption_id", "sentence"]]):
            raise ValueError("negatives: they are not the lists of these statements (posrank.negatives.lists_of)")
        table, texts = groups.pack(made[0], captions), made[0]
    else:
        made = (edits.in_order(negatives),)
        table, texts = edits.pack(negatives, captions), captions[captions["caption_id"].isin(negatives["caption_id"])]
    about = {
        "name": folder.name, "version": named["version"], "date": _date(date), "dataset": dataset,
        "variant": captions.attrs.get("variant"), "splits": sorted(texts["split"].unique()) if "split" in texts else [],
        "rule": rule, "level": level, **_counts(made[-1], texts), "blind": _blind(blind),
        "columns": list(made[-1]), "caption_columns": list(texts) if rule == "exchange" else None,
        "digest": layout.table_digest(*made),
        "made_by": {"posrank": importlib.metadata.version("posrank"),
                    "code": digest(code("captions", "language", "negatives"))},
        "attrs": json.loads(json.dumps(negatives.attrs, default=lambda value: value.item())),
    }
    with atomic(folder, folder=True) as temporary:
        _write_parquet(table, temporary / layout.TABLE[rule])
        (temporary / layout.ERRATA).write_text(",".join(layout.ERRATA_COLUMNS) + "\n", encoding="utf-8")
        about["files"] = {layout.TABLE[rule]: layout.file_digest(temporary / layout.TABLE[rule])}
        layout.write_json(temporary / layout.ABOUT, about)
        (temporary / layout.DATASHEET).write_text(card.datasheet(about), encoding="utf-8")
        text = f"# {folder.name}\n\n* {named['version']}: {changes or 'first version'}\n"
        (temporary / layout.CHANGELOG).write_text(text, encoding="utf-8")
        layout.write_json(temporary / layout.CROISSANT, card.croissant(about, temporary / layout.TABLE[rule]))
    return layout.read(folder)


def thin(negatives, captions, most, seed=0):
    """The lists of at most `most` captions of each video and part, drawn by a hash of seed and id: a smaller set whose
    intervals, clustered by video, are hardly wider. ``.attrs["captions_per_video"]`` = most."""
    lists = negatives[["caption_id", "part"]].drop_duplicates()
    lists["video_id"] = lists["caption_id"].map(captions.set_index("caption_id")["video_id"])
    lists["order"] = [layout.list_id(str(seed), "", "", *key) for key in zip(lists["caption_id"], lists["part"])]
    lists = lists.sort_values("order").groupby(["video_id", "part"]).head(most)
    keys = pd.MultiIndex.from_frame(negatives[["caption_id", "part"]])
    table = negatives[keys.isin(pd.MultiIndex.from_frame(lists[["caption_id", "part"]]))].reset_index(drop=True)
    table.attrs = {**negatives.attrs, "captions_per_video": most}
    return table


def _counts(negatives, texts):
    """{"counts": {part: {lists, sentences, videos}}, "chance": {part: PoSRank of a random scorer}} of a set."""
    videos = negatives["caption_id"].map(texts.drop_duplicates("caption_id").set_index("caption_id")["video_id"])
    counts, expected = {}, {}
    for part in PARTS:
        own = negatives["part"] == part
        if own.any():
            lengths = negatives[own].groupby("caption_id").size()
            counts[part] = {"lists": len(lengths), "negatives": int(own.sum()), "videos": int(videos[own].nunique())}
            if "group" in negatives:
                counts[part]["groups"] = int(negatives.loc[own, "group"].nunique())
            expected[part] = round(chance(lengths + 1), 6)
    return {"counts": counts, "chance": expected}


def _date(date):
    return (datetime.date.fromisoformat(date) if date else datetime.datetime.now(datetime.UTC).date()).isoformat()


def _blind(rows):
    """{judge: {part: [posrank, low, high]}}."""
    if rows is None:
        return {}
    ends = ["posrank", "posrank_low", "posrank_high"]
    return {judge: {row["part"]: [None if pd.isna(row[end]) else round(float(row[end]), 4) for end in ends]
                    for row in own.to_dict("records")} for judge, own in rows.groupby("judge", sort=False)}


def _write_parquet(table, path):
    """Small integers, strings in dictionaries, zstd at its best: these files stay in git."""
    arrow = pa.Table.from_pandas(table, preserve_index=False)
    fields = []
    for name, kind in zip(arrow.schema.names, arrow.schema.types):
        is_list = pa.types.is_list(kind)
        number = pa.types.is_integer(kind.value_type if is_list else kind)
        kind = pa.int32() if number else pa.string() if is_list else kind
        fields.append((name, pa.list_(kind) if is_list else kind))
    pyarrow.parquet.write_table(arrow.cast(pa.schema(fields)), path, compression="zstd", compression_level=19)


def _only(table, column):
    values = table[column].unique().tolist()
    if len(values) != 1:
        raise ValueError(f"column {column!r} of a release has one value, found {', '.join(map(str, values)) or 'none'}")
    return values[0]
