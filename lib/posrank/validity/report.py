"""What a negative set is worth: what can be counted in its sentences, what text-only judges score, and a verdict.

In: negatives, captions and tags tables. Out: the report that metrics/validity/<dataset>-<rule>.json holds; the same for
every set, ours and the authors'; tables of several reports.
"""

import pandas as pd

from posrank import PARTS
from posrank.language.ngrams import ORDERS
from posrank.language.tagger import DEFAULT
from posrank.scoring.neural import CausalScorer
from posrank.validity.counts import sample_lists, sentence_counts
from posrank.validity.judges import blind_models, judge_rows, learned_ranks, model_ranks
from posrank.validity.verdict import part_verdict, strongest, verdict

LISTS = 1000
"""Lists a part that a report looks at, drawn at random: intervals are then some .015 wide to either side."""


def validity_report(negatives, captions, tags=None, training=None, tagger=DEFAULT, clip_tokens=True, lists=LISTS,
                    sample=500, b=10000, seed=0, folds=0, pretrained=None):
    """The report of one set (one rule and level): a dict of plain values.

    captions, tags  of the whole dataset; for rule exchange the statements, and None
    training     captions that the judges may read (None: all of other videos)
    tagger, sample   as in `sentence_counts`; clip_tokens: count the ties under CLIP's tokenizer
    lists        count in, and ask the judges, so many lists a part only; None for rule exchange: a sample would break
                 groups
    folds        of the learned judge, who is asked all lists; 0 = without it
    pretrained   name or folder of a language model (CausalScorer), or a scorer, as a judge of that name; None = without
    b            resamples of the 95 % intervals, clustered by video (by group for rule exchange)

    -> verdict (plain sentences), note (what the judges could not do, or ""), rule, level, parts {part: the columns of
    `sentence_counts`; verdict; strongest: name of the strongest judge; judges {unigram, bigram, trigram, 4-gram,
    -4-gram, ...}: rows of posrank.validity.judges}, dropped (what was lost on the way, from the table's attrs).
    """
    dropped = negatives.attrs.get("dropped", {})
    if negatives.empty:
        return {"verdict": verdict({}), "note": "", "rule": None, "level": None, "parts": {}, "dropped": dropped}
    table = sentence_counts(negatives, captions, tags, tagger, "clip" if clip_tokens else None, lists=lists,
                            sample=sample, seed=seed)
    scored = captions.loc[captions["caption_id"].isin(negatives["caption_id"]), "video_id"].unique()
    training = captions if training is None else training
    training = training[~training["video_id"].isin(scored)]
    models = {} if training.empty else blind_models(training)
    if pretrained is not None:
        models["pretrained"] = pretrained if callable(pretrained) else CausalScorer(pretrained)
    asked = sample_lists(negatives, lists, seed)
    ranks = {name: model_ranks(name, model, asked, captions) for name, model in models.items()}
    note = "No n-gram judges: no captions of other videos are left to fit them on." if training.empty else ""
    if folds and len(training):
        try:
            ranks["learned"] = learned_ranks(negatives, captions, training, folds, seed)
        except ValueError as problem:  # too few videos for the folds
            note = f"Without the learned judge: {problem}."
    rows = judge_rows(ranks, b, seed)
    parts = {}
    for counted in table.to_dict("records"):
        part = counted.pop("part")
        judges = {row.pop("judge"): row for row in rows[rows["part"] == part].drop(columns="part").to_dict("records")}
        parts[part] = {**counted, "verdict": part_verdict(judges), "strongest": strongest(judges), "judges": judges}
    counts = {part: {**each, "captions": min(each["captions"], lists or each["captions"])}
              for part, each in parts.items()}
    return {"rule": negatives["rule"].iloc[0], "level": negatives["level"].iloc[0], "note": note, "parts": parts,
            "verdict": verdict(counts), "dropped": dropped}


def judges_table(reports):
    """The judges of several sets side by side: DataFrame by (dataset, rule, part) with captions, K, chance, for each
    judge its PoSRank minus chance, then the strongest judge and its `adjusted`, (PoSRank - chance) / (1 - chance).

    reports: {(dataset, rule): report}.
    """
    rows = []
    for key, part, each in _by_part(reports):
        names = sorted(each["judges"], key=lambda name: ORDERS.get(name, len(ORDERS) + 1))
        best = each["judges"].get(strongest(each["judges"]), {})
        rows.append({**key, "part": part, "captions": each["captions"], "K": each["k"], "chance": each["chance"],
                     **{name: each["judges"][name]["excess"] for name in names},
                     "strongest": strongest(each["judges"]), "adjusted": best.get("adjusted"),
                     "verdict": each["verdict"]})
    return pd.DataFrame(rows).set_index(["dataset", "rule", "part"]) if rows else pd.DataFrame()


def counted_table(reports):
    """What can be counted in several sets: the columns of `sentence_counts` by (dataset, rule, part)."""
    rows = [{**key, "part": part, **{k: v for k, v in each.items() if isinstance(v, (int, float))}}
            for key, part, each in _by_part(reports)]
    return pd.DataFrame(rows).set_index(["dataset", "rule", "part"]) if rows else pd.DataFrame()


def _by_part(reports):
    """({dataset, rule}, part, its entry) of all reports, in the order of PARTS: one read from JSON has another."""
    return [({"dataset": dataset, "rule": rule}, part, report["parts"][part])
            for (dataset, rule), report in reports.items() for part in PARTS if part in report["parts"]]
