"""posrank.scoring.adapters.features: two encoders as a scorer, what is encoded once, and vectors that are refused."""

import numpy as np
import pytest
import torch

from posrank.scoring.adapters.features import FeatureScorer, pooled, seen

FRAMES = {f"v{n}": np.full((3, 2, 2, 3), n + 1, np.uint8) for n in range(4)}


class Encoders:
    """Texts become (length, 1), videos (first pixel, 1); notes what each call was given."""

    def __init__(self):
        self.texts, self.videos = [], []

    def of_texts(self, texts):
        self.texts.append(texts)
        return np.array([[len(text), 1] for text in texts], dtype=np.float64)

    def of_videos(self, videos):
        self.videos.append([int(video[0, 0, 0, 0]) for video in videos])
        return torch.tensor([[video[0, 0, 0, 0], 1.0] for video in videos], requires_grad=True)


def scorer(encoders, **options):
    return FeatureScorer(encoders.of_texts, encoders.of_videos, FRAMES, **options)


def cosine(a, b):
    return (a * b + 1) / np.sqrt((a * a + 1) * (b * b + 1))


def test_each_score_is_the_cosine_of_its_own_pair():
    scores = scorer(Encoders())(["v2", "v0", "v2"], ["abc", "a", "a"])
    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores, [cosine(3, 3), cosine(1, 1), cosine(3, 1)], rtol=1e-6)


def test_a_text_is_encoded_once_a_call_and_a_video_once_for_all():
    encoders = Encoders()
    model = scorer(encoders)
    model(["v1", "v0", "v1"], ["b", "a", "b"])
    model(["v2", "v1"], ["b", "b"])
    assert encoders.texts == [["a", "b"], ["b"]] and encoders.videos == [[1, 2], [3]]


def test_so_many_are_encoded_at_a_time():
    encoders = Encoders()
    scorer(encoders, text_batch=2, video_batch=3)(["v3", "v2", "v1", "v0", "v0"], ["a", "b", "c", "d", "e"])
    assert [len(batch) for batch in encoders.texts] == [2, 2, 1] and encoders.videos == [[1, 2, 3], [4]]


def test_only_so_many_videos_stay_in_memory_and_the_first_ones_go():
    encoders = Encoders()
    model = scorer(encoders, keep=2)
    model(["v0", "v1", "v2"], ["a"] * 3)
    model(["v1", "v2"], ["a"] * 2)
    assert encoders.videos == [[1, 2, 3]]
    model(["v0"], ["a"])
    model(["v2"], ["a"])
    model(["v1"], ["a"])
    assert encoders.videos[1:] == [[1], [2]]


def test_nothing_asked_is_nothing_encoded():
    encoders = Encoders()
    assert scorer(encoders)([], []).shape == (0,) and encoders.texts == encoders.videos == []


def test_a_vector_of_zeros_scores_zero():
    model = FeatureScorer(lambda texts: np.zeros((len(texts), 2)), Encoders().of_videos, FRAMES)
    assert model(["v0"], ["a"]).tolist() == [0]


@pytest.mark.parametrize("shape", [(2,), (1, 2), (3, 2), (2, 1, 2)])
def test_an_encoder_that_returns_no_row_for_each_is_told(shape):
    model = FeatureScorer(lambda texts: np.ones(shape), Encoders().of_videos, FRAMES)
    told = rf"the encoder returned shape \[{', '.join(map(str, shape))}\] for 2 items, not one row each"
    with pytest.raises(ValueError, match=told):
        model(["v0", "v1"], ["a", "b"])


@pytest.mark.parametrize(("name", "what"), [("text_batch", "texts"), ("video_batch", "videos"), ("keep", "videos")])
def test_numbers_that_are_none_are_told_by_name(name, what):
    for value in (0, 1.5, "2", True):
        with pytest.raises(ValueError, match=f"{name}: expected a whole number of {what} from 1 to"):
            scorer(Encoders(), **{name: value})


def test_frames_that_were_not_read_are_not_seen_and_a_store_is_not_written_to():
    store = np.arange(24, dtype=np.uint8).reshape(2, 2, 2, 3)
    store.flags.writeable = False
    found = seen({"v": (store, 1)}, "v")
    assert found.shape == (1, 2, 2, 3)
    found[:] = 0
    assert store[0].any()
    assert len(seen(lambda video: store, "v")) == 2, "all, where no number is given"


def test_a_video_without_frames_is_told():
    with pytest.raises(ValueError, match="video 'v': no frame was read; leave its captions out"):
        seen({"v": (FRAMES["v0"], 0)}, "v")
    with pytest.raises(ValueError, match="no frames for video 'w'; read them first, or leave its captions out"):
        scorer(Encoders())(["w"], ["a"])


def test_frames_of_a_video_count_alike_whatever_their_length():
    found = pooled(torch.tensor([[3.0, 0], [0, 4], [0, 5]]), [0, 0, 2], 3)
    assert found.tolist() == [[1, 1], [0, 0], [0, 1]]
    assert pooled(torch.ones(1, 2, dtype=torch.float16), [0], 1).dtype == torch.float32
