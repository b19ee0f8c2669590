"""Figures and report tables: what the notebooks show. Each function takes tables and returns a DataFrame or a matplotlib figure.

Names are looked up when they are first used, so that a notebook loads only what it shows.
"""

import importlib

_WHERE = {
    "attention": ("attention_figure",),
    "blind": ("blind_figure", "blind_sets"),
    "curves": ("duplicate_figure", "history_figure", "sweep_figure"),
    "examples": ("caption_html", "examples_html"),
    "failures": ("failures_html", "ranked_list"),
    "finding": ("finding_figure", "finding_table", "gain_table", "readme_finding", "readme_shortcut", "shortcut_table"),
    "method": ("method_figure",),
    "neighbours": ("coarse_fine_html", "nearest_html", "some", "tested"),
    "probes": ("brittleness_table", "constant_table", "cross_generator", "show_constant", "show_cross_generator"),
    "ranks": ("controls_figure", "correlation_figure", "parts_figure"),
    "real": ("real_curves", "real_table", "real_validity"),
    "report": ("attention_of_runs", "average_table", "marked_table", "show_sweeps", "strategy_differences", "verdict"),
    "strips": ("strip", "strip_html"),
    "style": ("STRATEGIES", "SYSTEMS", "TABLE_PARTS", "save", "show_style"),
    "tables": ("beside_paper", "blind_table", "differences", "load_metrics", "markdown", "readme_table", "results_table", "strategy_table",
               "worth_table"),
    "validity": ("counted_table", "judges_table", "validity_report", "validity_table"),
    "vision": ("constant_text", "gains_text", "published", "published_sweep", "unseen_text"),
    "world": ("tagger_agreement", "world_parts_figure", "world_sheet", "world_words"),
}
_MODULES = {name: module for module, names in _WHERE.items() for name in names}

__all__ = sorted(_MODULES)


def __getattr__(name):
    if name not in _MODULES:
        raise AttributeError(f"module 'posrank.figures' has no attribute {name!r}")
    return getattr(importlib.import_module(f"posrank.figures.{_MODULES[name]}"), name)


def __dir__():
    return __all__
