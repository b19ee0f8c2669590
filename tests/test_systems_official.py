"""Official checkpoints: every wrapping of a state_dict, and errors that say what to do."""

import argparse

import pytest
import torch
from safetensors.torch import save_file
from support_systems import clips, sentences, small_clip

from posrank import systems
from posrank.systems import load_official


def official(prompts=0, **options):
    torch.manual_seed(0)
    return systems.build(
        "xclip", backbone=small_clip(width=64), num_frames=4, max_words=12, prompts=prompts, as_released=True, **options
    ).eval()


def scores(system, branch="coarse"):
    video, mask = clips([4, 2], 4)
    return system.similarity(sentences([3, 9, 5], 12), video, mask, branch=branch)


def loaded(source, **options):
    return load_official("xclip", source, heads=4, text_heads=4, as_released=True, **options)


def test_wrappings_of_a_state_dict(tmp_path):
    original = official()
    state = original.state_dict()
    torch.save(state, tmp_path / "pytorch_model.bin.4")
    torch.save({"state_dict": {f"module.{k}": v for k, v in state.items()}, "epoch": 4}, tmp_path / "wrapped.pth.tar")
    save_file(state, tmp_path / "weights.safetensors")
    expected = scores(original)
    for source in (state, {"state_dict": state}, *tmp_path.iterdir(), str(tmp_path / "weights.safetensors")):
        system = loaded(source)
        torch.testing.assert_close(scores(system), expected)
        assert system.dropped == () and not system.training and system.num_frames == 4 and system.max_words == 12


def test_half_precision_becomes_single():
    system = loaded({k: v.half() for k, v in official().state_dict().items()})
    assert {p.dtype for p in system.parameters()} == {torch.float32}


def test_mean_pooling_and_layers_are_read_from_the_keys():
    assert loaded(official(temporal_layers=0).state_dict()).transformerClip is None
    assert len(loaded(official(temporal_layers=1).state_dict()).transformerClip.resblocks) == 1


@pytest.mark.parametrize("prompts", [1, 3])
def test_prompts_are_read_from_the_keys(prompts):
    original = official(prompts)
    state = original.state_dict()
    if prompts == 1:  # as the released code stores it
        state["clip.visual.vpt_embedding"] = state["clip.visual.vpt_embedding"][0]
    state["sents_mat_weight"] = torch.eye(64)
    system = loaded(state)
    assert system.prompts == prompts and system.dropped == ("sents_mat_weight",)
    for branch in systems.BRANCHES:
        torch.testing.assert_close(scores(system, branch), scores(original, branch))


def test_clip_takes_a_bare_clip_state_dict():
    tower = small_clip(width=64)
    state = tower.state_dict() | {"input_resolution": torch.tensor(16), "vocab_size": torch.tensor(50)}
    system = load_official("clip", state, heads=4, text_heads=4)
    expected = systems.build("clip", backbone=tower, num_frames=4, max_words=12)
    torch.testing.assert_close(scores(system), scores(expected))
    assert system.dropped == ("clip.input_resolution", "clip.vocab_size")


def test_heads_default_to_64_wide():
    assert load_official("xclip", official().state_dict()).transformerClip.resblocks[0].attn.num_heads == 1
    small = systems.build("xclip", backbone=small_clip(width=32), num_frames=4, max_words=12).state_dict()
    with pytest.raises(ValueError, match="heads="):
        load_official("xclip", small)
    with pytest.raises(ValueError, match="text_heads="):
        load_official("xclip", small, heads=2)
    assert load_official("xclip", small, heads=2, text_heads=2).transformerClip.resblocks[0].attn.num_heads == 2


def test_missing_and_unknown_keys_are_named():
    state = official().state_dict()
    with pytest.raises(ValueError, match=r"unknown: blue\b.*remove"):
        loaded(state | {"blue": torch.ones(1)})
    without = {k: v for k, v in state.items() if k != "local_mat_weight"}
    with pytest.raises(ValueError, match="missing: local_mat_weight"):
        loaded(without)
    with pytest.raises(ValueError, match="word_logit_weight"):
        loaded({k: v for k, v in state.items() if k != "word_logit_weight"})
    with pytest.raises(ValueError, match="global_mat_weight"):
        loaded(state | {"global_mat_weight": torch.eye(3)})


def test_files_that_are_no_state_dict(tmp_path):
    bad = tmp_path / "bad.pt"
    with pytest.raises(ValueError, match="no checkpoint"):
        loaded(bad)
    bad.write_bytes(b"not a checkpoint")
    with pytest.raises(ValueError, match=r"bad\.pt"):
        loaded(bad)
    torch.save({"state_dict": official().state_dict(), "config": argparse.Namespace(lr=1)}, bad)
    with pytest.raises(ValueError, match="convert it once"):
        loaded(bad)
    torch.save([torch.ones(1)], bad)
    with pytest.raises(ValueError, match="list"):
        loaded(bad)
    torch.save({"epoch": 3}, bad)
    with pytest.raises(ValueError, match="epoch"):
        loaded(bad)
    bad = tmp_path / "bad.safetensors"
    bad.write_bytes(b"no")
    with pytest.raises(ValueError, match=r"bad\.safetensors"):
        loaded(bad)
