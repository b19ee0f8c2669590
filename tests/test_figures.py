"""Figures and report tables from small made-up metrics (modules tables, ranks, curves, examples, attention, report, readme)."""

import json
import re

import matplotlib
import numpy as np
import pandas as pd
import pytest
import torch

from posrank import PARTS, figures
from posrank.figures import readme, sweeps
from posrank.files import root

matplotlib.use("Agg")


def metrics(strategy="coarse", seed=0, system="xclip", value=0.4):
    part = dict(posrank=value, low=value - 0.05, high=value + 0.05, chance=0.2, adjusted=0.25, list_length=8.0, captions=10, videos=5)
    return dict(
        system=system, strategy=strategy, seed=seed, dataset="world", split="test",
        recall={way: {"R@1": 50.0, "R@5": 80.0, "R@10": 90.0, "mean": 70.0 + 10 * value, "MdR": 1.0, "MnR": 2.0} for way in ("v2t", "t2v")},
        posrank={**{p: part for p in PARTS}, "mean": part}, zero_line={p: 0.21 for p in PARTS},
        blind={"unigram": {p: 0.18 for p in PARTS}, "shuffled video": {p: 0.21 for p in PARTS}},
        vision_gain={p: dict(best_blind="shuffled video", value=value - 0.21, low=value - 0.3, high=value) for p in PARTS},
    )


def test_strategy_table_averages_seeds_and_gives_their_spread():
    table = figures.strategy_table([metrics(value=0.4), metrics(seed=1, value=0.6), metrics("word", value=0.5)])
    assert table.loc[("xclip", "coarse"), "noun"] == pytest.approx(0.5)
    assert table.loc[("xclip", "coarse"), "noun_sd"] == pytest.approx(np.std([0.4, 0.6], ddof=1))
    assert np.isnan(table.loc[("xclip", "word"), "noun_sd"])
    worth = figures.worth_table(figures.blind_table([metrics(), metrics(seed=1)]))
    assert set(worth["best_blind"]) == {"shuffled video"} and worth.index.names == ["system", "strategy", "part"]


def test_without_runs_everything_is_empty_and_says_so():
    assert figures.strategy_table([]).empty and list(figures.strategy_table([]).index.names) == ["system", "strategy"]
    assert set(figures.beside_paper([]).index.get_level_values("from")) == {"paper"} and figures.results_table([]).empty
    assert figures.blind_table([]).empty and figures.worth_table(figures.blind_table([])).empty
    assert figures.parts_figure([]) is None and figures.correlation_figure([]) is None
    assert figures.average_table([]).empty and "No runs" in figures.verdict([])


def test_the_papers_row_stands_below_ours():
    table = figures.beside_paper([metrics("word")])
    assert table.loc[("X-CLIP", "Word-Level Negatives", "paper"), "noun"] == 0.894
    assert table.loc[("X-CLIP", "Word-Level Negatives", "ours"), "noun"] == 0.4


def test_metrics_of_a_folder_in_the_papers_order_and_broken_files_named(tmp_path):
    for m in (metrics("word"), metrics("coarse")):
        (tmp_path / f"{m['strategy']}.json").write_text(json.dumps(m))
    (tmp_path / "datasets.json").write_text("{}")
    assert [m["strategy"] for m in figures.load_metrics(tmp_path)] == ["coarse", "word"]
    (tmp_path / "bad.json").write_text("{\n oops")
    with pytest.raises(ValueError, match=r"bad\.json, line 2"):
        figures.load_metrics(tmp_path)


@pytest.mark.parametrize("page", readme.pages(root()), ids=lambda path: path.name)
def test_pages_are_what_the_metrics_say(page):
    text = page.read_text(encoding="utf-8")
    assert readme.fill(text) == text


def test_no_mean_is_typed_by_hand_in_the_readme():
    """A number with a decimal point stands in a generated part, or is no result: a version, lambda, a time or a ratio of speed."""
    text = (root() / "README.md").read_text(encoding="utf-8")
    text = re.sub(r"<!-- \[\[\[cog.*?<!-- \[\[\[end\]\]\] -->|<!-- speed -->.*?<!-- end of speed -->|```.*?```", "", text, flags=re.S)
    assert re.findall(r"(?<![\w.])0?\.\d{2,3}\b", text) == []


