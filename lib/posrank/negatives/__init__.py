"""Negatives: captions with one word changed (Section 4) or two (Section 6.3), for evaluation and for training.

`generate` makes the table of a test set, `exchange` one of statements that no text-only model can solve,
`load_released` reads one that the paper's authors published, `TrainingNegatives` draws fresh ones per epoch. Rules are
in posrank.negatives.rules, what a set is worth in posrank.validity.
"""

from posrank.negatives.exchange_groups import exchange, lists_of
from posrank.negatives.lists import generate
from posrank.negatives.released_files import load_released
from posrank.negatives.rules import LEVELS, RULES
from posrank.negatives.training import TrainingNegatives
from posrank.negatives.training_groups import TrainingGroups

__all__ = ["LEVELS", "RULES", "TrainingGroups", "TrainingNegatives", "exchange", "generate", "lists_of",
           "load_released"]
