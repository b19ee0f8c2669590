"""UCoFiA: three levels, its variants and Sinkhorn-Knopp biases, against naive forms and the outputs of the official code."""

import doctest

import numpy as np
import pytest
import torch
from support_systems import assert_near, assert_official_training, clips, golden, inputs, sentences, small_clip, weights

from posrank import systems
from posrank.systems import base, load_official, sinkhorn, sinkhorn_knopp, ucofia
from posrank.systems.perturbed_topk import top_k
from posrank.systems.token_selection import VideoScorePredictor


def make(prompts=0, depth=2, **options):
    """16 patches a frame; matrices that are no identities."""
    torch.manual_seed(1)
    system = systems.build(
        "ucofia", backbone=small_clip(image_size=32, depth=depth), prompts=prompts, num_frames=4, max_words=12, **options
    ).eval()
    for name, parameter in system.named_parameters():
        if "_mat_weight" in name or "logit_weight" in name or "selector" in name:
            parameter.data += 0.2 * torch.randn_like(parameter)
    return system


def naive_sum(scores, weight):
    """Interactive similarity aggregation of a vector."""
    first = (scores / 0.01).softmax(0)
    return (((first @ weight) / 0.01).softmax(0) * scores).sum()


def naive_levels(system, text, video, t, v, words, frames):
    sentence = torch.nn.functional.normalize(text.sentence[t], dim=-1)
    word = torch.nn.functional.normalize(text.words[t, :words], dim=-1)
    after = torch.nn.functional.normalize(video.after[v, :frames], dim=-1).mean(0)
    frame = torch.nn.functional.normalize(video.frames[v, :frames], dim=-1)
    scale, pixels = system.clip.logit_scale.exp(), 4 * frames
    first = scale * (sentence @ system.global_mat_weight) @ (torch.nn.functional.normalize(after, dim=0) @ system.global_mat_weight_1)
    second = scale * naive_sum(frame @ sentence, system.frame_logit_weight[:frames, :frames])
    matrix = (word @ system.local_mat_weight) @ (video.pixels[v, :pixels] @ system.local_mat_weight1).T
    over_words = torch.stack([naive_sum(matrix[:, p], system.word_mat_weight[:words, :words]) for p in range(pixels)])
    over_pixels = torch.stack([naive_sum(matrix[w], system.pixel_mat_weight[:pixels, :pixels]) for w in range(words)])
    a = naive_sum(over_words, system.pixel_mat_weight2[:pixels, :pixels])
    b = naive_sum(over_pixels, system.word_mat_weight2[:words, :words])
    return torch.stack([first, second, (a + b) / 2])


