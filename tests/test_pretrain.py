"""Pretraining of the world's CLIP in tiny: pictures, clips, a resumed run, and the folders that others load."""

import numpy as np
import pytest
import torch

from posrank.towers.backbone import load_backbone
from posrank.training import pretrain
from posrank.training.losses import coarse_loss
from posrank.world.pool import render_pool

SIZES = dict(number=12, batch=4, lr=1e-3, weight_decay=0.0, seed=0, words=16)


def tiny_config():
    return pretrain.backbone_config(width=64, vision_layers=1, text_layers=1, pixels=32, patch=8, stem=(16,))


def stills(out, pool, **change):
    return pretrain.pretrain_stills(out, pool, **{**SIZES, "steps": 4, "config": tiny_config(), "every": 2, **change})


def clips(out, start, pool, **change):
    sizes = {**SIZES, "steps": 4, "frames": 2, "share": 0.5, "config": tiny_config(), "every": 2, **change}
    return pretrain.pretrain_clips(out, start, pool, **sizes)


def test_the_learning_rate_rises_and_falls():
    assert pretrain.learning_rate(0, 100, 1.0) < pretrain.learning_rate(4, 100, 1.0)
    assert pretrain.learning_rate(99, 100, 1.0) < 0.01


def test_augmentation_keeps_range_and_shape_and_never_mirrors():
    shown = np.zeros((3, 2, 16, 16, 3), np.uint8)
    shown[:, :, :, :4] = 255
    out = pretrain.augment(shown, np.random.default_rng(0))
    assert out.shape == (3, 2, 3, 16, 16) and out.min() >= 0 and out.max() <= 1
    assert (out[..., :1].mean((1, 2, 3, 4)) > out[..., -1:].mean((1, 2, 3, 4))).all()


def test_alt_texts_and_tags_tell_the_scene_and_alt_texts_tell_no_motion(tmp_path):
    pool = pretrain.Pool(tmp_path, "clips", 12, 0, 2, tiny_config(), workers=1)
    rows, pixels = pool.draw(np.random.default_rng(0), 5)
    assert pixels.shape == (5, 2, 3, 32, 32) and len(set(rows)) == 5
    texts, moving = pool.alt_texts(rows, np.random.default_rng(1), 0.5), {word for tags in pretrain.TAGS.values() for word in tags}
    for row, text in zip(rows, texts):
        assert pool.scenes[row].noun1 in text and pool.scenes[row].noun2 in text and not moving & set(text.split())
    targets = pool.tag_targets(rows)
    assert [pretrain.TAGS["prep"][i] for i in targets["prep"]] == [pool.scenes[row].prep for row in rows]
    assert set(targets) == set(pretrain.TAGS)


def test_the_loss_of_clips_is_contrast_and_the_choice_of_each_tag():
    scores = torch.randn(3 + sum(map(len, pretrain.TAGS.values())), 3)
    targets = {part: torch.tensor([0, 1, 2]) for part in pretrain.TAGS}

    def score(text, video):
        return scores[text]

    loss = pretrain.clip_loss((score,), slice(0, 3), None, slice(3, None), targets, 0.5)
    tags, start, wanted = scores[3:].T, 0, coarse_loss(scores[:3])
    for words in pretrain.TAGS.values():
        wanted = wanted - 0.5 * tags[:, start : start + len(words)].log_softmax(1).diag().mean()
        start += len(words)
    assert torch.isclose(loss, wanted)


class Stop(Exception):
    pass


def stopped(monkeypatch, work, calls):
    """A pretraining that is stopped in its `calls`-th loss, behind the checkpoint of step 2."""
    original, seen = pretrain.coarse_loss, []

    def stopping(similarity):
        seen.append(1)
        if len(seen) > calls:
            raise Stop
        return original(similarity)

    monkeypatch.setattr(pretrain, "coarse_loss", stopping)
    with pytest.raises(Stop):
        work()
    monkeypatch.undo()


def test_pretrained_folders_load_and_stopped_runs_resume(tmp_path, monkeypatch, capsys):
    pool = tmp_path / "pool"
    none = stills(tmp_path / "a" / "none", pool)
    assert load_backbone(none).image_size == 32 and load_backbone(none).temporal is None
    whole = clips(tmp_path / "a" / "weak", none, pool)
    assert load_backbone(whole).temporal
    assert (whole / "history.csv").read_text().startswith("step,loss,lr")
    for name, work, calls in (("none", lambda: stills(tmp_path / "b" / "none", pool), 3),
                              ("weak", lambda: clips(tmp_path / "b" / "weak", none, pool), 6)):
        stopped(monkeypatch, work, calls)
        assert (pool / f"{name}.pt").exists() and not (tmp_path / "b" / name / "weights.safetensors").exists()
        resumed = work()
        assert not (pool / f"{name}.pt").exists() and "afresh" not in capsys.readouterr().out
        assert (resumed / "weights.safetensors").read_bytes() == (tmp_path / "a" / name / "weights.safetensors").read_bytes()


@pytest.mark.parametrize("change, name", [(dict(lr=2e-3), "settings"), (dict(seed=1), "weights"), (dict(words=12), "settings"),
                                          (dict(number=14), "pool")])
def test_a_stopped_pretraining_of_other_settings_or_data_is_not_resumed(tmp_path, monkeypatch, capsys, change, name):
    stopped(monkeypatch, lambda: stills(tmp_path / "w", tmp_path / "pool"), 3)
    found = stills(tmp_path / "w", tmp_path / "pool", **change)
    said = capsys.readouterr().out
    assert "Training starts afresh" in said and name in said
    fresh = stills(tmp_path / "f", tmp_path / "pool2", **change)
    assert (found / "weights.safetensors").read_bytes() == (fresh / "weights.safetensors").read_bytes()


def test_a_finished_pool_is_kept_and_another_one_is_made_anew(tmp_path):
    first = np.array(render_pool(tmp_path / "stills.npy", "stills", 3, 0, 1, 32, workers=1))
    time = (tmp_path / "stills.npy").stat().st_mtime_ns
    render_pool(tmp_path / "stills.npy", "stills", 3, 0, 1, 32, workers=1)
    assert (tmp_path / "stills.npy").stat().st_mtime_ns == time
    assert not np.array_equal(first, render_pool(tmp_path / "stills.npy", "stills", 3, 1, 1, 32, workers=1))
