"""Notebooks 1 and 2 on datasets that lack something: splits, parts of speech, negatives, videos."""

import pytest
import support_notebooks as notebooks

from posrank import stages
from posrank.files import root
from posrank.pipeline import params as knobs
from posrank.pipeline.yamlfile import yaml_text

TEXTS = (
    "a red car stands near the wall",
    "two black dogs run quickly",
    "a man is cooking",
    "she sings",
    "hello",
    "wow !",
)

SETS = {
    "a test split alone": [(f"v{i}", text, "test") for i, text in enumerate(TEXTS)],
    "one video": [("v0", TEXTS[0], "test")],
    "one video with captions alike": [
        ("v0", TEXTS[0], "test"),
        ("v0", TEXTS[1], "test"),
        ("v0", TEXTS[0] + " .", "test"),
    ],
    "no negatives at all": [("v0", "wow", "test"), ("v1", "hey", "test")],
    "captions for choices alone": [("v0", TEXTS[0], "val"), ("v1", TEXTS[1], "val")],
    "training and test": [
        (f"v{i}", f"a {a} {b} is {c} slowly near the wall", "test" if i < 2 else "train")
        for i, (a, b, c) in enumerate(
            zip(
                ["red", "black", "white", "big"],
                ["dog", "car", "man", "cat"],
                ["running", "sitting", "singing", "jumping"],
            )
        )
    ],
}


def workspace(folder, rows):
    params = knobs.merge(
        knobs.load(root() / "params.yaml").plain(),
        {
            "datasets": ["csv"],
            "train": {"dataset": "csv", "systems": []},
            "evaluate": {"bootstrap": 100},
            "negatives": {"splits": sorted({row[2] for row in rows} - {"train"})},
        },
    )
    raw = folder / "data" / "raw" / "csv"
    raw.mkdir(parents=True)
    lines = ["video_id,caption,split", *(",".join(row) for row in rows)]
    (raw / "captions.csv").write_text("\n".join(lines) + "\n")
    (folder / "params.yaml").write_text(yaml_text(params, "made by a test"))
    stages.captions(knobs.load(folder / "params.yaml"), folder, "csv")
    return folder


@pytest.mark.parametrize("rows", SETS.values(), ids=SETS)
def test_notebooks_1_and_2_run(rows, tmp_path, monkeypatch):
    work = workspace(tmp_path, rows)
    monkeypatch.setenv("POSRANK_WORKSPACE", str(work))
    notebooks.run("1_datasets", write=True)
    notebooks.run("2_negatives", write=True)
    for name in ("datasets", "negatives"):
        assert (work / "metrics" / f"{name}.json").is_file()
    # DVC asks for these folders, however little there is to show
    for name in ("1_datasets", "2_negatives"):
        assert list((work / "results" / "tables" / name).iterdir()) and (work / "results" / "figures" / name).is_dir()
