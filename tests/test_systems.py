"""Systems in their clean form: shapes, masks, chunks, prompts, and where they must agree with the released form."""

import doctest
import math

import pytest
import torch
from support_systems import clips, sentences, small_clip

from posrank import systems
from posrank.systems import base, features, official, pairs, xclip
from posrank.systems.features import TextFeatures, VideoFeatures
from posrank.systems.perturbed_topk import top_k
from posrank.towers.backbone import Backbone

NAMES = systems.SYSTEMS
LENGTHS, REAL = [3, 9, 5, 12, 7], [4, 2, 1]


def make(name, prompts=0, seed=0, dtype=torch.float32, **options):
    torch.manual_seed(seed)
    system = systems.build(name, backbone=small_clip(seed), prompts=prompts, num_frames=4, max_words=12, **options).to(
        dtype
    )
    for key, parameter in system.named_parameters():  # identity matrices would hide mistakes
        if key.endswith(("mat_weight", "mat_weight2", "logit_weight")):
            parameter.data += 0.2 * torch.randn_like(parameter)
    return system.eval()


def cases():
    for name in NAMES:
        yield name, 0, "coarse"
        for branch in systems.BRANCHES:
            yield name, 2, branch


@pytest.mark.parametrize(("name", "prompts", "branch"), cases())
def test_shapes_and_aligned_scores(name, prompts, branch):
    system, ids, (video, mask) = make(name, prompts), sentences(LENGTHS, 12), clips(REAL, 4)
    text, clip = system.encode_text(ids), system.encode_video(video, mask, branch)
    scores = system.score(text, clip)
    assert scores.shape == (5, 3) and scores.dtype == torch.float32 and scores.isfinite().all()
    torch.testing.assert_close(system.similarity(ids, video, mask, branch=branch), scores)
    for owner in ([0, 2, 1, 0, 0], [2, 2, 2, 2, 2], [1, 0, 2, 0, 1], [0, 0, 1, 1, 2]):
        aligned = system.score_aligned(text, clip, owner)
        torch.testing.assert_close(aligned, scores[torch.arange(5), owner], atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(system.score_aligned(text[:3], clip), scores[:3].diagonal(), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(("name", "prompts", "branch"), cases())
def test_padding_is_never_read(name, prompts, branch):
    system, ids, (video, mask) = make(name, prompts), sentences(LENGTHS, 12), clips(REAL, 4)
    scores = system.similarity(ids, video, mask, branch=branch)
    dirty = torch.where(mask[:, :, None, None, None], video, 7.0)
    torch.testing.assert_close(system.similarity(ids, dirty, mask, branch=branch), scores)
    for text, length in enumerate(LENGTHS):  # alone, without any padding
        for clip, frames in enumerate(REAL):
            alone = system.similarity(ids[text : text + 1, :length], video[clip : clip + 1, :frames], branch=branch)
            torch.testing.assert_close(alone[0, 0], scores[text, clip], atol=2e-5, rtol=1e-5)


@pytest.mark.parametrize(("name", "prompts", "branch"), cases())
def test_agrees_with_the_released_form_without_padding(name, prompts, branch):
    clean, released = make(name, prompts), make(name, prompts, as_released=True)
    released.load_state_dict(clean.state_dict())
    ids, (video, mask) = sentences([12, 12, 12], 12), clips([4, 4], 4)
    chosen = top_k(torch.randn(8, 4), 3)  # the released selection of tokens is random in evaluation too
    ours, theirs = (s.similarity(ids, video, mask, branch=branch, topk_indicator=chosen) for s in (clean, released))
    if branch == "coarse" or name == "frozen":  # X-CLIP's released prompt feature is the first patch's: no matter of padding
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)
    else:
        assert (ours - theirs).abs().max() > 1e-3


def test_padding_makes_the_released_xclip_differ():
    clean, released = make("xclip"), make("xclip", as_released=True)
    released.load_state_dict(clean.state_dict())
    ids, (video, mask) = sentences(LENGTHS, 12), clips(REAL, 4)
    difference = clean.similarity(ids, video, mask) - released.similarity(ids, video, mask)
    assert difference.abs().max() > 1e-2


@pytest.mark.parametrize("as_released", [False, True])
@pytest.mark.parametrize(("name", "prompts", "branch"), cases())
def test_rows_of_padding_alone_are_finite(name, prompts, branch, as_released):
    system, (video, mask) = make(name, prompts, as_released=as_released).train(), clips([4, 0], 4)
    ids = torch.cat([sentences([5], 12), torch.zeros(1, 12, dtype=torch.long)])
    attention = torch.tensor([[1] * 5 + [0] * 7, [0] * 12])
    scores = system.similarity(ids, video, mask, branch=branch, attention_mask=attention)
    scores.sum().backward()
    assert scores.isfinite().all()
    assert all(p.grad.isfinite().all() for p in system.parameters() if p.grad is not None)


@pytest.mark.parametrize(("name", "prompts", "branch"), cases())
def test_chunks_give_the_same(name, prompts, branch, monkeypatch):
    system, ids, (video, mask) = make(name, prompts), sentences(LENGTHS, 12), clips(REAL, 4)
    text, clip = system.encode_text(ids), system.encode_video(video, mask, branch)
    owner = [1, 0, 2, 0, 1]
    whole, aligned = system.score(text, clip), system.score_aligned(text, clip, owner)
    monkeypatch.setattr(base, "BUDGET", 100)
    torch.testing.assert_close(system.score(text, clip), whole, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(system.score_aligned(text, clip, owner), aligned, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_both_branches_come_from_one_pass(name):
    system, (video, mask) = make(name, prompts=2), clips(REAL, 4)
    passes = []
    tower = system.video_model if name == "frozen" else system.clip.visual.transformer
    tower.register_forward_hook(lambda *_: passes.append(1))
    both = system.encode_branches(video, mask)
    assert len(passes) == 1
    for branch, found in both.items():
        torch.testing.assert_close(found.frames, system.encode_video(video, mask, branch).frames)


@pytest.mark.parametrize("name", NAMES)
def test_gradients_reach_the_prompt(name):
    system, ids, (video, mask) = make(name, prompts=2).train(), sentences(LENGTHS, 12), clips(REAL, 4)
    where = "video_model" if name == "frozen" else "clip.visual"
    prompt = dict(system.named_parameters())[f"{where}.vpt_embedding"]
    assert prompt.shape == (2, 32)
    system.similarity(ids, video, mask, branch="fine").sum().backward()
    assert (prompt.grad.norm(dim=1) > 1e-4).all()


def test_fp64_stays_and_half_features_are_scored_in_fp32():
    system, ids, (video, mask) = make("xclip", dtype=torch.float64), sentences(LENGTHS, 12), clips(REAL, 4)
    assert system.similarity(ids, video.double(), mask).dtype == torch.float64
    single = make("xclip")
    text, clip = single.encode_text(ids), single.encode_video(video, mask)
    with torch.autocast("cpu", torch.bfloat16):
        torch.testing.assert_close(single.score(text, clip), single.score(text, clip).float())
    half = single.score(text.to(torch.bfloat16), clip.to(torch.bfloat16))
    assert half.dtype == torch.float32


def test_parameters_are_named_as_released():
    names = {name for name, _ in make("xclip").named_parameters() if not name.startswith("clip.")}
    layer = ("attn.in_proj_weight", "attn.in_proj_bias", "attn.out_proj.weight", "attn.out_proj.bias")
    layer += ("ln_1.weight", "ln_1.bias", "ln_2.weight", "ln_2.bias")
    layer += ("mlp.c_fc.weight", "mlp.c_fc.bias", "mlp.c_proj.weight", "mlp.c_proj.bias")
    expected = {"global_mat_weight", "local_mat_weight", "frame_position_embeddings.weight"}
    expected |= {
        f"{side}_{kind}" for side in ("word", "frame") for kind in ("logit_weight", "mat_weight", "mat_weight2")
    }
    expected |= {f"transformerClip.resblocks.{i}.{part}" for i in range(2) for part in layer}
    assert names == expected
    assert not [name for name, _ in make("clip").named_parameters() if not name.startswith("clip.")]


def test_temporal_module_starts_from_the_text_tower():
    tower = small_clip(layers=3)
    system = systems.build("xclip", backbone=tower, num_frames=4, max_words=12, temporal_layers=2)
    assert len(system.transformerClip.resblocks) == 2
    for name, value in tower.transformer.resblocks[1].state_dict().items():
        assert torch.equal(system.transformerClip.resblocks[1].state_dict()[name], value)
    assert torch.equal(system.frame_position_embeddings.weight, tower.positional_embedding)
    assert system.transformerClip.resblocks[0].ln_1.eps == 1e-12
    tower.transformer.resblocks[0].ln_1.weight.data.zero_()  # towers are copied, so this changes nothing
    assert system.clip.transformer.resblocks[0].ln_1.weight.any()


def test_temporal_module_of_the_backbone_is_taken():
    trained = make("xclip", seed=3)
    temporal = {k: v for k, v in trained.state_dict().items() if k.startswith(("transformerClip", "frame_position"))}
    temporal = {k: v + 1 for k, v in temporal.items()}
    system = systems.build("xclip", backbone=Backbone(small_clip(), temporal=temporal), num_frames=4, max_words=12)
    for name, value in temporal.items():
        assert torch.equal(system.state_dict()[name], value)


def test_features_are_tables():
    system, ids, (video, mask) = make("xclip"), sentences(LENGTHS, 12), clips(REAL, 4)
    text, clip = system.encode_text(ids), system.encode_video(video, mask)
    assert (len(text), len(clip)) == (5, 3)
    for index in ([3, 1], torch.tensor([3, 1]), torch.tensor([False, True, False, True, False])):
        assert len(text[index]) == 2
    assert torch.equal(text[-1].sentence, text.sentence[4:]) and torch.equal(text[1:3].words, text.words[1:3])
    short, long = system.encode_text(ids[:1]), system.encode_text(ids[1:])
    assert short.words.shape[1] == 3 and long.words.shape[1] == 12
    joined = TextFeatures.cat([short, long])
    torch.testing.assert_close(system.score(joined, clip), system.score(text, clip), atol=1e-5, rtol=1e-5)
    halves = VideoFeatures.cat([system.encode_video(video[:1], mask[:1]), system.encode_video(video[1:], mask[1:])])
    torch.testing.assert_close(system.score(text, halves), system.score(text, clip), atol=1e-5, rtol=1e-5)
    assert text.to(torch.float64).words.dtype == torch.float64 and text.to(torch.float64).mask.dtype == torch.bool
    assert not text.detach().words.requires_grad and text.words.requires_grad
    with pytest.raises(ValueError, match="branch"):
        prompted = make("clip", prompts=1)
        VideoFeatures.cat([prompted.encode_video(video, mask, b) for b in ("coarse", "fine")])


def test_prepare_normalises_and_blanks_padding():
    system = make("clip")
    frames = torch.full((2, 4, 16, 16, 3), 255, dtype=torch.uint8)
    video, mask = system.prepare(frames.numpy(), [4, 1])
    assert video.shape == (2, 4, 3, 16, 16) and mask.tolist() == [[True] * 4, [True, False, False, False]]
    torch.testing.assert_close(video[0, 0, :, 0, 0], (1 - system.image_mean) / system.image_std)
    assert not video[1, 1:].any()


def test_wrong_input_is_named():
    system, (video, mask) = make("xclip"), clips(REAL, 4)
    ids = sentences(LENGTHS, 12)
    with pytest.raises(ValueError, match="xclip"):
        systems.build("xklip", backbone=small_clip(), num_frames=4, max_words=12)
    with pytest.raises(ValueError, match="layers"):
        make("xclip", layers=2)
    with pytest.raises(ValueError, match="positions"):
        systems.build("xclip", backbone=small_clip(), num_frames=4, max_words=99)
    with pytest.raises(ValueError, match="num_frames=17"):
        systems.build("xclip", backbone=small_clip(), num_frames=17, max_words=12)
    with pytest.raises(ValueError, match="heads=5"):
        make("xclip", heads=5)
    with pytest.raises(ValueError, match="prompts"):
        system.encode_video(video, mask, "fine")
    with pytest.raises(ValueError, match="branch"):
        system.encode_video(video, mask, "finest")
    with pytest.raises(ValueError, match="num_frames=4"):
        system.encode_video(torch.zeros(1, 5, 3, 16, 16))
    with pytest.raises(ValueError, match="video_mask"):
        system.encode_video(video, mask[:2])
    with pytest.raises(ValueError, match=r"\[V, F, 3, H, W\]"):
        system.encode_video((video * 255).to(torch.uint8), mask)
    with pytest.raises(ValueError, match="patches"):
        system.encode_video(torch.zeros(1, 2, 3, 24, 24))
    with pytest.raises(ValueError, match="max_words=12"):
        system.encode_text(sentences([14], 14))
    with pytest.raises(ValueError, match="attention_mask"):
        system.encode_text(ids, torch.ones(2, 12))
    text, clip = system.encode_text(ids), system.encode_video(video, mask)
    with pytest.raises(ValueError, match="equally many"):
        system.score_aligned(text, clip)
    with pytest.raises(ValueError, match="below 3"):
        system.score_aligned(text, clip, [0, 1, 2, 3, 0])
    with pytest.raises(ValueError, match="tokenizer"):
        system.tokenize(["a dog"])


def attended_by_hand(scores, mask, weight):
    """The attended sum of one row of scores, in plain Python."""
    real = [n for n, there in enumerate(mask) if there]
    shares = {n: math.exp((scores[n] - max(scores[m] for m in real)) / xclip.TAU) for n in real}
    shares = {n: share / sum(shares.values()) for n, share in shares.items()}
    mixed = {n: sum(shares[m] * weight[m][n] for m in real) for n in real}
    return sum(mixed[n] * scores[n] for n in real)


def test_an_attended_sum_is_that_over_the_real_elements():
    generator = torch.Generator().manual_seed(0)
    scores, weight = 0.05 * torch.randn(3, 4, generator=generator), torch.randn(4, 4, generator=generator)
    mask = torch.tensor([[True, True, True, True], [True, False, True, False], [False, True, False, False]])
    found = xclip.attended_sum(scores, mask, weight)
    expected = [attended_by_hand(*row, weight.tolist()) for row in zip(scores.tolist(), mask.tolist())]
    torch.testing.assert_close(found, torch.tensor(expected))
    plain = xclip.attended_sum(scores, mask)
    torch.testing.assert_close(plain, xclip.attended_sum(scores, mask, torch.eye(4)))
    assert plain[2] == scores[2, 1], "a single element is its own sum"


def test_an_attended_sum_goes_along_any_dimension_and_is_zero_without_elements():
    generator = torch.Generator().manual_seed(1)
    scores, weight = 0.05 * torch.randn(2, 3, 5, generator=generator), torch.randn(3, 3, generator=generator)
    mask = torch.rand(2, 3, 5, generator=generator) > 0.4
    mask[0, :, 0] = False
    found = xclip.attended_sum(scores, mask, weight, dim=1)
    torch.testing.assert_close(found, xclip.attended_sum(scores.movedim(1, -1), mask.movedim(1, -1), weight))
    assert found[0, 0] == 0 and found.shape == (2, 5)


@pytest.mark.parametrize("module", [systems, base, official, pairs, xclip, features], ids=lambda m: m.__name__.rpartition(".")[2])
def test_examples(module):
    found = doctest.testmod(module, extraglobs={"torch": torch})
    assert found.failed == 0 and found.attempted