def test_results_name_blind_rows_spread_and_how_many_videos():
    runs = [metrics(), metrics(seed=1, value=0.6)]
    table = figures.results_table(runs)
    assert table.loc[("X-CLIP", "Coarse-Grained Training"), "noun"] == "0.500 ± 0.141"
    assert table.loc[("", "shuffled video (mean of all runs)"), "noun"] == "0.210"
    assert table.loc[("", "best n-gram model, no video"), "verb"] == "0.180" and list(table.columns[2:7]) == list(PARTS)
    counts = {"videos": 24, "videos_missing": 6, "captions": 72, "captions_missing": 18}
    note = "18 of 24 test videos; not comparable with the full test set"
    whole = metrics() | counts | {"videos_missing": 0, "captions_missing": 0}
    assert figures.coverage_note([metrics() | counts]) == note and figures.coverage_note([whole]) == ""
    trained = {"training": {"videos": 60, "videos_missing": 4, "captions": 180, "captions_missing": 12}}
    assert figures.coverage_note([whole, whole | trained]) == "trained on 56 of 60 videos"
    assert figures.coverage_note([metrics() | counts | trained]) == f"{note}; trained on 56 of 60 videos"
    assert figures.coverage(metrics() | counts | trained) == (
        "18 of 24 test videos, 54 of 72 captions (not comparable with the full test set); trained on 56 of 60 videos")
    assert figures.coverage(whole) == "24 of 24 test videos, 72 of 72 captions" and figures.coverage(metrics()) == ""


@pytest.mark.parametrize("draw", [figures.parts_figure, figures.correlation_figure])
def test_figures_of_several_runs(draw, tmp_path):
    figure = draw([metrics(), metrics("word", value=0.6)])
    figures.save(figure, tmp_path, "figure")
    first = (tmp_path / "figure.png").read_bytes()
    figures.save(draw([metrics(), metrics("word", value=0.6)]), tmp_path, "figure")
    assert (tmp_path / "figure.png").read_bytes() == first


def test_controls_and_history_and_sweeps():
    assert len(figures.controls_figure(metrics()).axes[0].containers) == 3
    history = pd.DataFrame({"step": range(1, 21), "loss": 1.0, "coarse": 1.0, "fine": np.nan, "lr": 0.1})
    assert figures.history_figure(history).axes
    table = pd.DataFrame({"lambda": [0.1, 0.2], "v2t": 50.0, "t2v": 40.0, **{p: 0.5 for p in PARTS}})
    assert figures.sweep_figure(table, "lambda", "lambda").axes


def test_duplicate_figure_has_a_panel_per_dataset():
    curves = pd.DataFrame([dict(dataset=d, part=p, removed=j, proportion=0.1 * j) for d in "ab" for p in PARTS for j in range(3)])
    assert len(figures.duplicate_figure(curves).axes) == 2


def test_examples_colour_the_changed_word_and_escape_the_rest():
    captions = pd.DataFrame({"caption_id": ["c"], "caption": ["a <b> black car"]})
    negatives = pd.DataFrame([dict(caption_id="c", part="adj", k=0, sentence="a <b> white car", replacement="white", source="antonym")])
    html = figures.examples_html(captions, negatives, ["c"])
    assert '<b style="color:#c0392b">white</b> car' in html and "a &lt;b&gt;" in html
    assert "The changed word is:" in html and "antonym of a hypernym" in html


def test_attention_maps_sum_to_at_most_one_and_show_prompts():
    from test_training import tiny_system

    from posrank.towers.attention import attention_maps

    system = tiny_system(prompts=2)
    maps = attention_maps(system, torch.randn(1, 2, 3, 16, 16))
    assert maps["CLS"].shape == maps["prompt"].shape == (1, 2, 2, 2)
    assert (maps["CLS"].sum((2, 3)) <= 1 + 1e-5).all()
    figure = figures.attention_figure(np.zeros((2, 16, 16, 3), np.uint8), {name: m[0] for name, m in maps.items()}, "a caption", steps=2)
    assert len(figure.axes) == 6


def test_average_table_and_verdict_speak_of_the_runs_they_have():
    several = [metrics(), metrics("word", value=0.6)]
    table = figures.average_table(several)
    assert table.loc["X-CLIP", "paper (VLN-UVO)"] == 0.301
    text = figures.verdict(several)
    assert "Word-Level Negatives (0.600) > Coarse-Grained Training (0.400)" in text and "Fewer than three seeds" in text


def test_sweep_table_reads_points_in_order(tmp_path):
    (tmp_path / "metrics" / "sweeps").mkdir(parents=True)
    for value in (0.5, 0.1):
        (tmp_path / "metrics" / "sweeps" / f"lambda-{value}.json").write_text(json.dumps(metrics(value=value)))
    assert sweeps.sweep_table(tmp_path / "metrics" / "sweeps", "lambda")["lambda"].tolist() == [0.1, 0.5]
    assert sweeps.sweep_table(tmp_path / "metrics" / "sweeps", "n").empty


def test_a_page_is_filled_from_the_metrics_of_a_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("POSRANK_ROOT", str(tmp_path))
    (tmp_path / "metrics").mkdir()
    (tmp_path / "metrics" / "xclip-word-0.json").write_text(json.dumps(metrics("word")))
    page = "before\n<!-- [[[cog from posrank.figures import readme; readme.results({!r}) ]]] -->\nold\n<!-- [[[end]]] -->\nafter\n"
    (tmp_path / "README.md").write_text(page.format("metrics"))
    readme.main()
    filled = (tmp_path / "README.md").read_text()
    assert "old" not in filled and filled.startswith("before\n") and filled.endswith("-->\nafter\n")
    assert "| X-CLIP | Word-Level Negatives |" in filled
    with pytest.raises(Exception, match="make publish"):
        readme.fill(page.format("metrics/none"))


