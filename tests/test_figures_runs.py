"""Which runs a report is about (figures.runs), and what is published (pipeline.published): only what fits, with its reason."""

import json

import pandas as pd
import pytest
from test_figures import metrics

from posrank import figures
from posrank.evaluation import origin
from posrank.figures import report, runs
from posrank.files import root
from posrank.pipeline import params as knobs
from posrank.pipeline import published

TWO = {"train": {"strategies": ["coarse", "word"]}}


def of(params=TWO):
    return knobs.validate(knobs.merge(knobs.load(root() / "params.yaml").plain(), params))


def run(strategy="coarse", lists="a", **changes):
    return metrics(strategy) | {"rule": "paper", "lists": {"paper": lists}} | changes


def write(folder, *found):
    folder.mkdir(parents=True, exist_ok=True)
    for m in found:
        (folder / f"{runs.name_of(m)}.json").write_text(json.dumps(m))
    return figures.load_metrics(folder)


def test_runs_of_several_presets_stand_together_in_order_and_once():
    one = [run("word", seed=1), run("coarse", seed=0, note="first")]
    two = [run("coarse", seed=0, note="second"), run("coarse", seed=2), run("prompt", system="frozen", seed=0)]
    found = figures.together(one, [], two)
    assert [runs.name_of(m) for m in found] == ["frozen-prompt-0", "xclip-coarse-0", "xclip-coarse-2", "xclip-word-1"]
    assert found[1]["note"] == "first" and figures.together(two, one)[1]["note"] == "second"
    assert figures.together() == [] and len(one) == 2


CHANGED = {
    "dataset": {"dataset": "csv"}, "split": {"split": "val"}, "rule": {"rule": "released", "lists": {"released": "a"}},
    "lists": {"lists": {"paper": "b"}},
}


@pytest.mark.parametrize("changes", CHANGED.values(), ids=CHANGED)
@pytest.mark.parametrize(
    "table", [figures.strategy_table, figures.results_table, figures.blind_table, figures.average_table, figures.brittleness_table,
              figures.beside_paper, figures.parts_figure, figures.correlation_figure, figures.verdict,
              lambda m: figures.gain_table({"x": m}), lambda m: figures.marked_table(None, m),
              lambda m: figures.constant_table(m[:1], m[1:])])
def test_runs_on_different_lists_stand_in_no_table(table, changes):
    with pytest.raises(ValueError, match=r"xclip-coarse-0 \(.*\) and xclip-(coarse|word)-0 \(.*\) were ranked on different lists"):
        table([run("coarse"), run("coarse", **changes) if table is figures.average_table else run("word", **changes)])


def test_a_file_without_digests_counts_as_other_lists_where_its_captions_differ(tmp_path):
    old = [run("coarse", lists=None), run("word", lists=None)]
    for m in old:
        m["posrank"] = m["posrank"] | {"mean": m["posrank"]["mean"] | {"captions": 1500}}
    assert len(figures.strategy_table(old)) == 2
    old[1]["posrank"]["mean"]["captions"] = 54
    with pytest.raises(ValueError, match="different lists"):
        figures.strategy_table(old)


@pytest.mark.parametrize(("changes", "reason"), [
    ({"dataset": "csv"}, "dataset csv, not world"), ({"split": "val"}, "split val, not test"),
    ({"rule": "released"}, "rule released, not paper"),
    ({"lists": {"paper": "b"}}, "other lists than the present ones"), ({"lists": {}}, "does not say on which lists"),
    ({"strategy": "prompt"}, "no such run"), ({"system": "ts2net"}, "no such run"), ({"seed": 3}, "no such run"),
])
def test_only_the_runs_of_the_parameters_are_taken_and_the_rest_is_named(tmp_path, changes, reason):
    other = run("word") | changes
    chosen = figures.select(write(tmp_path, run("coarse"), other), of(), lists="a")
    assert [m["strategy"] for m in chosen.runs] == ["coarse"] and chosen.missing == ["xclip-word-0"]
    assert list(chosen.left_out) == [f"{runs.name_of(other)}.json"] and reason in chosen.left_out[f"{runs.name_of(other)}.json"]
    told = report.left_out(chosen)
    assert told.loc["xclip-word-0", "reason"] == "has not been run" and len(told) == 2


def test_without_the_tables_at_hand_most_runs_decide_and_copies_and_other_models_stand_apart(tmp_path):
    found = write(tmp_path, run("coarse"), run("word"), run("phrase", lists="b"))
    (tmp_path / "xclip-word-0 copy.json").write_text(json.dumps(run("word")))
    model = {"run": "mine", "dataset": "world", "split": "test", "rule": "paper", "lists": {"paper": "a"}, "posrank": run()["posrank"]}
    for name, lists in (("mine", "a"), ("other", "b")):
        (tmp_path / f"{name}.json").write_text(json.dumps(model | {"run": name, "lists": {"paper": lists}}))
    found, external = figures.load_metrics(tmp_path), figures.load_metrics(tmp_path, external=True)
    chosen = figures.select(found, of({"train": {"strategies": ["coarse", "word", "phrase"]}}), external=external)
    assert [m["strategy"] for m in chosen.runs] == ["coarse", "word"] and chosen.missing == ["xclip-phrase-0"]
    assert "copy" in chosen.left_out["xclip-word-0 copy.json"] and "other lists" in chosen.left_out["xclip-phrase-0.json"]
    assert list(figures.external_table(chosen).index) == ["mine"] and "other.json" in chosen.left_out
    assert figures.select([], of({"train": {"systems": []}})) == ([], [], {}, [])


