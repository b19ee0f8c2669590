"""The paper's tables on real files: what is there is compared, what is not there says so."""

import json

import numpy as np
import pandas as pd
import pytest

from posrank.figures import real, real_page


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    base = tmp_path_factory.mktemp("real")
    folder = base / "raw" / "msvd"
    folder.mkdir(parents=True)
    clips = {"a_0_1": ["a man walks near a dog", "a man runs slowly"], "b_0_1": ["a cat sits"], "c_0_1": ["a red cat sits"]}
    (folder / "captions_msvd.json").write_text(json.dumps(clips))
    for split, name in (("train", "a_0_1"), ("val", "b_0_1"), ("test", "c_0_1")):
        (folder / f"{split}_list.txt").write_text(name)
    uvo = base / "raw" / "vln_uvo"
    uvo.mkdir()
    lines = ["t##*##0**#**a man walks backward near a dog", "u##*##0**#**a man stands", "w##*##0**#**a man runs forward"]
    (uvo / "captions.txt").write_text("\n".join(lines))
    (uvo / "vln_uvo_test_ids.txt").write_text("t\nw\n")
    (uvo / "x_adverb_RE20.json").write_text(json.dumps({
        "t##*##0": {"0": "a man walks forward near a dog"}, "w##*##0": {"0": "a man runs backward"}}))
    tables = real.write(base / "raw", base / "out", base / "work")
    return base, tables


def cell(table, dataset, column):
    return table[(table["dataset"] == dataset) & (table["column"] == column)].iloc[0]


def test_table1_has_the_paper_beside_ours(made):
    table = made[1]["table1"]
    train = cell(table, "MSVD", "train_captions")
    assert train[["paper", "ours", "difference"]].tolist() == [52900, 3, 3 - 52900]  # train + val
    assert cell(table, "MSVD", "test_videos")["ours"] == 1 and cell(table, "MSVD", "noun")["ours"] == 1
    assert table.loc[table["dataset"] != "MSVD", "ours"].isna().all() and set(table["dataset"]) == {
        "YouCook2", "DiDeMo", "ActivityNet", "VATEX", "MSR-VTT", "MSVD", "TGIF"}


def test_table2_has_precision_and_recall(made):
    table = made[1]["table2"]
    adverbs = cell(table, "VLN-UVO", "adv_eligible")
    assert adverbs["paper"] == 4580 / 21 and adverbs["ours"] == 2
    assert adverbs["precision"] == 1 and adverbs["recall"] == 1
    assert np.isnan(cell(table, "VLN-UVO", "prep_eligible")["precision"]) and cell(table, "VLN-UVO", "train_captions")["ours"] == 1
    assert np.isnan(cell(table, "VLN-OOPS", "test_captions")["ours"])


def test_files(made):
    base, tables = made
    names = {"figure3.png", *(f"{name}.csv" for name in tables)}
    assert {path.name for path in (base / "out").iterdir()} == names
    text = real_page.wide(pd.read_csv(base / "out" / "table1.csv"))
    assert "52,900 / 3 (-52,897)" in text and real_page.ABSENT in text
    assert not any("a man walks" in path.read_text() for path in (base / "out").glob("*.csv"))
    validity = pd.read_csv(base / "out" / "released_validity.csv")
    columns = {"bigram", "bigram_low", "kneser_ney_bigram", "tied_32", "replacement_other_part", "4-gram", "-4-gram_low", "verdict"}
    assert columns <= set(validity)
    assert validity["4-gram"].between(0, 1).all() and validity["part"].tolist() == ["adv"] and validity["dataset"].iloc[0] == "vln_uvo"
    assert isinstance(validity["verdict"].iloc[0], str)
    assert (base / "work" / "msvd-default.parquet").exists()


def test_judges_are_those_of_every_set(tmp_path, monkeypatch, capsys):
    folder = tmp_path / "raw" / "msvd"
    folder.mkdir(parents=True)
    who, does = ("man", "woman", "boy", "girl"), ("rides a red bike", "washes a blue car", "rides a blue bike", "washes a red car")
    clips = {f"v{i}_0_1": [f"a {who[i % 4]} {does[i // 4 % 4]} slowly", f"a {who[i % 4]} who {does[i // 4 % 4]}"] for i in range(48)}
    (folder / "captions_msvd.json").write_text(json.dumps(clips))
    names = list(clips)
    for split, chosen in (("train", names[:24]), ("val", names[24:26]), ("test", names[26:])):
        (folder / f"{split}_list.txt").write_text("\n".join(chosen))
    monkeypatch.setattr(real.readme, "main", lambda: None)
    arguments = [str(tmp_path / "raw"), "--out", str(tmp_path / "out"), "--work", str(tmp_path / "work"), "--judges"]
    assert real.main(arguments) == 0
    table = pd.read_csv(tmp_path / "out" / "judges.csv")
    # a second call takes what the first one kept, but not of other lists
    kept = tmp_path / "work" / "judges-msvd-paper.json"
    report = json.loads(kept.read_text())
    report["report"]["parts"]["noun"]["judges"]["unigram"]["excess"] = 0.123
    kept.write_text(json.dumps(report))
    assert real.main(arguments) == 0
    again = pd.read_csv(tmp_path / "out" / "judges.csv").set_index(["rule", "part"])
    assert again.loc[("paper", "noun"), "unigram"] == 0.123
    report["settings"]["lists"] = "others"
    kept.write_text(json.dumps(report))
    assert real.main(arguments) == 0
    anew = pd.read_csv(tmp_path / "out" / "judges.csv")
    counted = ["rule", "part", "captions", "K", "chance", "unigram", "4-gram"]  # so few lists leave the learned judge undecided
    pd.testing.assert_frame_equal(anew[counted], table[counted])
    assert set(table["rule"]) == {"paper", "exchange"} and {"unigram", "4-gram", "learned"} <= set(table)
    judged = table[table["rule"] == "exchange"]
    assert len(judged) and judged[["unigram", "learned"]].abs().max(axis=None) < 1e-6
    assert "msvd, rule paper: " in capsys.readouterr().out


def test_a_folder_without_annotation_files_is_one_clear_line(tmp_path, capsys):
    for folder in (tmp_path, tmp_path / "nowhere"):
        assert real.main([str(folder), "--out", str(tmp_path / "out")]) == 1
        assert f"ERROR: {folder} holds no dataset that can be read" in capsys.readouterr().err
    assert not (tmp_path / "out" / "table1.csv").exists()
