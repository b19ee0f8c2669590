"""A stopped training goes on only where all that made its state is unchanged, and nothing that lies there blocks it."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from test_training import SETTINGS, WORDS, tiny_batches, tiny_system

from posrank import tables
from posrank.towers.backbone import build_backbone, save_backbone
from posrank.training import identity, runs
from posrank.training.identity import digest
from posrank.training.loop import CODE, train
from posrank.training.resume import Resume

RUN = "clip-word-0"
CONFIG = dict(
    model=dict(
        embed_dim=64, quick_gelu=True, vision_cfg=dict(image_size=16, patch_size=8, width=64, layers=1, head_width=64),
        text_cfg=dict(context_length=10, width=64, heads=1, layers=1),
    ),
    stem=None, words=WORDS, image_mean=[0.5] * 3, image_std=[0.5] * 3,
)  # fmt: skip


def backbone(folder, seed=0):
    model = build_backbone(CONFIG, seed).model
    save_backbone(folder, CONFIG, {f"clip.{key}": value for key, value in model.state_dict().items()})


def write_data(folder, words=WORDS, seed=0):
    """Captions, tags and frames of eight training videos, and one that is not there."""
    data = folder / "data"
    captions = pd.DataFrame({
        "dataset": "csv", "split": "train", "video_id": [f"v{i}" for i in range(9)], "caption_id": [f"c{i}" for i in range(9)],
        "caption": [f"a {words[1 + i % 2]} {words[3 + i // 2 % 2]} {words[5 + i // 4 % 2]}" for i in range(9)],
        "file": "", "start": np.nan, "end": np.nan,
    })
    kinds = [("DET", "DT"), ("ADJ", "JJ"), ("NOUN", "NN"), ("VERB", "VBZ")]
    tags = pd.DataFrame([
        (row.caption_id, i, word, " " if i < 3 else "", word, *kinds[i], "hand")
        for row in captions.itertuples() for i, word in enumerate(row.caption.split())
    ], columns=["caption_id", "i", "text", "whitespace", "lemma", "upos", "tag", "tagger"]).assign(head=-1, dep="")
    tables.write_table(captions, data / "captions" / "csv.parquet", "captions")
    tables.write_table(tags, data / "tags" / "csv.parquet", "tags")
    videos = pd.DataFrame({"video_id": captions["video_id"], "row": [*range(8), -1], "frames_read": [2] * 8 + [0],
                           "status": ["ok"] * 8 + ["missing"], "reason": [""] * 8 + ["v8.mp4 does not exist"]})  # fmt: skip
    tables.write_table(videos, data / "frames" / "csv" / "videos.parquet", "videos")
    frames = np.random.default_rng(seed).integers(0, 255, (8, 2, 16, 16, 3), dtype=np.uint8)
    np.save(data / "frames" / "csv" / "frames.npy", frames)


def settings_of(folder):
    build = dict(backbone=str(folder / "start"), prompts=0, num_frames=2, max_words=8, as_released=False)
    return {**SETTINGS, "system": "clip", "dataset": "csv", "build": build, "rule": "paper", "n": 2, "n_per": "part", "batch": 4}


SCRIPT = """
import sys, time
sys.path.insert(0, {tests!r})
from pathlib import Path
import test_resume
from posrank.training import batches, runs
at = batches.Batches.at
batches.Batches.at = lambda self, step: (time.sleep(.6), at(self, step))[1]
runs.train_run(test_resume.settings_of(Path(sys.argv[1])), Path(sys.argv[1]), progress=False)
"""


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """(workspace of a training that was killed behind a checkpoint, weights of an undisturbed one)."""
    folder = tmp_path_factory.mktemp("runs") / "w"
    folder.mkdir()
    backbone(folder / "start")
    write_data(folder)
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    process = subprocess.Popen([sys.executable, "-c", SCRIPT.format(tests=os.path.dirname(__file__)), folder], env=environment)
    state = folder / "data" / "state" / f"{RUN}.pt"
    while not state.exists() and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert state.exists() and not (folder / "runs").exists()
    return folder


def rerun(killed, tmp_path, change=None, keep_state=True):
    """Weights of the run in a copy of the killed workspace, changed, at the same place as the original was."""
    saved = tmp_path / "saved"
    shutil.move(killed, saved)
    shutil.copytree(saved, killed)
    try:
        if change:
            change(killed)
        if not keep_state:
            shutil.rmtree(killed / "data" / "state")
        out = runs.train_run(settings_of(killed), killed, progress=False)
        assert not (killed / "data" / "state" / f"{RUN}.pt").exists()
        return {name: (out / name).read_bytes() for name in ("weights.safetensors", "history.csv", "config.yaml")}
    finally:
        shutil.rmtree(killed)
        shutil.move(saved, killed)


@pytest.fixture(autouse=True)
def one_thread():
    """As in the process that is killed: sums of two threads differ in their last digits."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def test_unchanged_it_goes_on_to_the_bytes_of_an_undisturbed_run(killed, tmp_path, capsys):
    resumed = rerun(killed, tmp_path / "a", touch)
    assert "afresh" not in capsys.readouterr().out
    assert resumed == rerun(killed, tmp_path / "b", keep_state=False)


