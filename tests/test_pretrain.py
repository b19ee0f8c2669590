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


class Stop(Exception):
    pass


def stopped(monkeypatch, folder, pool, calls):
    """A pretraining that is stopped in its `calls`-th loss, behind the checkpoint of step 2."""
    original, seen = pretrain.coarse_loss, []

    def stopping(similarity):
        seen.append(1)
        if len(seen) > calls:
            raise Stop
        return original(similarity)

    monkeypatch.setattr(pretrain, "coarse_loss", stopping)
    with pytest.raises(Stop):
        pretrain.pretrain(folder, pool, config=tiny_config(), checkpoint_every=2, **SIZES)
    monkeypatch.undo()
    assert (pool / "checkpoint.pt").exists() and not (folder / "weights.safetensors").exists()


def test_a_pretrained_folder_loads_and_a_stopped_run_resumes(tmp_path, monkeypatch, capsys):
    whole = pretrain.pretrain(tmp_path / "a" / "w", tmp_path / "pool", config=tiny_config(), **SIZES)
    backbone = load_backbone(whole)
    assert backbone.temporal and backbone.image_size == 32
    assert (whole / "history.csv").read_text().startswith("step,frames,loss,lr")
    assert not (tmp_path / "pool" / "checkpoint.pt").exists()
    stopped(monkeypatch, tmp_path / "b" / "w", tmp_path / "pool", calls=4)
    resumed = pretrain.pretrain(tmp_path / "b" / "w", tmp_path / "pool", config=tiny_config(), checkpoint_every=2, **SIZES)
    assert (resumed / "weights.safetensors").read_bytes() == (whole / "weights.safetensors").read_bytes()
    assert "afresh" not in capsys.readouterr().out


@pytest.mark.parametrize("change, name", [(dict(lr=2e-3), "settings"), (dict(seed=1), "weights"), (dict(words=12), "settings")])
def test_a_stopped_pretraining_of_other_settings_or_data_is_not_resumed(tmp_path, monkeypatch, capsys, change, name):
    stopped(monkeypatch, tmp_path / "w", tmp_path / "pool", calls=4)
    found = pretrain.pretrain(tmp_path / "w", tmp_path / "pool", config=tiny_config(), **{**SIZES, **change})
    said = capsys.readouterr().out
    assert "Training starts afresh" in said and name in said
    fresh = pretrain.pretrain(tmp_path / "f", tmp_path / "pool2", config=tiny_config(), **{**SIZES, **change})
    assert (found / "weights.safetensors").read_bytes() == (fresh / "weights.safetensors").read_bytes()
