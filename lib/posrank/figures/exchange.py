"""Rule exchange as people see it: one group with its clips, and how many lists there are."""

from html import escape

import pandas as pd

from posrank import PARTS
from posrank.figures.strips import strip_html
from posrank.figures.style import STRATEGIES, SYSTEMS
from posrank.scoring.ranks import chance


def example_groups(statements, seed=0, per_part=1):
    """(part, rows of the statements table) of a few groups, drawn at random; nothing for an empty table."""
    for part in PARTS:
        own = statements[statements["part"] == part] if len(statements) else statements
        for group in own["group"].drop_duplicates().sample(frac=1, random_state=seed).head(per_part) if len(own) else ():
            yield part, own[own["group"] == group]


def group_html(group, clip):
    """A group as HTML: each video with its own statement, the word that differs in bold. clip: video id -> frames or None."""
    cells = []
    for row in group.itertuples():
        words = row.caption.split(" ")
        text = " ".join(f"<b>{escape(word)}</b>" if word == row.word else escape(word) for word in words)
        cells.append(f'<td style="text-align:left;vertical-align:top">{strip_html(clip(row.video_id), 300)}<br>{text}</td>')
    return f"<h4>{escape(str(group['part'].iloc[0]))}</h4><table><tr>{''.join(cells)}</tr></table>"


def group_counts(statements):
    """By split and part: groups, lists, the share of whole captions, list_length (mean) and chance."""
    rows = []
    for (split, part), own in statements.groupby(["split", "part"], sort=False) if len(statements) else ():
        sizes = own["group"].map(own["group"].value_counts())
        rows.append({
            "split": split, "part": part, "groups": own["group"].nunique(), "lists": len(own),
            "whole_captions": float((own["unit"] == "caption").mean()), "list_length": float(sizes.mean()),
            "chance": float(chance(sizes.tolist())),
        })  # fmt: skip
    columns = ["split", "part", "groups", "lists", "whole_captions", "list_length", "chance"]
    return pd.DataFrame(rows, columns=columns)


def exchange_table(metrics):
    """PoSRank of the runs on the sets of rule exchange -> DataFrame by system, strategy and seed, then the rows that
    need no video or not the whole of it (means over runs), and chance; a part without groups has no column. video score
    and group score (posrank.scoring.groups; means over parts): each statement ranks the videos of its group, and all
    first places on both sides are right. Empty without such sets."""
    found = [(m, m if m.get("rule") == "exchange" else m.get("rules", {}).get("exchange")) for m in metrics]
    found = [(m, result) for m, result in found if result]
    if not found:
        return pd.DataFrame()
    parts = [*(part for part in PARTS if part in found[0][1]["posrank"]), "mean"]
    rows, lines = {}, {}
    for m, result in found:
        own = [result["posrank"].get(part, {}).get("posrank") for part in parts]
        rows[SYSTEMS[m["system"]], STRATEGIES[m["strategy"]], m["seed"]] = [*own, *_sides(result, "value")]
        for name, values in {**result.get("blind", {}), **result.get("controls", {})}.items():
            lines.setdefault(name, []).append([values.get(part) for part in parts])
    for name, values in lines.items():
        rows[name, "", ""] = [*pd.DataFrame(values).astype(float).mean(), None, None]
    chances = [found[0][1]["posrank"].get(part, {}).get("chance") for part in parts]
    rows["chance", "", ""] = [*chances, *_sides(found[0][1], "chance")]
    table = pd.DataFrame(list(rows.values()), columns=[*parts, "video score", "group score"])
    table.index = pd.MultiIndex.from_tuples(list(rows), names=["system", "training strategy", "seed"])
    return table[parts].join(table.drop(columns=parts).astype(float).dropna(axis=1, how="all"))


def _sides(result, key):
    """Video and group score (key "value"), or what chance gives ("chance"), the mean over parts."""
    parts = result.get("group_scores", {}).values()
    return [sum(part[side][key] for part in parts) / len(parts) if parts else None for side in ("video", "group")]
