"""Scorers: a planted system that reads colours, the controls around it, blind models."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
import torch
from support_systems import small_clip

import posrank
from posrank.language.ngrams import NgramModel
from posrank.scoring import (
    BlindScorer,
    ConstantVideo,
    ShuffledVideo,
    SystemScorer,
    bootstrap,
    chance,
    evaluate,
    evaluate_views,
    from_system,
    recall,
)
from posrank.scoring.scorers import blank_frames, look_up, one_frame, reversed_frames
from posrank.scoring.sharing import share_videos, similarity

COLOURS = ["red", "green", "blue", "white", "black", "pink", "grey", "brown"]


class Rows:
    """Features as a table of rows, as the systems' are."""

    def __init__(self, values):
        self.values = values

    def __len__(self):
        return len(self.values)

    def __getitem__(self, index):
        return Rows(self.values[index])

    def to(self, device):
        return Rows(self.values.to(device))

    def cpu(self):
        return self.to("cpu")

    @classmethod
    def cat(cls, parts):
        return cls(torch.cat([part.values for part in parts]))


class ColourSystem(torch.nn.Module):
    """Sees a video's first grey value, reads the first colour word of the first three words; a match scores 1."""

    def __init__(self):
        super().__init__()
        self.scale = torch.nn.Parameter(torch.ones(()))
        self.encoded, self.texts, self.modes, self.noise = [], 0, set(), 0

    def tokenize(self, texts):
        words = [[1 + COLOURS.index(w) if w in COLOURS else 0 for w in text.lower().split()[:3]] for text in texts]
        return torch.tensor([[*row, 0, 0, 0][:3] for row in words])

    def prepare(self, frames, frames_read=None):
        video = torch.as_tensor(frames).float()
        return video, torch.arange(video.shape[1]) < torch.as_tensor(frames_read)[:, None]

    def encode_text(self, input_ids, attention_mask=None):
        assert not torch.is_grad_enabled()
        self.texts += len(input_ids)
        return Rows(input_ids.max(1).values)

    def encode_video(self, video, video_mask=None, branch="coarse", topk_indicator=None):
        self.modes.add((self.training, branch))
        self.encoded += video[:, 0, 0, 0, 0].tolist()
        return Rows(video[:, 0, 0, 0, 0] + self.noise * torch.randn(len(video)))

    def score(self, text, video):
        return -(text.values[:, None] - video.values[None]).abs() * self.scale

    def score_aligned(self, text, video, index=None):
        return -(text.values - video.values[index]).abs() * self.scale


def world(n=48):
    """Videos of one colour each, two captions per video, seven negatives per caption."""
    colours = [COLOURS[i % 8] for i in range(n)]
    frames = {
        f"v{i:02}": (np.full((4, 6, 6, 3), 1 + COLOURS.index(c), np.uint8), 3 + i % 2) for i, c in enumerate(colours)
    }
    rows = [
        (f"v{i:02}#{j}", f"v{i:02}", text.format(c), c)
        for i, c in enumerate(colours) for j, text in enumerate(("a {} ball", "the {} car spins"))
    ]
    captions = pd.DataFrame(rows, columns=["caption_id", "video_id", "caption", "colour"])
    negatives = pd.DataFrame(
        [(i, "adj", text.replace(c, other)) for i, _, text, c in rows for other in COLOURS if other != c],
        columns=["caption_id", "part", "sentence"],
    )
    return frames, captions, negatives


def test_a_planted_perfect_system_scores_one_and_encodes_each_video_once():
    frames, captions, negatives = world()
    system = ColourSystem().train()
    ranks = posrank.evaluate(from_system(system, frames), negatives, captions, run="colours", chunk=50, progress=False)
    assert (ranks["reciprocal_rank"] == 1).all() and (ranks["negatives"] == 7).all()
    assert len(system.encoded) == 48
    assert system.modes == {(False, "coarse")} and system.training


def test_shuffling_brings_the_planted_system_to_chance():
    frames, captions, negatives = world(400)
    scorer = SystemScorer(ColourSystem(), frames)
    own = captions.drop_duplicates("video_id").set_index("video_id")["colour"]
    values = []
    for seed in range(5):
        shuffled = ShuffledVideo(scorer, captions["video_id"], seed)
        ranks = evaluate(shuffled, negatives, captions, progress=False)
        low, high = bootstrap(ranks["reciprocal_rank"], ranks["video_id"], b=2000)
        values.append(ranks["reciprocal_rank"].mean())
        assert low - 0.03 < chance([8]) < high + 0.03
        assert sorted(shuffled.shown) == sorted(shuffled.shown.values()) == sorted(own.index)
    assert np.mean(values) == pytest.approx(chance([8]), abs=0.03)


