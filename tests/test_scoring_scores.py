"""Scores that an evaluation keeps (posrank.evaluate, scores=): the table, the file, a restart, several processes."""

import numpy as np
import pandas as pd
import pytest
from test_scoring_evaluate import CAPTIONS, NEGATIVES, Stops, table

import posrank
from posrank import tables
from posrank.scoring import evaluate, reciprocal_ranks

OPTIONS = dict(chunk=50, progress=False)


def length(videos, texts):
    return [len(text) for text in texts]


def test_each_list_holds_its_caption_at_minus_one_and_the_negatives_by_their_k():
    negatives = NEGATIVES.assign(k=[5, 1, 0, 1, 0, 0, 0])
    ranks, scores = posrank.evaluate(length, negatives, CAPTIONS, run="toy", progress=False, scores=True)
    pd.testing.assert_frame_equal(ranks, posrank.evaluate(length, negatives, CAPTIONS, run="toy", progress=False))
    assert list(scores.columns) == ["run", "caption_id", "part", "k", "score"] and set(scores["run"]) == {"toy"}
    texts = {(n.caption_id, n.part, n.k): n.sentence for n in negatives.itertuples()}
    own = dict(zip(CAPTIONS["caption_id"], CAPTIONS["caption"]))
    for row in scores.itertuples():
        assert row.score == len(own[row.caption_id] if row.k == -1 else texts[row.caption_id, row.part, row.k])
    assert len(scores) == len(negatives) + len(ranks)


def test_ranks_follow_from_the_scores():
    captions, negatives = table()
    ranks, scores = evaluate(Stops(), negatives, captions, scores=True, **OPTIONS)
    lists = scores.pivot(index=["caption_id", "part"], columns="k", values="score")
    assert list(lists.columns) == [-1, *range(7)]
    expected = ranks.set_index(["caption_id", "part"])["reciprocal_rank"].reindex(lists.index)
    np.testing.assert_array_equal(reciprocal_ranks(lists.to_numpy()), expected)


def test_a_file_a_restart_and_several_processes_give_the_same_scores(tmp_path):
    captions, negatives = table()
    whole = evaluate(Stops(), negatives, captions, scores=True, **OPTIONS)[1]
    with pytest.raises(KeyboardInterrupt):
        evaluate(Stops(last=7), negatives, captions, scores=tmp_path / "a.parquet", state=tmp_path / "s", **OPTIONS)
    assert not (tmp_path / "a.parquet").exists()
    again = Stops()
    evaluate(again, negatives, captions, scores=tmp_path / "a.parquet", state=tmp_path / "s", **OPTIONS)
    assert again.calls == len(list((tmp_path / "s").iterdir())) - 7
    pd.testing.assert_frame_equal(tables.read_table(tmp_path / "a.parquet", "scores"), whole)
    # blocks of an evaluation that kept no scores are not mistaken for blocks with scores
    evaluate(Stops(), negatives, captions, state=tmp_path / "t", **OPTIONS)
    pd.testing.assert_frame_equal(
        evaluate(Stops(), negatives, captions, state=tmp_path / "t", scores=True, **OPTIONS)[1], whole
    )

    class Share:
        size, done = 2, []

        def __init__(self, rank):
            self.rank = rank

        def collect(self, mine):
            self.done.append(mine)
            if self.rank == 0:
                raise InterruptedError
            return self.done

    with pytest.raises(InterruptedError):
        evaluate(Stops(), negatives, captions, scores=True, world=Share(0), **OPTIONS)
    pd.testing.assert_frame_equal(
        evaluate(Stops(), negatives, captions, scores=True, world=Share(1), **OPTIONS)[1], whole
    )


def test_a_scorer_may_rule_a_sentence_out():
    _, scores = evaluate(lambda v, t: [-np.inf] * len(t), NEGATIVES, CAPTIONS, progress=False, scores=True)
    assert np.isneginf(scores["score"]).all()


def test_pieces_are_one_table_and_none_is_an_error(tmp_path):
    rows = pd.DataFrame({"run": "r", "caption_id": ["a", "b"], "part": "noun", "k": -1, "score": [1.0, 2.0]})
    path = tables.write_pieces((rows.iloc[[i]] for i in range(2)), tmp_path / "x.parquet", "scores")
    pd.testing.assert_frame_equal(tables.read_table(path, "scores"), tables.validate(rows, "scores"))
    with pytest.raises(ValueError, match="no scores table to write"):
        tables.write_pieces([], tmp_path / "y.parquet", "scores")
    assert [each.name for each in tmp_path.iterdir()] == ["x.parquet"]
