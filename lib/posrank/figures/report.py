"""The report's own pieces: the box at its head, what the runs say, what was left out, what is published.

Comes in: the workspace, a `posrank.figures.runs.Selection`, metrics/published.json. Goes out: HTML, Markdown, tables.
"""

import json
from html import escape

import pandas as pd

from posrank import PARTS, files
from posrank.figures.runs import coverage_note
from posrank.figures.strips import lines_html
from posrank.figures.style import COLUMNS, STRATEGIES, SYSTEMS
from posrank.figures.tables import blind_table, numbers, run_rows
from posrank.pipeline import machine
from posrank.pipeline.params import asked

PAPER = "Beyond Coarse-Grained Matching in Video-Text Retrieval (Chen, Doughty, Li, Snoek; ACCV 2024)"
SMOKE = "<b>Smoke run.</b> Tiny sizes, a few steps: it shows that the pipeline works. Its numbers mean nothing."
BANNER = '<p style="background:#fdf0d5;color:#222;border-left:4px solid #d55e00;padding:.5em .8em">{}</p>'


def preset_of(work):
    """Name of the preset whose scratch copy `work` is; None for any other folder."""
    return work.folder.name if work.folder.parent.name == ".presets" else None


def head_box(work, selection):
    """What the report is about, as HTML: paper, preset, data, K, steps, seeds, commit, date, machine; a banner for a
    smoke run, for videos that are missing, and where the numbers are published ones. A page puts its contents below."""
    params, runs = work.params, selection.runs
    train, preset, k = params.train, preset_of(work), params.negatives.k
    commit, date = machine.checkout(work.folder)
    box, length = machine.describe() if runs else {}, "steps" if train.steps else "epochs"
    made_on = [box.get("processor"), f"{box['cores']} cores" if box else "", *(box.get("accelerator") or [])]
    data = f"{train.dataset}, split {params.evaluate.split}"
    for first in runs[:1]:
        if "videos" in first:
            videos, captions = (first[name] - first[f"{name}_missing"] for name in ("videos", "captions"))
            data += f": {videos} videos, {captions} captions"
    lines = {"paper": PAPER, "preset": preset or "params.yaml as it stands", "data": data,
             "K": f"{k if isinstance(k, int) else json.dumps(k.plain())} negatives a list at most, "
                  f"rule {params.evaluate.rules[0]}",
             "training": f"{len(asked(params))} runs, {train.steps or train.epochs} {length} each",
             "seeds": ", ".join(map(str, train.seeds)),
             "commit": f"{commit} ({date})" if commit else "not known (no git)",
             "machine": "; ".join(filter(None, made_on)) or "nothing was trained"}
    missing = ", ".join(f"{name} has not been run" for name in selection.missing)
    banners = [SMOKE if preset == "smoke" else "", f"Not run: {missing}." if missing else "",
               f"{escape(note)}." if (note := coverage_note(runs)) else "",
               "Nothing was evaluated in this folder: the numbers are the published ones."
               if runs and not (work.folder / "metrics" / runs[0].get("file", "")).is_file() else ""]
    table = lines_html([(key, escape(text)) for key, text in lines.items()])
    told = "".join(map(BANNER.format, filter(None, banners)))
    return f'<div class="head-box">{table}{told}</div><nav id="contents"></nav>'


