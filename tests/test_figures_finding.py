"""PoSRank against what needs no video (figures.finding), on made-up metrics with known answers."""

import matplotlib
import pytest

from posrank import PARTS, figures

matplotlib.use("Agg")


def metrics(strategy, value, shuffled, blind, seed=0, system="xclip"):
    part = dict(posrank=value, low=value, high=value, chance=0.2, adjusted=0.25, list_length=8.0, captions=10, videos=5)
    best = max(shuffled, blind)
    return dict(
        system=system, strategy=strategy, seed=seed, recall={}, posrank={p: part for p in PARTS},
        zero_line={p: shuffled for p in PARTS}, blind={"bigram": {p: blind for p in PARTS}},
        vision_gain={p: dict(best_blind="bigram", value=value - best, low=0.0, high=1.0) for p in PARTS},
    )


BALANCED = [metrics("coarse", 0.5, 0.2, 0.18), metrics("word", 0.6, 0.25, 0.18)]
NATURAL = [metrics("coarse", 0.6, 0.4, 0.5), metrics("word", 0.9, 0.7, 0.5)]
GROUPS = {"balanced": BALANCED, "natural": NATURAL}


def test_best_blind_is_the_score_and_not_its_name():
    table = figures.finding_table(GROUPS)
    assert table.loc[("balanced", "xclip", "coarse", "noun"), "best_blind"] == pytest.approx(0.2)
    assert table.loc[("natural", "xclip", "coarse", "prep"), "best_blind"] == pytest.approx(0.5)
    assert table.loc[("natural", "xclip", "word", "adv"), "vision_gain"] == pytest.approx(0.2)
    nothing = {"balanced": []}
    assert figures.finding_table(nothing).empty and figures.gain_table(nothing).empty and figures.finding_figure(nothing) is None


def test_seeds_are_averaged_and_counted():
    table = figures.finding_table({"one": [metrics("coarse", 0.4, 0.2, 0.1), metrics("coarse", 0.6, 0.2, 0.1, seed=1)]})
    row = table.loc[("one", "xclip", "coarse", "verb")]
    assert row["posrank"] == pytest.approx(0.5) and row["seeds"] == 2


def test_a_gain_without_the_right_video_is_text():
    table = figures.gain_table(GROUPS)
    row = table.loc[("natural", "xclip", "word", "noun")]
    assert row["gain"] == pytest.approx(0.3) and row["text"] == pytest.approx(0.3) and row["vision"] == pytest.approx(0)
    assert table.loc[("balanced", "xclip", "word", "mean"), "vision"] == pytest.approx(0.05)
    twice = [*BALANCED, metrics("coarse", 0.5, 0.2, 0.1, seed=1), metrics("word", 0.8, 0.2, 0.1, seed=1)]
    row = figures.gain_table({"twice": twice}).loc[("twice", "xclip", "word", "mean")]
    assert row["gain"] == pytest.approx(0.2) and row["gain_sd"] == pytest.approx(0.2 / 2**0.5) and row["seeds"] == 2
    assert figures.gain_table({"only": [metrics("word", 0.5, 0.2, 0.1)]}).empty


def test_what_the_shortcut_bought():
    table = figures.shortcut_table(GROUPS)
    assert table.loc[("xclip", "word", "noun"), "bought"] == pytest.approx(0.3)
    assert table.loc[("xclip", "coarse", "noun"), "best_blind natural"] == pytest.approx(0.5)
    with pytest.raises(ValueError, match="two"):
        figures.shortcut_table({"balanced": BALANCED})


def test_the_figure_has_a_panel_a_group_and_a_point_a_cell():
    figure = figures.finding_figure({**GROUPS, "other": [metrics("coarse", 0.5, 0.2, 0.1, system="clip"), *BALANCED]})
    panels = figure.axes
    assert [axes.get_title() for axes in panels] == ["balanced", "natural", "other"]
    points = [tuple(map(float, point)) for dots in panels[1].collections for point in dots.get_offsets()]
    assert len(points) == 2 * len(PARTS) and (0.7, 0.9) in [tuple(round(v, 6) for v in point) for point in points]
    assert sum(len(dots.get_offsets()) for dots in panels[2].collections) == 2 * len(PARTS)


def test_the_readmes_table_says_gain_and_vision():
    lines = figures.markdown(figures.gain_texts(GROUPS)).splitlines()
    assert lines[2] == "| balanced | X-CLIP | Word-Level Negatives |" + " +0.100 (+0.050) |" * 6
    with pytest.raises(ValueError, match="coarse"):
        figures.gain_texts({"only": [metrics("word", 0.5, 0.2, 0.1)]})


def test_what_is_shown_stands_in_rows_of_its_own_and_seeds_are_averaged():
    def run(seed, video, still):
        return {"system": "xclip", "strategy": "word", "seed": seed, "posrank": {"verb": {"posrank": video}, "mean": {"posrank": video}},
                "controls": {"one frame": {"verb": still, "mean": still}}, "zero_line": {"verb": 0.3, "mean": 0.3}}

    table = figures.shown_table({"balanced": [run(0, 0.4, 0.2), run(1, 0.6, 0.4)], "natural": []})
    assert table.index.get_level_values("shown").tolist() == ["video", "one frame", "shuffled video"]
    assert table["verb"].round(9).tolist() == [0.5, 0.3, 0.3] and figures.shown_table({}).empty
