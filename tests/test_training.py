"""The training loop: batches, losses of a step, and runs that are killed or spread over processes."""

import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pandas as pd
import pytest
import torch

from posrank import systems
from posrank.systems import base
from posrank.towers.backbone import build_backbone
from posrank.training.batches import Batches, epoch_order, no_video
from posrank.training.distributed import World
from posrank.training.loop import fine_scores, rate, step_losses, train
from posrank.training.prefetch import Prefetch

WORDS = ["a", "red", "blue", "ball", "star", "spins", "rocks"]
SETTINGS = {
    "strategy": "word", "seed": 0, "lambda": 0.5, "steps": 6, "epochs": None, "lr": 1e-3, "clip_lr": 1e-3, "prompt_lr": 1e-2,
    "weight_decay": 0.1, "warmup": 0.1, "optimizer": "adamw", "clip_norm": 1.0, "coarse_reduce": "mean", "fine_form": "inside",
    "precision": "fp32", "checkpoint_every": 2,
}


def tiny_system(name="xclip", prompts=0):
    config = dict(
        model=dict(
            embed_dim=64, quick_gelu=True,
            vision_cfg=dict(image_size=16, patch_size=8, width=64, layers=1, head_width=64),
            text_cfg=dict(context_length=10, width=64, heads=1, layers=1),
        ),
        stem=None, words=WORDS, image_mean=[0.5] * 3, image_std=[0.5] * 3,
    )
    torch.manual_seed(0)
    return systems.build(name, backbone=build_backbone(config), num_frames=2, max_words=8, prompts=prompts)


class Swaps:
    """Negatives of the tests: the last word changed; one caption has none."""

    def lists(self, ids, epoch):
        texts, owner = [], []
        for i, name in enumerate(ids):
            for word in ("spins", "rocks")[: int(name[1:]) % 3]:
                texts.append(f"a red star {word}")
                owner.append(i)
        return None, np.arange(len(ids)), texts, np.array(owner, dtype=np.int64)


def frames_of(videos):
    numbers = np.array([int(v[1:]) for v in videos])
    frames = np.random.default_rng(0).integers(0, 255, (20, 2, 16, 16, 3), dtype=np.uint8)[numbers]
    return frames, np.where(numbers % 4 == 0, 1, 2)


def tiny_batches(negatives=True, batch=4, share=lambda rows: rows):
    captions = pd.DataFrame({
        "caption_id": [f"c{i}" for i in range(24)], "video_id": [f"v{i % 8}" for i in range(24)],
        "caption": [f"a {WORDS[1 + i % 2]} {WORDS[3 + i // 2 % 2]} {WORDS[5 + i // 4 % 2]}" for i in range(24)],
    })
    return Batches(captions, frames_of, Swaps() if negatives else None, batch=batch, seed=3, share=share)


def test_an_epoch_shows_every_caption_once_and_no_batch_repeats_a_video():
    videos = np.array([f"v{i % 8}" for i in range(24)])
    order = epoch_order(videos, 4, seed=0, epoch=0)
    assert sorted(order.ravel()) == list(range(24))
    assert all(len(set(videos[rows])) == 4 for rows in order)
    assert not np.array_equal(order, epoch_order(videos, 4, seed=0, epoch=1))
    assert np.array_equal(order, epoch_order(videos, 4, seed=0, epoch=0))


def test_videos_with_unequal_numbers_of_captions():
    videos = ["a"] * 5 + ["b"] * 2 + ["c"] * 3
    order = epoch_order(videos, 2, seed=1, epoch=0)
    assert all(len({videos[row] for row in rows}) == 2 for rows in order)
    assert len(np.unique(order)) == order.size


def test_a_batch_larger_than_the_dataset_says_what_to_lower():
    with pytest.raises(ValueError, match=r"train\.batch"):
        epoch_order(["a", "a", "b"], 3, 0, 0)


def test_rate_warms_up_and_ends_near_zero():
    values = [rate(step, 100, 0.1) for step in range(100)]
    assert values[0] < 0.11 and max(values) == pytest.approx(1.0, abs=0.01) and values[-1] < 0.001
    assert rate(0, 10, 0) == 1.0


@pytest.mark.parametrize("name", ["clip", "xclip"])
def test_fine_scores_hold_each_caption_and_its_own_negatives(name):
    system, batch = tiny_system(name).eval(), tiny_batches().at(0)
    video, mask = system.prepare(batch.frames, batch.frames_read)
    text, features = system.encode_text(system.tokenize(batch.texts)), system.encode_video(video, mask)
    scores, valid = fine_scores(system, text, features, torch.as_tensor(batch.owner), 4)
    everything = system.score(text, features)
    for i in range(4):
        own = [4 + j for j, owner in enumerate(batch.owner) if owner == i]
        assert int(valid[i].sum()) == 1 + len(own)
        torch.testing.assert_close(scores[i, : 1 + len(own)], everything[[i, *own], i], rtol=1e-4, atol=1e-4)


