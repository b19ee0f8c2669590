"""Negatives: captions with one word changed (Section 4) or two (Section 6.3), for evaluation and for training.

`generate` makes the table of a test set, `TrainingNegatives` draws fresh ones per epoch. Rules are
in posrank.negatives.rules.
"""

from posrank.negatives.generate import generate
from posrank.negatives.rules import LEVELS, RULES
from posrank.negatives.training import TrainingNegatives

__all__ = ["LEVELS", "RULES", "TrainingNegatives", "generate"]
