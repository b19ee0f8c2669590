"""The explorer: what is on the page, texts that are no HTML, filters and links in a real browser (skipped without one)."""

import json
import re
import shutil
import subprocess

import pandas as pd
import pytest

import posrank
from posrank.__main__ import main
from posrank.figures.explorer_page import explorer, script_json

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
EVIL = '<img src=x onerror="document.title=1"></script><script>document.title="evil"</script>'


def sets():
    captions = pd.DataFrame({"caption_id": ["c0", "c1", "c2"], "video_id": ["v0", "v1", "v2"],
                             "caption": ["a red  ball rolls", f"a big box {EVIL}", "a dog runs"], "file": ["v0.mp4", "sub/v1.mp4", "v2.mp4"]})
    rows = [("c0", "adj", 0, "a blue  ball rolls", "antonym"), ("c0", "adj", 1, "an old  ball rolls", "random"),
            ("c0", "noun", 0, "a red  car rolls", "random"), ("c1", "adj", 0, f"a small box {EVIL}", "antonym"), ("c2", "verb", 0, "a dog sleeps", "random")]
    return captions, pd.DataFrame(rows, columns=["caption_id", "part", "k", "sentence", "source"])


def scored(function, name):
    captions, negatives = sets()
    return posrank.evaluate(lambda videos, texts: [float(function(text)) for text in texts], negatives, captions, run=name, progress=False, scores=True)[1]


def page(tmp_path, models=2, **options):
    captions, negatives = sets()
    scores = {"likes b": scored(lambda text: text.count("b"), "b"), "likes red": scored(lambda text: "red" in text or "big" in text, "r")}
    videos = tmp_path / "videos"
    (videos / "sub").mkdir(parents=True, exist_ok=True)
    (videos / "v0.mp4").write_bytes(b"0" * 100)
    (videos / "sub" / "v1.mp4").write_bytes(b"1" * 200)
    return explorer(dict(list(scores.items())[:models]), negatives, captions, videos, tmp_path / "page" / "explorer.html", **options)


def data_of(path):
    (text,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', path.read_text())
    return json.loads(text)


def test_the_page_holds_lists_scores_changes_and_clips(tmp_path):
    path = page(tmp_path)
    found = data_of(path)
    assert found["models"] == ["likes b", "likes red"] and found["parts"] == ["noun", "verb", "adj"]
    assert found["sources"] == ["antonym", "random"] and len(found["items"]) == 4
    item = next(item for item in found["items"] if item["part"] == "adj" and item["video"] == "v0")
    assert item["t"] == ["a red ball rolls", "a blue ball rolls", "an old ball rolls"]
    assert [[text[a:b] for a, b in spans] for text, spans in zip(item["t"], item["m"])] == [["red"], ["blue"], ["an", "old"]]
    assert item["s"] == [[1.0, 1.0], [2.0, 0.0], [1.0, 0.0]] and item["from"] == ["antonym", "random"]
    assert set(found["clips"]) == {"v0", "v1"} and found["clips"]["v0"].startswith("data:video/mp4;base64,")
    assert not re.search(r"(src|href)=[\"']?(https?:)?//", path.read_text())


def test_texts_cannot_leave_the_data(tmp_path):
    text = page(tmp_path).read_text()
    assert "<img" not in text and text.count("</script>") == 2 and text.count("<script") == 2
    assert json.loads(script_json({EVIL: "\u2028"})) == {EVIL: "\u2028"}


def test_large_clips_lie_beside_the_page(tmp_path, monkeypatch):
    monkeypatch.setattr("posrank.figures.explorer_page.EMBED", 250)
    path = page(tmp_path)
    clips = data_of(path)["clips"]
    assert (path.parent / clips["v1"]).read_bytes() == b"1" * 200 and clips["v1"].startswith("explorer_clips/")


def test_a_piece_of_a_file_is_played_from_its_start_to_its_end(tmp_path):
    captions, negatives = sets()
    (tmp_path / "long.mp4").write_bytes(b"0")
    captions = captions.assign(file="long.mp4", start=[1.5, 10.0, float("nan")], end=[3.0, 12.0, float("nan")])
    clips = data_of(explorer({"b": scored(len, "b")}, negatives, captions, tmp_path, tmp_path / "x.html"))["clips"]
    assert clips["v0"].endswith("#t=1.5,3") and clips["v1"].endswith("#t=10,12") and "#" not in clips["v2"]


def test_a_large_set_is_thinned_out_and_says_so(tmp_path):
    found = data_of(page(tmp_path, most=2))
    assert len(found["items"]) == 2 and "2 of 4 lists are shown" in found["about"]


def test_scores_of_other_lists_are_refused(tmp_path):
    captions, negatives = sets()
    own = scored(len, "x")
    with pytest.raises(ValueError, match="lacks a score"):
        explorer({"x": own[own["k"] < 1]}, negatives, captions, None, tmp_path / "x.html")
    with pytest.raises(ValueError, match="one or two models"):
        explorer(dict.fromkeys("abc", own), negatives, captions, None, tmp_path / "x.html")
    with pytest.raises(ValueError, match="leads out"):
        explorer({"x": own}, negatives, captions.assign(file="../secret.mp4"), tmp_path, tmp_path / "x.html")
    assert not (tmp_path / "x.html").exists()


def dom(path, fragment, tmp_path):
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--virtual-time-budget=3000"]
    done = subprocess.run([BROWSER, *flags, f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", f"{path.as_uri()}#{fragment}"],
                          capture_output=True, text=True, timeout=120)
    return done.stdout


@pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")
def test_a_browser_shows_filters_and_links(tmp_path):
    path = page(tmp_path)
    whole = dom(path, "", tmp_path)
    assert whole.count("<article") == 4 and "4 of 4 lists" in whole and "<title>PoSRank explorer</title>" in whole
    assert "<video" in whole and "no clip of this video here" in whole and "&lt;img src=x" in whole
    assert '<b class="true">red</b>' in whole and '<b class="other">blue</b>' in whole
    items = {(item["part"], item["video"]): item["id"] for item in data_of(path)["items"]}
    for fragment, wanted in {
        "part=adj": [("adj", "v0"), ("adj", "v1")], "rank=lower": [("adj", "v0")], "rank=tied": [("adj", "v0"), ("verb", "v2")],
        "source=antonym": [("adj", "v0"), ("adj", "v1")], "agreement=two": [("adj", "v0")], "agreement=one": [("noun", "v0")], "agreement=both": [("adj", "v1")],
        "agreement=none": [("verb", "v2")], "words=DOG": [("verb", "v2")], "by=1&rank=first": [("adj", "v0"), ("adj", "v1")],
        f"item={items['verb', 'v2']}": [("verb", "v2")], "part=adv": [], "by=7&page=99": list(items),
    }.items():
        shown = set(re.findall(r'<article id="(\w+)"', dom(path, fragment, tmp_path)))
        assert shown == {items[key] for key in wanted}, fragment


def test_the_command_line_needs_results(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["explore", "no-such-run"]) == 1
    assert "ERROR" in capsys.readouterr().err