def test_prompt_strategy_trains_the_prompt_and_coarse_needs_no_negatives():
    system = tiny_system(prompts=1)
    batch = tiny_batches().at(0)
    _coarse, fine = step_losses(system, batch, {**SETTINGS, "strategy": "prompt", "bf16": False}, World())
    fine.backward()
    prompt = dict(system.named_parameters())["clip.visual.vpt_embedding"]
    assert prompt.grad.abs().sum() > 0
    assert step_losses(tiny_system(), tiny_batches(False).at(0), {**SETTINGS, "strategy": "coarse", "bf16": False}, World())[1] is None


@pytest.mark.parametrize("optimizer", ["adamw", "bertadam"])
def test_training_lowers_the_loss(optimizer):
    system = tiny_system()
    history = train(system, tiny_batches(), {**SETTINGS, "steps": 30, "optimizer": optimizer, "lr": 3e-3, "clip_lr": 3e-3}, progress=False)
    assert len(history) == 30
    assert history["loss"].tail(5).mean() < history["loss"].head(5).mean()


def test_a_nan_stops_with_advice():
    system = tiny_system()
    with torch.no_grad():
        system.clip.text_projection.fill_(float("nan"))
    with pytest.raises(ValueError, match=r"step 1.*train\.lr"):
        train(system, tiny_batches(), SETTINGS, progress=False)


SCRIPT = """
import sys, time, torch
sys.path.insert(0, {tests!r})
import test_training as t
from posrank.training.distributed import join_world
from posrank.training.loop import train
world = join_world()
slow, out = float(sys.argv[3]), {{}}
for strategy in sys.argv[4:]:
    system = t.tiny_system(prompts=int(strategy == "prompt"))
    batches = t.tiny_batches(share=world.slice)
    draw = batches.at
    batches.at = lambda step: (time.sleep(slow), draw(step))[1]
    state = sys.argv[1] + ("" if strategy == "word" else "." + strategy)
    history = train(system, batches, {{**t.SETTINGS, "strategy": strategy}}, state=state, world=world, progress=False)
    out[strategy] = dict(system=system.state_dict(), loss=history["loss"].tolist(), fine=history["fine"].tolist())
if world.main:
    torch.save(out, sys.argv[2])
"""


def run_script(tmp_path, state, out, slow=0.0, launcher=(), wait=True, strategies=("word",)):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.format(tests=os.path.dirname(__file__)))
    command = [sys.executable, *launcher, str(script), str(state), str(out), str(slow), *strategies]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if not wait:
        return process
    output, _ = process.communicate(timeout=900)
    assert process.returncode == 0, output
    return torch.load(out, weights_only=True)


def test_a_killed_run_ends_with_the_weights_of_an_undisturbed_one(tmp_path):
    undisturbed = run_script(tmp_path, tmp_path / "a.pt", tmp_path / "a.out")["word"]
    process = run_script(tmp_path, tmp_path / "b.pt", tmp_path / "b.out", slow=0.5, wait=False)
    deadline = time.time() + 600
    while not (tmp_path / "b.pt").exists() and time.time() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert not (tmp_path / "b.out").exists()
    assert torch.load(tmp_path / "b.pt", weights_only=True)["done"] < SETTINGS["steps"]
    resumed = run_script(tmp_path, tmp_path / "b.pt", tmp_path / "b.out")["word"]
    assert resumed["loss"] == undisturbed["loss"]
    for name, tensor in undisturbed["system"].items():
        assert torch.equal(tensor, resumed["system"][name]), name


def test_a_checkpoint_of_other_settings_is_not_resumed(tmp_path):
    system = tiny_system()
    train(system, tiny_batches(), SETTINGS, state=tmp_path / "s.pt", progress=False)
    again = tiny_system()
    history = train(again, tiny_batches(), {**SETTINGS, "lambda": 0.1}, state=tmp_path / "s.pt", progress=False)
    fresh = tiny_system()
    assert train(fresh, tiny_batches(), {**SETTINGS, "lambda": 0.1}, progress=False)["loss"].tolist() == history["loss"].tolist()


def test_two_processes_give_the_loss_curve_of_one(tmp_path):
    strategies = ("word", "prompt")
    one = run_script(tmp_path, tmp_path / "1.pt", tmp_path / "1.out", strategies=strategies)
    launcher = ("-m", "torch.distributed.run", "--nproc-per-node", "2", "--master-port", "0", "--standalone")
    two = run_script(tmp_path, tmp_path / "2.pt", tmp_path / "2.out", launcher=launcher, strategies=strategies)
    for strategy in strategies:
        np.testing.assert_allclose(two[strategy]["loss"], one[strategy]["loss"], rtol=2e-4)
        np.testing.assert_allclose(two[strategy]["fine"], one[strategy]["fine"], rtol=1e-3)
        for name, tensor in one[strategy]["system"].items():
            torch.testing.assert_close(two[strategy]["system"][name], tensor, rtol=1e-2, atol=2e-3)


@pytest.mark.parametrize("ahead", [0, 1, 2, 5])
def test_batches_made_ahead_are_the_same_in_the_same_order(ahead):
    expected = [tiny_batches().at(step) for step in range(3, 13)]
    with tiny_batches().between(3, 13, ahead=ahead) as coming:
        found = list(coming)
    assert [batch.texts for batch in found] == [batch.texts for batch in expected]
    assert all(np.array_equal(a.frames, b.frames) for a, b in zip(found, expected))
    assert 0 <= coming.share() <= 1


