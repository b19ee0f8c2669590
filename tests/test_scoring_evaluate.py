"""From scorers to ranks: counting, chunks, duplicates, bad scorers, released and phrase-level negatives."""

import zlib

import numpy as np
import pandas as pd
import pytest
import torch

import posrank
from posrank.scoring import blocks, chance, evaluate, reciprocal_ranks

CAPTIONS = pd.DataFrame({
    "dataset": "toy", "split": "test",
    "caption_id": ["c0", "c1", "c2", "c3"], "video_id": ["v0", "v0", "v1", "v2"],
    "caption": ["a red ball spins", "the ball spins", "a blue car rocks slowly", "nothing here"],
})
NEGATIVES = pd.DataFrame(
    [
        ("c2", "adv", "a blue car rocks quickly"), ("c2", "adj", "a red car rocks slowly"),
        ("c0", "adj", "a blue ball spins"), ("c0", "adj", "a green ball spins"), ("c0", "noun", "a red car spins"),
        ("c1", "noun", "the car spins"), ("c2", "adj", "a green car rocks slowly"),
    ],
    columns=["caption_id", "part", "sentence"],
)


def table(n=60, k=7, videos=20, seed=0):
    """Captions and negatives of two parts with telling texts."""
    captions = pd.DataFrame({
        "caption_id": [f"c{i:04}" for i in range(n)], "video_id": [f"v{i % videos:03}" for i in range(n)],
        "caption": [f"caption {i}" for i in range(n)],
    })
    negatives = pd.DataFrame(
        [
            (f"c{i:04}", part, f"caption {i} with {part} {j}")
            for i in range(n) for part in ("noun", "prep") for j in range(k)
        ],
        columns=["caption_id", "part", "sentence"],
    )
    return captions, negatives.sample(frac=1, random_state=seed)


def noise(video_ids, texts, step=None):
    """A fixed random score per pair, rounded to make ties where ``step`` is given."""
    scores = np.array([zlib.crc32(f"{v}|{t}".encode()) / 2**32 for v, t in zip(video_ids, texts)])
    return scores if step is None else np.round(scores / step)


def test_counts_by_hand():
    points = {"a red ball spins": 2, "a blue ball spins": 3, "a green ball spins": 2, "a red car spins": 1}

    def scorer(video_ids, texts):
        return [points.get(text, len(text)) for text in texts]

    ranks = posrank.evaluate(scorer, NEGATIVES, CAPTIONS, run="toy", progress=False)
    assert list(ranks.columns) == list(posrank.tables.TABLES["ranks"])
    rows = ranks.set_index(["caption_id", "part"])
    assert list(rows.index) == [("c0", "noun"), ("c0", "adj"), ("c1", "noun"), ("c2", "adj"), ("c2", "adv")]
    assert rows.loc[("c0", "adj"), ["better", "equal", "negatives"]].tolist() == [1, 1, 2]
    assert rows.loc[("c0", "adj"), "reciprocal_rank"] == pytest.approx((1 / 2 + 1 / 3) / 2)
    assert rows.loc[("c2", "adv"), "video_id"] == "v1" and set(ranks["run"]) == {"toy"}
    assert "c3" not in set(ranks["caption_id"])


def test_agrees_with_reciprocal_ranks_on_the_matrix():
    captions, negatives = table()
    ranks = evaluate(lambda v, t: noise(v, t, 0.2), negatives, captions, progress=False)
    for caption_id, part, value in ranks[["caption_id", "part", "reciprocal_rank"]].itertuples(index=False):
        caption = captions.set_index("caption_id").loc[caption_id]
        texts = negatives[(negatives["caption_id"] == caption_id) & (negatives["part"] == part)]["sentence"]
        scores = noise([caption["video_id"]] * 8, [caption["caption"], *texts], 0.2)
        assert value == reciprocal_ranks(scores[None])[0]


