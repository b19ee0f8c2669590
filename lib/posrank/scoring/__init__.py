"""Scoring: PoSRank with ties and chance, coarse recall, intervals, and scorers for anybody's model.

The numbers are pure functions of arrays (ranks, recall, bootstrap); ``evaluate`` turns a scorer and a table of
negatives into a ranks table; ``scorers`` wraps systems, language models and controls (``CausalScorer``: a neural
language model by name); ``summary`` turns ranks into metrics.
"""

from posrank.scoring import adapters, scorers, summary
from posrank.scoring.bootstrap import Paired, bootstrap, holm, mean_replicates, paired
from posrank.scoring.comparison import pairwise, table
from posrank.scoring.controls import ConstantVideo, ShuffledVideo
from posrank.scoring.evaluate import clear_state, evaluate, evaluate_views
from posrank.scoring.marks import compare
from posrank.scoring.neural import CausalScorer
from posrank.scoring.ranks import chance, chance_adjusted, posrank, reciprocal_from_counts, reciprocal_ranks, tie_counts
from posrank.scoring.recall import recall
from posrank.scoring.scorers import BlindScorer, SystemScorer, from_system
from posrank.scoring.summary import summarize, write_metrics, zero_line

__all__ = [
    "BlindScorer", "CausalScorer", "ConstantVideo", "Paired", "ShuffledVideo", "SystemScorer", "adapters", "bootstrap",
    "chance", "chance_adjusted", "clear_state", "compare", "evaluate", "evaluate_views", "from_system", "holm",
    "mean_replicates", "paired", "pairwise", "posrank", "recall", "reciprocal_from_counts", "reciprocal_ranks",
    "scorers", "summarize", "summary", "table", "tie_counts", "write_metrics", "zero_line",
]