def test_the_derangement_is_fixed_by_the_seed_not_by_the_order_of_the_ids():
    names = [f"v{i}" for i in range(50)]
    maps = [ShuffledVideo(None, ids, seed).shown for ids, seed in ((names, 0), (names[::-1] * 2, 0), (names, 1))]
    assert maps[0] == maps[1] != maps[2]
    assert all(video != shown for video, shown in maps[0].items())
    for wrong in ([], ["v1"], ["v1", "v1"]):
        with pytest.raises(ValueError, match="at least two"):
            ShuffledVideo(None, wrong)
    with pytest.raises(ValueError, match="'v99'"):
        ShuffledVideo(lambda v, t: v, names)(["v99"], ["x"])


def test_constant_and_blank_video_rank_without_vision():
    frames, captions, negatives = world()
    constant = evaluate(ConstantVideo(from_system(ColourSystem(), frames), "v00"), negatives, captions, progress=False)
    assert set(constant["reciprocal_rank"][::2].round(4)) == {round(1 / r, 4) for r in range(1, 9)}
    blank = evaluate(from_system(ColourSystem(), blank_frames(frames)), negatives, captions, progress=False)
    assert blank["reciprocal_rank"].mean() == pytest.approx(chance([8]))
    shown, read = blank_frames(frames)("v00")
    assert shown.shape == (4, 6, 6, 3) and shown.dtype == np.uint8 and shown[0, 0, 0].tolist() == [123, 117, 104]
    assert read == 3


def test_frame_controls():
    clip = np.arange(5, dtype=np.uint8)[:, None, None, None] * np.ones((5, 2, 2, 3), np.uint8)
    frames = {"v": (clip, 4)}
    assert one_frame(frames)("v")[0][:, 0, 0, 0].tolist() == [1, 1, 1, 1, 4]
    assert reversed_frames(frames)("v")[0][:, 0, 0, 0].tolist() == [3, 2, 1, 0, 4]
    assert clip[:, 0, 0, 0].tolist() == [0, 1, 2, 3, 4]
    assert look_up({"v": clip}, "v")[1] == 5
    assert one_frame(reversed_frames(frames))("v")[0][0, 0, 0, 0] == 2
    with pytest.raises(ValueError, match="'w'"):
        one_frame(frames)("w")


def test_texts_with_the_same_tokens_tie_exactly_and_are_scored_once():
    frames, captions, _ = world(2)
    sentences = ["A RED ball cut off", "a red ball here"]
    negatives = pd.DataFrame({"caption_id": "v00#0", "part": "adv", "sentence": sentences})
    system = ColourSystem()
    ranks = evaluate(from_system(system, frames), negatives, captions, progress=False)
    assert ranks["equal"].tolist() == [2] and system.texts == 1


def test_cache_batches_and_noise_change_nothing():
    frames, captions, _ = world()
    ids, texts = captions["video_id"].tolist(), captions["caption"].tolist()
    whole = SystemScorer(ColourSystem(), frames)(ids, texts)
    assert (SystemScorer(ColourSystem(), frames, text_batch=3, video_batch=2, keep=4)(ids, texts) == whole).all()
    small = SystemScorer(ColourSystem(), frames, keep=4)
    small(ids, texts)
    assert len(small._features) == 4
    noisy = ColourSystem()
    noisy.noise = 1.0
    torch.manual_seed(3)
    before = torch.random.get_rng_state()
    first = SystemScorer(noisy, frames)(ids, texts)
    assert (torch.random.get_rng_state() == before).all()
    assert (SystemScorer(noisy, frames)(ids, texts) == first).all()
    assert (SystemScorer(noisy, frames, seed=1)(ids, texts) != first).any()
    assert SystemScorer(noisy, frames)([], []).shape == (0,)


def test_similarity_gives_recall():
    frames, captions, _ = world(8)
    scorer = SystemScorer(ColourSystem(), frames, text_batch=5, keep=3)
    videos = list(frames)
    similarity = scorer.similarity(captions["caption"], videos)
    assert similarity.shape == (16, 8)
    assert recall(similarity, [videos.index(v) for v in captions["video_id"]])["t2v"]["R@1"] == 100
    assert np.diag(similarity[::2]).tolist() == scorer(videos, captions["caption"].tolist()[::2]).tolist()


def test_a_video_without_frames_is_named():
    frames, captions, negatives = world(4)
    del frames["v02"]
    with pytest.raises(ValueError, match="no frames for video 'v02'"):
        evaluate(from_system(ColourSystem(), frames), negatives, captions, progress=False)


