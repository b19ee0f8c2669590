"""Figures and report tables: what the notebooks show. Each takes tables and returns a DataFrame or a figure.

Names are looked up when they are first used, so that a notebook loads only what it shows.
"""

import importlib

_WHERE = {
    "attention": "attention_figure attention_of_runs", "brittleness": "brittleness_table",
    "curves": "duplicate_figure history_figure sweep_figure",
    "doses": "dose_choice dose_figure dose_table",
    "examples": "examples_html failures_html ranked_list",
    "exchange": "example_groups exchange_table group_counts group_html",
    "finding": "finding_figure finding_table gain_table gain_texts recall_table shortcut_table shown_table",
    "generators": "cross_generator generator_figure",
    "method": "method_figure",
    "neighbours": "coarse_fine_html nearest_html some tested",
    "pattern": "pattern_table",
    "ranks": "blind_figure blind_sets controls_figure correlation_figure parts_figure",
    "real_page": "published_csv real_curves real_duplicates real_judges real_table real_validity",
    "report": "external_table head_box left_out verdict",
    "runs": "coverage coverage_note load_metrics published_runs select together",
    "show": "show_average show_example show_other_sweeps show_published show_results show_sweep",
    "significance": "marked_table strategy_differences", "strips": "strip strip_html",
    "style": "STRATEGIES SYSTEMS markdown named save show_style",
    "sweeps": "constant_table published_sweep",
    "tables": "average_table beside_paper blind_table results_table strategy_table worth_table",
    "posrank.validity": "counted_table judges_table validity_report",
    "world": "group_sheet tagger_agreement world_parts_html world_sheet world_words",
}
_MODULES = {name: module for module, names in _WHERE.items() for name in names.split()}

__all__ = sorted(_MODULES)


def __getattr__(name):
    if name not in _MODULES:
        raise AttributeError(f"module 'posrank.figures' has no attribute {name!r}")
    module = _MODULES[name]
    return getattr(importlib.import_module(module if "." in module else f"posrank.figures.{module}"), name)


def __dir__():
    return __all__
