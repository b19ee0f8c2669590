"""What text alone solves in negative sets of real captions: the judges of posrank.validity on rules paper and exchange, and
on the authors' released files.

    python -m posrank tables data/raw --judges --pretrained FOLDER

In: annotation files, as posrank.figures.real reads them. Out: judges.csv, a row for each dataset, rule and part of
speech: lists, K, chance, PoSRank minus chance of each judge (n-gram models, the learned judge, a pretrained language
model), and the strongest as a share of what is possible, (PoSRank - chance) / (1 - chance).
"""

from pathlib import Path

import pandas as pd

from posrank import negatives
from posrank.negatives.released_files import find_released
from posrank.validity import judges_table, validity_report

DATASETS = ("msrvtt", "vln_uvo", "msvd")
FOLDS = 5


def judges(found, root, pretrained=None, lists=100, b=10000):
    """The table of judges.csv. found: what posrank.figures.real.load(root) returns; pretrained: folder of a causal language
    model, or a scorer; lists: that n-gram models and the pretrained one are asked, of each part of rule paper and
    of the authors' files (the learned judge is asked all, and rule exchange is whole)."""
    reports = {}
    for dataset in DATASETS:
        if dataset in found:
            _, _, table, tags = found[dataset]
            for rule, (asked, own) in _sets(table, tags, Path(root) / dataset).items():
                reports[dataset, rule] = validity_report(
                    asked, own, None if rule == "exchange" else tags, table if rule == "exchange" else None,
                    clip_tokens=False, lists=None if rule == "exchange" else lists, b=b, folds=FOLDS,
                    pretrained=pretrained)
                print(f"{dataset}, rule {rule}: {reports[dataset, rule]['verdict']} {reports[dataset, rule]['note']}")
    return judges_table(reports).reset_index()


def _sets(table, tags, folder):
    """{rule: (negatives of the test captions, the captions that they belong to)}; the authors' own as `released`."""
    statements, exchanged = negatives.exchange(table, tags=tags, splits="test")
    authors = [negatives.load_released(path, table, part) for part, path in find_released(folder).items()]
    return {"paper": (negatives.generate(table, "paper", tags=tags, splits="test"), table),
            **({"released": (pd.concat(authors, ignore_index=True), table)} if authors else {}),
            "exchange": (exchanged, statements)}
