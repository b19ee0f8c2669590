"""What a negative set is worth: what can be counted in its sentences, what blind models score, and a verdict.

Comes in: negatives, captions and tags tables. Goes out: the table of `posrank.validity.sentence_counts` with columns for language
models that never see a video, and for one set the report that metrics/validity/<dataset>-<rule>.json holds; the same for
every set, ours and the authors'.
"""

import pandas as pd

from posrank import PARTS, scoring
from posrank.language.ngrams import ORDERS
from posrank.language.tagger import DEFAULT
from posrank.scoring.scorers import BlindScorer
from posrank.scoring.summary import part_metrics
from posrank.validity.counts import drawn, sentence_counts
from posrank.validity.judges import blind_models, judged, learned_rows
from posrank.validity.verdict import part_verdict, verdict

LISTS = 1000
"""Lists a part that a report looks at, drawn at random: intervals are then some .015 wide to either side."""

def validity_table(
    negatives, captions, tags=None, training=None, models=("unigram", "bigram", "trigram"), smoothing="absolute", tagger=DEFAULT,
    clip_tokens=True, lists=None, sample=1000, b=10000, seed=0,
):
    """One row per part: the columns of `sentence_counts`, and for each of `models` its PoSRank <model>, <model>_low, <model>_high.

    captions   the dataset's captions table, all splits
    training   captions that the models are fitted on; None = all of `captions`. Videos of scored captions are left out
    smoothing  of the models, as in posrank.language.ngrams
    clip_tokens  count the ties under CLIP's tokenizer (False: leave those columns out)
    lists      look at, and score, so many lists a part only (None = all)
    Intervals are 95 %, clustered by video, of `b` resamples. Texts are lower-cased for the models, punctuation is kept.
    """
    tokenize = None
    if clip_tokens:
        from posrank.towers.tokenizer import ByteTokenizer

        tokenize = ByteTokenizer()
    table = sentence_counts(negatives, captions, tags, tagger, tokenize, lists=lists, sample=sample, seed=seed)
    negatives = drawn(negatives, lists, seed)
    rows = []
    for part, own in negatives.groupby("part", sort=False):
        scored = captions[captions["caption_id"].isin(own["caption_id"])]
        row = {"part": part}
        for name in models:
            texts = captions if training is None else training
            model = blind_models(texts, (name,), scored["video_id"].unique(), smoothing)[name]
            ranks = scoring.evaluate(BlindScorer(model), own, scored, run=name, progress=False)
            values = part_metrics(ranks, b, seed)
            row |= {name: values["posrank"], f"{name}_low": values["low"], f"{name}_high": values["high"]}
        rows.append(row)
    return table.merge(pd.DataFrame(rows), on="part", how="left") if models else table


def validity_report(
    negatives, captions, tags=None, training=None, tagger=DEFAULT, clip_tokens=True, lists=LISTS, sample=500, b=10000, seed=0, folds=0,
):
    """The report of one set (one rule and level): a dict of plain values.

    captions, tags: of the whole dataset; training: captions that the judges may read (None: all of other videos); the rest as in
    `validity_table`, `lists` for judges and table alike. folds: of the learned judge, who is asked all lists; 0 = without it.
    For rule exchange `captions` are the statements, and lists is None: a sample of lists would break groups.

    -> verdict (one sentence), note (what the judges could not do, or ""), rule, level, parts {part: the columns of `sentence_counts`;
    verdict; judges {unigram, bigram, trigram, 4-gram, -4-gram}: rows of posrank.validity.judges}, dropped (what was lost on the
    way, from the table's attrs).
    """
    dropped = negatives.attrs.get("dropped", {})
    if negatives.empty:
        return {"verdict": verdict({}), "note": "", "rule": None, "level": None, "parts": {}, "dropped": dropped}
    rule, level = negatives["rule"].iloc[0], negatives["level"].iloc[0]
    table = validity_table(
        negatives, captions, tags, models=(), tagger=tagger, clip_tokens=clip_tokens, lists=lists, sample=sample, seed=seed)
    scored = captions.loc[captions["caption_id"].isin(negatives["caption_id"]), "video_id"].unique()
    training = captions if training is None else training
    training = training[~training["video_id"].isin(scored)]
    note, rows = "", pd.DataFrame(columns=["part", "judge"])
    if training.empty:
        note = "No judges: no captions of other videos are left to fit them on."
    else:
        rows = judged(drawn(negatives, lists, seed), captions, blind_models(training), b, seed)
        if folds:
            rows = pd.concat([rows, learned_rows(negatives, captions, training, folds, b, seed)], ignore_index=True)
    counted = {row.pop("part"): row for row in table.to_dict("records")}
    parts = {}
    for part in (part for part in PARTS if part in counted):
        judges = {row.pop("judge"): row for row in rows[rows["part"] == part].drop(columns="part").to_dict("records")}
        parts[part] = {**counted[part], "verdict": part_verdict(judges), "judges": judges}
    asked = {
        part: {"judges": each["judges"], "captions": min(each["captions"], lists or each["captions"])} for part, each in parts.items()
    }
    return {"rule": rule, "level": level, "note": note, "parts": parts, "verdict": verdict(asked), "dropped": dropped}


def _by_part(report):
    """(part, its entry) of a report, in the order of PARTS: a report that was read from JSON has another."""
    return [(part, report["parts"][part]) for part in PARTS if part in report["parts"]]


def judges_table(reports):
    """The judges of several sets side by side: DataFrame by (dataset, rule, part) with captions, K, chance, and for the judges
    how far they are above chance.

    reports: {(dataset, rule): report}.
    """
    rows = []
    for (dataset, rule), report in reports.items():
        for part, each in _by_part(report):
            judges = sorted(each["judges"], key=lambda name: ORDERS.get(name, len(ORDERS) + 1))
            scores = {name: each["judges"][name]["excess"] for name in judges}
            rows.append({"dataset": dataset, "rule": rule, "part": part, "captions": each["captions"], "K": each["k"],
                         "chance": each["chance"], **scores, "verdict": each["verdict"]})
    return pd.DataFrame(rows).set_index(["dataset", "rule", "part"]) if rows else pd.DataFrame()


def counted_table(reports):
    """What can be counted in several sets without a person: the columns of `sentence_counts` by (dataset, rule, part)."""
    rows = [
        {"dataset": dataset, "rule": rule, "part": part, **{k: v for k, v in each.items() if not isinstance(v, (dict, str))}}
        for (dataset, rule), report in reports.items() for part, each in _by_part(report)
    ]
    return pd.DataFrame(rows).set_index(["dataset", "rule", "part"]) if rows else pd.DataFrame()