def test_digests_follow_the_content_and_not_the_order(tmp_path):
    lists = pd.DataFrame({"caption_id": ["c", "c", "d"], "part": ["noun", "verb", "noun"], "sentence": ["x", "y", "z"], "k": 0})
    digest = origin.lists_digest(lists)
    assert digest == origin.lists_digest(lists[::-1]) == origin.lists_digest(lists.assign(k=5))
    for column, value in (("caption_id", "e"), ("part", "adj"), ("sentence", "w")):
        assert origin.lists_digest(lists.assign(**{column: [value, *lists[column][1:]]})) != digest
    assert origin.lists_digest(lists[:2]) != digest
    captions = pd.DataFrame({"caption_id": ["c"], "video_id": ["v"], "caption": ["x"]})
    assert origin.captions_digest(captions) != origin.captions_digest(captions.assign(caption="y"))


def test_folders_are_hashed_as_dvc_hashes_them(tmp_path):
    from dvc.repo import Repo

    for name in ("a/x.txt", "a/b/y.txt", "a/a0.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    repo = Repo.init(str(tmp_path), no_scm=True)
    made = repo.add(str(tmp_path / "a"))[0].outs[0].hash_info.value
    assert origin.file_digest(tmp_path / "a") == made and origin.file_digest(tmp_path / "none") is None


def test_parameters_and_code_that_a_run_depends_on_are_in_its_digests(tmp_path):
    base = knobs.load(root() / "params.yaml").plain()
    digest = origin.params_digest(base, "xclip")
    moves = [{"train": {"lambda": 0.5}}, {"world": {"seed": 7}}, {"negatives": {"k": 5}}, {"evaluate": {"bootstrap": 7}},
             {"train": {"by_system": {"xclip": {"lr": 1.0}}}}]
    stays = [{"train": {"seeds": [4]}}, {"processes": 2}, {"train": {"by_system": {"frozen": {"lr": 1.0}}}}, {"sweeps": {"n": [1]}}]
    assert all(origin.params_digest(knobs.merge(base, each), "xclip") != digest for each in moves)
    assert all(origin.params_digest(knobs.merge(base, each), "xclip") == digest for each in stays)
    (tmp_path / "dvc.yaml").write_text("stages: {evaluate: {cmd: x, deps: [lib/a, results/source/n.ipynb], params: [k]}}")
    for name in ("lib/a/b.py", "lib/posrank/figures/c.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("1")
    cells = [{"cell_type": "markdown", "metadata": {}, "source": ["words"]}, {"cell_type": "code", "metadata": {}, "source": ["x = 1"]},
             {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": ["run = 1"]}]
    (tmp_path / "notebooks").mkdir()
    seen = []
    for number, new in enumerate(["", "prose", "2", "x = 2", "drawing"]):
        if number in (1, 2, 3):
            cells[{1: 0, 2: 2, 3: 1}[number]]["source"] = [new]
        if number == 4:
            (tmp_path / "lib/posrank/figures/c.py").write_text("2")
        (tmp_path / "notebooks/n.ipynb").write_text(json.dumps({"cells": cells}))
        seen.append(origin.code_digest(tmp_path))
    assert seen[0] == seen[1] == seen[2] != seen[3] == seen[4]
    (tmp_path / "lib/a/b.py").write_text("2")
    assert origin.code_digest(tmp_path) != seen[4] and origin.code_digest(tmp_path / "none") is None


def test_the_list_of_published_runs_tells_the_truth():
    """metrics/published.json is what `python -m posrank.pipeline.published` writes: stale numbers are listed as stale, with the reason."""
    assert json.loads((root() / published.LIST).read_text(encoding="utf-8")) == published.listing(root())


def test_a_published_run_is_current_until_its_code_parameters_data_or_lock_change(tmp_path):
    params = knobs.load(root() / "params.yaml").plain()
    path = tmp_path / "xclip-word-0.json"
    inputs = {"params": origin.params_digest(params, "xclip"), "captions": "1", "tags": "2", "frames": "3", "negatives": {"paper": "4"},
              "statements": "8", "start": origin.file_digest(root() / "data" / "world" / "pretrained"), "weights": "6"}
    m = run("word", inputs=inputs, code=origin.code_digest())
    path.write_text(json.dumps(m))
    outs = {"data/captions/world.parquet": "1", "data/tags/world.parquet": "2", "data/frames/world": "3",
            "data/negatives/world-paper.parquet": "4", "data/statements/world.parquet": "8",
            "runs/xclip-word-0/weights.safetensors": "6", "metrics/xclip-word-0.json": origin.file_digest(path)}
    lock = {"all": {"outs": [{"path": name, "md5": md5} for name, md5 in outs.items()]}}

    def state(m, params=params, code=None):
        return published.stale(m, "xclip-word-0", path, params, {code or m.get("code")}, lock, root())

    assert state(m) == []
    assert state(m, params=knobs.merge(params, {"train": {"lambda": 9.0}})) == ["other parameters"]
    assert state(m, code="x") == ["other code"] and state(m, params=None) == ["params.yaml has no such preset"]
    assert state(m | {"inputs": inputs | {"tags": "7"}}) == ["data/tags/world.parquet is not that of dvc.lock"]
    assert state(m | {"inputs": inputs | {"statements": "7"}}) == ["data/statements/world.parquet is not that of dvc.lock"]
    assert state(m | {"inputs": inputs | {"start": "7.dir"}}) == ["other start weights"]
    other = origin.file_digest(root() / "data" / "world" / "pretrained_none")
    assert state(m | {"inputs": inputs | {"start": other}}) == ["other start weights"]
    change = {"train": {"backbone": "world_none"}}
    dosed = inputs | {"start": other, "params": origin.params_digest(knobs.merge(params, change), "xclip")}
    assert state(m | {"inputs": dosed, "change": change}) == []
    assert state(m | {"inputs": inputs | {"start": "openai/ViT-B-32"}}) == []
    assert state({key: value for key, value in m.items() if key != "inputs"}) == ["carries no digests"]
    path.write_text("{}")
    assert state(m) == ["metrics/xclip-word-0.json is not that of dvc.lock"]


def test_each_published_run_keeps_the_commit_and_the_processor_it_was_made_with(tmp_path):
    for strategy in ("coarse", "word"):
        (tmp_path / f"xclip-{strategy}-0.json").write_text(json.dumps(run(strategy)))
    before = {"commits": {"xclip-coarse-0": "a", "xclip-word-0": "a"}, "processor": "an older one"}
    (tmp_path / "ENVIRONMENT.json").write_text(json.dumps(before))
    note = published.note(tmp_path, "default", {"commit": "b"}, ["xclip-word-0"])
    assert note["commits"] == {"xclip-coarse-0": "a", "xclip-word-0": "b"}
    assert note["processors"] == {"xclip-coarse-0": "an older one", "xclip-word-0": note["processor"]}
    (tmp_path / "ENVIRONMENT.json").write_text(json.dumps(note | {"processor": "a third one"}))
    again = published.note(tmp_path, "default", {"commit": "c"}, ["xclip-coarse-0"])
    assert again["processors"] == dict.fromkeys(again["commits"], note["processor"])


def test_published_runs_of_other_presets_stand_in_tables_of_their_own():
    entry = dict.fromkeys((*figures.strategy_table([]).columns[:7], "mean", "vision_gain"), 0.5)
    entry |= {"split": "test", "rule": "paper", "commit": "abc"}
    rows = {"xclip-word-0": entry | {"dataset": "world", "lists": "a", "stale": []}, "xclip-word-1": entry | {
        "dataset": "world", "lists": "a", "stale": ["other code"]}, "xclip-word-2": entry | {"dataset": "csv", "lists": "b", "stale": []}}
    found = {"full": {"commit": None, "runs": rows}, "mine": {"commit": None, "runs": rows}}
    tables = report.published_tables(found, lambda name, m: True, but={"mine"})
    assert [heading.partition(";")[0] for heading in tables] == [
        "published, preset full, world test, commit abc", "published, preset full, csv test, commit abc"]
    assert "1 of 2 runs are stale" in next(iter(tables))
    assert next(iter(tables.values())).loc[("X-CLIP", "Word-Level Negatives"), "noun"] == 0.5


@pytest.mark.parametrize("key, value", [("seed", None), ("system", None), ("strategy", ["word"]), ("posrank", []),
                                        ("recall", None), ("lists", "a")])  # fmt: skip
def test_metrics_of_another_shape_are_named(tmp_path, key, value):
    (tmp_path / "xclip-coarse-0.json").write_text(json.dumps(run() | {key: value}))
    with pytest.raises(ValueError, match=f"xclip-coarse-0.json: '{key}'"):
        figures.load_metrics(tmp_path)


def test_published_runs_are_counted_and_a_preset_without_any_says_so(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(runs, "root", lambda: tmp_path)
    write(tmp_path / "metrics" / "two", run(seed=1), run(seed=0), run("word", seed=1))
    found = figures.published_runs("two", "none")
    assert [m["seed"] for m in found["two"]] == [0, 1, 1] and found["none"] == []
    assert capsys.readouterr().out == "preset two: 3 runs, seeds 0, 1\npreset none: no runs are published\n"
