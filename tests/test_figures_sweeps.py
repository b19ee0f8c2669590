"""Tables of what stands beside PoSRank (modules figures.brittleness, sweeps, significance) from small made-up metrics."""

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from test_figures import metrics

from posrank import PARTS, figures
from posrank.figures import readme, show, sweeps


def brittle(value, parts=PARTS, kind="rephrased"):
    part = dict(brittleness=value, low=value - 0.1, high=value + 0.1, shuffled=0.4, captions=10, triples=70)
    other = "synonym" if kind == "rephrased" else "rephrased"
    return {kind: {"parts": {p: part for p in parts}, "left_out": {}},
            other: {"parts": {}, "left_out": {"words unknown to the text tower": 12}}}


def test_brittleness_has_a_row_per_kind_and_strategy_and_says_what_is_missing(capsys):
    runs = [metrics() | {"brittleness": brittle(0.2)}, metrics("word") | {"brittleness": brittle(0.3, ["noun"])}]
    table = figures.brittleness_table(runs)
    rephrased = "the same words in another sentence"
    assert table.loc[(rephrased, "X-CLIP", "Coarse-Grained Training"), "noun"] == "0.200 [0.100, 0.300]"
    assert pd.isna(table.loc[(rephrased, "X-CLIP", "Word-Level Negatives"), "adv"])
    assert table.loc[(rephrased, "X-CLIP", "Word-Level Negatives"), "shuffled video"] == 0.4
    told = capsys.readouterr().out
    assert "no hard positives for adj, adv, noun, prep, verb (24" not in told and "12 left out: words unknown to the text tower" in told
    several = figures.brittleness_table([metrics() | {"brittleness": brittle(0.2)}, metrics(seed=1) | {"brittleness": brittle(0.4)}])
    assert several.loc[(rephrased, "X-CLIP", "Coarse-Grained Training"), "noun"] == "0.300"
    assert figures.brittleness_table([metrics()]).empty and "evaluate.positives" in capsys.readouterr().out


def test_constant_video_stands_between_the_full_run_and_chance(tmp_path):
    constant = metrics("word", value=0.25) | {"trained_on": "constant video"}
    constant["blind"] |= {"blank video": {p: 0.22 for p in PARTS} | {"mean": 0.22}, "unigram": {p: 0.18 for p in (*PARTS, "mean")}}
    table = figures.constant_table([constant], [metrics(value=0.3), metrics("word", value=0.8)])
    means = table["mean"].round(6).tolist()
    assert means == [0.8, 0.25, 0.22, 0.3, 0.18, 0.2]
    assert list(table.index[1]) == ["xclip-word-0", "constant video", "own videos"] and table.index[-1][0] == "chance"
    assert figures.constant_table([], [metrics()]).empty


