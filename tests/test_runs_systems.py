"""Runs of several systems on a tiny workspace: zero-shot without a step, Frozen with its own pretraining and frames, resumed
training of a system that draws from torch."""

import numpy as np
import pandas as pd
import pytest
import torch
from test_training import SETTINGS, WORDS, tiny_batches

from posrank import evaluation, systems
from posrank.files import root
from posrank.pipeline import params as knobs
from posrank.pipeline import workspace
from posrank.towers.backbone import build_backbone, load_backbone, save_backbone
from posrank.towers.frozen import build_frozen, load_frozen
from posrank.training import pretrain, pretrain_frozen, runs
from posrank.training.loop import train
from posrank.training.start_weights import START_WEIGHTS, start_weights

TINY = {
    "world": {"train": 8, "val": 4, "test": 4, "groups": 4},
    "train": {"systems": ["clip", "frozen"], "strategies": ["zeroshot", "prompt"], "steps": 2, "batch": 4, "n": 1, "checkpoint_every": 1},
    "evaluate": {"bootstrap": 100, "controls": ["shuffled"], "blind": ["unigram"]},
}


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    params = knobs.validate(knobs.merge(knobs.load(root() / "params.yaml").plain(), TINY))
    work = workspace.Workspace(tmp_path_factory.mktemp("work"), params)
    for dataset in work.datasets():
        for rule in params.negatives.rules:
            work.negatives(dataset, rule)
        work.frames(dataset)
    return work


def test_zero_shot_is_the_model_as_loaded(work):
    settings = runs.run_settings(work.params, "clip", "zeroshot", 0)
    assert settings["steps"] == 0 and settings["build"]["prompts"] == 0
    folder = runs.train_run(settings, work.folder, progress=False)
    history = pd.read_csv(folder / "history.csv")
    assert history.empty and list(history) == ["step", "loss", "coarse", "fine", "lr"]
    system, _ = runs.load_run(folder)
    loaded = load_backbone(root() / "data" / "world" / "pretrained").model.state_dict()
    for name, value in system.clip.state_dict().items():
        assert torch.equal(value.cpu(), loaded[name]), name
    metrics, ranks = evaluation.evaluate_run(work.folder, "clip-zeroshot-0", work.params)
    assert metrics["strategy"] == "zeroshot" and len(ranks)


def test_zero_shot_by_a_local_file(work, tmp_path):
    from safetensors.torch import save_file

    model = load_backbone(root() / "data" / "world" / "pretrained").model
    with torch.no_grad():
        model.ln_final.weight += 1
    save_backbone(tmp_path / "mine", load_backbone(root() / "data" / "world" / "pretrained").config,
                  {f"clip.{key}": value for key, value in model.state_dict().items()})  # fmt: skip
    params = knobs.validate(knobs.merge(work.params.plain(), {"train": {"backbone": str(tmp_path / "mine")}}))
    system = runs.start_system(runs.run_settings(params, "clip", "zeroshot", 0))
    torch.testing.assert_close(system.clip.ln_final.weight, model.ln_final.weight, atol=1e-3, rtol=1e-3)
    save_file({"a": torch.ones(1)}, tmp_path / "other.safetensors")
    params = knobs.validate(knobs.merge(work.params.plain(), {"train": {"backbone": str(tmp_path / "other.safetensors")}}))
    with pytest.raises(ValueError, match="architecture"):
        runs.start_system(runs.run_settings(params, "clip", "zeroshot", 0))


def test_frozen_is_trained_saved_loaded_and_evaluated(work):
    settings = runs.run_settings(work.params, "frozen", "prompt", 0)
    folder = runs.train_run(settings, work.folder, progress=False)
    system, again = runs.load_run(folder)
    assert again == settings and system.prompts == 1 and system.num_frames == 4
    pretrained = load_frozen(root() / "data" / "world" / "pretrained_frozen").video_model
    moved = system.video_model.vpt_embedding, system.video_model.blocks[0].timeattn.qkv.weight.cpu()
    assert not torch.equal(moved[1], pretrained.blocks[0].timeattn.qkv.weight)
    torch.testing.assert_close(moved[1], pretrained.blocks[0].timeattn.qkv.weight, atol=0.02, rtol=0)
    metrics, _ = evaluation.evaluate_run(work.folder, "frozen-prompt-0", work.params)
    assert metrics["system"] == "frozen" and 0 <= metrics["recall"]["t2v"]["mean"] <= 100


