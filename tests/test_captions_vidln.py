"""Video Localized Narratives: lines of other datasets and of the background are counted; the authors' list."""

import json

import pytest

from posrank import captions


def line(dataset, video, number, actors):
    narratives = [{"actor_name": name, "caption": f"{name} moves."} for name in actors]
    entry = {"vidln_id": number, "dataset_id": dataset, "video_id": video, "actor_narratives": narratives}
    return json.dumps(entry) + "\n"


def test_what_is_no_caption_is_reported(tmp_path):
    lines = [("UVO_dense_val", "a", 0, ["Cat", "Background"]), ("oops_val", "b", 0, ["Dog"]),
             ("UVO_test", "c", 0, ["Man"])]
    (tmp_path / "mixed.jsonl").write_text("".join(line(*each) for each in lines))
    table = captions.load("vln_uvo", tmp_path)
    assert table[["caption_id", "split", "file"]].values.tolist() == [["a##*##0", "test", "UVO_dense_val/a.mp4"]]
    report = json.dumps(table.attrs, default=str)
    reasons = ("background", "of another dataset (oops_val)", "neither of a train nor of a val file")
    assert all(reason in report for reason in reasons)


def test_the_authors_list(tmp_path):
    (tmp_path / "captions.txt").write_text("x##*##0**#**a cat runs\ny##*##0**#**a dog **#** sleeps\n")
    with pytest.raises(FileNotFoundError, match=r"vln_uvo_test_ids\.txt does not exist"):
        captions.load("vln_uvo", tmp_path)
    (tmp_path / "vln_uvo_test_ids.txt").write_text("y\n")
    table = captions.load("vln_uvo", tmp_path).set_index("caption_id")
    assert table["split"].to_dict() == {"x##*##0": "train", "y##*##0": "test"}
    assert table.at["x##*##0", "video_id"] == "x"
    (tmp_path / "captions.txt").write_text("x##*##0**#**a cat runs\nx a dog\n")
    with pytest.raises(ValueError, match="line 2: not of the form"):
        captions.load("vln_uvo", tmp_path)