def test_cross_generator_has_a_row_for_each_test_set_and_kind_of_words(tmp_path, capsys, monkeypatch):
    (tmp_path / "metrics" / "sweeps").mkdir(parents=True)
    for rule, value in (("paper", 0.8), ("released", 0.5)):
        point = metrics("word", value=value) | {"rule": "paper", "holdout": {"seen": metrics(value=value), "held-out": None}}
        point["rules"] = {"released": metrics(value=value / 2)}
        point["change"] = {"train": {"rule": rule, "holdout": 0.2}}
        for seed in (0, 1):
            (tmp_path / "metrics" / "sweeps" / f"rule-{rule}-xclip-word-{seed}.json").write_text(json.dumps(point | {"seed": seed}))

    class Work:
        folder = tmp_path

        def save_table(self, table, name):
            return table

    coarse = metrics("coarse", value=0.6) | {"rule": "paper", "change": {"train": {"holdout": 0.2}}, "strategy": "coarse",
                                             "holdout": {"seen": metrics(value=0.55), "held-out": metrics(value=0.7)}}
    (tmp_path / "metrics" / "sweeps" / "holdout-xclip-coarse-0.json").write_text(json.dumps(coarse))
    folder = tmp_path / "metrics" / "sweeps"
    table = figures.cross_generator(sweeps.points(folder, "holdout"))
    assert list(table.index) == [("captions alone", "paper", kind) for kind in ("all", "seen", "held-out")]
    assert table.loc[("captions alone", "paper", "held-out"), "noun"] == 0.7
    # adjusted part by part, then averaged, as `adjusted` is: the chance of the parts differs
    odd = metrics("coarse") | {"change": {}, "strategy": "coarse"}
    odd["posrank"] = {part: values | {"chance": 0.5 if part == "noun" else 0.2} for part, values in odd["posrank"].items()}
    odd["zero_line"] = dict.fromkeys(PARTS, 0.6) | {"mean": 0.6}
    shown = figures.cross_generator({"odd": odd})["shuffled_adjusted"]
    assert shown.iloc[0] == pytest.approx((0.1 / 0.5 + 4 * 0.4 / 0.8) / 5)
    figure = figures.generator_figure(sweeps.points(folder, "holdout") | sweeps.points(folder, "rule"))
    assert [axes.get_title().replace("\n", " ") for axes in figure.axes] == ["rule paper, words that training put in",
                                                                          "rule paper, words that it never put in"]
    assert [len(bars) for bars in figure.axes[0].containers] == [5, 5] and figures.generator_figure({}) is None
    assert "on negatives of rule paper" in {text.get_text() for text in figure.legends[0].get_texts()}
    monkeypatch.setenv("POSRANK_ROOT", str(tmp_path))
    page = "<!-- [[[cog from posrank.figures import readme; readme.generators({!r}) ]]] -->\n<!-- [[[end]]] -->\n"
    filled = readme.fill(page.format("metrics"))
    assert "| captions alone | paper | held-out |" in filled and "| paper | paper | seen |" in filled
    assert "| paper | released |" not in filled
    with pytest.raises(Exception, match="make sweep SWEEP=rule"):
        readme.fill(page.format("elsewhere"))
    capsys.readouterr()
    table = figures.cross_generator(sweeps.points(folder, "rule"))
    assert list(table.index) == [(rule, *rest) for rule in ("paper", "released")
                                 for rest in (("paper", "all"), ("paper", "seen"), ("paper", "held-out"), ("released", "all"))]
    assert table.loc[("paper", "released", "all"), "noun"] == 0.4 and np.isnan(table.loc[("released", "paper", "held-out"), "mean"])
    assert "no list with held-out" in capsys.readouterr().out
    figures.show_other_sweeps(Work(), [])
    told = capsys.readouterr().out
    assert "constant video: not run in this workspace (make sweep SWEEP=constant)" in told and "cross generator: not" not in told


def test_marked_table_has_shuffled_video_and_chance_below_each_system():
    videos = [f"v{n}" for n in range(30)]

    class Work:
        class params:
            class evaluate:
                bootstrap, seed = 200, 0

        def ranks(self, run):
            value = 0.9 if "word" in run else 0.25
            return pd.DataFrame({"run": run, "caption_id": videos, "video_id": videos, "part": "noun", "better": 0, "equal": 0,
                                 "negatives": 20, "reciprocal_rank": [value, value / 2] * 15})

    wide, _ = figures.marked_table(Work(), [metrics(), metrics("word")])
    assert [name for _, name in wide.index] == ["Coarse-Grained Training", "Word-Level Negatives", "shuffled video", "chance"]
    assert wide["noun"].iloc[1].endswith(" +") and wide["noun"].iloc[0].endswith(" c")
    assert wide.loc[("X-CLIP", "shuffled video"), "noun"] == "0.210" and wide.loc[("X-CLIP", "chance"), "noun"] == "0.200"


def test_mean_gain_is_in_the_tables_of_means():
    run = metrics()
    run["vision_gain"]["mean"] = dict(best_blind="shuffled video", value=0.19, low=0.1, high=0.3)
    assert figures.average_table([run]).loc["X-CLIP", "vision_gain"] == 0.19


def test_a_sweep_stands_beside_the_papers_rows_and_leaves_other_lists_out(tmp_path, capsys):
    for value, lists in ((0.5, "a"), (0.1, "a"), (0.3, "b")):
        (tmp_path / f"lambda-{value}.json").write_text(json.dumps(metrics(value=value) | {"rule": "paper", "lists": {"paper": lists}}))
    table = sweeps.sweep_table(tmp_path, "lambda", [metrics() | {"rule": "paper", "lists": {"paper": "a"}}])
    assert table["lambda"].tolist() == [0.1, 0.5] and "other lists than the runs: 0.3" in capsys.readouterr().out
    beside = sweeps.sweep_beside_paper(table, "lambda")
    assert beside.loc[("0.1", "ours"), "noun"] == 0.1 and beside.loc[("0.1", "paper"), "noun"] == 0.871
    assert list(sweeps.sweep_beside_paper(pd.DataFrame(), "n").index[0]) == ["2", "paper"]
    with pytest.raises(ValueError, match="different lists"):
        sweeps.sweep_table(tmp_path, "lambda")


