"""Rule exchange as people see it: one group with its clips, and how many lists there are."""

from html import escape

import pandas as pd

from posrank import PARTS
from posrank.figures.strips import strip_html
from posrank.figures.style import STRATEGIES, SYSTEMS
from posrank.figures.tables import blind_rows, number_table
from posrank.scoring.ranks import chance


def example_groups(statements, seed=0, per_part=1):
    """(part, rows of the statements table) of a few groups, drawn at random; nothing for an empty table."""
    for part in PARTS if len(statements) else ():
        own = statements[statements["part"] == part]
        for group in own["group"].drop_duplicates().sample(frac=1, random_state=seed).head(per_part):
            yield part, own[own["group"] == group]


def group_html(group, clip):
    """A group as HTML: each video with its own statement, the word that differs in bold. clip: video id -> frames."""
    cells = []
    for row in group.itertuples():
        words = [escape(word) if word != row.word else f"<b>{escape(word)}</b>" for word in row.caption.split(" ")]
        shown = f"{strip_html(clip(row.video_id), 300)}<br>{' '.join(words)}"
        cells.append(f'<td style="text-align:left;vertical-align:top">{shown}</td>')
    return f"<h4>{escape(str(group['part'].iloc[0]))}</h4><table><tr>{''.join(cells)}</tr></table>"


def group_counts(statements):
    """By split and part: groups, lists, the share of whole captions, list_length (mean) and chance."""
    if statements.empty:
        return pd.DataFrame(columns=["split", "part", "groups", "lists", "whole_captions", "list_length", "chance"])
    size = statements.groupby(["split", "part", "group"])["group"].transform("size")
    return statements.assign(size=size, whole=statements["unit"] == "caption").groupby(
        ["split", "part"], sort=False, as_index=False).agg(
        groups=("group", "nunique"), lists=("group", "size"), whole_captions=("whole", "mean"),
        list_length=("size", "mean"), chance=("size", lambda sizes: float(chance(sizes.tolist()))))


def exchange_table(metrics):
    """PoSRank of the runs on the sets of rule exchange -> DataFrame by system, strategy and seed, then the rows that
    need no video or not the whole of it (means over runs), and chance; a part without groups has no column. video score
    and group score (posrank.scoring.groups; means over parts): each statement ranks the videos of its group, and all
    first places on both sides are right. Empty without such sets."""
    found = [(m, m if m.get("rule") == "exchange" else m.get("rules", {}).get("exchange")) for m in metrics]
    found = [(m, result) for m, result in found if result]
    if not found:
        return pd.DataFrame()
    rows = {(SYSTEMS[m["system"]], STRATEGIES[m["strategy"]], m["seed"]):
            _values(result["posrank"], "posrank") | _sides(result, "value") for m, result in found}
    lines = [pd.DataFrame({**blind_rows(result), **result.get("controls", {})}) for _, result in found]
    below = pd.concat(lines).groupby(level=0).mean().to_dict()
    below["chance"] = _values(found[0][1]["posrank"], "chance") | _sides(found[0][1], "chance")
    rows |= {(name, "", ""): values for name, values in below.items()}
    columns = [*(part for part in (*PARTS, "mean") if part in found[0][1]["posrank"]), *_sides(found[0][1], "value")]
    return number_table(rows, ["system", "training strategy", "seed"], columns)


def _values(ranks, key):
    return {part: values.get(key) for part, values in ranks.items()}


def _sides(result, key):
    """Video and group score (key "value"), or what chance gives ("chance"), the mean over parts."""
    parts, sides = result.get("group_scores", {}).values(), ("video", "group")
    return {f"{side} score": sum(part[side][key] for part in parts) / len(parts) for side in sides if parts}
