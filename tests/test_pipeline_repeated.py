"""Whether earlier code's numbers are repeated (pipeline.repeated): what is compared, what is written down, what is refused."""

import json
import subprocess

import pytest

from posrank.files import root
from posrank.pipeline import params as knobs
from posrank.pipeline import published, repeated


def workspace(folder, weights="1", code="a", posrank=0.5):
    metrics = folder / "metrics" / "xclip-word-0.json"
    metrics.parent.mkdir(parents=True)
    metrics.write_text(json.dumps({"code": code, "posrank": {"noun": posrank}}))
    outs = {"metrics/xclip-word-0.json": "whole file", "runs/xclip-word-0/weights.safetensors": weights,
            "results/notebooks/4_evaluate/xclip-word-0.ipynb": code, "results/source/3_train.py": code}
    lines = [f"    - path: {name}\n      md5: '{md5}'" for name, md5 in outs.items()]
    (folder / "dvc.lock").write_text("stages:\n  all:\n    outs:\n" + "\n".join(lines) + "\n")
    return repeated.numbers(folder)


def test_all_results_are_compared_but_the_digest_of_the_code_and_copies_of_it(tmp_path):
    one = workspace(tmp_path / "a")
    assert set(one) == {"metrics/xclip-word-0.json", "runs/xclip-word-0/weights.safetensors"}
    assert repeated.differences(one, workspace(tmp_path / "b", code="b")) == []
    assert repeated.differences(one, workspace(tmp_path / "c", weights="2")) == ["runs/xclip-word-0/weights.safetensors"]
    assert repeated.differences(one, workspace(tmp_path / "d", posrank=0.51)) == ["metrics/xclip-word-0.json"]
    assert repeated.differences(one, {}) == sorted(one)


def test_the_note_holds_for_the_code_it_names_alone(tmp_path):
    assert repeated.repeats(tmp_path, "new") == set()
    (tmp_path / "metrics").mkdir()
    (tmp_path / repeated.LIST).write_text(json.dumps({"code": "new", "repeats": {"old": {"commit": "1234567"}}}))
    assert repeated.repeats(tmp_path, "new") == {"old"} and repeated.repeats(tmp_path, "newer") == set()


def test_every_kind_is_a_preset_that_params_yaml_allows():
    params = knobs.load(root() / "params.yaml").plain()
    for change in repeated.KINDS.values():
        merged = knobs.merge(params, repeated._merged(repeated._SMALL, change))
        assert knobs.Params(merged).plain()["train"]["steps"] == 4
    for change in repeated.LISTS.values():
        assert knobs.Params(knobs.merge(params, change)).plain()["world"]["train"] == params["world"]["train"]
    assert not set(repeated.KINDS) & set(repeated.LISTS)


def test_numbers_of_repeated_code_are_current_and_so_is_their_data():
    listed = {"stage": {"deps": [{"path": "lib/posrank/files.py", "md5": "other"}]}}
    locked = {"world": listed["stage"]}
    assert published.stale_data(locked, {}, root()) == ["world: lib/posrank/files.py"]
    assert published.stale_data(locked, {}, root(), repeated=True) == []


@pytest.mark.parametrize("words, message", [([], "name one commit"), (["a", "b"], "name one commit")])
def test_it_asks_for_one_commit(words, message, capsys):
    assert repeated.main(words) == 1 and message in capsys.readouterr().err


def test_changed_files_are_to_be_committed_first(tmp_path, monkeypatch, capsys):
    for words in (["init", "-q"], ["config", "user.email", "a@b"], ["config", "user.name", "a"]):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "a.py").write_text("1")
    subprocess.run(["git", "add", "."], cwd=tmp_path, check=True)
    subprocess.run(["git", "commit", "-qm", "a"], cwd=tmp_path, check=True)
    monkeypatch.setattr(repeated, "root", lambda: tmp_path)
    (tmp_path / "lib" / "a.py").write_text("2")
    assert repeated.main(["HEAD"]) == 1 and "commit the changes" in capsys.readouterr().err
    (tmp_path / "lib" / "a.py").write_text("1")
    assert repeated.main(["nothing"]) == 1 and "rev-parse" in capsys.readouterr().err
