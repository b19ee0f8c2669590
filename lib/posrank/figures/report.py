"""The report's own pieces: the box at its head, what the runs say, what was left out, what is published.

Comes in: the workspace, a `posrank.figures.runs.Selection`, metrics/published.json. Goes out: HTML, Markdown, tables.
"""

import json
from html import escape

import numpy as np
import pandas as pd

from posrank import PARTS, files
from posrank.figures.runs import asked, coverage_note
from posrank.figures.style import STRATEGIES, SYSTEMS
from posrank.figures.tables import blind_table, strategy_table
from posrank.figures.texts import COLUMNS, numbers
from posrank.pipeline import machine

PAPER = "Beyond Coarse-Grained Matching in Video-Text Retrieval (Chen, Doughty, Li, Snoek; ACCV 2024)"


def preset_of(work):
    """Name of the preset whose scratch copy `work` is; None for any other folder."""
    return work.folder.name if work.folder.parent.name == ".presets" else None


def head_box(work, selection):
    """What the report is about, as HTML: paper, preset, data, K, steps, seeds, commit, date, machine; a banner for a
    smoke run, for videos that are missing, and where the numbers are published ones. A page puts its contents below."""
    params, runs = work.params, selection.runs
    train, preset = params.train, preset_of(work)
    commit, date = machine.checkout(work.folder)
    box, length = machine.describe() if runs else {}, "steps" if train.steps else "epochs"
    made_on = [box.get("processor"), f"{box['cores']} cores" if box else "", *(box.get("accelerator") or [])]
    first = runs[0] if runs else {}
    data = f"{train.dataset}, split {params.evaluate.split}"
    if "videos" in first:
        videos, captions = (first[name] - first[f"{name}_missing"] for name in ("videos", "captions"))
        data += f": {videos} videos, {captions} captions"
    k = params.negatives.k if isinstance(params.negatives.k, int) else json.dumps(params.negatives.k.plain())
    lines = {"paper": PAPER, "preset": preset or "params.yaml as it stands", "data": data,
             "K": f"{k} negatives a list at most, rule {params.evaluate.rules[0]}",
             "training": f"{len(asked(params))} runs, {train.steps or train.epochs} {length} each",
             "seeds": ", ".join(map(str, train.seeds)),
             "commit": f"{commit} ({date})" if commit else "not known (no git)",
             "machine": "; ".join(filter(None, made_on)) or "nothing was trained"}
    banners = []
    if preset == "smoke":
        banners.append("<b>Smoke run.</b> Tiny sizes, a few steps: it shows that the pipeline works. "
                       "Its numbers mean nothing.")
    if selection.missing:
        banners.append(f"Not run: {', '.join(f'{name} has not been run' for name in selection.missing)}.")
    if coverage_note(runs):
        banners.append(escape(coverage_note(runs)) + ".")
    left = 'style="text-align:left"'
    pale = "background:#fdf0d5;color:#222;border-left:4px solid #d55e00;padding:.5em .8em"
    rows = "".join(f"<tr><th {left}>{key}</th><td {left}>{escape(str(text))}</td></tr>" for key, text in lines.items())
    boxes = "".join(f'<p style="{pale}">{text}</p>' for text in banners)
    return f'<div class="head-box"><table>{rows}</table>{boxes}</div><nav id="contents"></nav>'


