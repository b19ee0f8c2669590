"""What text alone solves in negative sets of real captions: the judges of posrank.validity on rules paper and
exchange, and on the authors' released files.

    python -m posrank tables data/raw --judges --pretrained FOLDER

In: annotation files, as posrank.figures.real reads them. Out: judges.csv, a row for each dataset, rule and part of
speech: lists, K, chance, PoSRank minus chance of each judge (n-gram models, the learned judge, a pretrained language
model), and the strongest as a share of what is possible, (PoSRank - chance) / (1 - chance).
"""

import json
from pathlib import Path

import pandas as pd

from posrank import negatives
from posrank.evaluation.origin import lists_digest
from posrank.files import read_json, write_text
from posrank.negatives.released_files import find_released
from posrank.scoring.summary import plain
from posrank.validity import judges_table, validity_report

DATASETS = ("msrvtt", "vln_uvo", "msvd")
FOLDS = 5


def judges(found, root, work=None, pretrained=None, lists=100, b=10000):
    """The table of judges.csv. found: what posrank.figures.real.load(root) returns; work: folder where the report of
    each set is kept, so that a stopped call goes on; pretrained: folder of a causal language model; lists: that n-gram
    models and the pretrained one are asked, of each part of rule paper and of the authors' files (the learned judge is
    asked all, and rule exchange is whole)."""
    reports = {}
    for dataset in DATASETS:
        if dataset in found:
            _, _, table, tags = found[dataset]
            for rule, (asked, own) in _sets(table, tags, Path(root) / dataset).items():
                settings = {"lists": lists_digest(asked), "asked": lists, "folds": FOLDS, "pretrained": pretrained,
                            "b": b}
                kept = work and Path(work) / f"judges-{dataset}-{rule}.json"
                before = read_json(kept, "delete it", absent={}) if kept else {}
                if before.get("settings") != settings:
                    made = _report(asked, own, table, tags, rule, lists, b, pretrained)
                    before = {"settings": settings, "report": made}
                    if kept:
                        write_text(kept, json.dumps(plain(before)) + "\n")
                report = reports[dataset, rule] = before["report"]
                print(f"{dataset}, rule {rule}: {report['verdict']} {report['note']}", flush=True)
    return judges_table(reports).reset_index()


def _report(asked, own, table, tags, rule, lists, b, pretrained):
    whole = rule == "exchange"  # its captions are statements, without tags of their own
    return validity_report(asked, own, None if whole else tags, table if whole else None, clip_tokens=False,
                           lists=None if whole else lists, b=b, folds=FOLDS, pretrained=pretrained)


def _sets(table, tags, folder):
    """{rule: (negatives of the test captions, the captions that they belong to)}; the authors' own as `released`."""
    statements, exchanged = negatives.exchange(table, tags=tags, splits="test")
    authors = [negatives.load_released(path, table, part) for part, path in find_released(folder).items()]
    return {"paper": (negatives.generate(table, "paper", tags=tags, splits="test"), table),
            **({"released": (pd.concat(authors, ignore_index=True), table)} if authors else {}),
            "exchange": (exchanged, statements)}
