"""Tables of sweeps: Tables 5 and 6 (lambda, N), training without video, or on other negatives than tested.

Comes in: metrics dicts as `metrics/sweeps/<name>-<point>.json` hold them, beside those of the runs. Goes out:
DataFrames; what is missing is said in a line.
"""

import pandas as pd

from posrank import PARTS
from posrank.captions.statistics import paper_table
from posrank.figures.runs import lists_of, name_of, one_set, published_folder
from posrank.figures.style import COLUMNS
from posrank.figures.tables import blind_rows, number_table, numbers
from posrank.files import read_json
from posrank.language.ngrams import ORDERS

PAPERS = {"lambda": (5, "lambda"), "n": (6, "negatives")}
"""Name of a sweep -> its table in the paper, and that table's column of values."""

SHOWN = [*PARTS, "mean", "chance", "adjusted", "vision_gain", "gain_low", "gain_high"]


def command(name):
    """The command that makes a sweep."""
    return f"make sweep SWEEP={name}" + (" PRESET=generators" if name == "rule" else "")


def points(folder, name, like=None):
    """{point: metrics} of a sweep's files <folder>/<name>-<point>.json, sorted by name. like: metrics of the runs
    beside which they are shown; points on other lists are left out, and named."""
    found = {path.stem.removeprefix(f"{name}-"): read_json(path, "delete it, and run the sweep again")
             for path in sorted(folder.glob(f"{name}-*.json"))}
    other = [point for point, metrics in found.items() if like and lists_of(metrics) != lists_of(like[0])]
    if other:
        print(f"{name}: left out, as they were ranked on other lists than the runs: {', '.join(other)}")
    return {point: metrics for point, metrics in found.items() if point not in other}


def published_sweep(preset, name, like=None):
    """The points of a sweep that was published under a preset; like: as in `points`."""
    return points(published_folder(preset) / "sweeps", name, like)


def sweep_table(folder, name, like=None):
    """A sweep over numbers ("lambda", "n"): the paper's columns, sorted by value; empty where it has not run.

    folder, like: as in `points`.
    """
    found = points(folder, name, like)
    one_set(list(found.values()))
    rows = [{name: float(value), **numbers(metrics)} for value, metrics in found.items()]
    table = pd.DataFrame(rows, columns=[name, *COLUMNS, "vision_gain"])
    return table.astype({"vision_gain": float}).sort_values(name, ignore_index=True)


def sweep_beside_paper(table, name):
    """Table 5 or 6: the rows of `sweep_table` and the paper's, by value -> DataFrame by (value, from: ours | paper)."""
    theirs, column = PAPERS[name]
    paper = paper_table(theirs).rename(columns={column: name}).assign(**{"from": "paper"})
    both = pd.concat([table.assign(**{"from": "ours"}), paper] if len(table) else [paper], ignore_index=True)
    both = both.sort_values([name, "from"], kind="stable")
    columns = [*COLUMNS, *(["vision_gain"] if "vision_gain" in both else [])]
    return both.assign(**{name: both[name].map("{:g}".format)}).set_index([name, "from"])[columns]


def by_value(table, name):
    """A table of `posrank.figures.report.published_tables` that holds the points of one sweep over numbers, by value.
    """
    values = table.index.get_level_values("training strategy").str.removeprefix(f"{name}-").astype(float)
    return table.set_index(values.map("{:g}".format).rename(name)).iloc[values.argsort()]


def constant_table(constant, metrics):
    """What the text alone teaches: runs trained on a constant video, or on texts, beside those trained on their videos.

    constant: metrics of the first kind; metrics: those of the second. -> DataFrame by run, trained on, shown:
    PoSRank per part and mean, and the mean vision gain with its interval; below them coarse training, the best n-gram
    model, and chance.
    """
    one_set([*constant, *metrics])
    full, rows = {name_of(m): m for m in metrics}, {}
    for mine in constant:
        run = name_of(mine)
        if run in full:
            rows[run, "own videos", "own videos"] = numbers(full[run])
        rows[run, mine["trained_on"], "own videos"] = numbers(mine)
        if "blank video" in mine.get("blind", {}):
            rows[run, mine["trained_on"], "blank video"] = mine["blind"]["blank video"]
    for m in constant:
        run = f"{m['system']}-coarse-{m['seed']}"
        if run in full:
            rows[run, "own videos", "own videos"] = numbers(full[run])
    for m in constant[:1]:
        models = pd.DataFrame({name: row for name, row in blind_rows(m).items() if name in ORDERS})
        rows["best n-gram model, no video", "", ""] = models.max(axis=1).to_dict()
        rows["chance", "", ""] = {part: values["chance"] for part, values in m["posrank"].items()}
    return number_table(rows, ["run", "trained on", "shown"], SHOWN)