def test_the_start_weights_of_a_dose_are_a_folder_and_frozen_has_the_usual_one_alone(work):
    folders = {name: start_weights(name, "xclip") for name in START_WEIGHTS}
    assert all((root() / "data" / "world" / folder / "weights.safetensors").is_file() for folder in folders.values())
    assert len(set(folders.values())) == 3 and start_weights("mine.pt", "xclip") is None
    params = knobs.validate(knobs.merge(work.params.plain(), {"train": {"backbone": "world_strong"}}))
    strong = load_backbone(root() / "data" / "world" / "pretrained_strong").model.state_dict()
    system = runs.start_system(runs.run_settings(params, "clip", "zeroshot", 0))
    assert all(torch.equal(value, strong[name]) for name, value in system.clip.state_dict().items())
    with pytest.raises(ValueError, match="usual dose alone"):
        runs.start_system(runs.run_settings(params, "frozen", "coarse", 0))


def test_only_frozen_looks_at_fewer_frames_than_are_stored(work):
    fewer = {"train": {"systems": ["frozen"], "num_frames": 2}}
    fewer = knobs.validate(knobs.merge(work.params.plain(), fewer))
    assert runs.run_settings(fewer, "frozen", "coarse", 0)["build"]["num_frames"] == 2
    with pytest.raises(ValueError, match="only Frozen"):
        runs.run_settings(fewer, "clip", "coarse", 0)
    for more in ({"systems": ["clip"], "num_frames": 2}, {"systems": ["frozen"], "num_frames": 40}):
        with pytest.raises(ValueError, match="num_frames"):
            knobs.validate(knobs.merge(work.params.plain(), {"train": more}))


def test_what_torch_draws_depends_on_seed_and_step_alone(tmp_path):
    """Frozen draws dropout and frames: stopped and resumed, it must end as undisturbed."""

    def fresh():
        torch.manual_seed(0)
        backbone = build_frozen(dict(
            video=dict(image_size=16, patch_size=8, width=32, layers=1, heads=2, num_frames=1),
            text=dict(dim=32, n_layers=1, n_heads=2, hidden_dim=64, max_position_embeddings=10, dropout=0.3),
            projection=16, words=WORDS, image_mean=[0.5] * 3, image_std=[0.5] * 3))  # fmt: skip
        return systems.build("frozen", backbone=backbone, num_frames=1, max_words=8)

    settings = {**SETTINGS, "steps": 4}
    whole = fresh()
    expected = train(whole, tiny_batches(), settings, progress=False)["loss"].tolist()
    batches = tiny_batches()
    original = batches.at

    def stopping(step):
        if step == 3:
            raise KeyboardInterrupt
        return original(step)

    batches.at = stopping
    with pytest.raises(KeyboardInterrupt):
        train(fresh(), batches, settings, state=tmp_path / "s.pt", progress=False)
    torch.manual_seed(123)
    resumed = fresh()
    torch.manual_seed(456)
    assert train(resumed, tiny_batches(), settings, state=tmp_path / "s.pt", progress=False)["loss"].tolist() == expected
    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name


def test_frozens_pretraining_in_tiny(tmp_path):
    config = pretrain.backbone_config(width=64, vision_layers=1, text_layers=1, pixels=32, patch=8, stem=(16,))
    clip = build_backbone(config)
    save_backbone(tmp_path / "clip", config, {f"clip.{key}": value for key, value in clip.model.state_dict().items()})
    sizes = dict(seed=0, number=12, pool_seed=0, frames=4, words=16, distil_steps=30, distil_batch=16, distil_lr=3e-3, steps=2,
                 batch=4, lr=1e-3, share=0.5, weight_decay=0.0)  # fmt: skip
    out = pretrain_frozen.pretrain(tmp_path / "w", tmp_path / "clip", tmp_path / "pool", **sizes)
    again = pretrain_frozen.pretrain(tmp_path / "again", tmp_path / "clip", tmp_path / "pool", **sizes)
    assert (out / "weights.safetensors").read_bytes() == (again / "weights.safetensors").read_bytes()
    backbone = load_frozen(out)
    assert not backbone.new_time and backbone.video_model.num_frames == 4
    system = systems.build("frozen", backbone=out, num_frames=4, max_words=16).eval()
    assert system.tokenize(["the tall plum is spinning"]).shape == (1, 16)
    assert np.isfinite(system.similarity(system.tokenize(["a lemon"]), torch.randn(2, 4, 3, 32, 32)).detach().numpy()).all()


def test_distillation_brings_the_text_tower_to_the_teacher():
    config = pretrain.backbone_config(width=64, vision_layers=1, text_layers=1, pixels=32, patch=8, stem=(16,))
    clip = build_backbone(config)
    start = pretrain_frozen.start(clip, pretrain_frozen.frozen_config(config, 4, layers=1))
    system = systems.build("frozen", backbone=start, num_frames=4, max_words=16)
    captions = ["the striped tomato is spinning", "a shiny comet is shaking above the chest", "the pearl", "a hollow pine is dripping early"]
    losses = pretrain_frozen.distil(system, clip.model, captions, steps=60, batch=8, lr=5e-3, seed=0, words=16)
    assert np.mean(losses[-5:]) < 0.3 * np.mean(losses[:5])
