"""The report's sections: each shows one table or figure of the paper, ours beside the paper's, or what has not run.

Comes in: the workspace and its selection of runs. Tables and figures are displayed, and saved in the pipeline.
"""

from IPython.display import HTML, Markdown, display

from posrank.captions.statistics import paper_table
from posrank.figures import sweeps
from posrank.figures.curves import sweep_figure
from posrank.figures.generators import cross_generator
from posrank.figures.neighbours import coarse_fine_html
from posrank.figures.report import preset_of, published_list, published_tables
from posrank.figures.runs import load_metrics, name_of, one_set, published_folder
from posrank.figures.style import STRATEGIES, SYSTEMS
from posrank.figures.tables import PAPER_DATASETS, average_table, beside_paper

PAPERS = {4: "Paper: X-CLIP on VLN-UVO, K = 20", 5: "Paper: X-CLIP, word-level negatives, VLN-UVO, K = 20",
          6: "Paper: X-CLIP, word-level negatives, VLN-UVO, K = 20", 7: "Paper: X-CLIP, K = 20",
          8: "Paper: VLN-UVO, K = 20"}


def show_example(work, metrics):
    """Fig. 1: a test clip with both kinds of negatives, and the rank of its caption under each strategy of the first
    system. A line that says so where this workspace has no lists."""
    dataset, options = work.params.train.dataset, work.params.evaluate
    if not (work.folder / "data" / "negatives" / f"{dataset}-{options.rules[0]}.parquet").is_file():
        return print(f"no lists of {dataset} in this workspace (make repro makes them): no example")
    texts, lists = work.captions(dataset), work.negatives(dataset, options.rules[0])
    texts, ranks = texts[texts["split"] == options.split], {}
    for m in one_set(metrics):
        found = work.ranks(name_of(m))
        if found is not None and all(m[key] == metrics[0][key] for key in ("system", "seed")):
            ranks[f"{SYSTEMS[m['system']]}, {STRATEGIES[m['strategy']]}"] = found[found["run"] == found["run"].iloc[0]]
    html = coarse_fine_html(texts, lists, k=3, per_part=2, clip=lambda video: work.clip(dataset, video), ranks=ranks)
    display(HTML(html))


def show_results(work, selection, table):
    """Table 4, 7 or 8: ours and the paper's rows; below, published runs of what this preset did not run."""
    runs, systems, dataset = selection.runs, {m["system"] for m in selection.runs}, work.params.train.dataset
    runs = runs if table == 8 else [m for m in runs if m["system"] == "xclip"]
    beside = beside_paper(runs, table)
    if table == 7 and dataset == "world":
        own = f"world, {work.params.world.captions} captions"
        beside = beside_paper([], table, {own: runs, **other_captions(work)})
    display(Markdown(f"{PAPERS[table]}."), work.save_table(beside, f"table{table}_beside_paper"))
    if not runs:
        print(f"Table {table}: this preset has no such runs; the paper's rows alone")
    wanted = {
        4: lambda name, m: not runs and name.startswith("xclip-"),
        7: lambda name, m: name.startswith("xclip-") and m["dataset"] != dataset and m["dataset"] in PAPER_DATASETS,
        8: lambda name, m: not name.startswith("sweeps/") and name.partition("-")[0] not in systems,
    }[table]
    show_published(work, wanted, f"Table {table}, ")


def other_captions(work):
    """{name: metrics} of what is published of the same clips with the captions that this workspace does not have:
    several seeds, or one where there are no more."""
    presets = {"balanced": ("seeds", "default"), "natural": ("natural_seeds", "natural")}
    presets.pop(work.params.world.captions)
    found = {grammar: [load_metrics(published_folder(name)) for name in names] for grammar, names in presets.items()}
    return {f"world, {grammar} captions (published)": several or one for grammar, (several, one) in found.items()}


def show_average(work, selection):
    """Table 3: ours and the paper's; below, published runs of the systems that this preset did not run."""
    table, systems = work.save_table(average_table(selection.runs), "table3"), {m["system"] for m in selection.runs}
    display(table if len(table) else Markdown("None of these runs had coarse-grained training."))
    display(Markdown("The paper's Table 3:"), paper_table(3).set_index("system"))
    show_published(work, lambda name, m: "-coarse-" in name and not name.startswith("sweeps/")
                   and name.partition("-")[0] not in systems, "Table 3, ")


def show_sweep(work, selection, name):
    """Table 5 (lambda) or 6 (n): ours and the paper's rows with a figure; where it has not run, published points."""
    number, _ = sweeps.PAPERS[name]
    table = sweeps.sweep_table(work.folder / "metrics" / "sweeps", name, selection.runs)
    beside = work.save_table(sweeps.sweep_beside_paper(table, name), f"table{number}")
    display(Markdown(f"{PAPERS[number]}."), beside.rename_axis(index={"n": "N"}))
    if table.empty:
        print(f"Table {number}: this sweep has not run here ({sweeps.command(name)}); above the paper's rows, below "
              "published ones")
        # also of this preset: its runs stand above, the points of its sweeps do not
        points = published_tables(published_list(), lambda point, m: point.startswith(f"sweeps/{name}-"))
        for heading, published in points.items():
            published = sweeps.by_value(published, name).rename_axis(index={"n": "N"})
            display(Markdown(f"**Table {number}, {heading}**"), published)
    else:
        label = {"lambda": "lambda", "n": "N, negatives per part of speech"}[name]
        work.save(sweep_figure(table, name, label, paper_table(number)), f"table{number}_{name}")


def show_published(work, wanted, what=""):
    """Published runs that are `wanted` (see `published_tables`), one table a preset; nothing where there are none."""
    for heading, table in published_tables(published_list(), wanted, but={preset_of(work)}).items():
        display(Markdown(f"**{what}{heading}**"), table)


def show_other_sweeps(work, metrics):
    """Training without video, and on other negatives, where the sweep has run here; else how to run it."""
    folder = work.folder / "metrics" / "sweeps"
    tables = {(name, sweep): sweeps.constant_table([*sweeps.points(folder, sweep, metrics).values()], metrics)
              for name, sweep in (("constant_video", "constant"), ("text_alone", "text"))}
    both = sweeps.points(folder, "holdout") | sweeps.points(folder, "rule")
    tables["cross_generator", "rule"] = cross_generator(both)
    for (name, sweep), table in tables.items():
        if len(table):
            display(work.save_table(table, name))
        else:
            print(f"{name.replace('_', ' ')}: not run in this workspace ({sweeps.command(sweep)})")
