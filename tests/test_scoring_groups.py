"""Text, video and group score: by brute force over every order of the scores, at chance, of a table of scores."""

import itertools

import numpy as np
import pandas as pd
import pytest

from posrank.negatives.exchange_groups import lists_of
from posrank.scoring import chance, evaluate
from posrank.scoring.groups import group_chance, group_metrics, group_scores


def places(scores):
    """The three scores of a matrix without ties, by the definition."""
    m = len(scores)
    text = np.mean([1 / (1 + sum(scores[i, j] > scores[j, j] for i in range(m))) for j in range(m)])
    video = np.mean([1 / (1 + sum(scores[i, j] > scores[i, i] for j in range(m))) for i in range(m)])
    best = all(scores[i].argmax() == i and scores[:, i].argmax() == i for i in range(m))
    return np.array([text, video, best])


def test_two_by_two_over_every_way_to_break_the_ties():
    orders = np.array(list(itertools.permutations(range(4)))).reshape(-1, 2, 2) / 100
    for values in itertools.product(range(3), repeat=4):
        scores = np.array(values, float).reshape(2, 2)
        expected = np.mean([places(scores + order) for order in orders], axis=0)
        assert list(group_scores(scores).values()) == pytest.approx(expected, abs=1e-12), values


def test_larger_groups_against_many_random_orders_of_the_ties():
    rng, seen = np.random.default_rng(0), []
    for m in (3, 3, 4):
        scores = rng.integers(0, 2, (m, m)).astype(float)
        scores[np.diag_indices(m)] = rng.choice([1, 1.2], m)  # tied with rows, columns and each other, or with nothing
        found = np.array([places(scores + noise) for noise in rng.uniform(0, 0.01, (15000, m, m))])
        seen.append(group_scores(scores))
        assert list(seen[-1].values()) == pytest.approx(found.mean(0), abs=0.012)
    assert sum(0 < each["group"] < 1 for each in seen) >= 2


@pytest.mark.parametrize("m", [2, 3, 4])
def test_chance_is_that_of_random_scores_and_of_equal_ones(m):
    rng = np.random.default_rng(m)
    expected = list(group_chance(m).values())
    assert list(group_scores(np.zeros((m, m))).values()) == pytest.approx(expected, abs=1e-12)
    found = np.array([list(group_scores(scores).values()) for scores in rng.normal(size=(4000, m, m))])
    assert found.mean(0) == pytest.approx(expected, abs=0.02)
    assert list(group_scores(np.eye(m)).values()) == [1, 1, 1]
    assert group_chance(2) == {"text": 0.75, "video": 0.75, "group": pytest.approx(1 / 6)}


def test_what_sees_one_side_alone_is_exactly_at_chance_there():
    rng = np.random.default_rng(0)
    for m in (2, 3, 5):
        text, video = rng.integers(0, 3, (2, m))
        assert group_scores(np.repeat(text[:, None], m, 1))["text"] == pytest.approx(chance(m), abs=1e-12)
        assert group_scores(np.repeat(video[None], m, 0))["video"] == pytest.approx(chance(m), abs=1e-12)


@pytest.mark.parametrize(
    "scores", [[1, 2], [[1, 2, 3], [1, 2, 3]], [[1]], [[1, np.nan], [0, 1]], [["a", "b"], ["c", "d"]]]
)
def test_what_is_no_group_is_refused(scores):
    with pytest.raises(ValueError, match="scores"):
        group_scores(scores)


def statements(sizes=(2, 3, 2)):
    """Groups of one part, and an adverb group of videos that stand in others too."""
    rows = [
        (f"adj-{g}", "adj", f"v{g}-{i}", f"a word{i} thing {g}", f"word{i}")
        for g, m in enumerate(sizes)
        for i in range(m)
    ]
    rows += [("adv-0", "adv", f"v{i}-0", f"it runs word{i}", f"word{i}") for i in range(2)]
    table = pd.DataFrame(rows, columns=["group", "part", "video_id", "caption", "word"]).assign(position=1)
    return table.assign(caption_id=[f"s{n}" for n in range(len(table))])


def test_metrics_of_a_scores_table():
    table = statements()
    lists = lists_of(table)
    rng = np.random.default_rng(0)
    known = {}

    def scorer(videos, texts):
        return [known.setdefault(pair, rng.integers(0, 3)) for pair in zip(videos, texts)]

    ranks, scores = evaluate(scorer, lists, table, scores=True, progress=False)
    found = group_metrics(scores.sample(frac=1, random_state=0), lists, table, b=100)
    assert list(found) == ["adj", "adv"] and found["adj"]["groups"] == 3 and found["adv"]["groups"] == 1
    for part, own in ranks.groupby("part"):
        assert found[part]["text"]["value"] == pytest.approx(own["reciprocal_rank"].mean(), abs=1e-12)
        assert found[part]["text"]["chance"] == pytest.approx(chance(own["negatives"] + 1), abs=1e-12)
    matrices = [
        np.array([[known[v, t] for v in own["video_id"]] for t in own["caption"]]) for _, own in table.groupby("group")
    ][:3]
    each = [group_scores(matrix) for matrix in matrices]
    assert found["adj"]["group"]["value"] == pytest.approx(np.mean([s["group"] for s in each]))
    assert found["adj"]["video"]["value"] == pytest.approx(np.average([s["video"] for s in each], weights=[2, 3, 2]))
    assert found["adj"]["video"]["low"] <= found["adj"]["video"]["value"] <= found["adj"]["video"]["high"]
    assert found["adv"]["text"]["low"] is None and found["adv"]["group"]["chance"] == pytest.approx(1 / 6)
    with pytest.raises(ValueError, match="all of its statements"):
        group_metrics(scores[scores["k"] != 0], lists, table)