def test_levels_are_those_of_the_definition():
    system, lengths, real = make(), [5, 12], [4, 2]
    video, mask = clips(real, 4, size=32)
    text, found = system.encode_text(sentences(lengths, 12)), system.encode_video(video, mask)
    levels = system.levels(text, found)
    assert tuple(levels) == ucofia.LEVELS
    ours = torch.stack(list(levels.values()))
    for t, words in enumerate(lengths):
        for v, frames in enumerate(real):
            expected = naive_levels(system, text, found, t, v, words, frames)
            torch.testing.assert_close(ours[:, t, v], expected, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(system.score(text, found), ours.mean(0))


def test_pixels_are_cls_and_the_selected_patches():
    system, (video, mask) = make(), clips([4, 4], 4, size=32)
    chosen = top_k(torch.randn(8, 16), 3)
    found = system.encode_video(video, mask, topk_indicator=chosen)
    assert found.pixels.shape == (2, 16, 32)
    torch.testing.assert_close(found.pixels[:, ::4], found.frames)
    by_frame = system.encode_video(video, mask, topk_indicator=chosen.view(2, 4, 3, 16))
    torch.testing.assert_close(by_frame.pixels, found.pixels)
    other = system.encode_video(video, mask, topk_indicator=top_k(torch.randn(8, 16), 3))
    torch.testing.assert_close(other.frames, found.frames)
    assert (other.pixels - found.pixels).abs().max() > 1e-2


def test_prompts_replace_cls_at_the_video_and_frame_levels():
    system, (video, mask) = make(prompts=2), clips([4, 2], 4, size=32)
    both, text = system.encode_branches(video, mask), system.encode_text(sentences([5, 12], 12))
    torch.testing.assert_close(both["fine"].pixels, both["coarse"].pixels)
    coarse, fine = (system.levels(text, both[branch]) for branch in ("coarse", "fine"))
    torch.testing.assert_close(fine["pixel_word"], coarse["pixel_word"])
    for level in ("video_sentence", "sentence_frame"):
        assert (fine[level] - coarse[level]).abs().max() > 1e-3


def test_chunks_bound_the_largest_array(monkeypatch):
    system, sizes = make(), []
    text = system.encode_text(sentences([12] * 30, 12))
    video = system.encode_video(clips([4] * 20, 4, size=32)[0])
    whole, compare = system.score(text, video), ucofia.interactive_sum
    monkeypatch.setattr(base, "BUDGET", 10000)

    def watched(scores, *rest, **options):
        sizes.append(scores.numel())
        return compare(scores, *rest, **options)

    monkeypatch.setattr(ucofia, "interactive_sum", watched)
    torch.testing.assert_close(system.score(text, video), whole, atol=1e-5, rtol=1e-5)
    assert max(sizes) <= 10000


# the evaluation copies


def test_variants_of_the_repository():
    with pytest.raises(ValueError, match="eval_t2v"):
        make(variant="t2v")
    train, other = make(), make(variant="eval_v2t")
    state = {k: v for k, v in train.state_dict().items() if k != "local_mat_weight1"}
    other.load_state_dict(state)
    ids, (video, mask) = sentences([5, 12], 12), clips([4, 2], 4, size=32)
    text, found = other.encode_text(ids), other.encode_video(video, mask)
    assert (other.score(text, found) - train.score(text, found)).abs().max() > 1e-3
    train.local_mat_weight1.data.copy_(torch.eye(32))
    torch.testing.assert_close(other.score(text, found), train.score(text, found))


def test_the_wider_score_predictor():
    torch.manual_seed(0)
    predictor = VideoScorePredictor(8)
    tokens, real = torch.randn(5, 4, 8), torch.tensor([[True, True, True], [True, True, False]])
    hidden = predictor.in_conv(torch.cat([tokens, tokens[:, :1].expand(5, 4, 8)], dim=-1))
    for video in ((0, 1, 2), (3, 4)):
        total = sum(hidden[i, 0] for i in video)
        for i in video:
            expected = predictor.out_conv(torch.cat([hidden[i], total.expand(4, 8)], dim=-1))[1:, 0]
            torch.testing.assert_close(predictor(tokens, real)[i], expected)


def test_official_checkpoints_of_every_copy():
    unused = {"word_logit_weight": torch.eye(12), "word_mat_weight_for_pixel": torch.eye(12)}
    unused |= {"frame_mat_weight": torch.eye(4), "frame_mat_weight2": torch.eye(4)}
    wide = make(variant="eval_t2v").state_dict() | unused | {"local_mat_weight1": torch.eye(32)}
    system = load_official("ucofia", {f"module.{k}": v.half() for k, v in wide.items()}, heads=2, text_heads=2)
    assert system.variant == "eval_t2v" and "local_mat_weight1" in system.dropped
    trained = make().state_dict() | unused
    system = load_official("ucofia", {"state_dict": trained}, heads=2, text_heads=2)
    assert system.variant == "train" and system.dropped == tuple(sorted(unused))
    assert system.num_frames == 4 and system.max_words == 12 and system.settings["shift_blocks"] == [0, 1]
    system = load_official("ucofia", trained, heads=2, text_heads=2, variant="eval_v2t")
    assert system.variant == "eval_v2t" and not hasattr(system, "local_mat_weight1")
    deep = make(depth=12, shift_blocks=[]).state_dict() | unused
    system = load_official("ucofia", deep, heads=2, text_heads=2)
    assert system.variant == "eval_v2t" and system.settings["shift_blocks"] == []
    with pytest.raises(ValueError, match="visual_token_selector"):
        load_official("ucofia", {k: v for k, v in trained.items() if "selector" not in k}, heads=2, text_heads=2)
    with pytest.raises(ValueError, match="missing: pixel_mat_weight2"):
        load_official("ucofia", {k: v for k, v in trained.items() if k != "pixel_mat_weight2"}, heads=2, text_heads=2)


# Sinkhorn-Knopp


def test_biases_are_those_of_alternating_scaling():
    logits = np.random.default_rng(0).normal(size=(7, 4))
    kernel = np.exp(logits - logits.max())
    b = 1 / kernel.sum(0)
    for _ in range(4):
        a = 1 / (kernel @ b)
        b = 1 / (a @ kernel)
    found = sinkhorn(torch.from_numpy(logits))
    np.testing.assert_allclose(found.log_a.exp(), a / a.sum(), rtol=1e-9)
    np.testing.assert_allclose(found.log_b.exp(), b / b.sum(), rtol=1e-9)


def test_biases_survive_logits_that_underflow():
    logits = torch.tensor([[300.0, 0.0], [0.0, 100.0], [-200.0, -100.0]])
    assert all(x.isfinite().all() for x in sinkhorn(logits))
    found = sinkhorn(torch.randn(50, 6) * 30, iterations=200)
    assert found.log_a.shape == (50,) and found.log_b.shape == (6,)
    for wrong in (torch.zeros(3), torch.zeros(0, 3), torch.tensor([[float("nan")]]), torch.ones(2, 2, dtype=torch.long)):
        with pytest.raises(ValueError, match="finite float matrix"):
            sinkhorn(wrong)
    with pytest.raises(ValueError, match="iterations"):
        sinkhorn(logits, 0)


# the official code


@pytest.mark.parametrize("injected", [False, True])
def test_official_outputs(injected):
    tensors, facts = golden("ucofia_b")
    system = load_official("ucofia", weights(tensors), as_released=True)
    ids, video, mask = inputs(tensors)
    torch.manual_seed(facts["config"]["topk_seed"])
    found = system.encode_video(video, mask, topk_indicator=tensors["out/topk_indicator"] if injected else None)
    text = system.encode_text(ids)
    for ours, key in (
        (text.sentence[:, None], "sentence"), (text.words, "words"), (found.frames, "frames"),
        (found.pixels, "selected_tokens"), (found.after, "visual_after_temporal"), (system.score(text, found), "sim"),
    ):  # fmt: skip
        assert_near(ours, tensors[f"out/{key}"])
    for level, scores in system.levels(text, found).items():
        assert_near(scores, tensors[f"out/{level}"])
    assert_near(system.score_aligned(text, found, [3, 0, 2]), tensors["out/sim"][torch.arange(3), [3, 0, 2]])


def test_official_loss_and_gradients():
    assert_official_training("ucofia", "ucofia_b")


def test_official_biases():
    from safetensors.torch import load_file
    from support_goldens import golden as small_golden

    tensors, _ = small_golden("ucofia_sinkhorn", load_file)
    for case in range(3):
        found = sinkhorn(tensors[f"{case}/in"])
        torch.testing.assert_close(found.log_a, tensors[f"{case}/log_a"], atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(found.log_b, tensors[f"{case}/log_b"], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("module", [ucofia, sinkhorn_knopp], ids=lambda m: m.__name__.rpartition(".")[2])
def test_examples(module):
    assert doctest.testmod(module, extraglobs={"torch": torch}).failed == 0