def verdict(metrics):
    """A few sentences that the numbers of these runs support, as Markdown; everything in them is computed here."""
    if not metrics:
        return "No runs: nothing was trained or evaluated here (`train.systems: []`, or `make repro` is not done)."
    table, worth = strategy_table(metrics), blind_table(metrics)
    lines = []
    for system in table.index.unique("system"):
        mine = table.loc[system]
        seeds = int(mine["seeds"].max())
        means = mine[list(PARTS)].mean(axis=1).sort_values(ascending=False)
        order = " > ".join(f"{STRATEGIES[name]} ({value:.3f})" for name, value in means.items())
        recall = mine[["v2t", "t2v"]].mean(axis=1)
        lines.append(f"* **{SYSTEMS[system]}** ({seeds} seed{'s' if seeds > 1 else ''}): mean PoSRank {order}.")
        if "coarse" in recall.index:
            change = ", ".join(f"{STRATEGIES[name]} {recall[name] - recall['coarse']:+.1f}" for name in mine.index
                               if name != "coarse")
            lines.append(f"  Mean recall {recall['coarse']:.1f} % with {STRATEGIES['coarse']}; "
                         f"change in points: {change or 'none trained'}.")
    blind = worth[worth["gain_low"].notna() & (worth["gain_low"] <= 0)]
    cells = "; ".join(f"{SYSTEMS[r.system]}, {STRATEGIES[r.strategy]}, {r.part}" for r in blind.itertuples())
    lines.append(f"* Vision gain not distinguishable from 0 (95 %): {cells or 'nowhere'}.")
    if table["seeds"].max() < 3:
        lines.append("* Fewer than three seeds: the order of the strategies is what this run gave, "
                     "not a claim about the method.")
    return "\n".join(lines)


def left_out(selection):
    """Metrics files that are not in the tables, each with its reason -> DataFrame; empty where there are none."""
    rows = [{"file": f"metrics/{file}", "reason": reason} for file, reason in selection.left_out.items()]
    rows += [{"file": name, "reason": "has not been run"} for name in selection.missing]
    return pd.DataFrame(rows, columns=["file", "reason"]).set_index("file")


def external_table(selection):
    """Models that were not trained here, on the runs' lists -> DataFrame by model: PoSRank per part and mean."""
    rows = [{"model": m.get("run", m["file"]),
             **{part: m["posrank"].get(part, {}).get("posrank") for part in (*PARTS, "mean")}}
            for m in selection.external]
    return numbers(pd.DataFrame(rows, columns=["model", *PARTS, "mean"]).set_index("model"))


def published(folder=None):
    """metrics/published.json of the project (posrank.pipeline.published), {} where there is none."""
    path = (folder or files.root()) / "metrics" / "published.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def published_tables(found, wanted, but=()):
    """What git keeps of other presets, one table each -> {heading: DataFrame of texts}.

    found: `published()`; wanted: a function (name of a run or of a sweep's point, its entry) -> whether it is shown;
    but: presets to leave out. Runs are averaged over seeds. Runs on different lists stand in different tables. A
    heading names preset, data, commit, and says how many runs the present code would make otherwise.
    """
    tables, order = {}, {name: n for n, name in enumerate([*SYSTEMS.values(), *STRATEGIES.values()])}
    for preset, entry in found.items():
        groups = {}
        for name, values in entry["runs"].items():
            if preset not in but and wanted(name, values):
                groups.setdefault((values["dataset"], values["split"], values["lists"]), {})[name] = values
        for (dataset, split, lists), runs in groups.items():
            rows = [{**_kind(name),
                     **{key: np.nan if values.get(key) is None else values[key]
                        for key in (*COLUMNS, "mean", "vision_gain")}} for name, values in runs.items()]
            rows.sort(key=lambda line: [order.get(line[key], 99) for key in ("system", "training strategy")])
            table = pd.DataFrame(rows).groupby(["system", "training strategy"], sort=False).mean(numeric_only=True)
            old = sum(bool(values["stale"]) for values in runs.values())
            commits = sorted({values["commit"] or entry["commit"] or "" for values in runs.values()} - {""})
            heading = f"published, preset {preset}, {dataset} {split}, commit {', '.join(commits) or 'not noted'}"
            heading += (f"; {old} of {len(runs)} runs are stale: made by other code or parameters than the present ones"
                        if old else "; current")
            # lists of one preset can differ as well: the digest tells their tables apart
            tables[heading if heading not in tables else f"{heading} (lists {lists})"] = numbers(table)
    return tables


def _kind(name):
    """System and strategy of a published run, for people; of a sweep's point, its name."""
    if name.startswith("sweeps/"):
        return {"system": "sweep", "training strategy": name.removeprefix("sweeps/")}
    system, strategy, _ = name.split("-")
    return {"system": SYSTEMS.get(system, system), "training strategy": STRATEGIES.get(strategy, strategy)}
