"""Every preset with the paper's settings, dry: its parameters hold together, and with small random weights in the place of the
pretrained ones a step of training and the scoring of a few clips run, for each strategy."""

import functools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from posrank import systems
from posrank.pipeline import params
from posrank.scoring.scorers import SystemScorer
from posrank.towers.backbone import build_backbone
from posrank.towers.frozen import build_frozen
from posrank.training.batches import Batches
from posrank.training.loop import train
from posrank.training.runs import KEYS, run_settings

ROOT = Path(__file__).resolve().parent.parent
BASE = params.load(ROOT / "params.yaml")
PRESETS = [name for name in params.preset_names(BASE) if name.startswith("paper-")]
WORDS = ["a", "red", "blue", "ball", "star", "spins", "rocks"]
STATS = dict(image_mean=[0.5] * 3, image_std=[0.5] * 3)


@functools.cache
def backbone(name, words, frames):
    """Shapes as in ViT-B/32 (class token, QuickGELU, 77 positions) and DistilBERT, but tiny; a closed vocabulary."""
    if name == "frozen":
        video = dict(image_size=32, patch_size=16, width=32, layers=2, heads=2, num_frames=1)
        text = dict(dim=32, n_layers=1, n_heads=2, hidden_dim=64, max_position_embeddings=words)
        return build_frozen(dict(video=video, text=text, projection=16, words=WORDS, **STATS))
    vision = dict(image_size=64, patch_size=16, width=64, layers=2, head_width=64)
    text = dict(context_length=max(77, 4 * frames), width=64, heads=1, layers=4)
    model = dict(embed_dim=64, quick_gelu=True, vision_cfg=vision, text_cfg=text)
    return build_backbone(dict(model=model, stem=None, words=WORDS, **STATS))


class Swaps:
    """Two negatives for each caption: the last word changed."""

    def lists(self, ids, epoch):
        owner = np.repeat(np.arange(len(ids)), 2)
        return None, np.arange(len(ids)), [f"a red star {word}" for _ in ids for word in ("spins", "rocks")], owner


@pytest.mark.parametrize("preset", PRESETS)
def test_a_step_and_scores(preset):
    loaded = params.load(ROOT / "params.yaml", preset=preset)
    _, name, dataset = preset.split("-", 2)
    assert loaded.train.systems == [name] and loaded.train.dataset == dataset and dataset in loaded.datasets
    assert loaded.train.strategies == ["coarse", "word", "phrase", "prompt"] and loaded.frames.size == 224
    frames = loaded.frames.num_frames
    pictures = np.random.default_rng(0).integers(0, 255, (4, frames, 64, 64, 3), dtype=np.uint8)
    if name == "frozen":
        pictures = pictures[:, :, ::2, ::2]
    read = np.array([frames, 3, frames, 5])
    captions = pd.DataFrame({"caption_id": [f"c{i}" for i in range(4)], "video_id": [f"v{i}" for i in range(4)],
                             "caption": ["a red ball spins", "a blue star", "a ball", "a star rocks"]})  # fmt: skip

    def store(videos):
        rows = [int(video[1:]) for video in videos]
        return pictures[rows], read[rows]

    # the strategies differ in losses and branches, not between datasets: the first dataset runs them all
    strategies = loaded.train.strategies if dataset == "msrvtt" else ["prompt"]
    for strategy in strategies:
        settings = run_settings(loaded, name, strategy, 0)
        assert set(KEYS) <= set(settings) and settings["epochs"] and settings["steps"] is None
        build = {**settings["build"], "backbone": backbone(name, settings["build"]["max_words"], frames)}
        torch.manual_seed(0)
        system = systems.build(name, **build)
        before = {key: value.clone() for key, value in system.named_parameters()}
        batches = Batches(captions, store, None if strategy == "coarse" else Swaps(), batch=2, seed=0)
        # the first step of a warm-up has rate 0
        history = train(system, batches, {**settings, "epochs": None, "steps": 2, "batch": 2, "precision": "fp32"}, progress=False)
        assert np.isfinite(history["loss"]).all()
        moved = {key for key, value in system.named_parameters() if not torch.equal(value, before[key])}
        assert moved and all(system.get_parameter(key).requires_grad for key in moved)
        if strategy == "prompt":
            assert any(key.endswith("vpt_embedding") for key in moved)
        scorer = SystemScorer(system, lambda video: (pictures[int(video[1:])], read[int(video[1:])]),
                              "fine" if strategy == "prompt" else "coarse")  # fmt: skip
        scores = scorer(["v0", "v0", "v3"], ["a red ball spins", "a star", "a star"])
        assert np.isfinite(scores).all() and scores[0] != scores[1]
