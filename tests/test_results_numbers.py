"""Numbers in the sentences of docs/results.md and README.md: each is computed from metrics/, and none stands there unchecked."""

import json
import math
import re
from functools import cache

import pandas as pd
import pytest

from posrank import PARTS
from posrank.captions.statistics import paper_table
from posrank.figures.doses import dose_choice
from posrank.figures.finding import gain_table
from posrank.figures.runs import load_metrics, together
from posrank.files import root

SEEDS, NATURAL = "metrics/seeds", "metrics/natural_seeds"


@cache
def runs(folder):
    return tuple(load_metrics(root() / folder))


def mean(folder, strategy, value):
    values = [value(m) for m in runs(folder) if m["strategy"] == strategy]
    return sum(values) / len(values)


def score(folder, strategy, part):
    return mean(folder, strategy, lambda m: m["posrank"][part]["posrank"])


def shuffled(folder, strategy, part):
    return mean(folder, strategy, lambda m: m["zero_line"][part])


def gain(folder, strategy, part, column="gain"):
    table = gain_table({"x": runs(folder)}).reset_index()
    return table[(table["strategy"] == strategy) & (table["part"] == part)][column].item()


def table(folder, name):
    return pd.read_csv(root() / folder / "tables" / f"{name}.csv")


def exchange(strategy):
    rows = table(SEEDS, "exchange")
    return rows.loc[rows["training strategy"] == strategy, "mean"].mean()


def recall(folder, strategy, key="v2t"):
    return mean(folder, strategy, lambda m: m["recall"][key]["mean"])


def point(path):
    return json.loads((root() / path).read_text(encoding="utf-8"))


def cross(name):
    rows = pd.read_csv(root() / "metrics" / name / "tables" / "cross_generator.csv")
    return rows.set_index(["trained on", "tested on", "replacements"])


def lost(name, column):
    rows = cross(name)[column]
    return rows["captions alone", "paper", "all"] - rows["paper", "paper", "all"]


def miss(backbone):
    """Largest miss of the criterion that chose the dose (docs/pipeline.md)."""
    return dose_choice({backbone: point(f"metrics/sweeps/choice-{backbone}.json")})["largest"].item()


def groups(part, name="value"):
    """Group scores of all runs, of both kinds of captions."""
    scores = [m["rules"]["exchange"]["group_scores"] for folder in (SEEDS, NATURAL) for m in runs(folder)]
    return [each[part]["group"][name] for each in scores]


def paper_gain(*parts):
    rows = paper_table(4).set_index("strategy")
    return (rows.loc["word", list(parts)] - rows.loc["coarse", list(parts)]).mean()


def adverbs(folder):
    return next(m for m in runs(folder))["posrank"]["adv"]["captions"]


def text_alone(part, strategies):
    return [point(f"metrics/natural/sweeps/text-xclip-{name}-0.json")["blind"]["blank video"][part] for name in strategies]


def chance(folder, part):
    return runs(folder)[0]["posrank"][part]["chance"]


def released(part):
    """What a bigram scores on the authors' lists of VLN-UVO (docs/real)."""
    rows = pd.read_csv(root() / "docs" / "real" / "released_validity.csv").set_index(["dataset", "part"])
    return rows.loc[("vln_uvo", part), "bigram"]


def moves():
    """Largest move of the line of shuffled videos against coarse-grained training, means over seeds."""
    return max(abs(shuffled(SEEDS, name, part) - shuffled(SEEDS, "coarse", part)) for name in STRATEGIES
               for part in PARTS)


def p_values(folder=SEEDS):
    """Holm-corrected p of verbs, adverbs and prepositions with each kind of negatives."""
    rows = table(folder, "differences")
    return rows[(rows["against"] == "coarse") & rows["part"].isin(["verb", "adv", "prep"])]["p_holm"]


def centred(strategy):
    """Points of V2T that are lost where each text's mean score is taken off, natural captions."""
    return recall(NATURAL, strategy) - recall(NATURAL, strategy, "v2t_centred")


def fall(folder, key):
    """Points of recall that word, phrase and prompt lose against coarse-grained training."""
    return [recall(folder, "coarse", key) - recall(folder, name, key) for name in STRATEGIES]


def four_systems():
    """Runs of the four systems, three seeds each."""
    return together(*map(runs, (SEEDS, "metrics/systems", "metrics/systems_seeds")))


def system_gains(column="gain", part="mean"):
    """Of each of the four systems and kinds of negatives, means over seeds."""
    return gain_table({"x": four_systems()}).reset_index().query("part == @part")[column]


def clip_gains():
    """Mean over parts that the mean-pooled CLIP gains with each kind of negatives."""
    return gain_table({"x": runs("metrics/clip")}).xs("mean", level="part")["gain"]


def significant(part, sign=1, strategies=("word", "phrase", "prompt")):
    """In how many pairs of system and kind a part gains (sign 1) or loses (-1), Holm-corrected."""
    rows = pd.concat([table(folder, "differences") for folder in (SEEDS, "metrics/systems_seeds")])
    rows = rows.query("against == 'coarse' and part == @part and strategy in @strategies and p_holm < .05")
    return (rows["difference"] * sign > 0).sum()