def test_a_real_system():
    from posrank.systems import build
    from posrank.towers.backbone import Backbone
    from posrank.towers.tokenizer import WordTokenizer

    frames, captions, negatives = world(6)
    rng = np.random.default_rng(0)
    frames = {v: (rng.integers(0, 255, (4, 16, 16, 3), np.uint8), n) for v, (_, n) in frames.items()}
    words = WordTokenizer(sorted({w for text in [*captions["caption"], *negatives["sentence"]] for w in text.split()}))
    backbone = Backbone(small_clip(vocabulary=words.vocab_size), words)
    for name in ("clip", "xclip"):
        system = build(name, backbone=backbone, num_frames=4, max_words=8, prompts=1)
        for branch in ("coarse", "fine"):
            scorer = SystemScorer(system, frames, branch=branch, text_batch=7)
            ranks = evaluate(scorer, negatives, captions, chunk=40, progress=False)
            assert len(ranks) == 12
            ids, texts = captions["video_id"].tolist(), captions["caption"].tolist()
            videos = list(frames)
            similarity = scorer.similarity(texts, videos)
            aligned = similarity[np.arange(12), [videos.index(v) for v in ids]]
            assert scorer(ids, texts) == pytest.approx(aligned, abs=1e-4)


def test_blind_scorers_and_their_negations():
    _, captions, negatives = world()
    model = NgramModel(2).fit(["a red ball", "the red car spins"])
    ranks = evaluate(BlindScorer(model), negatives, captions, progress=False)
    red = ranks.merge(captions, on="caption_id")["colour"] == "red"
    assert (ranks[red.to_numpy()]["reciprocal_rank"] == 1).all()
    assert (ranks[~red.to_numpy()]["better"] == 1).all() and (ranks[~red.to_numpy()]["equal"] == 6).all()
    against = evaluate(lambda videos, texts: -model.score(texts), negatives, captions, progress=False)
    assert (against["better"] == ranks["negatives"] - ranks["better"] - ranks["equal"]).all()


def test_views_of_one_system_give_what_each_gives_alone_and_encode_every_text_once():
    system, frames, captions, negatives = ColourSystem(), *world(24)
    own = SystemScorer(system, frames, text_batch=7)
    views = {
        "own": own, "shuffled": ShuffledVideo(own, captions["video_id"]),
        "blank": ConstantVideo(own.with_frames(blank_frames(frames)), captions["video_id"].iloc[0]),
    }
    together = evaluate_views(views, negatives, captions, chunk=50, progress=False)
    texts, system.texts = system.texts, 0
    evaluate(own, negatives, captions, chunk=50, progress=False)
    assert texts == system.texts
    for run, view in views.items():
        alone = evaluate(view, negatives, captions, run=run, chunk=50, progress=False)
        pd.testing.assert_frame_equal(together[run], alone)
    assert together["own"]["reciprocal_rank"].mean() == 1 > together["shuffled"]["reciprocal_rank"].mean()
    other = SystemScorer(ColourSystem(), frames)
    with pytest.raises(ValueError, match=r"'other'.*same system"):
        evaluate_views({"own": own, "other": other}, negatives, captions)
    with pytest.raises(ValueError, match="at least one"):
        evaluate_views({}, negatives, captions)


def test_videos_encoded_together_have_features_that_do_not_depend_on_what_was_asked_before():
    frames, captions, _ = world()
    system, names = ColourSystem(), captions["video_id"].unique().tolist()
    system.noise = 0.3  # drawn for each batch of videos: another batch, other features

    def asked(pieces, keep=4096):
        scorer = SystemScorer(system, frames, video_batch=5, keep=keep).together(names)
        found = {}
        for piece in pieces:
            found |= dict(zip(piece, scorer.video_features(piece).values.tolist()))
        return found

    whole = asked([names])
    assert asked([names[20:], names[:7], names[3:25]]) == whole
    assert asked([[name] for name in reversed(names)], keep=3) == whole
    assert len(SystemScorer(system, frames, video_batch=5).together(names).batches()) == 10


class Threads:
    """A world whose processes are threads, for what they tell each other."""

    def __init__(self, rank, size, board, barrier):
        self.rank, self.size, self.board, self.barrier, self.main = rank, size, board, barrier, rank == 0

    def collect(self, value, everywhere=True):
        self.board[self.rank] = value
        self.barrier.wait()
        values = list(self.board)
        self.barrier.wait()
        return values if everywhere or self.main else None


@pytest.mark.parametrize("size", [2, 3])
def test_processes_encode_each_video_once_and_share_the_rows_of_the_similarity(size):
    frames, captions, _ = world()
    texts, names = captions["caption"].tolist(), captions["video_id"].unique().tolist()
    alone = SystemScorer(ColourSystem(), frames, text_batch=7, video_batch=5).together(names)
    expected = similarity(alone, texts, names)
    board, barrier, systems = [None] * size, threading.Barrier(size, timeout=60), [ColourSystem() for _ in range(size)]

    def work(rank):
        scorer = SystemScorer(systems[rank], frames, text_batch=7, video_batch=5).together(names)
        share_videos(scorer, member := Threads(rank, size, board, barrier))
        return similarity(scorer, texts, names, member)

    with ThreadPoolExecutor(size) as pool:
        first, *others = pool.map(work, range(size))
    assert np.array_equal(first, expected) and others == [None] * (size - 1)
    assert sum(len(system.encoded) for system in systems) == len(names)
    assert sum(system.texts for system in systems) == len(texts)
