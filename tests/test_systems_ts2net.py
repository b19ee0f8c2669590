"""TS2-Net: token shift, token selection, and the system against naive forms and the outputs of its official code."""

import doctest

import pytest
import torch
from support_systems import assert_near, assert_official_training, clips, golden, inputs, sentences, small_clip, weights
from test_training import SETTINGS, tiny_batches, tiny_system

from posrank import systems
from posrank.systems import load_official, perturbed_topk
from posrank.systems.perturbed_topk import perturbed_top_k, top_k
from posrank.systems.token_selection import TokenSelector
from posrank.towers import shift
from posrank.towers.image import add_prompts, encode_image
from posrank.training.loop import train

SELECTOR = [f"visual_token_selector.score_predictor.{k}" for k in (
    "in_conv.0.weight", "in_conv.0.bias", "in_conv.1.weight", "out_conv.0.weight", "out_conv.2.weight")]  # fmt: skip


def tower(seed=0):
    """Three blocks; pictures of 40 x 40 pixels: 25 patches, 26 tokens, where both sets of shifted patches meet (fold 3)."""
    return small_clip(seed, image_size=40, depth=3)


def make(name="ts2net", prompts=0, frames=4, **options):
    torch.manual_seed(1)
    system = systems.build(name, backbone=tower(), prompts=prompts, num_frames=frames, max_words=12, **options).eval()
    for parameter in system.visual_token_selector.parameters():
        parameter.data += 0.3 * torch.randn_like(parameter)
    return system


# token shift


