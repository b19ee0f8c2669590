"""``python -m posrank board results/``: every evaluated model on one page, those on the same lists in one table.

In: a folder with <model>/metrics.json and ranks.parquet (posrank.evaluation.external). Out: board.html, one file that
loads nothing: PoSRank with intervals and marks, models that cannot be told apart, the smallest difference that the set
can show, judges that see no video, the digest of the lists.
"""

import argparse
from html import escape
from pathlib import Path

import pandas as pd

from posrank import PARTS, tables
from posrank.figures.runs import load_result
from posrank.files import write_text
from posrank.messages import command
from posrank.scoring import pairwise
from posrank.scoring.comparison import pairwise_means
from posrank.scoring.comparison_text import above_names
from posrank.scoring.marks import LEVEL

PAGE = Path(__file__).parent / "data" / "board.html"


def load(folder):
    """[(metrics, ranks)] of every model below `folder`, by name. ValueError names a file that cannot be read."""
    return [(load_result(path), tables.read_table(path.with_name("ranks.parquet"), "ranks"))
            for path in sorted(Path(folder).rglob("metrics.json"))]


def board(found, b=10000, seed=0):
    """The page of [(metrics, ranks)] -> HTML. Models on different lists never share a table."""
    sets = {}
    for metrics, ranks in found:
        key = metrics.get("release", metrics.get("dataset")), metrics["rule"], metrics["lists"].get(metrics["rule"])
        sets.setdefault(key, {})[_free(metrics["run"], sets.get(key, {}))] = metrics, ranks
    body = "".join(_set(*key, models, b, seed) for key, models in sorted(sets.items(), key=lambda item: str(item[0])))
    return PAGE.read_text(encoding="utf-8").replace("@TABLES@", body or "<p>No model has been evaluated.</p>")


def alike(names, means):
    """Groups of models, in order of their means, of which no two differ significantly: largest runs of two or more.

    names: in descending order; means: the DataFrame of `pairwise_means`.
    """
    apart = {frozenset(pair) for *pair, p in means[["run", "other", "p_holm"]].itertuples(index=False) if p < LEVEL}
    runs = []
    for start in range(len(names)):
        end = start + 1
        while end < len(names) and all(frozenset((name, names[end])) not in apart for name in names[start:end]):
            end += 1
        if end - start > 1 and (not runs or runs[-1][-1] != names[end - 1]):
            runs.append(names[start:end])
    return runs


def _set(release, rule, digest, models, b, seed):
    """One section: the models on one set of lists."""
    order = sorted(models, key=lambda name: -models[name][0]["posrank"]["mean"]["posrank"])
    ranks = {name: models[name][1] for name in order}
    tests, means = pairwise(ranks, b=b, seed=seed), pairwise_means(ranks, b=b, seed=seed)
    first = models[order[0]][0]
    parts = [part for part in (*PARTS, "mean") if part in first["posrank"]]
    letters = {name: chr(97 + n) if n < 26 else f"m{n}" for n, name in enumerate(order)}
    rows = []
    for name in order:
        cells = [_cell(models[name][0]["posrank"][part],
                       [letters[other] for other in above_names(tests, name, part)]) for part in parts]
        rows.append(f"<tr><td>{letters[name]} {escape(name)}</td>{''.join(cells)}</tr>")
    rows.append(_rest("chance", [first["posrank"][part]["chance"] for part in parts]))
    for judge, values in first.get("released_blind", {}).items():
        rows.append(_rest(f"{judge}, no video", [(values.get(part) or [None])[0] for part in parts]))
    for name in order:
        if zero := models[name][0].get("zero_line"):
            rows.append(_rest(f"{letters[name]} with shuffled video", [zero.get(part) for part in parts]))
    head = "".join(f"<th>{part}</th>" for part in parts)
    return (f"<h2>{escape(str(release))} <small>rule {escape(rule)}</small></h2><div class='wide'><table><tr><th>model"
            f"</th>{head}</tr>{''.join(rows)}</table></div>{_notes(order, letters, means, models, digest)}")


def _notes(order, letters, means, models, digest):
    lines = ["A letter marks what is significantly above the model of that letter (paired, p &lt; .05, Holm over all "
             "pairs and parts); below each value its 95 % interval."]
    groups = alike(order, means)
    if groups:
        told = "; ".join(", ".join(letters[name] for name in group) for group in groups)
        lines.append(f"Cannot be told apart by the mean: {told}.")
    if means["detectable"].notna().any():
        lines.append("Smallest difference of two means that this set shows with a probability of 80 %: "
                     f"{means['detectable'].median():.3f} (median over pairs).")
    for name in order:
        metrics = models[name][0]
        lost = [f"{metrics[key]} {what}" for key, what in (("unmatched", "captions do not match"), ("videos_missing",
                "videos are missing"), ("groups_missing", "groups left out")) if metrics.get(key)]
        if lost:
            lines.append(f"{letters[name]}: {', '.join(lost)}. Judges without video were asked the whole set.")
    lines.append(f"Digest of the lists: <code>{escape(str(digest))}</code>.")
    return "".join(f"<p><small>{line}</small></p>" for line in lines)


def _cell(values, marks):
    sup = f"<sup>{' '.join(marks)}</sup>" if marks else ""
    ends = "" if values.get("low") is None else f"<br><small>{values['low']:.3f} to {values['high']:.3f}</small>"
    return f"<td>{values['posrank']:.3f}{sup}{ends}</td>"


def _rest(name, values):
    cells = "".join("<td></td>" if pd.isna(value) else f"<td>{value:.3f}</td>" for value in values)
    return f"<tr class='rest'><td>{escape(name)}</td>{cells}</tr>"


def _free(name, taken):
    """`name`, or with a number behind it where it is taken."""
    return name if name not in taken else next(f"{name} {n}" for n in range(2, 10**6) if f"{name} {n}" not in taken)


@command
def main(argv=None):
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m posrank board", description="One page of all evaluated models.")
    parser.add_argument("folder", help="with one folder per model (results/)")
    parser.add_argument("--out", help="the page; board.html in that folder without it")
    given = parser.parse_args(argv)
    path = Path(given.out or Path(given.folder) / "board.html")
    write_text(path, board(load(given.folder)))
    print(path)