def number_of_negatives():
    """{N: mean over parts} of sweep n."""
    points = [point(path.relative_to(root())) for path in (root() / "metrics" / "sweeps").glob("n-*.json")]
    return {m["change"]["train"]["n"]: m["posrank"]["mean"]["posrank"] for m in points}


def steps(number, strategy="coarse"):
    """Mean over parts of sweep steps."""
    return point(f"metrics/sweeps/steps-{number}-xclip-{strategy}-0.json")["posrank"]["mean"]["posrank"]


def judged(judges=None):
    """The highest (share of the range above chance, part) of text-only judges on the world's balanced lists."""
    parts = point("metrics/judges/validity/world-paper.json")["parts"]
    return max((row["adjusted"], part) for part, entry in parts.items() for name, row in entry["judges"].items()
               if judges is None or name in judges)


STRATEGIES = ("word", "phrase", "prompt")
V2T = [lost(name, "v2t") for name in ("generators", "generators_natural")]
T2V = [lost(name, "t2v") for name in ("generators", "generators_natural")]
N = number_of_negatives()
ADJ = score(SEEDS, "coarse", "adj") - shuffled(SEEDS, "coarse", "adj")
NOUNS = [-gain(SEEDS, name, "noun") for name in STRATEGIES]
ADVERBS = text_alone("adv", ("coarse", "word", "phrase"))

CLAIMS = [
    # sentence with the numbers left open, and what stands there
    ("Adjectives are {:.2f} above the line of shuffled videos; verbs", ADJ),
    ("(Holm-corrected p = {:.3f} over three seeds)", max(p_values())),
    ("raises the same three parts (p = {:.3f} to {:.3f})", min(p_values(NATURAL)), max(p_values(NATURAL))),
    ("it falls on adjectives by up to {:.3f} and", -min(gain(NATURAL, name, "adj", "text") for name in STRATEGIES)),
    ("on average over parts it moves by at most {:.3f} (", max(abs(gain(NATURAL, name, "mean", "text")) for name in STRATEGIES)),
    ("nouns pay {:.2f} to {:.2f}.", min(NOUNS), max(NOUNS)),
    ("the line of shuffled videos moves by at most {:.3f},", moves()),
    ("from {:.3f} to {:.3f} on average over parts and three seeds", exchange("Coarse-Grained Training"),
     exchange("Word-Level Negatives")),
    ("Each kind of negatives gains {:.3f} to {:.3f} on average over parts, {:.3f} to {:.3f} of it vision",
     min(system_gains()), max(system_gains()), min(system_gains("vision")), max(system_gains("vision"))),
    ("gains {:.3f} to {:.3f} (one seed)", min(clip_gains()), max(clip_gains())),
    ("and nouns lose in all twelve pairs, at most {:.3f}; V2T does not fall", -min(system_gains(part="noun"))),
    ("from N = {} to N = {} the mean over parts is {:.3f} to {:.3f}, highest at {} (", min(N), max(N), min(N.values()),
     max(N.values()), max(N, key=N.get)),
    ("grows from {:.3f} to {:.3f} with coarse-grained training, and what word-level negatives add to it from {:.3f} over {:.3f} "
     "to {:.3f}; adverbs", steps(200), steps(800), *(steps(n, "word") - steps(n) for n in (200, 400, 800))),
    ("the best is {:.3f} of the possible range above chance, on {}s; the classifier alone is at most {:.3f}, on {}ositions",
     *judged(), *judged({"learned"})),
    ("its largest miss is {:.4f}, that of the strong dose {:.4f}.", miss("world"), miss("world_strong")),
    ("V2T of coarse-grained training falls by {:.1f} points, that of word level by {:.1f}, that of phrase level by {:.1f}, and",
     centred("coarse"), centred("word"), centred("phrase")),
    ("The paper's gains of {:.1f} to {:.1f} are", min(map(paper_gain, PARTS)), max(map(paper_gain, PARTS))),
    ("a bigram scores {:.2f} and {:.2f},", released("adv"), released("prep")),
    ("({:.0f} captions have adverbs)", adverbs(NATURAL)),
    ("above chance on adverbs ({:.2f} to {:.2f}, chance {:.2f};", min(ADVERBS), max(ADVERBS), chance(NATURAL, "adv")),
    ("on adjectives ({:.2f}, chance {:.2f};", text_alone("adj", ["coarse"])[0], chance(NATURAL, "adj")),
    ("is {:.2f} to {:.2f} on nouns (chance {:.2f} to {:.2f}),", min(groups("noun")), max(groups("noun")),
     min(groups("noun", "chance")), max(groups("noun", "chance"))),
    ("at most {:.2f} on prepositions", max(groups("prep"))),
    ("at most {:.2f} on verbs, adjectives and adverbs", max(groups("verb") + groups("adj") + groups("adv"))),
    ("V2T falls by {:.0f} to {:.0f} points and T2V by less than {:.0f},", min(V2T), max(V2T), math.ceil(max(T2V))),
    ("nouns high, prepositions between, adjectives {:.2f} above the line", ADJ),
    ("+{:.2f} on average, most on verbs (+{:.2f})", paper_gain(*PARTS), paper_gain("verb")),
    ("+{:.2f}, a tenth of it: most on prepositions (+{:.2f}), then adverbs (+{:.2f}), adjectives (+{:.2f}) and verbs "
     "(+{:.2f}); nouns lose {:.2f}", *(gain(SEEDS, "word", part) for part in ("mean", "prep", "adv", "adj", "verb")),
     -gain(SEEDS, "word", "noun")),
    ("({:.0f} points where a fifth of the words is held out", lost("generators", "v2t")),
    ("on natural captions a fall of {:.0f} to {:.0f} points both ways", min(fall(NATURAL, "v2t") + fall(NATURAL, "t2v")),
     max(fall(NATURAL, "v2t") + fall(NATURAL, "t2v"))),
    ("nearly all of it, {:.3f} of {:.3f} with word level", gain(SEEDS, "word", "mean", "vision"), gain(SEEDS, "word", "mean")),
]
SETTINGS = {"lambda, from .1", "lambda .2"}
"""Decimals of the results that are no results: settings, which stand in params.yaml."""


