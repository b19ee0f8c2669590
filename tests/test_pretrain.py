"""Pretraining of the world's CLIP in tiny: plan, hard batches, a resumed run, and the folder that others load."""

import numpy as np
import pytest
import torch

from posrank.towers.backbone import load_backbone
from posrank.training import pretrain
from posrank.world.pool import group_scenes

PHASES = [
    dict(cycle=1, steps=2, frames=2, groups={"scene": 3}),
    dict(cycle=2, steps=2, frames=4, groups={"scene": 2, "adj1": 1}),
]
SIZES = dict(seed=0, groups=12, group_size=2, phases=PHASES, lr=1e-3, weight_decay=0.0, frames=4, pixels=32, words=16)


def tiny_config():
    return pretrain.backbone_config(width=64, vision_layers=1, text_layers=1, pixels=32, patch=8, stem=(16,))


def test_hard_batches_share_the_words_they_name():
    scenes = [scene for group in range(40) for scene in group_scenes(0, group, 4)]
    rows = pretrain.HardBatches(scenes, 4).draw(np.random.default_rng(0), {"scene": 2, "adj1 prep": 3})
    assert len(rows) == 20
    for start in range(8, 20, 4):
        assert len({(scenes[row].adj1, scenes[row].prep) for row in rows[start : start + 4]}) == 1


def test_the_learning_rate_rises_and_falls_once_per_cycle():
    plan = [(phase, step) for phase in PHASES for step in range(phase["steps"])]
    assert [pretrain.progress(plan, i) for i in range(4)] == [(0, 2), (1, 2), (0, 2), (1, 2)]
    assert pretrain.learning_rate(0, 100, 1.0) < pretrain.learning_rate(4, 100, 1.0)
    assert pretrain.learning_rate(99, 100, 1.0) < 0.01


def test_augmentation_keeps_range_and_shape():
    clips = torch.randint(0, 255, (3, 2, 16, 16, 3), dtype=torch.uint8)
    out = pretrain.augment(clips, torch.Generator().manual_seed(0))
    assert out.shape == (3, 2, 3, 16, 16) and out.min() >= 0 and out.max() <= 1


def test_a_pretrained_folder_loads_and_a_stopped_run_resumes(tmp_path):
    whole = pretrain.pretrain(tmp_path / "a" / "w", tmp_path / "pool", config=tiny_config(), **SIZES)
    backbone = load_backbone(whole)
    assert backbone.temporal and backbone.image_size == 32
    assert (whole / "history.csv").read_text().startswith("step,frames,loss,lr")
    # the same in two halves: stopped behind the first checkpoint
    assert not (tmp_path / "pool" / "checkpoint.pt").exists()
    first = [dict(PHASES[0]), dict(PHASES[1], steps=2)]
    plan_calls = []
    original = pretrain.coarse_loss

    def stopping(similarity):
        plan_calls.append(1)
        if len(plan_calls) > 4:
            raise KeyboardInterrupt
        return original(similarity)

    pretrain.coarse_loss = stopping
    try:
        with pytest.raises(KeyboardInterrupt):
            sizes = {**SIZES, "phases": first}
            pretrain.pretrain(tmp_path / "b" / "w", tmp_path / "pool", config=tiny_config(), checkpoint_every=2, **sizes)
    finally:
        pretrain.coarse_loss = original
    assert not (tmp_path / "b" / "w" / "weights.safetensors").exists()
    resumed = pretrain.pretrain(tmp_path / "b" / "w", tmp_path / "pool", config=tiny_config(), checkpoint_every=2, **SIZES)
    assert (resumed / "weights.safetensors").read_bytes() == (whole / "weights.safetensors").read_bytes()
