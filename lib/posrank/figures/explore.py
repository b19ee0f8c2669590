"""The command ``python -m posrank explore``: the page of one or two results.

In: names of runs of this workspace, or folders of posrank.evaluation.external with the captions of their set. Out:
explorer.html (posrank.figures.explorer_page).
"""

import argparse
from pathlib import Path

from posrank import captions, files, release, tables
from posrank.figures.explorer_page import explorer
from posrank.figures.runs import load_result
from posrank.figures.style import STRATEGIES, SYSTEMS
from posrank.messages import command


def of_runs(work, runs, rule=None):
    """(scores by run, negatives, captions, folder of the videos) of runs of a workspace, on the lists of one rule."""
    options = work.params.evaluate
    rule, dataset = rule or options.rules[0], work.params.train.dataset
    scores = {}
    for run in runs:
        table = tables.read_table(work.folder / "results" / "scores" / f"{run}.parquet", "scores")
        name = run if rule == options.rules[0] else f"{run}@{rule}"
        scores[run] = table[table["run"] == name]
        if scores[run].empty:
            raise ValueError(f"{run} has no scores on lists of rule {rule}: evaluate it with that rule in "
                             "evaluate.rules")
    texts = work.statements(dataset) if rule == "exchange" else work.captions(dataset)
    return scores, work.negatives(dataset, rule), texts, work.folder / "data" / "raw" / dataset


def of_folders(folders, root=None):
    """The same of folders of results on one release; root: folder of its annotation files."""
    scores, names = {}, set()
    for folder in map(Path, folders):
        metrics = load_result(folder / "metrics.json")
        names.add((metrics.get("release"), metrics["lists"].get(metrics["rule"])))
        scores[metrics["run"] if metrics["run"] not in scores else str(folder)] = tables.read_table(
            folder / "scores.parquet", "scores")
    if len(names) > 1:
        raise ValueError(f"{' and '.join(map(str, folders))} are results on different lists: explore them one by one")
    found = release.read(names.pop()[0])
    root = root or files.root() / "data" / "raw" / found.about["dataset"]
    texts, negatives = release.build(found, captions.load(found.about["dataset"], root, found.about["variant"]))
    return scores, negatives, texts, None


def of_workspace(work):
    """The page of a workspace's first and last run that have scores, results/explorer.html -> its path, None without
    any. (In the order of params.yaml: coarse training beside the paper's own.)"""
    scored = [run for run in work.runs() if (work.folder / "results" / "scores" / f"{run}.parquet").is_file()]
    return write(list(dict.fromkeys((scored[0], scored[-1]))), work=work) if scored else None


def write(results, out=None, rule=None, root=None, videos=None, most=3000, work=None):
    """The page of one or two results, names of runs (of the workspace `work`) or folders -> its path."""
    if work is None and all((Path(each) / "metrics.json").is_file() for each in results):
        scores, negatives, texts, _ = of_folders(results, root)
        out = out or Path(results[0]) / "explorer.html"
    else:
        from posrank.pipeline import workspace

        work = work or workspace.open()
        scores, negatives, texts, raw = of_runs(work, results, rule)
        scores = {_shown(run): table for run, table in scores.items()}
        videos, out = videos or raw, out or work.folder / "results" / "explorer.html"
    title, scored = f"PoSRank: {' and '.join(scores)}", set(next(iter(scores.values()))["caption_id"])
    negatives, texts = (table[table["caption_id"].isin(scored)] for table in (negatives, texts))
    return explorer(scores, negatives, texts, videos, out, title=title, most=most)


def _shown(run):
    """A run's name for people, "X-CLIP, Word-Level Negatives, seed 0"; as it is where it is no run of the paper's."""
    system, strategy, seed = run.split("-") if run.count("-") == 2 else ("", "", "")
    known = system in SYSTEMS and strategy in STRATEGIES
    return f"{SYSTEMS[system]}, {STRATEGIES[strategy]}, seed {seed}" if known else run


@command
def main(argv=None):
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m posrank explore", description="A page to look at results.")
    parser.add_argument("results", nargs="+", help="one or two: names of runs, or folders of evaluate --model")
    parser.add_argument("--rule", help="of runs: whose lists; the first of evaluate.rules without it")
    parser.add_argument("--captions", help="of folders: the annotation files; data/raw/<dataset> without it")
    parser.add_argument("--videos", help="folder of the videos")
    parser.add_argument("--out", help="the page")
    parser.add_argument("--most", type=int, default=3000, help="lists on the page (3000)")
    given = parser.parse_args(argv)
    print(write(given.results, given.out, given.rule, given.captions, given.videos, given.most))
