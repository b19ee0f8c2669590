"""What notebook 6 reads and says: published metrics by preset, published sweeps, and sentences made of their numbers.

Comes in: the folder metrics/ of the project. Goes out: metrics dicts, and Markdown in which no number is typed.
"""

import json

import numpy as np

from posrank import PARTS
from posrank.figures.finding import finding_table
from posrank.figures.style import STRATEGIES, SYSTEMS
from posrank.paths import root


def published(preset="default"):
    """The folder of the numbers that git keeps of a preset; also from a preset's scratch copy, it is the project's."""
    base = root()
    base = base.parent.parent if base.parent.name == ".presets" else base
    return base / "metrics" / ("" if preset == "default" else preset)


def published_sweep(preset, name):
    """{point: metrics} of a sweep that was published under a preset; empty where none was."""
    files = sorted((published(preset) / "sweeps").glob(f"{name}-*.json"))
    return {path.stem.removeprefix(f"{name}-"): json.loads(path.read_text(encoding="utf-8")) for path in files}


def unseen_text(groups):
    """For each group a line that names the parts and strategies whose PoSRank is below the best score without video."""
    table, lines = finding_table(groups), []
    for group, mine in table.groupby("group", sort=False):
        below = mine[mine["vision_gain"] < 0]
        cells = [
            f"{SYSTEMS[s]} {STRATEGIES[t]} {p} ({row['posrank']:.3f} < {row['best_blind']:.3f})"
            for (_, s, t, p), row in below.iterrows()
        ]
        lines.append(f"* {group}: {'; '.join(cells) or 'none'}.")
    return "\n".join(lines) or "No runs are published here."


def constant_text(constant):
    """For each run trained on a constant video a line: its mean PoSRank when it is shown a blank video, beside chance
    and the best language model."""
    lines = []
    for run, m in constant.items():
        blind = {name: np.mean([row[p] for p in PARTS if p in row]) for name, row in m["blind"].items()}
        language = {name: value for name, value in blind.items() if not name.endswith("video")}
        best = max(language, key=language.get, default=None)
        told = f", a {best} model {language[best]:.3f}" if best else ""
        if "blank video" in blind:
            lines.append(
                f"* {run}: shown a blank video {blind['blank video']:.3f}; "
                f"chance is {m['posrank']['mean']['chance']:.3f}{told}."
            )
    return "\n".join(lines) or "No such runs are published here."
