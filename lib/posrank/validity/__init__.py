"""What a negative set is worth without its videos: counts of its sentences, text-only judges, a verdict in words.

``counts`` is the data-validation table, ``judges`` and ``learned`` put text-only models before a set, ``verdict`` turns
their scores into sentences, ``report`` brings all together.
"""

from posrank.validity.counts import list_statistics, sentence_counts
from posrank.validity.judges import blind_models, blind_ranks, judge_models, judge_rows
from posrank.validity.learned import learned_judge
from posrank.validity.report import counted_table, judges_table, validity_report

__all__ = [
    "blind_models", "blind_ranks", "counted_table", "judge_models", "judge_rows", "judges_table", "learned_judge",
    "list_statistics", "sentence_counts", "validity_report",
]
