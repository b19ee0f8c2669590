"""params.yaml and posrank.params: every key and value checked, errors that name key, line and nearest valid name."""

import pickle
import re
from pathlib import Path

import pytest

from posrank import params
from posrank.params_schema import DATASETS, RUN

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "params.yaml").read_text()


def changed(tmp_path, old, new):
    """The project's params.yaml with one place changed, and the line that this place is in."""
    assert old in TEXT
    path = tmp_path / "params.yaml"
    path.write_text(TEXT.replace(old, new, 1))
    return path, TEXT[: TEXT.index(old)].count("\n") + 1


def test_the_projects_own_file_and_all_presets_are_valid():
    base = params.load(ROOT / "params.yaml")
    names = params.preset_names(base)
    assert {"default", "smoke", "full", "paper-xclip-msrvtt", "paper-clip-vln_oops"} <= set(names)
    for name in names:
        assert params.validate(params.merge(base.plain(), params.preset(base, name)), name=name).train.strategies
    assert params.preset(base, "default") == {}


def test_presets_do_what_is_promised():
    base = params.load(ROOT / "params.yaml")
    assert base.datasets == ["world"] and base.train.systems == ["xclip"] and len(base.train.seeds) == 1
    assert base.train.strategies == ["coarse", "word", "phrase", "prompt"]
    full = params.load(ROOT / "params.yaml", preset="full")
    assert {"clip", "xclip"} <= set(full.train.systems) and len(full.train.seeds) >= 3
    paper = params.load(ROOT / "params.yaml", preset="paper-xclip-vatex")
    assert (paper.train.lambda_, paper.train.n, paper.train.prompts, paper.negatives.k) == (0.2, 16, 1, 20)
    assert (paper.train.batch, paper.train.epochs, paper.train.steps) == (64, 5, None)
    assert (paper.train.lr, paper.train.clip_lr) == (1e-4, 1e-7)
    assert (paper.frames.num_frames, paper.train.max_words) == (12, 32)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("  lambda: 2.0 ", "  lamda: 0.2 ", ["train.lamda", "did you mean 'lambda'"]),
        ("  lambda: 2.0 ", "  lambda: -0.1 ", ["train.lambda is -0.1", "at least 0"]),
        ("  lambda: 2.0 ", "  lambda: .nan ", ["train.lambda"]),
        ("  lambda: 2.0 ", "  lambda: yes please ", ["train.lambda is 'yes please'", "a number"]),
        ("  n: 2 ", "  n: 0 ", ["train.n is 0", "at least 1"]),
        ("  n: 2 ", "  n: 2.5 ", ["train.n is 2.5", "whole number"]),
        ("  n: 2 ", "  n: true ", ["train.n is True"]),
        ("[coarse, word, phrase, prompt]", "[coarse, wrod]", ["train.strategies", "did you mean 'word'"]),
        ("[coarse, word, phrase, prompt]", "[word, word]", ["train.strategies", "list"]),
        ("[coarse, word, phrase, prompt]", "word", ["train.strategies is 'word'", "list"]),
        ("systems: [xclip] ", "systems: [xclib] ", ["train.systems", "did you mean 'xclip'"]),
        ("datasets: [world]", "datasets: [wrld]", ["datasets", "did you mean 'world'"]),
        ("datasets: [world]", "datasets: []", ["datasets", "one or more"]),
        ("datasets: [world]", "datasets: [msrvtt]", ["train.dataset is 'world'", "msrvtt"]),
        ("  rules: [paper] ", "  rules: [papr] ", ["negatives.rules", "did you mean 'paper'"]),
        ("  tagger: en_core_web_sm ", "  tagger: '' ", ["language.tagger", "spaCy"]),
        ("  lexicon: builtin ", "  lexicon: nltkk ", ["language.lexicon", "did you mean 'nltk'"]),
        ("  k: 20 ", "  k: {noun: 3} ", ["negatives.k", "'verb'"]),
        ("  k: 20 ", "  k: {noun: 3, verb: 3, adj: 3, adv: 3, pre: 3} ", ["negatives.k.pre", "did you mean 'prep'"]),
        ("  warmup: 0.1 ", "  warmup: 1.5 ", ["train.warmup", "at most 1"]),
        ("  steps: 120 ", "  steps: null ", ["train.steps", "exactly one"]),
        ("    clip: {}", "    clip: {lrr: 1}", ["train.by_system.clip.lrr", "did you mean 'lr'"]),
        ("  frozen: [] ", "  frozen: relased ", ["train.frozen", "did you mean 'released'"]),
        ("  run: xclip-word-0", "  run: xclip_word_0", ["sweeps.run", "xclip-word-0"]),
        ("    world: {train: 160", "    wolrd: {train: 160", ["presets.smoke.wolrd", "did you mean 'world'"]),
        ("prompt], steps: 4, ", "prompt], steps: -4, ", ["presets.smoke.train.steps is -4"]),
        ("language:\n", "langage:\n", ["langage", "did you mean 'language'", "lacks the key 'language'"]),
    ],
)
def test_wrong_keys_and_values_are_named(tmp_path, old, new, words):
    path, line = changed(tmp_path, old, new)
    with pytest.raises(ValueError) as caught:
        params.load(path)
    for word in words:
        assert word in str(caught.value)
    if "train.dataset is" not in str(caught.value):
        assert re.search(rf"params\.yaml, line ({line}|{line + 1}):", str(caught.value))


