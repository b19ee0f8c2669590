"""What names a backbone: open_clip names, files of weights, models in memory; and the tokenizer that belongs to each."""

import open_clip
import pytest
import torch
from open_clip.model import CustomTextCLIP
from support_systems import clips, sentences, small_clip

from posrank import systems
from posrank.towers.backbone import load_backbone
from posrank.towers.tokenizer import ByteTokenizer


def bidirectional():
    """A small model with a text tower that reads its padding, as SigLIP's does."""
    torch.manual_seed(0)
    return CustomTextCLIP(
        32, {"layers": 1, "width": 32, "head_width": 16, "patch_size": 8, "image_size": 16},
        dict(context_length=10, vocab_size=50, width=32, heads=2, layers=1, no_causal_mask=True, pool_type="last"),
    ).eval()  # fmt: skip


@pytest.fixture(scope="module")
def architecture(tmp_path_factory):
    """A small architecture that open_clip knows by name."""
    folder = tmp_path_factory.mktemp("configs")
    (folder / "tiny-test.json").write_text(
        '{"embed_dim": 64, "vision_cfg": {"image_size": 16, "layers": 1, "width": 64, "patch_size": 8},'
        ' "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 64, "heads": 1, "layers": 1}}'
    )
    (folder / "tiny-test-quickgelu.json").write_text((folder / "tiny-test.json").read_text().replace("{", '{"quick_gelu": true, ', 1))
    open_clip.add_model_config(folder)
    return "tiny-test"


def similarity(spec):
    system = systems.build("clip", backbone=spec, num_frames=2, max_words=12).eval()
    ids = system.tokenize(["a dog", "a red ball rolls"])
    return system.similarity(ids, clips([2, 2], 2)[0])


def test_names_and_files_of_weights(architecture, tmp_path):
    model = open_clip.create_model(architecture)
    expected = similarity(model)
    torch.save({"state_dict": {f"module.{k}": v for k, v in model.state_dict().items()}, "epoch": 3}, tmp_path / "epoch_3.pt")
    torch.testing.assert_close(similarity(f"{architecture}@{tmp_path}/epoch_3.pt"), expected)
    loaded = load_backbone(architecture)
    assert isinstance(loaded.tokenizer, ByteTokenizer) and loaded.image_size == 16
    with pytest.raises(ValueError, match="does not fit"):
        torch.save({"visual.conv1.weight": torch.ones(1)}, tmp_path / "bad.pt")
        load_backbone(f"{architecture}@{tmp_path}/bad.pt")
    with pytest.raises(ValueError, match="no checkpoint"):
        load_backbone(f"{architecture}@{tmp_path}/nothing.pt")
    with pytest.raises(ValueError, match="nearest open_clip model is 'ViT-B-32'"):
        load_backbone("openai/ViT-B-3")
    with pytest.raises(ValueError, match="laion400m_e32"):
        load_backbone("laion/ViT-B-32")
    with pytest.raises(ValueError, match="twice"):
        load_backbone(f"openai/ViT-B-32@{tmp_path}/epoch_3.pt")


def test_a_file_alone_tells_its_shapes_and_openai_its_activation(architecture, tmp_path):
    model = open_clip.create_model(f"{architecture}-quickgelu")
    path = tmp_path / "clip.pt"
    torch.save(model.state_dict(), path)
    with pytest.warns(UserWarning, match="QuickGELU is assumed"):
        torch.testing.assert_close(similarity(path), similarity(model))
    notes = {"input_resolution": torch.tensor(16), "context_length": torch.tensor(77), "vocab_size": torch.tensor(49408)}
    torch.save({**model.state_dict(), **notes}, path)
    torch.testing.assert_close(similarity(str(path)), similarity(model))
    torch.save({"a": torch.ones(1)}, path)
    with pytest.raises(ValueError, match="architecture"):
        load_backbone(path)


def test_torchscript_is_not_run(tmp_path):
    path = tmp_path / "ViT-B-32.pt"
    torch.jit.script(torch.nn.Linear(2, 2)).save(str(path))
    with pytest.raises(ValueError, match="TorchScript"):
        load_backbone(path)


def test_zero_shot_takes_models_that_are_no_clip():
    model = bidirectional()
    system = systems.build("clip", backbone=model, num_frames=2, max_words=8).eval()
    assert system.max_words == 10
    ids, (video, _) = sentences([4, 9], 10), clips([2, 2], 2)
    with torch.no_grad():
        text, frames = model.encode_text(ids, normalize=True), model.encode_image(video.flatten(0, 1), normalize=True)
        pooled = torch.nn.functional.normalize(frames.view(2, 2, -1).mean(1), dim=-1)
        torch.testing.assert_close(system.similarity(ids, video), model.logit_scale.exp() * text @ pooled.T, atol=1e-4, rtol=1e-4)
    with pytest.raises(ValueError, match="system 'clip', which takes any"):
        systems.build("xclip", backbone=model, num_frames=2, max_words=8)
    with pytest.raises(ValueError, match="no open_clip model"):
        load_backbone(torch.nn.Linear(2, 2))


def test_only_a_known_vocabulary_has_a_tokenizer():
    assert load_backbone(small_clip()).tokenizer is None
