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


def load(folder, dataset="vln_uvo"):
    return captions.load(dataset, folder).set_index("caption_id")


def test_train_and_val_files_are_train_and_test(tmp_path):
    (tmp_path / "a.jsonl").write_text(line("oops_train", "a", 0, ["Cat"]) + line("oops_val", "b", 1, ["Dog"]))
    assert load(tmp_path, "vln_oops")["split"].to_dict() == {"a##*##0": "train", "b##*##0": "test"}


def test_narratives_of_one_video_are_numbered_through_lines_and_files_and_the_background_has_no_number(tmp_path):
    (tmp_path / "UVO_1.jsonl").write_text(line("UVO_sparse_val", "a", 0, [" BACKground ", "Cat"])
                                          + line("UVO_sparse_val", "b", 1, ["Dog"]))
    (tmp_path / "UVO_2.jsonl").write_text(line("UVO_dense_val", "a", 0, ["Man", "Backgrounds"]))
    table = load(tmp_path)
    assert table["caption"].to_dict() == {
        "a##*##0": "Cat moves.", "b##*##0": "Dog moves.", "a##*##1": "Man moves.", "a##*##2": "Backgrounds moves."}
    assert table["file"].tolist() == ["UVO_sparse_val/a.mp4", "UVO_sparse_val/b.mp4", *["UVO_dense_val/a.mp4"] * 2]
    assert table.attrs["dropped"] == {"narrative of the background": 1} and table.attrs["read"] == 5


def test_files_that_are_named_for_the_dataset_are_read_alone(tmp_path):
    (tmp_path / "UVO_x.jsonl").write_text(line("UVO_dense_val", "a", 0, ["Cat"]))
    (tmp_path / "oops_val.jsonl").write_text(line("oops_val", "b", 0, ["Dog"]) + line("UVO_dense_val", "c", 1, ["Dog"]))
    assert load(tmp_path)["video_id"].tolist() == ["a"] and load(tmp_path).attrs["read"] == 1
    assert load(tmp_path, "vln_oops")["video_id"].tolist() == ["b"]


def test_files_one_level_below_are_read_where_there_are_none_here(tmp_path):
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "UVO_b.jsonl").write_text(line("UVO_dense_val", "b", 0, ["Dog"]))
    assert load(tmp_path)["video_id"].tolist() == ["b"]
    (tmp_path / "UVO_a.jsonl").write_text(line("UVO_dense_val", "a", 0, ["Cat"]))
    assert load(tmp_path)["video_id"].tolist() == ["a"]


def test_a_narrative_that_stands_twice_is_told_with_both_places(tmp_path):
    (tmp_path / "UVO_1.jsonl").write_text(line("UVO_dense_val", "a", 7, ["Cat"]))
    (tmp_path / "UVO_2.jsonl").write_text(line("UVO_dense_val", "b", 8, ["Cat"]) + line("UVO_dense_val", "c", 7, ["Cat"]))
    told = r"UVO_2\.jsonl, line 2: narrative 'UVO_dense_val vidln_id 7' is already at .*UVO_1\.jsonl, line 1: keep it once"
    with pytest.raises(ValueError, match=told):
        load(tmp_path)
    (tmp_path / "UVO_2.jsonl").write_text(line("UVO_sparse_val", "c", 7, ["Cat"]) + line("UVO_dense_val", "b", None, ["Dog"])
                                          + line("UVO_dense_val", "b", None, ["Man"]))
    assert len(load(tmp_path)) == 4, "another list has numbers of its own, and a line may have none"


@pytest.mark.parametrize(("change", "told"), [
    ({"video_id": None}, "line 1: key 'video_id' is missing or no text"),
    ({"dataset_id": ""}, "line 1: key 'dataset_id' is missing or no text"),
    ({"vidln_id": ["x"]}, "line 1: key 'vidln_id' is missing or neither a text nor a whole number"),
    ({"actor_narratives": {}}, "line 1: key 'actor_narratives' is missing or no list"),
    ({"actor_narratives": [{"actor_name": 3}]},
     r"line 1, entry \['actor_narratives'\]\[0\]: key 'actor_name' is missing or no text"),
    ({"actor_narratives": [{"actor_name": "Cat", "caption": 3}]},
     r"line 1, entry \['actor_narratives'\]\[0\]: the caption is int, not text: write it as a string"),
])
def test_a_line_that_lacks_something_is_told_with_its_entry(tmp_path, change, told):
    (tmp_path / "UVO_1.jsonl").write_text(json.dumps(json.loads(line("UVO_dense_val", "a", 0, ["Cat"])) | change))
    with pytest.raises(ValueError, match=rf"UVO_1\.jsonl, {told}"):
        load(tmp_path)


def test_an_empty_folder_says_what_belongs_there(tmp_path):
    told = r"holds neither captions\.txt nor VidLN \*\.jsonl files: dataset 'vln_oops' needs it"
    with pytest.raises(FileNotFoundError, match=told):
        load(tmp_path, "vln_oops")


def authors(folder, text, ids="y\n", dataset="vln_oops"):
    (folder / "captions.txt").write_text(text)
    (folder / f"{dataset}_test_ids.txt").write_text(ids)
    return load(folder, dataset)


def test_the_authors_list_is_read_in_the_place_of_other_files_and_keeps_its_ids(tmp_path):
    (tmp_path / "oops_val.jsonl").write_text(line("oops_val", "b", 0, ["Dog"]))
    table = authors(tmp_path, "x##*##enc##*##3**#**a  cat\n\ny##*##1**#**a dog\n")
    assert table["video_id"].to_dict() == {"x##*##enc##*##3": "x##*##enc", "y##*##1": "y"}
    assert table["split"].tolist() == ["train", "test"] and table["file"].tolist() == ["x##*##enc.mp4", "y.mp4"]


@pytest.mark.parametrize("text", ["x**#**a cat", "x##*##0 a cat", "x##*##0**#*a cat", "a cat**#**x##*##0"])
def test_a_line_of_the_authors_of_another_form_is_told(tmp_path, text):
    told = r"captions\.txt, line 3: not of the form <video>##\*##<number>\*\*#\*\*<caption>: correct it"
    with pytest.raises(ValueError, match=told):
        authors(tmp_path, f"y##*##0**#**a dog\n\n{text}\n")


def test_ids_that_stand_twice_in_the_authors_files_are_told(tmp_path):
    with pytest.raises(ValueError, match=r"vln_oops_test_ids\.txt, line 3: id 'y' is already at .*line 1"):
        authors(tmp_path, "y##*##0**#**a dog", "y\nz\ny\n")
    with pytest.raises(ValueError, match=r"captions\.txt, line 2: .*'y##\*##0'.*line 1"):
        authors(tmp_path, "y##*##0**#**a dog\ny##*##0**#**a cat\n")
    with pytest.raises(ValueError, match=r"vln_oops_test_ids\.txt, line 1: the list is empty"):
        authors(tmp_path, "y##*##0**#**a dog", "\n")
