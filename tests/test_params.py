"""params.yaml and posrank.params: every key and value checked, errors that name key, line and nearest valid name."""

import ast
import json
import pickle
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from posrank import captions, systems
from posrank.pipeline import params
from posrank.pipeline.params_schema import DATASETS, STRATEGIES, SYSTEMS, Run

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "params.yaml").read_text()
BASE = params.load(ROOT / "params.yaml")


def changed(tmp_path, *changes):
    """The project's params.yaml with some places changed, and the line of the first one."""
    path, text = tmp_path / "params.yaml", TEXT
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path.write_text(text)
    return path, TEXT[: TEXT.index(changes[0][0])].count("\n") + 1


def test_all_presets_are_valid_and_do_what_is_promised():
    names = params.preset_names(BASE)
    assert {"default", "smoke", "full", "paper-xclip-msrvtt", "paper-clip-vln_oops"} <= set(names)
    loaded = {name: params.load(ROOT / "params.yaml", preset=name) for name in names}
    assert loaded["default"].plain() == BASE.plain()
    assert BASE.datasets == ["world"] and BASE.train.systems == ["xclip"] and len(BASE.train.seeds) == 1
    assert BASE.train.strategies == ["coarse", "word", "phrase", "prompt"]
    full, train = loaded["full"], loaded["paper-xclip-vatex"].train
    assert {"clip", "xclip"} <= set(full.train.systems) and len(full.train.seeds) >= 3
    assert (train["lambda"], train.n, train.prompts, loaded["paper-xclip-vatex"].negatives.k) == (0.2, 16, 1, 20)
    assert (train.batch, train.epochs, train.steps, train.max_words) == (64, 5, None, 32)
    assert (train.lr, train.clip_lr, loaded["paper-xclip-vatex"].frames.num_frames) == (1e-4, 1e-7, 12)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("  lambda: 3.0 ", "  lamda: 0.2 ", ["train.lamda", "did you mean 'lambda'", "lacks the key 'lambda'"]),
        ("  lambda: 3.0 ", "  lambda: -0.1 ", ["train.lambda is -0.1", "at least 0"]),
        ("  lambda: 3.0 ", "  lambda: .nan ", ["train.lambda is nan"]),
        ("  lambda: 3.0 ", "  lambda: 1e400 ", ["train.lambda is inf"]),
        ("  lambda: 3.0 ", "  lambda: '1e-3' ", ["train.lambda is '1e-3'", "without quotes"]),
        ("  lambda: 3.0 ", "  lambda: yes please ", ["train.lambda is 'yes please'", "a number"]),
        ("  lambda: 3.0 ", f"  lambda: {'9' * 400} ", ["train.lambda is a number of 400 characters"]),
        ("  lambda: 3.0 ", f"  lambda: {'x' * 5000} ", ["train.lambda is 'xxx", "... (5,002 characters); wanted"]),
        ("  n: 3 ", "  n: 0 ", ["train.n is 0", "at least 1"]),
        ("  n: 3 ", "  n: 2.5 ", ["train.n is 2.5", "whole number"]),
        ("  n: 3 ", "  n: true ", ["train.n is True"]),
        ("  n: 3 ", "  n: 10000000001 ", ["train.n is 10000000001", "at most"]),
        ("  n: 3 ", "  n: {a: 1} ", ["train.n is a mapping;"]),
        ("  as_released: false", "  as_released: 0", ["train.as_released is 0", "true or false"]),
        ("[coarse, word, phrase, prompt]", "[coarse, wrod]", ["train.strategies[1]", "did you mean 'word'"]),
        ("[coarse, word, phrase, prompt]", "[word, word]", ["train.strategies", "list", "without repetitions"]),
        ("[coarse, word, phrase, prompt]", "word", ["train.strategies is 'word'", "list"]),
        ("systems: [xclip] ", "systems: [xclib] ", ["train.systems", "did you mean 'xclip'"]),
        ("datasets: [world]", "datasets: [wrld]", ["datasets", "did you mean 'world'"]),
        ("datasets: [world]", "datasets: []", ["datasets", "one or more"]),
        ("datasets: [world]", "datasets: null", ["datasets is null"]),
        ("  dataset: world", "  dataset: msrvtt", ["train.dataset is 'msrvtt'", "world"]),
        ("variants: {}", "variants: {msrvt: 7k}", ["variants.msrvt", "did you mean 'msrvtt'"]),
        ("processes: 1", "processes: 3", ["train.batch is 64, which 3 processes"]),
        ("  num_frames: null ", "  num_frames: 5 ", ["train.num_frames is 5", "frames.num_frames stores 4"]),
        ("  num_frames: null ", "  num_frames: 3 ", ["train.by_system.xclip.num_frames is 3", "only frozen"]),
        ("  size: 64  ", "  size: 65  ", ["world.size is 65", "even number"]),
        ("  rules: [paper, exchange] ", "  rules: [papr] ", ["negatives.rules", "did you mean 'paper'"]),
        ("  rules: [paper, exchange]    # negative sets", "  rules: [released]    # negative sets",
         ["evaluate.rules", "not among negatives.rules"]),
        ("  tagger: en_core_web_sm ", "  tagger: '' ", ["language.tagger", "spaCy"]),
        ("  lexicon: builtin ", "  lexicon: nltkk ", ["language.lexicon", "did you mean 'nltk'"]),
        ("  k: 20 ", "  k: {noun: 3} ", ["negatives.k", "'verb'"]),
        ("  k: 20 ", "  k: {noun: 3, verb: 3, adj: 3, adv: 3, pre: 3} ", ["negatives.k.pre", "did you mean 'prep'"]),
        ("  warmup: 0.1 ", "  warmup: 1.5 ", ["train.warmup", "at most 1"]),
        ("  steps: 400                  # optimiser", "  steps: null                  # optimiser", ["train.steps", "exactly one"]),
        ("  epochs: null ", "  epochs: 1.5 ", ["train.epochs is 1.5", "whole number", "or null"]),
        ("    clip: {}", "    clip: {lrr: 1}", ["train.by_system.clip.lrr", "did you mean 'lr'"]),
        ("  frozen: stem ", "  frozen: relased ", ["train.frozen", "did you mean 'released'"]),
        ("lambda: {runs: [xclip-word-0]", "lambda: {runs: [xclip_word_0]", ["sweeps.lambda.runs", "xclip-word-0"]),
        ("lambda: {runs: [xclip-word-0]", "lambda: {runs: [xclip-word-00]", ["sweeps.lambda.runs", "xclip-word-0"]),
        ("    world: {train: 160", "    wolrd: {train: 160", ["presets.smoke.wolrd", "did you mean 'world'"]),
        ("prompt], steps: 4, ", "prompt], steps: -4, ", ["presets.smoke.train.steps is -4"]),
        ("  smoke: ", "  ../../smoke: ", ["presets['../../smoke']", "no name for a preset"]),
        ("  smoke: ", "  2: ", ["presets has the key '2'", "quotes"]),
        ("language:\n", "langage:\n", ["langage", "did you mean 'language'", "lacks the key 'language'"]),
            ],
)
def test_wrong_keys_and_values_are_named(tmp_path, old, new, words):
    path, line = changed(tmp_path, (old, new))
    with pytest.raises(ValueError) as caught:
        params.load(path)
    assert all(word in str(caught.value) for word in words) and len(str(caught.value)) < 2000, caught.value
    if not re.search(r"not among|processes|only frozen", str(caught.value)):
        assert re.search(rf"params\.yaml, line ({line}|{line + 1}):", str(caught.value)), caught.value


