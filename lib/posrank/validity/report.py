"""What a negative set is worth: what can be counted in its sentences, what blind models score, and a verdict.

In: negatives, captions and tags tables. Out: the table of `posrank.validity.sentence_counts` with columns for language
models that never see a video, and for one set the report that metrics/validity/<dataset>-<rule>.json holds; the same
for every set, ours and the authors'.
"""

import pandas as pd

from posrank import PARTS
from posrank.language.ngrams import ORDERS
from posrank.language.tagger import DEFAULT
from posrank.scoring.neural import CausalScorer
from posrank.validity.counts import sample_lists, sentence_counts
from posrank.validity.judges import blind_models, judge_rows, judged, learned_ranks, model_ranks
from posrank.validity.verdict import part_verdict, strongest, verdict

LISTS = 1000
"""Lists a part that a report looks at, drawn at random: intervals are then some .015 wide to either side."""


def validity_table(negatives, captions, tags=None, training=None, models=("unigram", "bigram", "trigram"),
                   smoothing="absolute", tagger=DEFAULT, clip_tokens=True, lists=None, sample=1000, b=10000, seed=0):
    """One row per part: the columns of `sentence_counts`, and for each of `models` <model>, <model>_low, <model>_high:
    its PoSRank with a 95 % interval, clustered by video, of `b` resamples.

    captions   the dataset's captions table, all splits
    training   captions that the models are fitted on; None = all of `captions`. Videos of a part's lists are left out
    smoothing  of the models, as in posrank.language.ngrams (texts are lower-cased for them, punctuation is kept)
    clip_tokens  count the ties under CLIP's tokenizer (False: leave those columns out)
    lists      look at, and score, so many lists a part only (None = all)
    """
    table = sentence_counts(negatives, captions, tags, tagger, "clip" if clip_tokens else None, lists=lists,
                            sample=sample, seed=seed)
    rows = []
    for part, own in sample_lists(negatives, lists, seed).groupby("part", sort=False) if models else ():
        scored = captions[captions["caption_id"].isin(own["caption_id"])]
        texts = captions if training is None else training
        fitted = blind_models(texts, models, scored["video_id"].unique(), smoothing)
        found = judged(own, scored, fitted, b, seed).set_index("judge")
        rows.append({"part": part} | {f"{name}{end}": found.at[name, f"posrank{end}"]
                                      for name in models for end in ("", "_low", "_high")})
    return table.merge(pd.DataFrame(rows), on="part", how="left") if models else table


def validity_report(negatives, captions, tags=None, training=None, tagger=DEFAULT, clip_tokens=True, lists=LISTS,
                    sample=500, b=10000, seed=0, folds=0, pretrained=None):
    """The report of one set (one rule and level): a dict of plain values.

    captions, tags: of the whole dataset; training: captions that the judges may read (None: all of other videos); the
    rest as in `validity_table`, `lists` for judges and table alike. folds: of the learned judge, who is asked all
    lists; 0 = without it. pretrained: name or folder of a language model (CausalScorer), or a scorer, as a judge of
    that name; None = without. For rule exchange `captions` are the statements, and lists is None: a sample of lists
    would break groups.

    -> verdict (plain sentences), note (what the judges could not do, or ""), rule, level, parts {part: the columns of
    `sentence_counts`; verdict; strongest: name of the strongest judge; judges {unigram, bigram, trigram, 4-gram,
    -4-gram, ...}: rows of posrank.validity.judges}, dropped (what was lost on the way, from the table's attrs).
    """
    dropped = negatives.attrs.get("dropped", {})
    if negatives.empty:
        return {"verdict": verdict({}), "note": "", "rule": None, "level": None, "parts": {}, "dropped": dropped}
    table = validity_table(negatives, captions, tags, models=(), tagger=tagger, clip_tokens=clip_tokens, lists=lists,
                           sample=sample, seed=seed)
    scored = captions.loc[captions["caption_id"].isin(negatives["caption_id"]), "video_id"].unique()
    training = captions if training is None else training
    training = training[~training["video_id"].isin(scored)]
    models = {} if training.empty else blind_models(training)
    if pretrained is not None:
        models["pretrained"] = pretrained if callable(pretrained) else CausalScorer(pretrained)
    asked = sample_lists(negatives, lists, seed)
    ranks = {name: model_ranks(name, model, asked, captions) for name, model in models.items()}
    if folds and len(training):
        ranks["learned"] = learned_ranks(negatives, captions, training, folds, seed)
    rows = judge_rows(ranks, b, seed)
    parts = {}
    for counted in table.to_dict("records"):
        part = counted.pop("part")
        judges = {row.pop("judge"): row for row in rows[rows["part"] == part].drop(columns="part").to_dict("records")}
        parts[part] = {**counted, "verdict": part_verdict(judges), "strongest": strongest(judges), "judges": judges}
    note = "No n-gram judges: no captions of other videos are left to fit them on." if training.empty else ""
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