def dosed(backbone, strategy="coarse", value=0.5, line=0.3):
    found = metrics(strategy, value=value) | {"change": {"train": {"backbone": backbone}}}
    return found | {"zero_line": {part: line for part in (*PARTS, "mean")}}


def test_doses_stand_in_the_order_of_pretraining_with_their_line():
    runs = {"c": dosed("world_strong", value=0.8), "a": dosed("world", value=0.6), "b": dosed("world_none", "word", 0.5)}
    table = figures.dose_table(runs)
    assert [dose for dose, _ in table.index] == ["none", "weak", "strong"]
    assert table["motion"].round(6).tolist() == [0.5, 0.6, 0.8] and (table["shuffled"].round(6) == 0.3).all()
    assert figures.dose_table({}).empty and figures.dose_figure({}) is None
    axes = figures.dose_figure(runs).axes[0]
    assert [line.get_linestyle() for line in axes.lines] == ["-", "--", "-", "--"]


def test_the_choice_of_a_dose_says_by_how_much_each_criterion_is_missed():
    table = figures.dose_choice({"a": dosed("world", value=0.37, line=0.3), "b": dosed("world_none", value=0.95, line=0.3)})
    recall = 0.9 - dosed("world", value=0.37)["recall"]["v2t"]["mean"] / 100
    assert table.loc["weak"].round(6).tolist() == [0.02, 0.02, 0.53, round(recall, 6), 0.53]
    assert table.loc["none"].round(6).tolist()[:3] == [0.6, 0.6, 0.0] and table.loc["none", "largest"] == pytest.approx(0.6)


def test_the_paper_s_pattern_beside_ours_has_gains_and_what_of_them_is_vision():
    coarse, word = dosed("world", value=0.5), dosed("world", "word", value=0.8, line=0.35)
    table = figures.pattern_table({"balanced": [coarse, word], "nothing": []})
    assert table.loc[("paper, VLN-UVO", "Word-Level Negatives"), ["gain", "vision"]].tolist() == ["+0.478", ""]
    assert table.loc[("balanced", "Word-Level Negatives"), ["noun", "gain", "vision"]].tolist() == ["0.800", "+0.300", "+0.250"]
    assert table.loc[("balanced", "Coarse-Grained Training"), "gain"] == "" and "nothing" not in table.index.get_level_values(0)


def test_recall_from_video_to_text_stands_beside_itself_without_each_text_s_mean():
    run = metrics("word", value=0.5)
    run["recall"]["v2t_centred"] = {"mean": 60.0}
    table = figures.recall_table({"balanced": [run, metrics("coarse", value=0.4)]})
    assert table.loc[("balanced", "xclip", "word"), "V2T centred"] == 60 and pd.isna(table.loc[("balanced", "xclip", "coarse"), "V2T centred"])


def test_tables_5_and_6_show_published_points_where_the_sweep_has_not_run(tmp_path, monkeypatch, capsys):
    """Also those of the workspace's own preset: its runs stand in other tables."""
    point = {"dataset": "world", "split": "test", "lists": "a", "stale": [], "commit": "1a2b3c4", "vision_gain": 0.1,
             **dict.fromkeys(("v2t", "t2v"), 50.0), **dict.fromkeys((*PARTS, "mean"), 0.5)}
    found = {"default": {"commit": "1a2b3c4", "runs": {f"sweeps/lambda-{value}": point for value in ("10.0", "0.1")}}}
    shown = []
    monkeypatch.setattr(show, "published_list", lambda: found)
    monkeypatch.setattr(show, "display", lambda *each: shown.extend(each))
    work = SimpleNamespace(folder=tmp_path, name="default", save_table=lambda table, name: table, params=None)
    show.show_sweep(work, SimpleNamespace(runs=[]), "lambda")
    assert "below published ones" in capsys.readouterr().out
    heading, table = shown[-2:]
    assert "Table 5, published, preset default" in heading.data and "1a2b3c4" in heading.data
    assert len(table) == 2 and [str(value) for value in table.index.get_level_values(0)] == ["0.1", "10"]
