"""Mutated checkpoints: whatever a state_dict holds, it is loaded, or refused with a ValueError; quickly, and within its own memory."""

import numpy as np
import pytest
import torch
from support_systems import small_clip

from posrank import systems
from posrank.systems import load_official
from posrank.towers.frozen import build_frozen

HEADS = {"heads": 2, "text_heads": 2}
WEIGHTS = {"xclip": "local_mat_weight", "ts2net": "clip.visual.proj", "ucofia": "frame_logit_weight", "clip": "clip.ln_final.weight",
           "frozen": "txt_proj.1.weight"}  # fmt: skip


@pytest.fixture(scope="module")
def official():
    """{system: state_dict} of small systems."""
    torch.manual_seed(0)
    frozen = build_frozen(dict(
        video=dict(image_size=16, patch_size=8, width=32, layers=2, heads=2, num_frames=2),
        text=dict(dim=32, n_layers=2, n_heads=2, hidden_dim=64, max_position_embeddings=12, vocab_size=50), projection=16,
    ))  # fmt: skip
    made = {"frozen": systems.build("frozen", backbone=frozen, num_frames=2, max_words=12)}
    for name in ("clip", "xclip", "ts2net", "ucofia"):
        made[name] = systems.build(name, backbone=small_clip(image_size=32), num_frames=2, max_words=12, prompts=int(name == "xclip"))
    return {name: system.state_dict() for name, system in made.items()}


def refused(name, state, message=None):
    with pytest.raises(ValueError, match=message) as caught:
        load_official(name, state, **HEADS)
    assert len(str(caught.value)) < 5000


@pytest.mark.parametrize("name", WEIGHTS)
def test_what_was_not_changed_loads(official, name):
    assert load_official(name, official[name], **HEADS).name == name


BAD = {
    "nan": lambda x: x.masked_fill(torch.ones_like(x, dtype=torch.bool), float("nan")), "infinite": lambda x: x / 0,
    "int": lambda x: x.long(), "bool": lambda x: x > 0, "complex": lambda x: x.to(torch.complex64), "scalar": lambda x: x.sum(),
    "empty": lambda x: x[:0], "longer": lambda x: torch.cat([x, x]), "deeper": lambda x: x[None], "sparse": lambda x: x.to_sparse(),
    "meta": lambda x: x.to("meta"), "text": lambda x: "weights", "none": lambda x: None, "array": lambda x: x.numpy(),
}


@pytest.mark.parametrize("how", BAD)
@pytest.mark.parametrize("name", WEIGHTS)
def test_weights_that_are_none_are_refused(official, name, how):
    refused(name, official[name] | {WEIGHTS[name]: BAD[how](official[name][WEIGHTS[name]])})


@pytest.mark.parametrize("key, message", [
    ("clip.visual.transformer.resblocks.1000000.ln_1.weight", "no clip.visual.transformer.resblocks.2"),
    ("clip.transformer.resblocks.999999999.ln_1.weight", "no clip.transformer.resblocks.2"),
    ("transformerClip.resblocks.1000000.ln_1.weight", "no transformerClip.resblocks"),
    (f"clip.visual.transformer.resblocks.{'9' * 5000}.x", "unknown"), ("clip.transformer.resblocks.٣.x", "unknown"),
    ("clip.visual.transformer.resblocks.-1.x", "unknown"), ("", "unknown"),
])
def test_a_layer_far_behind_the_others_builds_nothing(official, key, message):
    refused("xclip", official["xclip"] | {key: torch.ones(32)}, message)


@pytest.mark.parametrize("key", [
    "video_model.blocks.1000000.norm1.weight", "text_model.transformer.layer.1000000.ffn.lin1.weight", "video_model.blocks.x.y",
])
def test_the_same_for_frozen(official, key):
    refused("frozen", official["frozen"] | {key: torch.ones(32)})


@pytest.mark.parametrize("key, shape", [
    ("clip.token_embedding.weight", (2**40, 32)), ("clip.visual.conv1.weight", (2**20, 3, 2**14, 2**14)),
    ("clip.visual.positional_embedding", (2**40, 32)), ("clip.text_projection", (32, 2**40)), ("frame_logit_weight", (2**30, 2**30)),
    ("clip.visual.transformer.resblocks.0.mlp.c_fc.weight", (2**40, 32)), ("clip.visual.vpt_embedding", (2**30, 32)),
])
def test_a_shape_without_its_data_takes_no_memory(official, key, shape):
    """A tensor of one number can say that it is of any size."""
    refused("xclip", official["xclip"] | {key: torch.ones(1).expand(shape)})


@pytest.mark.parametrize("source", [None, 3, 2.5, b"x", [], {}, {"state_dict": 3}, {1: torch.ones(1)}, "no\0name", "x" * 5000])
def test_what_is_no_checkpoint(source):
    refused("xclip", source)


@pytest.mark.parametrize("heads", [0, -1, 3, 2.0, "2", True, 10**400])
def test_numbers_of_heads(official, heads):
    with pytest.raises(ValueError, match="heads"):
        load_official("xclip", official["xclip"], heads=heads, text_heads=2)


def mutate(rng, state):
    """One to three random changes of a state_dict: shapes, kinds, keys."""
    state = dict(state)
    for _ in range(rng.integers(1, 4)):
        key = str(rng.choice(list(state)))
        x = state[key]
        change = rng.integers(8)
        if change == 0:
            del state[key]
        elif change == 1:
            state[str(rng.choice(list(state)))] = x
        elif change == 2:
            state[key.replace("0", str(rng.integers(30)))] = x
        elif change == 3:
            state[key] = x.flatten()
        elif change == 4:
            state[key] = torch.zeros([int(n) for n in rng.integers(0, 5, rng.integers(0, 5))])
        elif change == 5 and x.dim():
            state[key] = torch.cat([x, x], dim=int(rng.integers(x.dim())))
        elif change == 6 and x.dim():
            state[key] = x.transpose(0, -1)
        elif not x.is_complex():
            state[key] = x.to([torch.int8, torch.bool, torch.complex64, torch.float64][rng.integers(4)])
    return state


@pytest.mark.parametrize("name", WEIGHTS)
def test_random_changes_load_or_are_refused(official, name):
    rng, loaded = np.random.default_rng(sorted(WEIGHTS).index(name)), 0
    for _ in range(30):
        try:
            load_official(name, mutate(rng, official[name]), **HEADS)
            loaded += 1
        except ValueError:
            pass
    assert loaded < 20