def test_what_a_kill_left_of_a_state_goes_with_it(tmp_path):
    for name in (f"{RUN}.pt", f".{RUN}.pt.ab_c1.tmp.pt", f".{RUN}1.pt.ab_c1.tmp.pt"):
        (tmp_path / name).write_bytes(b"half a state")
    Resume(tmp_path / f"{RUN}.pt").remove()
    assert [path.name for path in tmp_path.iterdir()] == [f".{RUN}1.pt.ab_c1.tmp.pt"], "that is another run's"


def touch(folder):
    """New times of all files, which say nothing."""
    for path in folder.rglob("*.parquet"):
        os.utime(path, (1, 1))
    write_data(folder)


def other_tags(folder):
    path = folder / "data" / "tags" / "csv.parquet"
    tables.write_table(tables.read_table(path, "tags").assign(lemma="ball"), path, "tags")


CHANGES = {
    "frames": lambda folder: write_data(folder, seed=1),
    "captions": lambda folder: write_data(folder, words=["a", "blue", "red", "star", "ball", "rocks", "spins"]),
    "tags": other_tags,
    "weights": lambda folder: backbone(folder / "start", seed=1),
}


@pytest.mark.parametrize("name", CHANGES)
def test_on_changed_data_it_starts_afresh_and_says_why(killed, tmp_path, capsys, name):
    found = rerun(killed, tmp_path / "a", CHANGES[name])
    said = capsys.readouterr().out
    assert "Training starts afresh" in said and name in said
    assert found == rerun(killed, tmp_path / "b", CHANGES[name], keep_state=False)


@pytest.mark.parametrize("file", ["negatives/paper.py", "negatives/data/multiword.txt",
                                  "language/data/wordnet/relations.tsv.gz"])
