"""Odd input to the functions that build, load and run systems: what is not documented is refused with a ValueError."""

import numpy as np
import pytest
import torch
from support_systems import clips, sentences, small_clip

from posrank import systems
from posrank.towers import encode_text
from posrank.towers.backbone import load_backbone
from posrank.training import BertAdam

ODD = [None, "x", 3, 2.5, True, -1, [], {}, object(), 10**400, float("nan"), torch.ones(2), torch.ones(0), torch.ones(2, 12),
       torch.tensor(1), np.ma.array([1.0], mask=[1]), [None], torch.full((2, 2, 3, 16, 16), float("nan"))]  # fmt: skip


@pytest.fixture(scope="module")
def calls():
    tower = small_clip()
    known = dict(backbone=tower, num_frames=2, max_words=12)
    system = systems.build("xclip", **known, prompts=1).eval()
    ids, (video, mask) = sentences([3, 5], 12), clips([2, 1], 2)
    text, shown = system.encode_text(ids), system.encode_video(video, mask)
    state, heads = tower.state_dict(), dict(heads=2, text_heads=2)
    parameter = torch.nn.Parameter(torch.ones(1))
    return {
        "name": lambda odd: systems.build(odd, **known), "backbone": load_backbone,
        "num_frames": lambda odd: systems.build("clip", **{**known, "num_frames": odd}),
        "max_words": lambda odd: systems.build("clip", **{**known, "max_words": odd}),
        "prompts": lambda odd: systems.build("clip", **known, prompts=odd), "heads": lambda odd: systems.build("xclip", **known, heads=odd),
        "temporal_layers": lambda odd: systems.build("xclip", **known, temporal_layers=odd),
        "shift_blocks": lambda odd: systems.build("ts2net", **known, shift_blocks=odd),
        "variant": lambda odd: systems.build("ucofia", **known, variant=odd), "input_ids": system.encode_text,
        "attention_mask": lambda odd: system.encode_text(ids, odd), "video": system.encode_video,
        "video_mask": lambda odd: system.encode_video(video, odd), "branch": lambda odd: system.encode_video(video, mask, branch=odd),
        "text features": lambda odd: system.score(odd, shown), "video features": lambda odd: system.score_aligned(text, odd),
        "index": lambda odd: system.score_aligned(text, shown, odd), "tower": lambda odd: encode_text(odd, ids),
        "tower ids": lambda odd: encode_text(tower, odd), "mode": lambda odd: encode_text(tower, ids, odd),
        "official": lambda odd: systems.load_official(odd, state),
        "official frames": lambda odd: systems.load_official("clip", state, **heads, num_frames=odd),
        "official words": lambda odd: systems.load_official("clip", state, **heads, max_words=odd),
        "rate": lambda odd: BertAdam([parameter], odd), "warmup": lambda odd: BertAdam([parameter], 0.1, warmup=odd),
    }  # fmt: skip


def test_odd_input_ends_in_a_value_error(calls):
    for name, call in calls.items():
        passed = []
        for odd in ODD:
            try:
                call(odd)
                passed.append(odd)
            except ValueError as problem:
                assert str(problem), name
        assert len(passed) <= 4, (name, passed)


@pytest.mark.parametrize("number", [999, -5])
def test_ids_of_another_vocabulary_are_named(number):
    with pytest.raises(ValueError, match="vocabulary of the tower"):
        encode_text(small_clip(), torch.full((1, 4), number))


@pytest.mark.parametrize("name", systems.SYSTEMS)
def test_texts_videos_and_counts_of_frames(name):
    system = systems.build(name, backbone=small_clip(image_size=32), num_frames=2, max_words=12).eval()
    for odd in (None, [None], [3], 3):
        with pytest.raises(ValueError, match="sentences"):
            system.tokenize(odd)
    ids, (video, mask) = sentences([3, 5], 12), clips([2, 1], 2, 32)
    for size in ((0, 2), (2, 0)):
        with pytest.raises(ValueError, match="one frame of one video"):
            system.similarity(ids, video.new_zeros(*size, 3, 32, 32))
    torch.testing.assert_close(system.similarity(ids, video.double(), mask), system.similarity(ids, video, mask))
    for read in ([3, 1], [-1, 2]):
        with pytest.raises(ValueError, match="frames_read must lie from 0 to 2"):
            system.prepare(np.zeros((2, 2, 32, 32, 3), np.uint8), read)


def test_shapes_that_the_checkpoint_fixes_are_no_choice():
    state = systems.build("xclip", backbone=small_clip(), num_frames=2, max_words=12).state_dict()
    assert systems.load_official("xclip", state, heads=2, text_heads=2, num_frames=2).num_frames == 2
    for options in ({"num_frames": 3}, {"max_words": 11}):
        with pytest.raises(ValueError, match=next(iter(options))):
            systems.load_official("xclip", state, heads=2, text_heads=2, **options)


@pytest.mark.parametrize("options", [{"max_grad_norm": "a"}, {"t_total": 0}, {"t_total": -2}])
def test_numbers_of_the_optimiser(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        BertAdam([torch.nn.Parameter(torch.ones(1))], 0.1, **options)