def test_missing_values_are_empty_cells_in_notebooks():
    from IPython.core.interactiveshell import InteractiveShell

    rows = ["coarse", "shuffled video"]
    table = pd.DataFrame({"v2t": [1.25, np.nan], "seeds": pd.array([1, None], dtype="Int64"), "said": ["a", None]}, index=rows)
    table.columns = ["v2t", "seeds", "seeds"]  # names may occur twice
    shell = InteractiveShell.instance()
    try:
        figures.show_style()
        html = shell.display_formatter.format(table)[0]["text/html"]
        cut = shell.display_formatter.format(pd.DataFrame({"a": range(1000)}))[0]["text/html"]
    finally:
        InteractiveShell.clear_instance()
    assert ">V2T<" in html and ">1.2<" in html and ">1<" in html and html.count("<td></td>") == 3
    assert not any(word in html for word in ("NaN", "&lt;NA", "None"))
    assert table["v2t"].isna().sum() == 1, "the table itself stays as it is"
    assert "1000 rows" in cut and cut.count("<tr") < 20
    counts = pd.DataFrame({"rank": [1.0, 2.0, None], "share": [0.0, 1.0, 1.0], "score": [7.0, 1.5, 3.0]})
    html = figures.style.table_html(counts)
    assert ">2<" in html and "2.0" not in html and ">1.0" in html and ">1.5" in html, "a count has no decimals, a share has"


def test_missing_values_are_empty_cells_in_markdown_and_the_readme():
    table = pd.DataFrame({"a": [1.0, np.nan], "b": pd.array([1, None], dtype="Int64"), "c": ["x", None], "d": [np.float32("nan"), 2]})
    assert figures.markdown(table, index=False).splitlines()[2:] == ["| 1.000 | 1 | x |  |", "|  |  |  | 2.000 |"]
    run = metrics()
    for entry in (run["posrank"], run["zero_line"], *run["blind"].values()):
        entry.pop("adv", None)
    for runs in ([run], [run, metrics(seed=1)]):
        text = figures.markdown(figures.results_table(runs))
        assert not any(word in text for word in ("nan", "<NA>", "None"))
    assert "|  |" in figures.markdown(figures.results_table([run])) and figures.markdown(figures.results_table([run])).count("±") == 0


def test_the_report_has_no_latex_as_its_page_runs_no_scripts():
    from nbformat import read

    cells = read(root() / "notebooks" / "5_report.ipynb", as_version=4).cells
    assert not [cell.source for cell in cells if cell.cell_type == "markdown" and "$" in cell.source]


def test_the_page_has_contents_and_folds_the_cell_below_what_it_made():
    from nbformat import v4

    from posrank.figures.html import page

    box = v4.new_output("display_data", data={"text/html": '<nav id="contents"></nav>'})
    node = v4.new_notebook(cells=[
        v4.new_markdown_cell("# The title", id="0"), v4.new_code_cell("quiet = 1", id="1"), v4.new_code_cell("made()", id="2",
            outputs=[box]),
        v4.new_markdown_cell("## Table 4: strategies", id="3"), v4.new_markdown_cell("## Fig. 5", id="4"),
    ])
    text = page(node, "n")
    assert "<title>The title</title>" in text and "<script" not in text and "http" not in re.sub(r"(?s)<style.*?</style>", "", text)
    assert re.findall(r'<a href="#([^"]+)">([^<]+)</a>', text.split('id="contents">')[1].split("</nav>")[0]) == [
        ("Table-4:-strategies", "Table 4: strategies"), ("Fig.-5", "Fig. 5")]
    assert 'id="cell-2"' in text and 'id="cell-1"' not in text and "made by cell 2" in text


@pytest.mark.parametrize(("preset", "banner"), [("smoke", True), ("full", False)])
def test_the_head_box_says_what_the_report_is_about(tmp_path, preset, banner):
    from posrank.pipeline import params, workspace

    work = workspace.Workspace(tmp_path / ".presets" / preset, params.load(root() / "params.yaml", preset=preset))
    work.folder.mkdir(parents=True)
    counts = {"videos": 24, "videos_missing": 6, "captions": 72, "captions_missing": 18}
    html = figures.head_box(work, figures.select([metrics() | counts], work.params))
    assert "world, split test: 18 videos, 54 captions" in html and "18 of 24 test videos" in html and "published ones" in html
    assert ("Smoke run" in html) == banner and "ACCV 2024" in html and f">{preset}<" in html and "xclip-prompt-0 has not been run" in html
    assert all(f">{name}</th>" in html for name in ("paper", "preset", "data", "K", "training", "seeds", "commit", "machine"))