def test_code_and_the_word_lists_it_reads_are_part_of_the_mark(tmp_path, monkeypatch, file):
    package = tmp_path / "posrank"
    shutil.copytree(identity.HERE, package, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(identity, "HERE", package)
    before = digest(identity.code(*CODE))
    (package / "negatives" / "__pycache__").mkdir()
    (package / "negatives" / "__pycache__" / "paper.pyc").write_bytes(b"compiled")
    assert digest(identity.code(*CODE)) == before
    with open(package / file, "ab") as stream:
        stream.write(b"\n")
    assert digest(identity.code(*CODE)) != before


def test_asked_and_missing_videos_are_said_and_recorded(killed, tmp_path, capsys):
    config = rerun(killed, tmp_path)["config.yaml"].decode()
    assert "videos: 9\nvideos_missing: 1\ncaptions: 8\n" in config
    assert "8 captions of 8 of 9 training videos; 1 have no frames" in capsys.readouterr().out


def spoil(path, how):
    good = path.read_bytes() if path.is_file() else b""
    if how == "folder":
        path.unlink()
        (path / "x").mkdir(parents=True)
    elif how == "foreign":
        torch.save({"state_dict": {"a": torch.ones(2)}}, path)
    elif how == "pickle":
        path.write_bytes(b"cos\nsystem\n(S'touch /tmp/posrank-was-here'\ntR.")
    elif how in ("history", "system", "optimizer", "marks", "done"):
        torch.save({**torch.load(path, weights_only=True), how: {"history": [], "done": 10**9}.get(how, {})}, path)
    else:
        path.write_bytes(good[: {"empty": 0, "cut": len(good) // 2, "start": 60}[how]])


@pytest.mark.parametrize("how", ["empty", "start", "cut", "folder", "foreign", "pickle", "history", "system", "optimizer", "marks", "done"])
def test_an_unreadable_state_is_never_in_the_way(tmp_path, capsys, how):
    state = tmp_path / "s.pt"
    train(tiny_system(), tiny_batches(), SETTINGS, state=state, progress=False)
    spoil(state, how)
    again = tiny_system()
    history = train(again, tiny_batches(), SETTINGS, state=state, progress=False)
    assert "is not used" in capsys.readouterr().out and state.is_file()
    fresh = tiny_system()
    assert train(fresh, tiny_batches(), SETTINGS, progress=False)["loss"].tolist() == history["loss"].tolist()
    assert digest(again.state_dict()) == digest(fresh.state_dict())
    assert not Path("/tmp/posrank-was-here").exists()


def test_a_full_disk_is_named_with_the_file(tmp_path, monkeypatch):
    def full(*arguments, **options):
        raise RuntimeError("[enforce fail at inline_container.cc:672] . unexpected pos 64 vs 0")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(OSError, match=r"s\.pt cannot be written.*room on the disk"):
        train(tiny_system(), tiny_batches(), SETTINGS, state=tmp_path / "s.pt", progress=False)
    assert not list(tmp_path.iterdir())


def test_a_progress_bar_shows_no_loss_that_there_is_not(capsys):
    train(tiny_system(), tiny_batches(False), {**SETTINGS, "strategy": "coarse"})
    said = capsys.readouterr().err
    assert "coarse=" in said and "nan" not in said


# finished runs


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("finished")
    backbone(folder / "start")
    settings = settings_of(folder)
    system = runs.start_system(settings)
    runs.save_run(folder / "run", system, settings, runs.empty_history())
    return folder / "run"


def weights(change):
    """A damage to the weights: `change` of the state_dict."""
    from safetensors.torch import load_file, save_file

    def damage(run):
        state = load_file(run / "weights.safetensors")
        change(state)
        save_file(state, run / "weights.safetensors")

    return damage


def config(text):
    return lambda run: (run / "config.yaml").write_text(text)


def cut(run):
    path = run / "weights.safetensors"
    path.write_bytes(path.read_bytes()[:5000])


def other_seed(run):
    path = run / "config.yaml"
    path.write_text(path.read_text().replace("seed: 0", "seed: x"))


KEY = "clip.text_projection"
DAMAGES = {
    "half a file": (cut, r"weights\.safetensors"),
    "half precision": (weights(lambda s: s.update({KEY: s[KEY].half()})), rf"weights\.safetensors.*{KEY}.*float16"),
    "missing": (weights(lambda s: s.pop(KEY)), rf"weights\.safetensors.*missing: {KEY}"),
    "extra": (weights(lambda s: s.update(blue=torch.ones(1))), r"weights\.safetensors.*unknown: blue"),
    "shape": (weights(lambda s: s.update({KEY: torch.ones(3)})), rf"weights\.safetensors.*{KEY}.*\[3\]"),
    "nan": (weights(lambda s: s[KEY].fill_(float("nan"))), rf"weights\.safetensors.*{KEY}.*NaN"),
    "no config": (lambda run: (run / "config.yaml").unlink(), r"config\.yaml is missing"),
    "no yaml": (config("a: [1"), r"config\.yaml cannot be read"),
    "no text": (lambda run: (run / "config.yaml").write_bytes(b"\xff\x00"), r"config\.yaml cannot be read"),
    "a list": (config("- 1"), r"config\.yaml.*mapping"),
    "no system": (config("strategy: word\nseed: 0\ndataset: csv\nbuild: {}\n"), r"config\.yaml.*'system'"),
    "bad build": (config("system: clip\nstrategy: word\nseed: 0\ndataset: csv\nbuild: 3\n"), r"config\.yaml does not describe"),
    "bad seed": (other_seed, r"config\.yaml does not describe"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_run_names_file_and_key(finished, tmp_path, name):
    run = tmp_path / "run"
    shutil.copytree(finished, run)
    assert runs.load_run(run)[1]["system"] == "clip"
    damage, message = DAMAGES[name]
    damage(run)
    with pytest.raises(ValueError, match=message):
        runs.load_run(run)
