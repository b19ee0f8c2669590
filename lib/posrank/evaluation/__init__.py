"""Evaluation of trained runs (Section 5): every number of metrics/<run>.json, and what it was made from."""

from posrank.evaluation.results import results, write
from posrank.evaluation.run import coarse_recall, evaluate_run

__all__ = ["coarse_recall", "evaluate_run", "results", "write"]
