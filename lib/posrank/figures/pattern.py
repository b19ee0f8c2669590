"""The paper's pattern beside ours: what each strategy does to recall and PoSRank, and how much of a gain is vision.

Comes in: {name of a group: metrics of runs}. Goes out: a table of texts, the paper's rows (Table 4, on VLN-UVO) first.
"""

import pandas as pd

from posrank import PARTS
from posrank.captions.statistics import paper_table
from posrank.figures.finding import gain_table
from posrank.figures.style import COLUMNS, RECALL, STRATEGIES, cell
from posrank.figures.tables import strategy_table

PAPER = "paper, VLN-UVO"


def pattern_table(groups, system="xclip"):
    """DataFrame by captions, training strategy: mean recall, PoSRank per part, `gain` (mean over parts, against
    coarse-grained training) and of it `vision`: what the same model does not gain with shuffled videos. What of the
    paper's gain is vision is not known. Means over seeds; groups without runs of `system` are left out."""
    paper = paper_table(4).assign(group=PAPER)
    means = paper.set_index("strategy")[list(PARTS)].mean(axis=1)
    tables = [paper.assign(gain=paper["strategy"].map(means - means["coarse"]))]
    for name, metrics in groups.items():
        mine = [m for m in metrics if m["system"] == system]
        if mine:
            gains = gain_table({name: mine}).xs("mean", level="part").droplevel(["group", "system"])
            rows = strategy_table(mine).loc[system].join(gains[["gain", "vision"]])
            tables.append(rows.reset_index().assign(group=name))
    rows = pd.concat(tables, ignore_index=True)
    rows[["gain", "vision"]] = rows[["gain", "vision"]].mask(rows["strategy"] == "coarse")
    shown = {"captions": rows["group"], "training strategy": rows["strategy"].map(STRATEGIES)}
    shown |= {RECALL.get(name, name): rows[name].map(lambda value, name=name: cell(value, name)) for name in COLUMNS}
    shown |= {name: rows[name].map("{:+.3f}".format).where(rows[name].notna(), "") for name in ("gain", "vision")}
    return pd.DataFrame(shown).set_index(["captions", "training strategy"])