def written(sentence, numbers):
    """The sentence as the page has it: scores below 1 without their 0."""
    return re.sub(r"(?<![\d.])0(\.\d)", r"\1", sentence.format(*numbers))


def prose(text):
    """The text without what cog and the audit wrote."""
    text = re.sub(r"<!-- \[\[\[cog.*?\[\[\[end\]\]\] -->", "", text, flags=re.DOTALL)
    return re.sub(r"## Audit of rule exchange.*?(?=\n## |$)", "", text, flags=re.DOTALL)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim[0][:60])
def test_a_sentence_says_what_was_measured(claim):
    sentence, *numbers = claim
    assert written(sentence, numbers) in (root() / "docs" / "results.md").read_text(encoding="utf-8")


def test_more_lambda_than_the_default_gains_nothing_and_costs_nouns():
    three, ten = (point(f"metrics/sweeps/lambda-{value}.json")["posrank"] for value in ("3.0", "10.0"))
    assert ten["mean"]["posrank"] <= three["mean"]["posrank"] and ten["noun"]["posrank"] < three["noun"]["posrank"]


def test_rises_on_natural_captions_are_significant_where_the_page_says_so():
    rows = table(NATURAL, "differences").query("against == 'coarse'").set_index(["strategy", "part"])
    rises = rows.loc[rows["p_holm"] < 0.05, "difference"]
    assert set(rises[rises > 0].index) == {(name, part) for name in STRATEGIES for part in ("verb", "adv", "prep")}
    assert set(rises[rises < 0].index) == {("prompt", "noun")} and abs(centred("prompt")) < 0.2


def test_natural_captions_beside_a_bigram_model():
    below = []
    for m in runs(NATURAL):
        for part in ("verb", "adv"):
            gain = m["vision_gain"][part]
            assert gain["best_blind"] == "bigram" and gain["low"] <= 0
            below += [part] if m["strategy"] == "coarse" and gain["high"] < 0 else []
    assert sorted(below) == ["adv", "adv", "verb", "verb"]


def test_one_frame_gives_nearly_the_same_gain_on_adverbs_of_natural_captions():
    frame = [mean(NATURAL, name, lambda m: m["controls"]["one frame"]["adv"]) for name in ("coarse", *STRATEGIES)]
    for i, name in enumerate(STRATEGIES, 1):
        assert frame[i] - frame[0] > 0.8 * gain(NATURAL, name, "adv")


def test_the_four_systems_agree():
    assert len(four_systems()) == 48
    for part in ("verb", "adv", "prep"):
        assert significant(part) == 12
    assert significant("noun", -1) == 12 and significant("adj", strategies=("word",)) == 4
    for system in ("frozen", "xclip", "ts2net", "ucofia"):
        own = [m for m in four_systems() if m["system"] == system]
        v2t = pd.DataFrame([{"strategy": m["strategy"], "v2t": m["recall"]["v2t"]["mean"]} for m in own]).groupby("strategy")["v2t"].mean()
        assert (v2t >= v2t["coarse"] - 0.3).all()


@pytest.mark.parametrize("page", ["README.md", "docs/results.md"])
def test_no_decimal_in_a_sentence_is_unchecked(page):
    left = prose((root() / page).read_text(encoding="utf-8"))
    for text in [*SETTINGS, *(written(sentence, numbers) for sentence, *numbers in CLAIMS)]:
        left = left.replace(text, "...")
    assert re.findall(r".{30}(?<![\w/.-])(?<!WordNet )\d*\.\d+(?![\w.]).{20}", left) == []
