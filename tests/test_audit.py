"""posrank.audit: the sample, the labels file, the page's buttons and keys, the report."""

import os
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from posrank import PARTS, audit, tables
from posrank.audit import Labelling
from posrank.figures.strips import marked, strip
from posrank.video.store import FrameStore

ROOT = Path(__file__).resolve().parent.parent


def captions(n=12):
    return tables.validate(pd.DataFrame({
        "dataset": "csv", "split": "test", "video_id": [f"v{i // 2}" for i in range(n)], "caption_id": [f"c{i}" for i in range(n)],
        "caption": [f"a small dog runs slowly over box {i}" for i in range(n)],
    }), "captions")


def negatives(per_part=8, n=12, rule="paper"):
    rows = [
        {"caption_id": f"c{i}", "part": part, "k": k, "sentence": f"a {part} dog runs slowly over box {i} {k}", "position": 1,
         "original": "small", "replacement": part, "source": "random", "rule": rule, "level": "word"}
        for part in PARTS for i in range(n) for k in range(per_part)
    ]
    return tables.validate(pd.DataFrame(rows), "negatives")


@pytest.fixture
def items():
    return audit.sample(negatives(), captions(), 10)


def frame_store(folder):
    folder.mkdir(parents=True)
    np.save(folder / "frames.npy", np.random.default_rng(0).integers(0, 255, (6, 4, 16, 16, 3), dtype=np.uint8))
    table = pd.DataFrame({"video_id": [f"v{i}" for i in range(6)], "row": range(6), "frames_read": 3, "status": "ok"})
    table.loc[5, ["row", "status"]] = [-1, "missing"]
    tables.write_table(table, folder / "videos.parquet", "videos")
    return FrameStore(folder)


@pytest.fixture
def store(tmp_path):
    return frame_store(tmp_path / "frames")


def test_the_sample_is_balanced_seeded_and_goes_on_with_more():
    table, texts = negatives(), captions()
    twenty = audit.sample(table, texts, 20)
    assert twenty["part"].tolist() == list(PARTS) * 4
    assert not twenty.duplicated(list(audit.KEY)).any()
    for other in (table.sample(frac=1, random_state=1), table[table["k"] < 8]):
        pd.testing.assert_frame_equal(audit.sample(other, texts, 20), twenty)
    pd.testing.assert_frame_equal(audit.sample(table, texts, 33).head(20), twenty)
    assert not audit.sample(table, texts, 20, seed=1).equals(twenty)
    # a row stays in the sample, and in its place among those of its part, whatever else is in the set
    fewer = audit.sample(table[table["caption_id"] != twenty["caption_id"].iloc[0]], texts, 20)
    assert len(fewer.merge(twenty, on=list(audit.KEY))) >= 12


def test_a_part_with_few_negatives_leaves_its_share_to_the_others():
    table = negatives()
    table = table[(table["part"] != "adv") | ((table["caption_id"] == "c3") & (table["k"] < 3))]
    counts = audit.sample(table, captions(), 100)["part"].value_counts().to_dict()
    assert counts.pop("adv") == 3 and sum(counts.values()) == 97 and set(counts.values()) == {24, 25}
    assert len(audit.sample(table, captions(), 10_000)) == len(table)


def test_every_negative_is_as_likely_as_any_other():
    table, texts = negatives(per_part=2), captions()
    drawn = pd.concat([audit.sample(table, texts, 20, seed) for seed in range(60)])
    counts = drawn.groupby(list(audit.KEY)).size()
    # 1,200 draws of 120 negatives: 10 each, give or take
    assert len(counts) == 120 and counts.max() < 24


@pytest.mark.parametrize(("change", "words"), [
    (lambda n, c: (n, c, 0), "1 or more"),
    (lambda n, c: (n.head(0), c, 5), "empty"),
    (lambda n, c: (n, c.head(3), 100), "another dataset"),
    (lambda n, c: (n, pd.concat([c, c]), 5), "captions of one dataset"),
    (lambda n, c: (n.drop(columns="sentence"), c, 5), "'sentence' is missing"),
])
def test_what_cannot_be_sampled_is_said(change, words):
    with pytest.raises(ValueError, match=words):
        audit.sample(*change(negatives(), captions()))