def test_several_problems_are_told_at_once_each_with_its_line(tmp_path):
    path, _ = changed(tmp_path, ("  n: 3 ", "  n: 0 "), ("  lambda: 3.0 ", "  lambda: -1 "))
    with pytest.raises(ValueError, match=r"line (\d+): train\.n is 0(.|\n)*line (?!\1)\d+: train\.lambda is -1"):
        params.load(path)
    path, _ = changed(tmp_path, ("  smoke: ", "  both: {train: {epochs: 1}}\n  smoke: "))
    with pytest.raises(ValueError, match=r"params\.yaml with preset both, line \d+: train.steps and epochs"):
        params.load(path, preset="both")
    path.write_text("\n".join(f"key{i}: 1" for i in range(5000)))
    with pytest.raises(ValueError, match=r"and more$") as caught:
        params.load(path)
    assert str(caught.value).count("\n") == 20


@pytest.mark.parametrize("values", [5, None, [], "train"])
def test_what_is_no_mapping_is_said(values):
    with pytest.raises(ValueError, match="wanted is a mapping"):
        params.validate(values)


@pytest.mark.parametrize("name", ["../../x", "/tmp/x", ".", "..", "", "a/b", "A", "-x", "x\n", "x" * 101, 3, None, "a\0"])
def test_preset_names_that_are_no_plain_names_are_refused(name):
    with pytest.raises(ValueError, match="no name for a preset"):
        params.check_preset_name(name)
    if name is not None:
        with pytest.raises(ValueError, match="no name for a preset"):
            params.load(ROOT / "params.yaml", preset=name)
    if isinstance(name, str):
        with pytest.raises(ValueError, match="no name for a preset"):
            params.validate({**BASE.plain(), "presets": {name: {}}})


