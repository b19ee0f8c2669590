"""The image tower with prompts, against open_clip's own forward."""

import open_clip
import pytest
import torch
from support_systems import small_clip

from posrank.towers import encode_image
from posrank.towers.image import add_prompts, is_plain_vit
from posrank.towers.stem import ConvStem


def pictures(count=3, size=16):
    return torch.randn(count, 3, size, size, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("patches", [True, False])
def test_cls_is_open_clips(patches):
    tower = small_clip().eval()
    tokens = encode_image(tower.visual, pictures(), patches=patches)
    torch.testing.assert_close(tokens.cls, tower.encode_image(pictures()), atol=1e-5, rtol=1e-5)
    assert tokens.prompts is None and (tokens.patches.shape == (3, 4, 32) if patches else tokens.patches is None)


def test_patches_are_projected_like_cls():
    visual = small_clip().visual
    tokens = encode_image(visual, pictures())
    visual.output_tokens = True  # open_clip's tokens: behind ln_post, before proj
    _, hidden = visual(pictures())
    torch.testing.assert_close(tokens.patches, hidden @ visual.proj, atol=1e-5, rtol=1e-5)


def test_any_patch_stem_fits():
    visual = small_clip().visual
    visual.conv1 = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 4, 4), torch.nn.GELU(), torch.nn.Conv2d(8, 32, 2, 2))
    assert encode_image(visual, pictures()).patches.shape == (3, 4, 32)


@pytest.mark.parametrize(("patch", "channels"), [(8, (5,)), (16, (5, 6)), (32, (5, 6, 7))])
def test_a_stem_of_convolutions_gives_a_vector_for_each_patch(patch, channels):
    stem = ConvStem(12, patch, channels)
    assert stem(torch.zeros(2, 3, 2 * patch, 3 * patch)).shape == (2, 12, 2, 3)
    convolutions = [layer for layer in stem.layers if isinstance(layer, torch.nn.Conv2d)]
    assert [layer.out_channels for layer in convolutions] == [*channels, 12]
    assert isinstance(stem.layers[-1], torch.nn.Conv2d), "no activation behind the last one"


def test_a_stem_sees_beyond_its_patch():
    stem = ConvStem(4, 16)
    frames = torch.zeros(1, 3, 48, 48)
    frames[..., 20, 20] = 1
    changed = (stem(frames) != stem(torch.zeros(1, 3, 48, 48))).any(1)[0]
    assert changed.tolist() == [[False] * 3, [False, True, True], [False, True, True]]


@pytest.mark.parametrize(("patch", "channels", "message"), [
    (16, (48,), "a stem for patches of 16 pixels takes 2 channels, not 1"), (8, (48, 96), "8 pixels takes 1 channels, not 2"),
    (12, (48,), "a stem for patches of 12 pixels"), (2, (), "a stem for patches of 2 pixels takes 0 channels, not 0"),
])
def test_a_stem_that_cannot_be_is_told(patch, channels, message):
    with pytest.raises(ValueError, match=message):
        ConvStem(4, patch, channels)


def test_prompts_join_without_position_and_can_be_left_out():
    visual = small_clip().visual
    plain = encode_image(visual, pictures())
    torch.manual_seed(1)
    add_prompts(visual, 3)
    prompted = encode_image(visual, pictures())
    assert prompted.prompts.shape == (3, 3, 32) and prompted.patches.shape == (3, 4, 32)
    assert (prompted.cls - plain.cls).abs().max() > 1e-3  # CLS attends to them
    torch.testing.assert_close(encode_image(visual, pictures(), prompts=False).cls, plain.cls)
    short = encode_image(visual, pictures(), patches=False)
    torch.testing.assert_close((short.cls, short.prompts), (prompted.cls, prompted.prompts))
    with torch.no_grad():  # without positions their order changes nothing but their own order
        visual.vpt_embedding.copy_(visual.vpt_embedding[[2, 0, 1]].clone())
    turned = encode_image(visual, pictures())
    torch.testing.assert_close(turned.cls, prompted.cls, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(turned.prompts, prompted.prompts[:, [2, 0, 1]], atol=1e-5, rtol=1e-5)


def test_prompt_by_hand():
    """One block, one prompt: the sequence is what open_clip makes of it when the prompt stands behind the patches."""
    visual = small_clip(layers=1).visual
    add_prompts(visual, 1)
    start = visual._embeds(pictures())
    sequence = torch.cat([start, visual.vpt_embedding.expand(3, 1, -1)], dim=1)
    expected = visual.ln_post(visual.transformer(sequence)) @ visual.proj
    tokens = encode_image(visual, pictures())
    torch.testing.assert_close(tokens.prompts, expected[:, 5:], atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(tokens.cls, expected[:, 0], atol=1e-5, rtol=1e-5)


def test_prompts_are_drawn_with_variance_one_over_width():
    visual = small_clip(width=64).visual
    torch.manual_seed(0)
    add_prompts(visual, 500)
    assert visual.vpt_embedding.std().item() == pytest.approx(64**-0.5, rel=0.02)


def test_other_towers_give_pictures_but_no_tokens():
    torch.manual_seed(0)
    tower = open_clip.model.CLIP(
        32,
        dict(layers=1, width=32, head_width=16, patch_size=8, image_size=16, pool_type="avg"),
        dict(context_length=8, vocab_size=20, width=32, heads=2, layers=1),
    )
    assert not is_plain_vit(tower.visual)
    tokens = encode_image(tower.visual, pictures(), patches=False)
    torch.testing.assert_close(tokens.cls, tower.encode_image(pictures()))
    with pytest.raises(ValueError, match="prompts"):
        add_prompts(tower.visual, 1)
    with pytest.raises(ValueError, match="patch"):
        encode_image(tower.visual, pictures())
