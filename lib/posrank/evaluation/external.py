"""Any model on a frozen set: ranks, scores and metrics in one folder.

In: a model as one word ("siglip2:google/siglip2-base-patch16-224"), a release, captions and videos on this machine.
Out: results/<model>/ranks.parquet, scores.parquet and metrics.json, which the board and the explorer read, and notebook
5 where metrics.json is copied to metrics/<model>.json.
"""

import importlib
import json
import os
import re
import sys
from pathlib import Path

from posrank import captions as readers
from posrank import release as releases
from posrank import scoring, tables
from posrank.evaluation.origin import lists_digest
from posrank.files import root
from posrank.messages import unknown
from posrank.negatives.exchange_groups import lists_of, whole_groups
from posrank.release.rebuild import unmatched_text
from posrank.scoring.summary import with_groups
from posrank.training.identity import digest
from posrank.video import store

DUAL = ("clip", "siglip", "siglip2", "xclip")
KINDS = (*DUAL, "mteb", "yes_no", "python")
"""Words before the colon. python: module:attribute, a scorer of (video_ids, texts)."""

RANKS, SCORES, METRICS = "ranks.parquet", "scores.parquet", "metrics.json"


def name_of(model):
    """The folder's name of a model's word.

    >>> name_of("siglip2:google/siglip2-base-patch16-224")
    'siglip2-google-siglip2-base-patch16-224'
    """
    return re.sub(r"[^A-Za-z0-9._-]+|\.{2,}", "-", model).strip("-.") or "model"


def open_model(model, frames, device="cpu", download=False):
    """The scorer of a model's word, in front of `frames`. ValueError for an unknown kind, and where it has no weights
    here."""
    kind, _, name = model.partition(":")
    if kind not in KINDS or not name:
        raise ValueError(f"{unknown('kind of model', kind, KINDS)}; write kind:name, as in "
                         "siglip2:google/siglip2-base-patch16-224")
    if kind in DUAL:
        return scoring.adapters.from_transformers(name, frames=frames, device=device, download=download)
    if kind == "yes_no":
        return scoring.adapters.yes_no(name, frames=frames, device=device, download=download)
    if kind == "mteb":
        return scoring.adapters.from_mteb(name, frames)
    module, _, attribute = name.rpartition(":")
    sys.path.insert(0, os.getcwd())
    try:
        return getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as problem:
        raise ValueError(f"model {model!r}: {problem}; write python:module:function, a function of two lists") from None
    finally:
        sys.path.remove(os.getcwd())


def evaluate_model(model, release, captions, videos=None, out=None, *, frames=8, size=224, device="cpu", shuffled=False,
                   download=False, b=10000, seed=0, progress=True):
    """(metrics, ranks) of a model on a release; ranks.parquet, scores.parquet and metrics.json are written to `out`.

    model     kind:name (see KINDS), or a scorer, then with `out`
    release   a `Release`, its folder or name; captions: a captions table, or the folder of its annotation files
    videos    folder of the videos: their frames are read once, `frames` of `size` pixels, and kept in data/frames; a
              FrameStore; or None for a model that finds its videos itself
    out       folder; None = results/<model> of the project
    shuffled  the model is also shown other videos (twice the time): the zero line

    Captions whose videos cannot be read are left out and counted, for rule exchange whole groups. A stopped evaluation
    goes on where it was. ValueError where `out` holds results on another set.
    """
    release = releases.read(release)
    label = name_of(model) if isinstance(model, str) else Path(out or "model").name
    out = root() / "results" / label if out is None else Path(out)
    _check_same(out / METRICS, release.name)
    table = captions if hasattr(captions, "columns") else readers.load(release.about["dataset"], captions,
                                                                     release.about["variant"])
    texts, negatives = releases.build(release, table)
    if progress and (told := unmatched_text(negatives.attrs)):
        print(told)
    shown = _frames(table[table["video_id"].isin(texts["video_id"])], videos, release, frames, size, progress)
    asked, missing_groups = texts, 0
    if shown is not None:
        texts, negatives, missing_groups = _readable(release.rule, texts, negatives, shown.ids)
    scorer = open_model(model, shown, device, download) if isinstance(model, str) else model
    options = {"state": out / ".state", "identity": digest([label, release.about["digest"], frames, size])}
    ranks = scoring.evaluate(scorer, negatives, texts, label, progress=progress, scores=out / SCORES, **options)
    ranks, zero = with_groups(ranks, texts), None
    if shuffled:
        other = scoring.ShuffledVideo(scorer, texts["video_id"].unique(), seed)
        zero = with_groups(scoring.evaluate(other, negatives, texts, "shuffled video", progress=progress), texts)
    metrics = scoring.summarize(
        ranks, shuffled=zero, b=b, seed=seed, release=release.name, dataset=release.about["dataset"],
        split=", ".join(release.about["splits"]), rule=release.rule, model=model if isinstance(model, str) else label,
        lists={release.rule: lists_digest(negatives)}, unmatched=len(negatives.attrs["unmatched"]),
        videos=int(asked["video_id"].nunique()), videos_missing=int(asked["video_id"].nunique()
                                                                    - texts["video_id"].nunique()),
        groups_missing=missing_groups, released_blind=release.about["blind"], code=release.about["made_by"]["posrank"])
    tables.write_table(ranks, out / RANKS, "ranks")
    scoring.write_metrics(metrics, out / METRICS)
    scoring.clear_state(out / ".state")
    return metrics, ranks


def _check_same(path, name):
    if path.is_file():
        found = json.loads(path.read_text(encoding="utf-8")).get("release")
        if found != name:
            raise ValueError(f"{path} is of release {found!r}, not {name!r}: give another folder (--out)")


def _readable(rule, texts, negatives, videos):
    """(captions, negatives, groups left out) of the videos that can be read."""
    attrs = negatives.attrs
    if rule == "exchange":
        texts, missing = whole_groups(texts, videos)
        negatives = lists_of(texts)
    else:
        texts, missing = texts[texts["video_id"].isin(set(videos))], 0
        negatives = negatives[negatives["caption_id"].isin(texts["caption_id"])]
    if texts.empty:
        raise ValueError("none of the set's videos can be read: check the folder of videos")
    negatives.attrs = attrs
    return texts.reset_index(drop=True), negatives.reset_index(drop=True), missing


def _frames(captions, videos, release, frames, size, progress):
    """The FrameStore of the set's videos, made where there is none; None without videos."""
    if videos is None or hasattr(videos, "ids"):
        return videos
    folder = root() / "data" / "frames" / f"{release.name}-{frames}x{size}"
    if (folder / "videos.parquet").is_file():
        found = store.FrameStore(folder)
        lost = captions.loc[captions["video_id"].isin(set(found.missing)), "file"].unique()
        known = set(captions["video_id"]) <= {*found.ids, *found.missing}
        if known and not any(Path(videos, file).is_file() for file in lost):
            return found
    return store.build(captions, videos, folder, num_frames=frames, size=size, progress=progress)