def test_unknown_preset_names_the_nearest():
    with pytest.raises(ValueError, match=r"params\.yaml: unknown preset 'smok' \(did you mean 'smoke'"):
        params.load(ROOT / "params.yaml", preset="smok")


def test_overrides_of_dvc_are_read(tmp_path):
    from dvc.utils.hydra import apply_overrides

    path, _ = changed(tmp_path, ("  lr: 1.0e-3                  # learning", "  lr: 5e-4                  # learning"))
    given_ = ["train.lambda=1e-3", "train.systems=[xclip,clip]", "train.clip_norm=null", "train.as_released=true"]
    apply_overrides(str(path), [*given_, "+train.by_system.clip.lr=3e-5"])
    train = params.load(path).train
    assert (train["lambda"], train.systems, train.clip_norm, train.as_released) == (1e-3, ["xclip", "clip"], None, True)
    assert train.lr == 5e-4 and train.by_system.clip.lr == 3e-5
    apply_overrides(str(path), ["train.steps=1e2"])
    with pytest.raises(ValueError, match=r"train.steps is 100.0; wanted is a whole number"):
        params.load(path)


def test_attributes_and_items_and_no_changes():
    assert getattr(BASE.train, "lambda") == BASE["train"]["lambda"] == BASE.train["lambda"]
    with pytest.raises(AttributeError, match="did you mean 'batch'"):
        _ = BASE.train.bach
    with pytest.raises(KeyError, match="did you mean 'batch'"):
        BASE.train["bach"]
    with pytest.raises(AttributeError, match=r"params\.yaml"):
        BASE.train.lr = 1
    BASE.train.systems.append("clip")
    BASE.plain()["train"]["lr"] = 7
    assert BASE.train.systems == ["xclip"] and BASE.train.lr != 7
    assert pickle.loads(pickle.dumps(BASE)).plain() == BASE.plain()


def test_merge_replaces_lists_and_keeps_the_rest():
    base = {"a": {"x": [1, 2], "y": 1}, "b": 2}
    assert params.merge(base, {"a": {"x": [3]}, "c": {"z": 1}}) == {"a": {"x": [3], "y": 1}, "b": 2, "c": {"z": 1}}
    assert base == {"a": {"x": [1, 2], "y": 1}, "b": 2}


def test_settings_by_system(tmp_path):
    base = params.load(changed(tmp_path, ("    clip: {}", "    clip: {lr: 3e-5}"))[0])
    assert base.train_for("clip").lr == 3e-5 and base.train_for("xclip").lr == base.train.lr
    assert set(Run.model_json_schema()["properties"]) <= set(base.train_for("xclip"))
    with pytest.raises(ValueError, match=r"unknown system 'clp' \(did you mean 'clip'"):
        base.train_for("clp")


def test_no_systems_leave_the_text_half(tmp_path):
    path, _ = changed(tmp_path, ("systems: [xclip] ", "systems: [] "), ("datasets: [world]", "datasets: [msrvtt]"))
    assert params.load(path).train.systems == []


def test_names_are_those_of_the_code():
    from posrank.training.loop import STRATEGIES as trained
    from posrank.video import SAMPLINGS

    assert set(captions.DATASETS) == set(DATASETS) and set(systems.SYSTEMS) == set(SYSTEMS)
    assert set(trained) == set(STRATEGIES)
    for value in SAMPLINGS:
        params.validate(params.merge(BASE.plain(), {"frames": {"sampling": value}}))


