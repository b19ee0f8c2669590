"""What TS2-Net and UCoFiA share (posrank.systems.token_system)."""

import pytest
import torch
from support_systems import clips, small_clip

from posrank import systems
from posrank.systems.token_system import grouped


def make(name, **options):
    torch.manual_seed(1)
    return systems.build(name, backbone=small_clip(image_size=32), prompts=1, num_frames=4, max_words=12, **options).eval()


def test_frames_are_grouped_one_after_the_other():
    head, chosen = torch.arange(6.0).reshape(1, 3, 2), torch.arange(100.0, 124).reshape(1, 3, 4, 2)
    out = grouped(head, chosen)
    assert out.shape == (1, 15, 2)
    for frame in range(3):
        assert out[0, 5 * frame].equal(head[0, frame]) and out[0, 5 * frame + 1 : 5 * frame + 5].equal(chosen[0, frame])


@pytest.mark.parametrize("name", ["ts2net", "ucofia"])
@torch.inference_mode()
def test_branches_from_one_pass_are_those_of_single_passes(name):
    system = make(name)
    video, mask = clips([4, 2], 4, size=32)
    together = system.encode_branches(video, mask, ["coarse", "fine"])
    assert list(together) == ["coarse", "fine"]
    for branch, found in together.items():
        torch.testing.assert_close(found.frames, system.encode_video(video, mask, branch).frames)
    assert not together["coarse"].frames.equal(together["fine"].frames), "fine reads the prompt, coarse CLS"
    with pytest.raises(ValueError, match="middle"):
        system.encode_branches(video, mask, ["coarse", "middle"])


@pytest.mark.parametrize("name", ["ts2net", "ucofia"])
def test_settings_say_the_blocks_and_the_noise(name):
    assert make(name).settings["shift_blocks"] == [0, 1] and make(name).settings["evaluation_noise"] is False
    chosen = make(name, shift_blocks=[1], evaluation_noise=True).settings
    assert chosen["shift_blocks"] == [1] and chosen["evaluation_noise"] is True