def naive_shift(x, tokens):
    """x [F, S, width], one video: the definition, patch by patch and frame by frame, in the released order: what comes from the
    frame before is written first, what comes from the frame behind last."""
    fold = max(1, tokens // 7)
    out = x.clone()
    for token in range(1, tokens, fold):
        for frame in range(1, len(x)):
            out[frame, token] = x[frame - 1, token]
    for token in range(4, tokens, fold):
        for frame in range(len(x) - 1):
            out[frame, token] = x[frame + 1, token]
    return out


@pytest.mark.parametrize("frames", [1, 2, 3, 5])
def test_shift_moves_patches_between_frames(frames):
    """All sizes of a frame up to 8 x 8 patches; with 7 to 13 tokens (fold 1) and 21 to 27 (fold 3) both sets of patches meet."""
    for tokens in range(2, 66):
        x = torch.randn(2, frames, tokens + 2, 1)
        moved = shift.shift_tokens(x.flatten(0, 1), *shift.neighbours(torch.ones(2, frames, dtype=torch.bool)), tokens)
        assert torch.equal(moved.unflatten(0, (2, frames)), torch.stack([naive_shift(video, tokens) for video in x])), tokens
        assert torch.equal(moved[:, [0, -2, -1]], x.flatten(0, 1)[:, [0, -2, -1]])  # CLS and prompts stay


@pytest.mark.parametrize("tokens", [8, 26, 50])
def test_videos_of_unequal_length_are_shifted_as_each_alone(tokens):
    lengths = [3, 1, 2, 4]
    videos = [torch.randn(length, tokens, 1) for length in lengths]
    real = torch.arange(4) < torch.tensor(lengths)[:, None]
    moved = shift.shift_tokens(torch.cat(videos), *shift.neighbours(real), tokens)
    assert torch.equal(moved, torch.cat([naive_shift(video, tokens) for video in videos]))


def test_frames_that_are_not_there_have_no_part_in_the_shift():
    real = torch.tensor([[True, True, False], [False, True, True], [True, False, True]])
    before, behind = shift.neighbours(real)
    assert before.tolist() == [0, 0, 2, 2, 4, 4] and behind.tolist() == [1, 1, 3, 3, 5, 5]


def test_which_blocks_are_shifted():
    assert shift.shifted_blocks(small_clip(depth=3).visual) == (1, 2)
    assert shift.shifted_blocks(small_clip(depth=1).visual) == (0,)
    assert shift.shifted_blocks(small_clip(depth=3).visual, as_released=True) == (1, 2)
    assert shift.shifted_blocks(small_clip(depth=11).visual, as_released=True) == (10,)
    deep = small_clip(depth=14).visual
    assert shift.shifted_blocks(deep) == (12, 13) and shift.shifted_blocks(deep, as_released=True) == (10, 11)
    names = {name.split("resblocks.")[1][0] for name, _ in make().named_parameters() if ".attn.net." in name}
    assert names == {"1", "2"}
    with pytest.raises(ValueError, match="no block 3"):
        make(shift_blocks=[3])


def test_shift_is_off_outside_of_the_context_and_checks_its_frames():
    plain, shifted = tower().visual, tower().visual
    shift.add_shift(shifted, (1,))
    pictures = torch.randn(4, 3, 40, 40)
    ours = encode_image(shifted, pictures).cls
    torch.testing.assert_close(ours, encode_image(plain, pictures).cls)
    with shift.frames_in_order(shifted, torch.ones(2, 2, dtype=torch.bool)):
        assert (encode_image(shifted, pictures).cls - ours).abs().max() > 1e-3
        with pytest.raises(ValueError, match="4 frames"):
            encode_image(shifted, pictures[:3])
    torch.testing.assert_close(encode_image(shifted, pictures).cls, ours)


def test_prompts_are_appended_after_the_shift_has_counted_its_tokens():
    visual = tower().visual
    add_prompts(visual, 2)
    pictures, real = torch.randn(6, 3, 40, 40), torch.ones(2, 3, dtype=torch.bool)
    x = torch.cat([tokens(visual, pictures), visual.vpt_embedding.expand(6, -1, -1)], dim=1)
    for block in visual.transformer.resblocks:
        read = torch.cat([naive_shift(video, 26) for video in block.ln_1(x).unflatten(0, (2, 3))])
        x = x + block.attn(read, read, read, need_weights=False)[0]
        x = x + block.mlp(block.ln_2(x))
    expected = visual.ln_post(x) @ visual.proj
    shift.add_shift(visual, (0, 1, 2))
    with shift.frames_in_order(visual, real):
        ours = encode_image(visual, pictures)
    for found, wanted in ((ours.cls, expected[:, 0]), (ours.patches, expected[:, 1:26]), (ours.prompts, expected[:, 26:])):
        torch.testing.assert_close(found, wanted, atol=2e-5, rtol=1e-4)


def tokens(visual, pictures):
    from posrank.towers.image import embed

    return embed(visual, pictures, prompts=False)[0]


# token selection


def test_perturbed_top_k_and_its_gradient_are_the_means_over_draws():
    scores, weight = torch.randn(5, 7, dtype=torch.float64, requires_grad=True), torch.randn(5, 3, 7, dtype=torch.float64)
    torch.manual_seed(4)
    ours = perturbed_top_k(scores, 3, samples=40, sigma=0.5)
    (ours * weight).sum().backward()
    torch.manual_seed(4)
    noise = torch.normal(0.0, 1.0, size=(5, 40, 7)).double()
    best = (scores.detach()[:, None] + 0.5 * noise).topk(3, dim=-1).indices.sort(-1).values
    hot = torch.nn.functional.one_hot(best, 7).double()
    torch.testing.assert_close(ours, hot.mean(1))
    slope = torch.einsum("nskp,nsp->nkp", hot, noise) / 40 / 0.5
    torch.testing.assert_close(scores.grad, (weight * slope).sum(1))


def test_chunks_of_the_selection_draw_the_same_noise(monkeypatch):
    scores = torch.randn(11, 9)
    torch.manual_seed(0)
    whole = perturbed_top_k(scores, 3)
    monkeypatch.setattr(perturbed_topk, "CHUNK", 1)
    torch.manual_seed(0)
    assert torch.equal(perturbed_top_k(scores, 3), whole)


def test_without_noise_the_best_are_taken_in_the_order_of_places():
    scores = torch.tensor([[0.1, 0.9, 0.4, 0.8]])
    assert top_k(scores, 3).argmax(-1).tolist() == [[1, 2, 3]]
    torch.testing.assert_close(perturbed_top_k(scores, 3, sigma=1e-4), top_k(scores, 3))
    torch.testing.assert_close(perturbed_top_k(scores, 3).sum(-1), torch.ones(1, 3))
    with pytest.raises(ValueError, match="best 5"):
        top_k(scores, 5)


def test_the_gradient_of_an_indicator_is_that_of_its_own_score():
    torch.manual_seed(0)
    scores = torch.zeros(1, 4, requires_grad=True)
    perturbed_top_k(scores, 1, samples=20000)[0, 0, 2].backward()
    # the best of four equal scores: E[max of four normals] / 4 / sigma
    torch.testing.assert_close(scores.grad, torch.tensor([[0, 0, 1.0294 / 4 / 0.05, 0]]), atol=0.05, rtol=0)


def test_noise_belongs_to_training_and_to_the_released_form():
    frames, real = torch.randn(4, 10, 8), torch.ones(1, 4, dtype=torch.bool)
    for always, training, same in ((False, False, True), (False, True, False), (True, False, False)):
        torch.manual_seed(0)
        selector = TokenSelector(8, always_noise=always).train(training)
        assert torch.equal(selector(frames, real), selector(frames, real)) == same


def test_an_injected_selection_is_used_and_keeps_the_drawn_gradient():
    selector = TokenSelector(8)
    frames, real, given = torch.randn(4, 10, 8), torch.ones(1, 4, dtype=torch.bool), top_k(torch.randn(4, 9), 3)
    out = selector(frames, real, given)
    torch.testing.assert_close(out, given @ frames[:, 1:])
    out.square().sum().backward()
    assert all(p.grad.abs().max() > 0 for p in selector.parameters())


# the system


def test_scores_are_a_softmax_over_frames():
    system, ids, (video, mask) = make(), sentences([5, 12], 12), clips([4, 2], 4, size=40)
    text, found = system.encode_text(ids), system.encode_video(video, mask)
    for t in range(2):
        for v, frames in enumerate((4, 2)):
            similar = torch.stack([torch.cosine_similarity(text.sentence[t], found.after[v, f], dim=0) for f in range(frames)])
            attention = (4 * similar / similar.norm()).softmax(0)
            expected = system.clip.logit_scale.exp() * (attention * similar).sum()
            torch.testing.assert_close(system.score(text, found)[t, v], expected, atol=1e-4, rtol=1e-5)


@pytest.mark.parametrize("name", ["ts2net", "ucofia"])
@pytest.mark.parametrize("prompts", [0, 2])
def test_padding_is_never_read(name, prompts):
    system, ids, real = make(name, prompts), sentences([3, 12], 12), [4, 3, 1]
    video, mask = clips(real, 4, size=40)
    for branch in ("coarse", "fine") if prompts else ("coarse",):
        scores = system.similarity(ids, video, mask, branch=branch)
        for v, frames in enumerate(real):
            alone = system.similarity(ids, video[v : v + 1, :frames], branch=branch)
            torch.testing.assert_close(alone[:, 0], scores[:, v], atol=5e-5, rtol=1e-4)


@pytest.mark.parametrize("name", ["ts2net", "ucofia"])
def test_released_and_clean_form_differ_by_padding_alone(name):
    clean, released = make(name), make(name, as_released=True)
    released.load_state_dict(clean.state_dict())
    chosen = top_k(torch.randn(8, 25), 3)
    ids = sentences([12, 12], 12)
    for real, same in (([4, 4], True), ([4, 2], False)):
        video, mask = clips(real, 4, size=40)
        ours, theirs = (s.similarity(ids, video, mask, topk_indicator=chosen) for s in (clean, released))
        assert torch.allclose(ours, theirs, atol=2e-5) == same


def test_the_released_mask_is_tiled():
    system = make(as_released=True, temporal_layers=0)
    video, mask = clips([4, 3, 2], 4, size=40)
    # token 4 i meets entry 4 i mod F of the mask: with four frames always the first
    assert system.encode_video(video, mask).mask.all()
    assert system.encode_video(video[:, :3], mask[:, :3]).mask.shape == (3, 4)
    three = make(as_released=True, frames=3)
    assert three.encode_video(video[:, :3], mask[:, :3]).mask.tolist() == [[True] * 3, [True] * 3, [True, True, False]]


def test_coarse_scores_know_prompts_through_attention_alone():
    """Where no attention mixes tokens, prompts change nothing: neither what is shifted nor what is selected."""
    without, prompted = make(), make(prompts=3)
    for system in (without, prompted):
        for block in system.clip.visual.transformer.resblocks:
            attention = getattr(block.attn, "net", block.attn)
            attention.out_proj.weight.data.zero_()
    state = {k: v for k, v in prompted.state_dict().items() if not k.endswith("vpt_embedding")}
    without.load_state_dict(state)
    ids, (video, mask) = sentences([5, 12], 12), clips([4, 2], 4, size=40)
    torch.testing.assert_close(prompted.similarity(ids, video, mask), without.similarity(ids, video, mask))
    fine = prompted.similarity(ids, video, mask, branch="fine")
    assert (fine - without.similarity(ids, video, mask)).abs().max() > 1e-3


@pytest.mark.parametrize("name", ["ts2net", "ucofia"])
def test_gradients_reach_prompt_selector_and_shifted_attention(name):
    system, ids, (video, mask) = make(name, prompts=2).train(), sentences([3, 12], 12), clips([4, 2], 4, size=40)
    torch.manual_seed(0)
    system.similarity(ids, video, mask, branch="fine").square().sum().backward()
    parameters = dict(system.named_parameters())
    for key in [*SELECTOR, "clip.visual.vpt_embedding", "clip.visual.transformer.resblocks.2.attn.net.in_proj_weight"]:
        assert parameters[key].grad.abs().max() > 1e-6, key


@pytest.mark.parametrize("name", ["ts2net", "ucofia"])
@pytest.mark.parametrize("strategy", ["coarse", "word", "prompt"])
def test_trains_to_the_same_weights_again(name, strategy):
    histories = []
    for _ in range(2):
        system = tiny_system(name, prompts=int(strategy == "prompt"))
        histories.append(train(system, tiny_batches(strategy != "coarse"), {**SETTINGS, "strategy": strategy, "steps": 3},
                               progress=False))  # fmt: skip
    assert histories[0].equals(histories[1])
    assert histories[0]["loss"].notna().all()


def test_attention_maps_see_shifted_tokens():
    from posrank.towers.attention import attention_maps

    system, video = make(prompts=2), clips([3], 3, size=40)[0]
    maps = attention_maps(system, video)
    assert {token: values.shape for token, values in maps.items()} == {"CLS": (1, 3, 5, 5), "prompt": (1, 3, 5, 5)}
    alone = attention_maps(system, video[:, 1:2])["CLS"][0, 0]
    assert abs(maps["CLS"][0, 1] - alone).max() > 1e-4


def test_wrong_input_is_named():
    system, (video, mask) = make(), clips([4, 2], 4, size=40)
    with pytest.raises(ValueError, match="4 tokens each is more than"):
        make(frames=5)
    with pytest.raises(ValueError, match=r"topk_indicator must be \[V \* F, k, P\] = \(8, 3, 25\)"):
        system.encode_video(video, mask, topk_indicator=torch.zeros(8, 3, 24))
    with pytest.raises(ValueError, match="smaller patches"):
        big = systems.build("ts2net", backbone=small_clip(patch_size=16), num_frames=4, max_words=12)
        big.encode_video(torch.zeros(1, 4, 3, 16, 16))
    with pytest.raises(ValueError, match="no option 'variant'"):
        make(variant="train")


# official checkpoints


def test_official_checkpoints_of_every_wrapping(tmp_path):
    original = make(as_released=True)
    unused = {"visual_prompt_encoder.conv1.weight": torch.ones(2), "text_token_selector.score_predictor.in_conv.0.bias": torch.ones(2)}
    state = original.state_dict() | unused
    torch.save({"state_dict": {f"module.{k}": v.half() for k, v in state.items()}}, tmp_path / "half.pt")
    torch.save(state, tmp_path / "pytorch_model.bin.2")
    video, mask = clips([4, 2], 4, size=40)
    ids, chosen = sentences([5, 12], 12), top_k(torch.randn(8, 25), 3)
    expected = original.similarity(ids, video, mask, topk_indicator=chosen)
    for source, share in ((state, 1e-6), (tmp_path / "pytorch_model.bin.2", 1e-6), (tmp_path / "half.pt", 2e-2)):
        system = load_official("ts2net", source, heads=2, text_heads=2, as_released=True)
        assert system.dropped == tuple(sorted(unused)) and system.settings["shift_blocks"] == [1, 2]
        assert {p.dtype for p in system.parameters()} == {torch.float32}
        assert_near(system.similarity(ids, video, mask, topk_indicator=chosen), expected, share)


def test_official_checkpoints_say_nothing_of_frames():
    state = make().state_dict()
    free = load_official("ts2net", state, heads=2, text_heads=2, as_released=True)
    assert free.num_frames == 4  # 16 positions
    assert free.encode_video(clips([2], 2, size=40)[0]).frames.shape[1] == 2
    tied = load_official("ts2net", state, heads=2, text_heads=2, as_released=True, num_frames=3)
    assert tied.encode_video(clips([2], 2, size=40)[0]).frames.shape[1] == 3
    meanp = {k: v for k, v in state.items() if not k.startswith(("transformerClip", "frame_position"))}
    assert load_official("ts2net", meanp, heads=2, text_heads=2).transformerClip is None
    with pytest.raises(ValueError, match="unknown: lstm_visual"):
        load_official("ts2net", state | {"lstm_visual.weight": torch.ones(1)}, heads=2, text_heads=2)
    with pytest.raises(ValueError, match="variant"):
        load_official("ts2net", state, heads=2, text_heads=2, variant="train")


@pytest.mark.parametrize("injected", [False, True])
def test_official_outputs(injected):
    tensors, facts = golden("ts2net_a")
    system = load_official("ts2net", weights(tensors), as_released=True)
    ids, video, mask = inputs(tensors)
    torch.manual_seed(facts["config"]["topk_seed"])
    found = system.encode_video(video, mask, topk_indicator=tensors["out/topk_indicator"] if injected else None)
    text = system.encode_text(ids)
    assert_near(text.sentence[:, None], tensors["out/sentence"])
    assert_near(found.after, tensors["out/cls_after_temporal"])
    assert_near(system.score(text, found), tensors["out/sim"])
    assert_near(system.score_aligned(text, found, [0, 1, 2, 0]), tensors["out/sim"][torch.arange(4), [0, 1, 2, 0]])


def test_official_scores_and_selection():
    tensors, facts = golden("ts2net_a")
    selector = load_official("ts2net", weights(tensors), as_released=True).visual_token_selector
    scores = selector.score_predictor(tensors["out/all_tokens"], torch.ones(3, 4, dtype=torch.bool))
    assert_near(scores, tensors["out/selector_scores"])
    torch.manual_seed(facts["config"]["topk_seed"])
    assert_near(selector.indicator(tensors["out/selector_scores"]), tensors["out/topk_indicator"])


def test_official_loss_and_gradients():
    assert_official_training("ts2net", "ts2net_a")


@pytest.mark.parametrize("module", [shift, perturbed_topk], ids=lambda m: m.__name__.rpartition(".")[2])
def test_examples(module):
    assert doctest.testmod(module, extraglobs={"torch": torch}).failed == 0