def test_labels_are_kept_and_read_back_without_texts(tmp_path, items):
    path = tmp_path / "deep" / "me.csv"
    assert audit.read_labels(path).equals(audit.empty())
    audit.save(path, items.iloc[0], "me", grammatical="yes")
    audit.save(path, items.iloc[1], "me", grammatical="no", false_negative="cannot tell")
    labels = audit.save(path, items.iloc[0], "me", false_negative="no")
    assert labels[list(audit.ANSWERS)].to_numpy().tolist() == [["yes", "no"], ["no", "cannot tell"]]
    pd.testing.assert_frame_equal(audit.read_labels(path), audit.check_labels(labels), check_dtype=False)
    assert tuple(labels.columns) == audit.COLUMNS and "dog" not in path.read_text()
    assert [each.name for each in path.parent.iterdir()] == ["me.csv"]
    audit.check_set(labels, negatives(), captions())
    # a column of one's own stays, and so does a file that a spreadsheet saved with a byte order mark
    path.write_text("\ufeff" + labels.assign(note="odd, but fine").to_csv(index=False), encoding="utf-8")
    audit.save(path, items.iloc[2], "me", grammatical="yes")
    assert audit.read_labels(path)["note"].tolist() == ["odd, but fine", "odd, but fine", ""]


def test_a_file_is_never_half_written(tmp_path, items, monkeypatch):
    path = tmp_path / "me.csv"
    audit.save(path, items.iloc[0], "me", grammatical="yes")
    before = path.read_bytes()

    def full(*_):
        raise OSError("No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    page = Labelling(items, path)
    page.press("f")
    assert "NOT SAVED" in page.note.value and "No space left" in page.note.value
    assert path.read_bytes() == before and [each.name for each in tmp_path.iterdir()] == ["me.csv"]
    assert page.at == 0 and page.buttons["f"].button_style == ""
    monkeypatch.undo()
    page.press("f")
    assert page.at == 1 and "NOT SAVED" not in page.note.value


@pytest.mark.parametrize(("change", "words"), [
    (lambda t: t.replace("grammatical", "grammar"), "me.csv: column 'grammatical' is missing"),
    (lambda t: t.replace(",yes,", ",maybe,"), "line 2: grammatical is 'maybe'; use one of yes, no"),
    (lambda t: t.replace(",no,", ",nope,"), "line 2: false_negative is 'nope'; use one of yes, no, cannot tell"),
    (lambda t: t.replace("noun", "pronoun"), "line 2: part is 'pronoun'; use one of noun"),
    (lambda t: t.replace(",noun,", ",noun,x"), "line 2: k is 'x[0-9]'; give a whole number"),
    (lambda t: t.replace(",me\n", ",\n"), "line 2: labeller is ''"),
    (lambda t: t + t.splitlines()[1] + "\n", "line 3: me has labelled caption"),
    (lambda t: t.replace(",noun,", ",noun,1"), "line 2: caption .* is not in this set"),
    (lambda t: t.replace("paper", "released"), "is not in this set"),
    (lambda t: t.replace(audit.sample(negatives(), captions(), 1)["fingerprint"].iloc[0], "0" * 16), "has another text now"),
    (lambda t: "", "no readable csv"),
    (lambda t: t + '"', "no readable csv"),
])
def test_wrong_labels_name_file_line_and_remedy(tmp_path, items, change, words):
    path = tmp_path / "me.csv"
    audit.save(path, items.iloc[0], "me", grammatical="yes", false_negative="no")
    assert len(audit.read_folder(tmp_path, negatives(), captions())) == 1
    path.write_text(change(path.read_text()))
    with pytest.raises(ValueError, match=words):
        audit.read_folder(tmp_path, negatives(), captions())


def test_labels_of_a_set_made_anew_are_refused(tmp_path, items):
    audit.save(tmp_path / "me.csv", items.iloc[0], "me", grammatical="yes")
    with pytest.raises(ValueError, match="another text"):
        Labelling(items.assign(fingerprint="0" * 16), tmp_path / "me.csv")
    with pytest.raises(ValueError, match="the questions and their answers"):
        audit.put(audit.empty(), items.iloc[0], "me", grammatical="cannot tell")


def test_labels_are_not_kept_in_a_copy_that_is_made_to_be_deleted(tmp_path):
    work = SimpleNamespace(folder=tmp_path / ".presets" / "smoke")
    assert audit.labels_folder(work, "world-paper") == tmp_path / "data" / "audit" / "smoke" / "world-paper"
    assert audit.labels_folder(SimpleNamespace(folder=tmp_path), "x") == tmp_path / "data" / "audit" / "x"
    with pytest.raises(ValueError, match="slash"):
        audit.labels_folder(work, "../x")


def test_buttons_and_keys_label_step_and_resume(tmp_path, items, store):
    path = tmp_path / "me.csv"
    page = Labelling(items, path, store=store)
    assert page.at == 0 and "0 of 10 labelled" in page.head.value
    page.buttons["g"].click()
    assert page.at == 0 and page.buttons["g"].button_style == "info" and page.buttons["u"].button_style == ""
    assert audit.read_labels(path)["grammatical"].tolist() == ["yes"]
    page.buttons["f"].click()
    assert page.at == 1 and page.progress.value == 1
    page.keys.value = "u"
    page.keys.value = "ut"
    assert page.at == 2 and "verb" in audit.read_labels(path)["part"].tolist()
    # several keys at once, as they come when the kernel was busy; capitals; taking letters back is no answer
    page.keys.value = "utsG"
    page.keys.value = "ut"
    assert page.at == 3
    page.keys.value = "utC"
    assert page.at == 4 and audit.read_labels(path)["false_negative"].tolist() == ["no", "yes", "cannot tell"]
    page.keys.value = "utCx"
    assert "&#x27;x&#x27; has no meaning" in page.note.value

    again = Labelling(items, path, store=store)
    assert again.at == 2
    again.press("g"), again.press("f")
    assert again.at == 4, "what has both answers is not asked again"
    for key in "bbb":
        again.press(key)
    assert again.at == 1 and again.buttons["t"].button_style == "info"
    again.press("f")
    assert again.at == 1 and "changed" in again.note.value
    assert audit.read_labels(path)["false_negative"].tolist() == ["no", "no", "cannot tell", "no"]


def test_the_end_leads_to_what_was_skipped(tmp_path, items):
    page = Labelling(items.head(3), tmp_path / "me.csv", store=None)
    for key in "gfsgf":
        page.press(key)
    assert page.at == 3 and "2 of 3 labelled; 1 are open" in page.text.value and page.buttons["g"].disabled
    page.press("g")
    assert len(audit.read_labels(tmp_path / "me.csv")) == 2, "there is nothing to answer at the end"
    page.press("s")
    assert page.at == 1
    page.press("g"), page.press("f")
    assert page.at == 3 and "Thank you" in page.text.value
    page.press("s")
    assert page.at == 3
    assert Labelling(items.head(3), tmp_path / "me.csv").at == 3


def test_two_pages_and_two_labellers_do_not_overwrite_each_other(tmp_path, items):
    path = tmp_path / "all.csv"
    one, other = Labelling(items, path, "anna"), Labelling(items, path, "bert")
    for page in (one, other):
        page.press("g"), page.press("f")
    one.press("u")
    assert audit.read_labels(path)["labeller"].tolist() == ["anna", "bert", "anna"]
    for name in (" ", "a/b"):
        with pytest.raises(ValueError, match="give your name or initials"):
            Labelling(items, path, name)


def test_frames_stand_beside_their_caption(tmp_path, items, store):
    page = Labelling(items, tmp_path / "me.csv", store=store)
    seen = []
    for _ in range(len(items)):
        seen.append((items["video_id"].iloc[page.at] in store, page.picture.layout.display != "none", "no frames" in page.text.value))
        page.press("s")
    assert set(seen) == {(True, True, False), (False, False, True)}
    assert bytes(page.picture.value).startswith(b"\x89PNG")


def test_a_strip_shows_the_frames_that_were_read_in_order():
    frames = np.zeros((12, 20, 20, 3), np.uint8) + np.arange(0, 240, 20, dtype=np.uint8)[:, None, None, None]
    picture = np.asarray(strip(frames, 3))
    assert picture.shape == (40, 128, 3) and [picture[20, x, 0] for x in (20, 64, 108)] == [0, 20, 40]
    large = np.asarray(strip(np.repeat(np.repeat(frames, 12, 1), 12, 2), 12))
    assert large.shape == (524, 1052, 3) and large[130, 130, 0] == 0 and large[390, 920, 0] == 220
    assert strip(frames, 0).size == (40, 40)


def test_changed_words_are_coloured_and_texts_escaped():
    assert marked("a <b> dog  runs", "a <b> cat runs", "red") == 'a &lt;b&gt; <b style="color:red">dog</b> runs'
    assert marked("an owl, pink-white", "a dog, blue-white", "red").count("<b ") == 3
    assert marked("a dog", "a big dog", "red") == "a dog"
    assert marked("a big dog", "a dog", "red") == 'a <b style="color:red">big</b> dog'


def test_wilson_has_the_known_values():
    # Wilson's formula by hand, z = 1.959964: (p + z2/2n +- z sqrt(p(1-p)/n + z2/4n2)) / (1 + z2/n)
    assert audit.wilson(4, 100) == pytest.approx((0.015663, 0.098371), abs=1e-6)
    assert audit.wilson(0, 20) == pytest.approx((0, 0.161125), abs=1e-6)
    for count, n in ((1, 7), (13, 50), (50, 50)):
        z2, p = 1.959963985**2, count / n
        middle, half = p + z2 / (2 * n), np.sqrt(z2) * np.sqrt(p * (1 - p) / n + z2 / (4 * n * n))
        assert audit.wilson(count, n) == pytest.approx(((middle - half) / (1 + z2 / n), (middle + half) / (1 + z2 / n)), abs=1e-7)
    assert np.isnan(audit.wilson(0, 0)).all()
    with pytest.raises(ValueError, match="3 of 2"):
        audit.wilson(3, 2)


def test_the_report_counts_per_labeller_and_part_beside_the_paper(items):
    labels = audit.empty()
    assert audit.report(labels).index.tolist() == [("the paper", "all")]
    for i, item in items.iterrows():
        labels = audit.put(labels, item, "anna", grammatical="no" if i == 0 else "yes")
        if i < 6:
            labels = audit.put(labels, item, "anna", false_negative=("yes", "cannot tell", "no", "no", "no", "yes")[i])
    labels = audit.put(labels, items.iloc[0], "bert", grammatical="yes")
    table = audit.report(labels)
    assert table.index.tolist() == [*(("anna", part) for part in (*PARTS, "all")), ("bert", "noun"), ("bert", "all"), ("the paper", "all")]
    everything = table.loc[("anna", "all")]
    assert everything[["looked_at", "ungrammatical", "cannot_tell", "judged", "false_negatives"]].tolist() == [10, 1, 1, 5, 2]
    assert everything["ungrammatical_share"] == 0.1 and everything["false_share"] == 0.4
    assert (everything["false_low"], everything["false_high"]) == audit.wilson(2, 5)
    noun = table.loc[("anna", "noun")]
    assert noun["looked_at"] == 2 and noun["ungrammatical_share"] == 0.5 and noun["false_share"] == 1.0
    assert table.loc[("bert", "all"), "judged"] == 0 and np.isnan(table.loc[("bert", "all"), "false_low"])
    assert table.loc[("the paper", "all"), ["ungrammatical", "false_negatives"]].tolist() == [7, 4]
    text = audit.readable(table)
    assert text.loc[("the paper", "all")].tolist() == ["7 of 100", "7.0 % [3.4, 13.7]", "4 of 100", "4.0 % [1.6, 9.8]", 0]
    assert text.loc[("bert", "all")].tolist()[2:] == ["0 of 0", "", 0]


def test_agreement_has_cohens_kappa(items):
    labels = audit.empty()
    answers = {"anna": ["yes"] * 5 + ["no"] * 3, "bert": ["yes"] * 4 + ["no"] * 3 + ["yes"]}
    for labeller, given in answers.items():
        for answer, (_, item) in zip(given, items.iterrows()):
            labels = audit.put(labels, item, labeller, grammatical=answer)
    (row,) = audit.agreement(labels).to_dict("records")
    # agree 6 of 8; by chance 5/8 * 5/8 + 3/8 * 3/8 = 34/64
    assert row["items"] == 8 and row["agree"] == 0.75 and row["kappa"] == pytest.approx((0.75 - 34 / 64) / (1 - 34 / 64))
    assert audit.agreement(labels[labels["labeller"] == "anna"]).empty


def test_the_notebook_runs_without_a_person(tmp_path, monkeypatch, items):
    """In a workspace of hand-made tables, through the pipeline's own way to run notebooks."""
    import nbformat

    from posrank.pipeline import notebooks

    work = tmp_path / "work"
    for name, table, kind in (("captions/csv", captions(), "captions"), ("negatives/csv-paper", negatives(), "negatives")):
        (work / "data" / name).parent.mkdir(parents=True)
        tables.write_table(table, work / "data" / f"{name}.parquet", kind)
    (work / "data" / "tags").mkdir()
    tables.write_table(tables.empty("tags"), work / "data" / "tags" / "csv.parquet", "tags")
    frame_store(work / "data" / "frames" / "csv")
    (work / "params.yaml").write_bytes((ROOT / "params.yaml").read_bytes())
    audit.save(work / "data" / "audit" / "csv-paper" / "anna.csv", items.iloc[0], "anna", grammatical="no", false_negative="yes")
    monkeypatch.setenv("POSRANK_WORKSPACE", str(work))
    monkeypatch.setenv("PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    notebooks.execute(ROOT / "notebooks" / "7_audit.ipynb", tmp_path / "out.ipynb", {"dataset": "csv", "n": 15})
    done = nbformat.read(tmp_path / "out.ipynb", as_version=4)
    shown = [str(output) for cell in done.cells for output in cell.get("outputs", [])]
    first = audit.sample(negatives(), captions(), 15)
    assert any(audit.item_html(first.iloc[0]).split("box")[1][:4] in each and "<h4>noun</h4>" in each for each in shown)
    assert any("1 of 1" in each and "anna" in each and "the paper" in each for each in shown)
    assert [path.name for path in (work / "data" / "audit" / "csv-paper").iterdir()] == ["anna.csv"]