def test_an_error_of_the_reading_thread_reaches_the_caller_and_no_thread_stays():
    made = []

    def make(number):
        made.append(number)
        if number == 2:
            raise OSError("disk full")
        return number

    with pytest.raises(OSError, match="disk full"), Prefetch(make, 0, 9) as coming:
        for _ in coming:
            pass
    assert 2 in made and max(made) <= 4
    with Prefetch(lambda number: number, 0, 10**9) as coming:
        assert [next(coming), next(coming)] == [0, 1]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("batches")]


def test_slow_reading_is_hidden_behind_the_step_and_its_share_measured():
    def slow(number):
        time.sleep(0.02)
        return number

    shares = []
    for ahead in (0, 1):
        with Prefetch(slow, 0, 8, ahead=ahead) as coming:
            for _ in coming:
                time.sleep(0.04)
            shares.append(coming.share())
    assert shares[0] > 0.2 and shares[1] < shares[0] / 2


@pytest.mark.parametrize("strategy", ["word", "prompt"])
def test_frames_are_encoded_once_for_all_negatives(strategy, monkeypatch):
    system, batch = tiny_system(prompts=int(strategy == "prompt")), tiny_batches().at(0)
    seen, encode = [], base.encode_image

    def counted(visual, images, **options):
        seen.append(len(images))
        return encode(visual, images, **options)

    monkeypatch.setattr(base, "encode_image", counted)
    step_losses(system, batch, {**SETTINGS, "strategy": strategy, "bf16": False}, World())
    assert len(batch.owner) > 0 and seen == [int(batch.frames_read.sum())]


class Groups:
    """Lists of the tests, as rule exchange has them: the second and the fourth caption's video have one, the fourth two."""

    def lists(self, ids, epoch):
        true = ["a red star spins", "a blue ball rocks", "a red ball"]
        false = ["a red star rocks", "a red ball rocks", "a blue ball spins", "a blue ball"]
        return true, np.array([1, 3, 3]), false, np.array([0, 1, 1, 2])


class NoGroups:
    def lists(self, ids, epoch):
        return [], np.zeros(0, np.int64), [], np.zeros(0, np.int64)


def exchange_batches(source):
    made = tiny_batches()
    made.negatives = source
    return made


def test_lists_of_statements_are_ranked_for_their_videos_and_captions_stay_in_the_coarse_loss():
    system, batch = tiny_system().eval(), exchange_batches(Groups()).at(0)
    assert batch.true == 3 and len(batch.texts) == 4 + 3 + 4
    coarse, fine = step_losses(system, batch, SETTINGS, World())
    plain, _ = step_losses(system, tiny_batches(negatives=False).at(0), {**SETTINGS, "strategy": "coarse"}, World())
    torch.testing.assert_close(coarse, plain)
    features = system.encode_video(*system.prepare(batch.frames, batch.frames_read))
    every = system.score(system.encode_text(system.tokenize(batch.texts[4:])), features)  # [7, 4]
    rows = [every[[0, 3], 1], every[[1, 4, 5], 3], every[[2, 6], 3]]
    expected = sum(-row.log_softmax(0)[0] for row in rows) / 3
    torch.testing.assert_close(fine, expected, rtol=1e-4, atol=1e-4)


def test_a_batch_without_any_group_has_no_fine_loss():
    coarse, fine = step_losses(tiny_system(), exchange_batches(NoGroups()).at(0), SETTINGS, World())
    assert fine.item() == 0 and coarse.item() > 0


@pytest.mark.parametrize("name", ["clip", "xclip"])
@pytest.mark.parametrize("strategy", ["coarse", "word"])
def test_training_on_text_alone_changes_the_text_tower_alone(name, strategy):
    system, made = tiny_system(name), tiny_batches(negatives=strategy == "word")
    made.anchored, made.frames = True, no_video
    before = {key: value.clone() for key, value in system.state_dict().items()}
    history = train(system, made, {**SETTINGS, "strategy": strategy}, progress=False)
    changed = {key for key, value in system.state_dict().items() if not torch.equal(value, before[key])}
    text = ("clip.token_embedding", "clip.positional_embedding", "clip.transformer", "clip.ln_final", "clip.text_projection")
    assert len(history) == 6 and changed and all(key.startswith(text) for key in changed)


def test_an_anchor_is_another_caption_of_the_video_and_changes_with_the_epoch():
    made = tiny_batches()
    made.anchored, made.frames, seen = True, no_video, {}
    for step in range(2 * made.per_epoch):
        batch = made.at(step)
        for caption_id, anchor in zip(batch.caption_ids, batch.anchors):
            own = int(caption_id[1:])
            others = [made.texts[row] for row in range(24) if row % 8 == own % 8 and row != own]
            assert anchor in others
            seen.setdefault(own, []).append(anchor)
    assert all(len(found) == 2 for found in seen.values())
