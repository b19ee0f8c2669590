"""Figures and report tables: what the notebooks show. Each function takes tables and returns a DataFrame or a matplotlib figure."""

from posrank.figures.attention import attention_figure
from posrank.figures.curves import duplicate_figure, history_figure, sweep_figure
from posrank.figures.examples import caption_html, examples_html
from posrank.figures.ranks import controls_figure, correlation_figure, parts_figure
from posrank.figures.style import STRATEGIES, SYSTEMS, TABLE_PARTS, save, show_style
from posrank.figures.tables import (
    beside_paper,
    blind_table,
    differences,
    load_metrics,
    markdown,
    readme_table,
    strategy_table,
)

__all__ = [
    "STRATEGIES", "SYSTEMS", "TABLE_PARTS", "attention_figure", "beside_paper", "blind_table", "caption_html",
    "controls_figure", "correlation_figure", "differences", "duplicate_figure", "examples_html", "history_figure",
    "load_metrics", "markdown", "parts_figure", "readme_table", "save", "show_style", "strategy_table", "sweep_figure",
]