def test_several_problems_are_told_at_once(tmp_path):
    path, _ = changed(tmp_path, "  lambda: 2.0 ", "  lambda: -1 ")
    path.write_text(path.read_text().replace("  n: 2 ", "  n: 0 "))
    with pytest.raises(ValueError, match=r"train\.n is 0(.|\n)*train\.lambda is -1"):
        params.load(path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: [1, 2\nb: 3\n", "line"),
        ("world: 1\nworld: 2\n", "duplicate key"),
        ("- a\n- b\n", "no mapping"),
        ("", "no mapping"),
    ],
)
def test_broken_files_are_named(tmp_path, text, words):
    path = tmp_path / "params.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match=words) as caught:
        params.load(path)
    assert "params.yaml" in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"params\.yaml does not exist"):
        params.load(tmp_path / "params.yaml")


def test_unknown_preset_names_the_nearest():
    with pytest.raises(ValueError, match=r"unknown preset 'smok'; did you mean 'smoke'"):
        params.load(ROOT / "params.yaml", preset="smok")


def test_numbers_are_read_as_dvc_reads_them(tmp_path):
    path, _ = changed(tmp_path, "  lr: 5.0e-4 ", "  lr: 5e-4 ")
    assert params.load(path).train.lr == 5e-4


def test_attributes_and_items_and_no_changes():
    base = params.load(ROOT / "params.yaml")
    assert base.train.lambda_ == base["train"]["lambda"] == base.train["lambda"]
    with pytest.raises(AttributeError, match="did you mean 'batch'"):
        _ = base.train.bach
    with pytest.raises(KeyError, match="did you mean 'batch'"):
        base.train["bach"]
    with pytest.raises(AttributeError, match=r"params\.yaml"):
        base.train.lr = 1
    base.train.systems.append("clip")
    base.plain()["train"]["lr"] = 7
    assert base.train.systems == ["xclip"] and base.train.lr != 7
    assert pickle.loads(pickle.dumps(base)).plain() == base.plain()


def test_merge_replaces_lists_and_keeps_the_rest():
    base = {"a": {"x": [1, 2], "y": 1}, "b": 2}
    assert params.merge(base, {"a": {"x": [3]}, "c": {"z": 1}}) == {"a": {"x": [3], "y": 1}, "b": 2, "c": {"z": 1}}
    assert base == {"a": {"x": [1, 2], "y": 1}, "b": 2}


def test_runs_and_settings_by_system(tmp_path):
    path, _ = changed(tmp_path, "    clip: {}", "    clip: {lr: 3e-5}")
    text = path.read_text().replace("systems: [xclip] ", "systems: [xclip, clip] ")
    path.write_text(text.replace("seeds: [0]", "seeds: [0, 7]", 1))
    base = params.load(path)
    names = [run.name for run in base.runs()]
    assert names[:3] == ["xclip-coarse-0", "xclip-coarse-7", "xclip-word-0"] and len(names) == 16
    assert base.train_for("clip").lr == 3e-5 and base.train_for("xclip").lr == base.train.lr
    assert set(RUN) <= set(base.train_for("xclip"))
    with pytest.raises(ValueError, match="unknown system 'clp'; did you mean 'clip'"):
        base.train_for("clp")


def test_no_systems_leave_the_text_half(tmp_path):
    path, _ = changed(tmp_path, "systems: [xclip] ", "systems: [] ")
    path.write_text(path.read_text().replace("datasets: [world]", "datasets: [msrvtt]", 1))
    assert params.load(path).runs() == []


def test_every_dataset_with_a_reader_can_be_named():
    from posrank import captions

    assert set(captions.DATASETS) <= set(DATASETS)
