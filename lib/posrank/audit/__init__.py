"""Audit of a set of negatives by people (Section 4): `labels` draws and keeps, `page` asks, `shares` counts.

    items = audit.sample(negatives, captions, n=100)
    audit.Labelling(items, "labels/me.csv", "me")          # in JupyterLab
    audit.report(audit.read_folder("labels", negatives, captions))
"""

from posrank.audit.labels import (  # noqa: I001
    ANSWERS, COLUMNS, KEY, check_labels, check_set, empty, fingerprint, labels_folder, put, read_folder, read_labels,
    sample, save)
from posrank.audit.page import Labelling, examples_html, frames_of, item_html
from posrank.audit.shares import agreement, cohen, list_agreement, list_shares, readable, report, wilson

__all__ = ["ANSWERS", "COLUMNS", "KEY", "Labelling", "agreement", "check_labels", "check_set", "cohen", "empty",
           "examples_html", "fingerprint", "frames_of", "item_html", "labels_folder", "list_agreement", "list_shares",
           "put", "read_folder", "read_labels", "readable", "report", "sample", "save", "wilson"]