def verdict(metrics):
    """A few sentences that the numbers of these runs support, as Markdown; everything in them is computed here."""
    if not metrics:
        return "No runs: nothing was trained or evaluated here (`train.systems: []`, or `make repro` is not done)."
    rows, worth, lines = run_rows(metrics), blind_table(metrics), []
    rows = rows.assign(recall=rows[["v2t", "t2v"]].mean(axis=1), posrank=rows[list(PARTS)].mean(axis=1))
    for system, mine in rows.groupby("system", sort=False):
        seeds, means = mine["seed"].nunique(), mine.groupby("strategy", sort=False)[["posrank", "recall"]].mean()
        order = " > ".join(f"{STRATEGIES[name]} ({value:.3f})"
                           for name, value in means["posrank"].sort_values(ascending=False).items())
        lines.append(f"* **{SYSTEMS[system]}** ({seeds} seed{'s' if seeds > 1 else ''}): mean PoSRank {order}.")
        if "coarse" in means.index:
            coarse = means.loc["coarse", "recall"]
            change = ", ".join(f"{STRATEGIES[name]} {value - coarse:+.1f}" for name, value in means["recall"].items()
                               if name != "coarse")
            lines.append(f"  Mean recall {coarse:.1f} % with {STRATEGIES['coarse']}; change in points: "
                         f"{change or 'none trained'}.")
    unseen = worth[worth["gain_low"].astype(float) <= 0]
    cells = "; ".join(f"{SYSTEMS[r.system]}, {STRATEGIES[r.strategy]}, {r.part}" for r in unseen.itertuples())
    lines.append(f"* Vision gain not distinguishable from 0 (95 %): {cells or 'nowhere'}.")
    if rows["seed"].nunique() < 3:
        lines.append("* Fewer than three seeds: the order of the strategies is what this run gave, "
                     "not a claim about the method.")
    return "\n".join(lines)


def left_out(selection):
    """Metrics files that are not in the tables, each with its reason -> DataFrame; empty where there are none."""
    rows = {f"metrics/{file}": reason for file, reason in selection.left_out.items()}
    rows |= dict.fromkeys(selection.missing, "has not been run")
    return pd.DataFrame({"reason": pd.Series(rows, dtype=str)}).rename_axis("file")


def external_table(selection):
    """Models that were not trained here, on the runs' lists -> DataFrame by model: PoSRank per part and mean."""
    rows = {m.get("run", m["file"]): numbers(m) for m in selection.external}
    return pd.DataFrame.from_dict(rows, orient="index", columns=[*PARTS, "mean"]).rename_axis("model")


def published_list():
    """metrics/published.json of the project (posrank.pipeline.published), {} where there is none."""
    return files.read_json(files.root() / "metrics" / "published.json", "restore it from the repository", absent={})


def published_tables(found, wanted, but=()):
    """What git keeps of other presets, one table each -> {heading: DataFrame}.

    found: of `published_list`; wanted: a function (name of a run or of a sweep's point, its entry) -> whether it is
    shown; but: presets to leave out. Runs are averaged over seeds. Runs on different lists stand in different tables. A
    heading names preset, data, commit, and says how many runs the present code would make otherwise.
    """
    tables, keys, shown = {}, ["system", "training strategy"], [*COLUMNS, "mean", "vision_gain"]
    order = {name: n for n, name in enumerate([*SYSTEMS.values(), *STRATEGIES.values()])}
    for preset, entry in found.items():
        runs = pd.DataFrame([{**_kind(name), "lists": None, **values} for name, values in entry["runs"].items()
                             if preset not in but and wanted(name, values)])
        on = ["dataset", "split", "lists"]
        for (dataset, split, lists), mine in runs.groupby(on, sort=False, dropna=False) if len(runs) else ():
            mine = mine.sort_values(keys, key=lambda column: column.map(order), kind="stable")
            old = sum(map(bool, mine["stale"]))
            commits = sorted({commit or entry["commit"] or "" for commit in mine["commit"]} - {""})
            heading = f"published, preset {preset}, {dataset} {split}, commit {', '.join(commits) or 'not noted'}"
            heading += (f"; {old} of {len(mine)} runs are stale: made by other code or parameters than the present ones"
                        if old else "; current")
            # lists of one preset can differ as well: the digest tells their tables apart
            heading = heading if heading not in tables else f"{heading} (lists {lists})"
            tables[heading] = mine.set_index(keys)[shown].astype(float).groupby(level=keys, sort=False).mean()
    return tables


def _kind(name):
    """System and strategy of a published run, for people; of a sweep's point, its name."""
    if name.startswith("sweeps/"):
        return {"system": "sweep", "training strategy": name.removeprefix("sweeps/")}
    system, strategy, _ = name.split("-")
    return {"system": SYSTEMS.get(system, system), "training strategy": STRATEGIES.get(strategy, strategy)}
