"""`train.systems: []`: captions, negatives and the report, with no video read, nothing trained and nothing evaluated."""

import json
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from posrank import tables
from posrank.__main__ import main
from posrank.pipeline import params as knobs
from posrank.pipeline.yamlfile import yaml_text
from posrank.video.store import FrameStore

ROOT = Path(__file__).resolve().parent.parent
STAGE = YAML(typ="safe", pure=True).load((ROOT / "dvc.yaml").read_text())["stages"]

ACTORS, VERBS, PLACES = ("dog", "cat", "man", "girl"), ("runs", "jumps", "sleeps", "sings"), ("house", "car", "tree", "river")


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A csv data set whose videos are no videos: whoever reads one shows an error."""
    rows = ["video_id,caption,file,split"]
    for i in range(24):
        actor, verb, place = ACTORS[i % 4], VERBS[i // 4 % 4], PLACES[(i // 8 + i) % 4]
        text = f"a {'big' if i % 3 else 'small'} {actor} {verb} quickly {'behind' if i % 2 else 'near'} the {place}"
        rows.append(f"v{i},{text},v{i}.mp4,{'train' if i < 14 else 'val' if i < 18 else 'test'}")
    raw = tmp_path / "data" / "raw" / "csv"
    raw.mkdir(parents=True)
    (raw / "captions.csv").write_text("\n".join(rows) + "\n")
    for i in range(24):
        (raw / f"v{i}.mp4").write_text("no video")
    values = knobs.merge(knobs.load(ROOT / "params.yaml").plain(), {
        "datasets": ["csv"], "train": {"systems": []}, "evaluate": {"bootstrap": 100},
    })
    (tmp_path / "params.yaml").write_text(yaml_text(values))
    for name in ("notebooks", "docs"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "metrics").mkdir()
    for name in ("POSRANK_ROOT", "POSRANK_WORKSPACE"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def command(stage):
    text = STAGE[stage]["cmd"].replace("${item.dataset}", "csv").replace("${item.rule}", "paper")
    return text.split()[3:]


@pytest.mark.slow
def test_the_text_half_runs_to_its_report_and_reads_no_video(project, capfd):
    for stage in ("plan", "captions", "tags", "negatives", "validity", "frames"):
        assert main(command(stage)) == 0, capfd.readouterr().err
    assert json.loads((project / "results/plan.json").read_text()) == {"frames": []}
    store = FrameStore(project / "data/frames/csv")
    assert len(store) == 0 and store.table.empty
    (project / "results" / "ranks").mkdir()
    for stage in ("datasets", "negative_sets", "report"):
        assert main(command(stage)) == 0, capfd.readouterr().err
        listed = [*STAGE[stage].get("outs", []), *STAGE[stage].get("plots", []), *STAGE[stage].get("metrics", [])]
        for out in listed:
            assert (project / (out if isinstance(out, str) else next(iter(out)))).exists(), out


def test_videos_are_read_where_something_is_trained_on_them(project, capfd):
    text = (project / "params.yaml").read_text().replace("  systems: []", "  systems:\n  - xclip").replace("dataset: world", "dataset: csv")
    (project / "params.yaml").write_text(text)
    rows = "\n".join((project / "data/raw/csv/captions.csv").read_text().splitlines()[:4])
    (project / "data/raw/csv/captions.csv").write_text(rows)
    for stage in ("plan", "captions"):
        assert main(command(stage)) == 0, capfd.readouterr().err
    assert json.loads((project / "results/plan.json").read_text()) == {"frames": ["csv"]}
    assert len(tables.read_table(project / "data/captions/csv.parquet", "captions")) == 3
    assert main(command("frames")) == 1
    assert "none of its 3 videos is in data/raw/csv" in capfd.readouterr().err