# section -> words in the paths of the modules that read its keys, in lib or among the notebooks
READERS = {
    "world": "world", "pretrain": "pretrain", "pretrain_frozen": "pretrain_frozen", "language": "stages evaluation",
    "negatives": "stages", "frames": "frames video", "train": "training systems params", "evaluate": "evaluation stages",
    "sweeps": "sweep presets",
}  # fmt: skip


def _used(source):
    """Names that Python code reads: attributes, constant keys in [], get() and pop(), and variables."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
            yield node.slice.value
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("get", "pop"):
            yield from (arg.value for arg in node.args[:1] if isinstance(arg, ast.Constant))


def dead_keys(base):
    """Keys of params.yaml that neither a stage's template nor the code which reads its section uses."""
    sources = {path.relative_to(ROOT).as_posix(): path.read_text() for path in (ROOT / "lib").rglob("*.py")}
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        cells = json.loads(path.read_text())["cells"]
        sources[f"evaluation training stages {path.name}"] = "\n".join(
            "".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"
        )
    used = {path: set(_used(text)) for path, text in sources.items() if "schema" not in Path(path).name}
    templates = (ROOT / "dvc.yaml").read_text()
    for section, keys in base.items():
        if section in ("presets", "paper", "sweeps"):  # names of experiments
            continue
        if not isinstance(keys, dict) or not keys:
            names, words = [section], ["stages", "evaluation", "workspace"]
        else:
            names, words = list(keys), READERS[section].split()
        read = set().union(*(found for path, found in used.items() if any(word in path for word in words)))
        for name in names:
            path = section if name == section else f"{section}.{name}"
            if name not in read and f"${{{path}}}" not in templates:
                yield path


def test_no_key_is_dead():
    assert list(dead_keys(BASE.plain())) == []
    assert list(dead_keys({"train": {"lambda": 1, "lambada": 1}, "nobody": 1})) == ["train.lambada", "nobody"]


def _mutate(draw, text):
    """A params.yaml with a few lines changed."""
    lines = text.splitlines()
    junk = st.sampled_from(
        ["", "null", "~", "[]", "{}", "true", "-1", "1e400", ".nan", "9" * 400, "'1e-3'", "*x", "&x 1", "!!python/name:os.system",
         "<<: *x", "[" * 50, "{a: {b: [1]}}", "\t", "\0", "\ud800", '"\\ud800"', "\ufeff", "x" * 500, "? a", "- a", "---", "...",
         "%YAML 1.2", "'", '"', "|", ">", "@", "`", "2001-01-01", "0x1F", "1_000", "on", "=", "<<", "!!binary aGk=", "\r", "\x85"]
    )  # fmt: skip
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(lines) - 1))
        how, what = draw(st.sampled_from(("value", "drop", "double", "swap", "junk", "cut", "indent"))), draw(junk)
        other = draw(st.integers(0, len(lines) - 1))
        key = lines[place].partition(":")[0]
        lines[place : place + 1] = {
            "value": [f"{key}: {what}"], "drop": [], "double": [lines[place]] * 2, "swap": [lines[other]],
            "junk": [lines[place], what], "cut": [lines[place][: other % 40] + what], "indent": ["  " + lines[place]],
        }[how] or [""]  # fmt: skip
    return "\n".join(lines)


@seed(0)
@settings(max_examples=60, deadline=None, database=None, phases=[Phase.generate],
          suppress_health_check=list(HealthCheck))  # fmt: skip
@given(data=st.data())
def test_any_file_is_valid_or_one_clear_error(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("fuzz") / "params.yaml"
    path.write_text(_mutate(data.draw, TEXT), encoding="utf-8", errors="surrogatepass")
    try:
        assert isinstance(params.load(path), params.Params)
    except ValueError as problem:
        assert str(problem).startswith("params.yaml") and type(problem) is ValueError
        assert all(len(line) < 1500 for line in str(problem).splitlines())


@pytest.mark.parametrize("change, words", [
    ({"rule": "exchange"}, r"train\.rule is exchange, which does not go with the strategy phrase"),
    ({"video": "text"}, r"train\.video is text, which does not go with the strategy prompt"),
])
def test_strategies_that_a_way_of_training_does_not_have(change, words):
    with pytest.raises(ValueError, match=words):
        params.validate(params.merge(BASE.plain(), {"train": change}))
    params.validate(params.merge(BASE.plain(), {"train": {**change, "strategies": ["coarse", "word"]}}))