@pytest.mark.parametrize("chunk", [1, 3, 15, 16, 1000])
def test_chunks_and_the_order_of_negatives_change_nothing(chunk):
    captions, negatives = table()
    sizes = []

    def scorer(video_ids, texts):
        assert isinstance(video_ids, list) and isinstance(texts, list) and len(video_ids) == len(texts)
        sizes.append(len(texts))
        return noise(video_ids, texts, 0.1)

    ranks = evaluate(scorer, negatives, captions, chunk=chunk, progress=False)
    other = evaluate(lambda v, t: noise(v, t, 0.1), negatives.sample(frac=1, random_state=5), captions, progress=False)
    pd.testing.assert_frame_equal(ranks, other)
    assert max(sizes) <= chunk and sum(sizes) == 60 * (1 + 14)  # the caption once for both parts


def test_equal_pairs_are_scored_once_and_tie_exactly():
    sentences = ["x", "x", "a red ball spins"]
    negatives = pd.DataFrame({"caption_id": "c0", "part": ["noun", "adj", "adj"], "sentence": sentences})
    seen, rng = [], np.random.default_rng(0)

    def unsteady(video_ids, texts):
        seen.extend(texts)
        return rng.random(len(texts))

    ranks = evaluate(unsteady, negatives, CAPTIONS, progress=False)
    assert sorted(seen) == ["a red ball spins", "x"]
    assert ranks["equal"].tolist() == [0, 1]


def test_the_video_is_the_captions_own():
    pairs = set()

    def scorer(video_ids, texts):
        pairs.update(zip(video_ids, texts))
        return np.zeros(len(texts))

    evaluate(scorer, NEGATIVES, CAPTIONS, progress=False)
    videos = CAPTIONS.set_index("caption_id")["video_id"]
    expected = {(videos[c], s) for c, s in zip(NEGATIVES["caption_id"], NEGATIVES["sentence"])}
    assert pairs == expected | {("v0", "a red ball spins"), ("v0", "the ball spins"), ("v1", "a blue car rocks slowly")}


@pytest.mark.parametrize("result", [
    lambda n: [0.0] * n, lambda n: np.zeros(n, np.float32), lambda n: torch.zeros(n, requires_grad=True),
    lambda n: torch.zeros(n).bfloat16(), lambda n: pd.Series(np.zeros(n)),
])
def test_scores_of_any_kind(result):
    ranks = evaluate(lambda v, t: result(len(t)), NEGATIVES, CAPTIONS, progress=False)
    assert ranks["reciprocal_rank"].mean() == pytest.approx(chance(ranks["negatives"] + 1))


def test_random_scorer_is_at_chance_and_a_perfect_one_at_one():
    captions, negatives = table(n=1500, k=9, videos=500)
    ranks = evaluate(noise, negatives, captions, progress=False)
    assert ranks["reciprocal_rank"].mean() == pytest.approx(chance([10]), abs=0.02)
    perfect = evaluate(lambda v, t: ["with" not in x for x in t], negatives, captions, progress=False)
    assert (perfect["reciprocal_rank"] == 1).all()


@pytest.mark.parametrize("scorer, message", [
    (lambda v, t: [0.0] * (len(t) - 1), "run 'r', chunk 0.*shape"),
    (lambda v, t: np.zeros((len(t), 1)), "run 'r', chunk 0.*shape"),
    (lambda v, t: 0.5, "run 'r', chunk 0.*shape"),
    (lambda v, t: None, "run 'r', chunk 0"),
    (lambda v, t: ["good"] * len(t), "run 'r', chunk 0"),
    (lambda v, t: [np.nan if "slowly" in x else 0 for x in t], "run 'r', chunk 3.*NaN.*'v1'"),
])
def test_bad_scorers(scorer, message):
    with pytest.raises(ValueError, match=message):
        evaluate(scorer, NEGATIVES, CAPTIONS, run="r", chunk=3, progress=False)


def places(videos, texts):
    """A scorer that knows nothing but where a pair stands in its call."""
    return np.arange(len(texts))


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("chunk", [100, 10**6])
def test_a_place_in_the_call_says_nothing_of_the_caption(sign, chunk):
    captions, negatives = table(n=2000, k=9, videos=700)
    ranks = evaluate(lambda v, t: sign * places(v, t), negatives, captions, chunk=chunk, progress=False)
    assert ranks["reciprocal_rank"].mean() == pytest.approx(chance([10]), abs=0.015)


def test_a_place_in_the_call_gains_exactly_nothing_where_captions_are_each_others_negatives():
    """Where every statement of a group is the caption once, a score of the text alone is at chance; so is a place."""
    captions = pd.DataFrame({"caption_id": [f"c{i}" for i in range(90)], "video_id": [f"v{i}" for i in range(90)],
                             "caption": [f"statement {i % 3} of group {i // 3}" for i in range(90)]})
    others = [(i, j) for i in range(90) for j in range(i // 3 * 3, i // 3 * 3 + 3) if i != j]
    negatives = pd.DataFrame(
        [(f"c{i}", "noun", captions["caption"][j]) for i, j in others], columns=["caption_id", "part", "sentence"]
    )
    for chunk in (9, 27, 10**6):
        ranks = evaluate(places, negatives, captions, chunk=chunk, progress=False)
        assert ranks["reciprocal_rank"].mean() == pytest.approx(chance([3]), abs=1e-12)


def test_infinite_scores_rank():
    ranks = evaluate(lambda v, t: [-np.inf] * len(t), NEGATIVES, CAPTIONS, progress=False)
    assert (ranks["equal"] == ranks["negatives"]).all()


@pytest.mark.parametrize("change, message", [
    (lambda n, c: (n.iloc[:0], c), "empty"),
    (lambda n, c: (n.replace("c1", "c9"), c), "caption_id 'c9'"),
    (lambda n, c: (n, c.replace("c1", "c0")), "'c0' occurs more than once"),
    (lambda n, c: (n.replace("adv", "adverb"), c), "unknown part 'adverb'"),
    (lambda n, c: (n.drop(columns="sentence"), c), "no column 'sentence'"),
    (lambda n, c: (n, c.drop(columns="video_id")), "no column 'video_id'"),
    (lambda n, c: (n.assign(sentence=[None, *n["sentence"][1:]]), c), "sentence is missing in row 0"),
    (lambda n, c: (n.assign(level=["word"] * 3 + ["phrase"] * 4), c), "several values of level"),
    (lambda n, c: (n.to_dict(), c), "DataFrame"),
])
def test_bad_tables(change, message):
    negatives, captions = change(NEGATIVES, CAPTIONS)
    with pytest.raises(ValueError, match=message):
        evaluate(lambda v, t: [0.0] * len(t), negatives, captions, progress=False)
    with pytest.raises(ValueError, match="chunk"):
        evaluate(lambda v, t: [0.0] * len(t), NEGATIVES, CAPTIONS, chunk=0, progress=False)


def test_phrase_level_and_further_columns_pass():
    negatives = NEGATIVES.assign(level="phrase", rule="paper", changed=2, k=range(7))
    assert len(evaluate(noise, negatives, CAPTIONS, progress=False)) == 5


class Stops:
    """Scores like `noise`, remembers its pairs, and raises at call number `last`."""

    def __init__(self, last=None):
        self.pairs, self.calls, self.last = [], 0, last

    def __call__(self, videos, texts):
        if self.calls == self.last:
            raise KeyboardInterrupt
        self.calls += 1
        self.pairs.extend(zip(videos, texts))
        return noise(videos, texts, 0.1)


def test_a_killed_evaluation_goes_on_and_scores_nothing_twice(tmp_path):
    captions, negatives = table()
    options = dict(chunk=50, progress=False, identity="weights 1")
    undisturbed = Stops()
    whole = evaluate(undisturbed, negatives, captions, **options)
    killed = Stops(last=7)
    with pytest.raises(KeyboardInterrupt):
        evaluate(killed, negatives, captions, state=tmp_path / "s", **options)
    assert len(list((tmp_path / "s").iterdir())) == 7
    again = Stops()
    resumed = evaluate(again, negatives, captions, state=tmp_path / "s", **options)
    assert killed.pairs + again.pairs == undisturbed.pairs
    posrank.tables.write_table(whole, tmp_path / "a.parquet", "ranks")
    posrank.tables.write_table(resumed, tmp_path / "b.parquet", "ranks")
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    posrank.scoring.clear_state(tmp_path / "s")
    assert not (tmp_path / "s").exists()


@pytest.mark.parametrize("change", [
    dict(identity="weights 2"), dict(run="other"), dict(chunk=51), dict(negatives="changed"), dict(captions="changed"),
])
def test_blocks_of_another_evaluation_are_not_used(tmp_path, change):
    captions, negatives = table(n=12)
    options = dict(chunk=50, progress=False, identity="weights 1", state=tmp_path / "s")
    evaluate(noise, negatives, captions, **options)
    changed = change.copy()
    if changed.pop("negatives", None):
        negatives = negatives.assign(sentence=negatives["sentence"] + "!")
    if changed.pop("captions", None):
        captions = captions.assign(video_id="w" + captions["video_id"])
    counted = Stops()
    ranks = evaluate(counted, negatives, captions, **{**options, **changed})
    assert len(counted.pairs) == 12 * 15
    fresh = evaluate(
        noise_of_tenths, negatives, captions, progress=False, **{k: v for k, v in changed.items() if k != "identity"}
    )
    pd.testing.assert_frame_equal(ranks, fresh)


def noise_of_tenths(videos, texts):
    return noise(videos, texts, 0.1)


def test_a_damaged_block_is_scored_again(tmp_path):
    captions, negatives = table(n=12)
    options = dict(chunk=50, progress=False, state=tmp_path / "s")
    whole = evaluate(noise_of_tenths, negatives, captions, **options)
    for path in (tmp_path / "s").iterdir():
        path.write_bytes(path.read_bytes()[:100])
    pd.testing.assert_frame_equal(evaluate(noise_of_tenths, negatives, captions, **options), whole)


def test_blocks_dealt_to_processes_are_those_of_one_and_merge_to_its_ranks():
    captions, negatives = table()
    alone = Stops()
    whole = evaluate(alone, negatives, captions, chunk=50, progress=False)
    gathered, seen = [], []

    class Share:
        """A process of three that notes what it would send and waits for nobody."""

        def __init__(self, rank):
            self.rank, self.size = rank, 3

        def collect(self, mine):
            gathered.append(mine)
            return gathered if len(gathered) == 3 else [dict.fromkeys(range(1000), np.zeros((2, 1, 0)))]

    for rank in range(3):
        scorer = Stops()
        try:
            ranks = evaluate(scorer, negatives, captions, chunk=50, progress=False, world=Share(rank))
        except ValueError:
            assert rank < 2  # nothing to merge yet
        seen += scorer.pairs
    pd.testing.assert_frame_equal(ranks, whole)
    assert sorted(seen) == sorted(alone.pairs)


def test_texts_of_a_column_in_many_pieces():
    words = [f"text {i}" for i in range(50)]
    rows = np.array([49, 0, 7, 7, 31, 12], dtype=np.int32)
    pieces = pd.concat([pd.Series(words[i : i + 8], dtype="str") for i in range(0, 50, 8)], ignore_index=True)
    for column in (pieces, pd.Series(words, dtype="str"), pd.Series(words, dtype=object)):
        assert blocks.one_piece(column).take(rows).tolist() == [words[i] for i in rows]
    assert pieces.array.__arrow_array__().num_chunks > 1, "pandas put the pieces together: this tests nothing"
    assert blocks.one_piece(pd.Series([], dtype="str")).take(rows[:0]).tolist() == []
