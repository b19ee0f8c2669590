"""Frozen sets: the rebuilt tables equal the originals bit for bit, no text of a caption is in a file, and captions that
are missing or changed are counted and named."""

import doctest
import importlib
import json
from functools import lru_cache
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support_negatives import tagged, world

import posrank
from posrank import release
from posrank.negatives import exchange, generate
from posrank.pipeline import params
from posrank.release.edits import in_order
from posrank.release.folder import ABOUT, releases, table_digest
from posrank.release.rebuild import unmatched_text
from posrank.release.save import thin
from posrank.release.spans import Caption, find_spans, fingerprint
from posrank.world.build import annotation

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data" / "captions"
SENTENCES = (
    "A/DT big/JJ dog/NN __/_SP runs/VBZ slowly/RB on/IN a/DT road/NN", "an/DT old/JJ man/NN and/CC a/DT man/NN walk/VBP",
    "The/DT RED/JJ car/NN is/AUX going/VBG quickly/RB under/IN a/DT bridge/NN", "the/DT red/JJ red/JJ car/NN stops/VBZ",
    "an/DT orange/JJ ball/NN is/AUX rolling/VBG", "a/DT t/NN_ -/HYPH_ shirt/NN hangs/VBZ in/IN the/DT old/JJ house/NN",
)


def small(level="word", k=20):
    captions, tags = tagged(*SENTENCES, videos=["v0", "v0", "v1", "v2", "v3", "v4"])
    return captions, generate(captions, tags=tags, level=level, k=k, reference=captions, progress=False)


def same(left, right):
    pd.testing.assert_frame_equal(left, right, check_exact=True)


def plain(attrs):
    more = {"release", "unmatched", "lists", "lists_left_out", "errata"}
    return json.loads(json.dumps({key: value for key, value in attrs.items() if key not in more}))


@pytest.mark.parametrize("level", ["word", "phrase"])
def test_a_rebuilt_table_is_the_original_bit_for_bit(tmp_path, level):
    captions, negatives = small(level)
    made = release.write(negatives, captions, tmp_path / "made-paper-1.0")
    texts, again = release.build(made.folder, captions)
    same(again, in_order(negatives))
    same(again, negatives)
    same(texts, captions[captions["caption_id"].isin(negatives["caption_id"])].reset_index(drop=True))
    assert plain(again.attrs) == plain(negatives.attrs)
    assert again.attrs["unmatched"] == {} and again.attrs["lists_left_out"] == 0


def test_the_worlds_captions_come_back_too(tmp_path):
    captions, tags = world(60)
    negatives = generate(captions, tags=tags, splits=["test"], progress=False)
    made = release.write(negatives, captions, tmp_path / "world-paper-1.0")
    same(release.build(made, captions)[1], negatives)


def test_rule_released_comes_back_too(tmp_path):
    captions, tags = world(60)
    negatives = generate(captions, "released", tags=tags, splits=["test"], progress=False)
    made = release.write(negatives, captions, tmp_path / "world-released-1.0")
    same(release.build(made, captions)[1], negatives)
    captions, tags = tagged(*SENTENCES)
    negatives = generate(captions, "released", tags=tags, reference=captions, progress=False)
    same(release.build(release.write(negatives, captions, tmp_path / "made-released-1.0"), captions)[1], negatives)


PIECES = st.sampled_from(["a/DT", "an/DT", "A/DT", "the/DT", "red/JJ", "Old/JJ", "orange/JJ", "dog/NN", "Car/NN", "apple/NN", "dog/NN", "runs/VBZ", "RUNS/VBZ", "eating/VBG", "slowly/RB", "often/RB", "on/IN", "under/IN", "and/CC", "__/_SP", "./."])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(PIECES, min_size=1, max_size=9).filter(lambda words: {*words} - {"__/_SP"}), min_size=1, max_size=6),
       st.sampled_from(["word", "phrase"]), st.integers(1, 20), st.integers(0, 3))
def test_whatever_is_made_comes_back(tmp_path_factory, sentences, level, k, seed):
    videos = [f"v{n // 2}" for n in range(len(sentences))]
    captions, tags = tagged(*[" ".join(words) for words in sentences], videos=videos)
    negatives = generate(captions, tags=tags, level=level, k=k, seed=seed, reference=captions, progress=False)
    if len(negatives):
        folder = tmp_path_factory.mktemp("set") / "made-paper-1.0"
        same(release.build(release.write(negatives, captions, folder), captions)[1], negatives)


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10**6), st.integers(20, 80))
def test_whatever_is_exchanged_comes_back(tmp_path_factory, seed, videos):
    captions, tags = world(videos, seed=seed)
    statements, negatives = exchange(captions, tags=tags, seed=seed, progress=False)
    if len(negatives):
        folder = tmp_path_factory.mktemp("set") / "world-exchange-1.0"
        texts, again = release.build(release.write(negatives, captions, folder, statements), captions)
        same(texts, statements)
        same(again, negatives)


@pytest.fixture(scope="module")
def groups():
    captions, tags = world(200)
    captions.attrs["variant"] = "default"
    return captions, *exchange(captions, tags=tags, progress=False)


def test_groups_come_back_bit_for_bit(tmp_path, groups):
    captions, statements, negatives = groups
    assert len(statements)
    made = release.write(negatives, captions, tmp_path / "world-exchange-1.0", statements)
    texts, again = release.build(made, captions)
    same(texts, statements)
    same(again, negatives)
    assert plain(again.attrs) == plain(negatives.attrs)


def test_groups_need_the_statements_and_their_lists(tmp_path, groups):
    captions, statements, negatives = groups
    with pytest.raises(ValueError, match="needs `statements`"):
        release.write(negatives, captions, tmp_path / "world-exchange-1.0")
    with pytest.raises(ValueError, match="not the lists of these statements"):
        release.write(negatives.iloc[::-1], captions, tmp_path / "world-exchange-1.0", statements)


def test_a_group_that_lacks_a_caption_is_left_out_as_a_whole(tmp_path, groups):
    captions, statements, negatives = groups
    made = release.write(negatives, captions, tmp_path / "world-exchange-1.0", statements)
    gone = statements["source_caption_id"].iloc[0]
    texts, again = release.build(made, captions[captions["caption_id"] != gone])
    broken = set(statements.loc[statements["source_caption_id"] == gone, "group"])
    same(texts, statements[~statements["group"].isin(broken)].reset_index(drop=True))
    assert again.attrs["unmatched"] == {gone: "missing"} and not set(again["group"]) & broken
    assert again.attrs["lists_left_out"] == statements["group"].isin(broken).sum() > 1


def test_case_and_white_space_are_no_change_and_stay_the_users_own(tmp_path):
    captions, negatives = small()
    made = release.write(negatives, captions, tmp_path / "made-paper-1.0")
    other = captions.assign(caption=[f" {text.upper().replace(' ', '   ')} " for text in captions["caption"]])
    _, again = release.build(made, other)
    assert again.attrs["unmatched"] == {} and len(again) == len(negatives)
    assert [" ".join(text.lower().split()) for text in again["sentence"]] == \
        [" ".join(text.lower().split()) for text in negatives["sentence"]]
    assert again["sentence"].str.contains("   ").any()


def test_missing_changed_and_moved_captions_are_named(tmp_path):
    captions, negatives = small()
    made = release.write(negatives, captions, tmp_path / "made-paper-1.0")
    other = captions.copy()
    other.loc[0, "caption"] += " now"
    other.loc[1, "video_id"] = "elsewhere"
    other = other.drop(index=2)
    texts, again = release.build(made, other)
    assert again.attrs["unmatched"] == {"c0": "changed", "c1": "of another video", "c2": "missing"}
    rest = negatives[~negatives["caption_id"].isin(["c0", "c1", "c2"])].reset_index(drop=True)
    same(again, rest)
    assert set(texts["caption_id"]) == set(rest["caption_id"])
    text = unmatched_text(again.attrs)
    assert "do not match: 1 changed (c0); 1 of another video (c1); 1 missing (c2)" in text
    with pytest.raises(ValueError, match="none of its captions"):
        release.build(made, captions.assign(caption="other words"))


def test_no_text_of_a_caption_is_in_any_file(tmp_path, groups):
    captions, negatives = small()
    folders = [(captions, release.write(negatives, captions, tmp_path / "made-paper-1.0").folder)]
    captions, statements, negatives = groups
    folders.append((captions, release.write(negatives, captions, tmp_path / "world-exchange-1.0", statements).folder))
    for captions, folder in folders:
        assert leaks(folder, captions["caption"]) == []


def leaks(folder, captions):
    """Runs of three words of captions, of letters only, that a file of the folder holds as they are."""
    table = pd.read_parquet(next(folder.glob("*.parquet")))
    texts = [" ".join(map(str, value)) if hasattr(value, "__len__") and not isinstance(value, str) else str(value)
             for column in table for value in table[column]]
    # the words of a list, one after the other, are no text: only single values count
    singles = {str(item).lower() for column in table for value in table[column]
               for item in (value if hasattr(value, "tolist") else [value])}
    texts = [*singles, *(path.read_text().lower() for path in folder.iterdir() if path.suffix != ".parquet")]
    runs = {" ".join(words[i : i + 3]) for text in captions for words in [text.lower().split()]
            for i in range(len(words) - 2)}
    everything = "\n".join(texts)
    return [run for run in runs if run in everything]


def test_a_damaged_or_incomplete_release_is_refused(tmp_path):
    captions, negatives = small()
    folder = release.write(negatives, captions, tmp_path / "made-paper-1.0").folder
    table = folder / "edits.parquet"
    whole = table.read_bytes()
    table.write_bytes(whole[:-1] + b"x")
    with pytest.raises(ValueError, match="another digest"):
        release.read(folder)
    table.unlink()
    with pytest.raises(ValueError, match="is missing"):
        release.read(folder)
    table.write_bytes(whole)
    about = json.loads((folder / ABOUT).read_text())
    (folder / ABOUT).write_text(json.dumps(about | {"digest": "0" * 32}))
    with pytest.raises(ValueError, match="digest of the tables differs"):
        release.build(folder, captions)
    (folder / ABOUT).write_text("{")
    with pytest.raises(ValueError, match=r"release\.json, line 1: no JSON"):
        release.read(folder)
    with pytest.raises(FileNotFoundError, match="no release"):
        release.read("msrvtt-nothing-9.9")


def test_names_rules_and_columns_are_checked(tmp_path):
    captions, negatives = small()
    for name, message in {"set": "name it", "made-exchange-1.0": "rule paper", "other-paper-1.0": "dataset made"}.items():
        with pytest.raises(ValueError, match=message):
            release.write(negatives, captions, tmp_path / name)
    with pytest.raises(ValueError, match="'notes' cannot be made again"):
        release.write(negatives.assign(notes="x"), captions, tmp_path / "made-paper-1.0")
    with pytest.raises(ValueError, match="is not in the captions"):
        release.write(negatives, captions[1:], tmp_path / "made-paper-1.0")
    wrong = negatives.copy()
    wrong.loc[3, "sentence"] = "quite another sentence"
    with pytest.raises(ValueError, match="k 3: the sentence is not its caption"):
        release.write(wrong, captions, tmp_path / "made-paper-1.0")
    assert not list(tmp_path.iterdir())


def test_errata_are_counted(tmp_path):
    captions, negatives = small()
    made = release.write(negatives, captions, tmp_path / "made-paper-1.0")
    name = made.table["list"].iloc[0]
    (made.folder / "errata.csv").write_text(f'list,version,what\n{name},1.0,"a negative holds, too"\n')
    _, again = release.build(made.folder, captions)
    assert again.attrs["errata"] == 1 and len(again) == len(negatives)


def test_a_thinner_set_keeps_whole_lists_of_each_video():
    captions, tags = world(40)
    negatives = generate(captions, tags=tags, splits=["test"], progress=False)
    fewer = thin(negatives, captions, 1)
    lists = fewer[["caption_id", "part"]].drop_duplicates()
    videos = lists.assign(video_id=lists["caption_id"].map(captions.set_index("caption_id")["video_id"]))
    assert videos.groupby(["video_id", "part"]).size().max() == 1
    keys = list(zip(lists["caption_id"], lists["part"]))
    whole = negatives[[key in set(keys) for key in zip(negatives["caption_id"], negatives["part"])]]
    same(fewer, whole.reset_index(drop=True))
    assert fewer.attrs["captions_per_video"] == 1


def test_the_digest_sees_order_and_words():
    _, negatives = small()
    other = negatives.copy()
    other.loc[0, "replacement"] = "else"
    digests = {table_digest(table) for table in (negatives, negatives.iloc[::-1], other)}
    assert len(digests) == 3 and table_digest(negatives.copy()) in digests


def test_an_evaluation_on_a_rebuilt_set_is_that_on_the_original(tmp_path):
    captions, negatives = small()
    made = release.write(negatives, captions, tmp_path / "made-paper-1.0")
    texts, again = release.build(made, captions)

    def scorer(videos, sentences):
        return [len(text) for text in sentences]

    same(posrank.evaluate(scorer, again, texts, run="r", progress=False),
         posrank.evaluate(scorer, negatives, captions, run="r", progress=False))


WORDS = st.sampled_from(["a", "an", "A", "An", "red", "Red", "RED", "old", "car", "aa", "the", "Ärger", "ß", "don't"])


@settings(max_examples=300, deadline=None)
@given(st.lists(WORDS, min_size=1, max_size=8), st.lists(st.sampled_from([" ", "  ", "\t"]), min_size=8, max_size=8),
       st.integers(0, 7), st.sampled_from(["orange", "big", "old", "car"]), st.sampled_from(["", " ", "\n"]))
def test_spans_find_what_was_replaced(words, spaces, at, new, end):
    at %= len(words)
    caption = end + "".join(word + space for word, space in zip(words, [*spaces[: len(words) - 1], ""])) + end
    changed = [*words[:at], new, *words[at + 1 :]]
    sentence = "".join(word + space for word, space in zip(changed, [*spaces[: len(words) - 1], ""]))
    spans = find_spans(caption, sentence, [(words[at], new)])
    assert Caption(caption).with_changes(spans) == sentence
    assert fingerprint(caption) == fingerprint(" ".join(words).upper().lower()) or "ß" in caption


def test_the_released_sets_of_this_project_hold_together():
    for name in releases():
        found = release.read(name)
        assert sum(part["lists"] for part in found.about["counts"].values()) == len(found.table)
        assert found.table["list"].is_unique


def test_the_croissant_file_is_valid(tmp_path, groups):
    mlcroissant = pytest.importorskip("mlcroissant", reason="mlcroissant is not installed (extra export)")
    captions, negatives = small("phrase")
    folders = [release.write(negatives, captions, tmp_path / "made-paper-1.0").folder]
    captions, statements, negatives = groups
    folders.append(release.write(negatives, captions, tmp_path / "world-exchange-1.0", statements).folder)
    for folder in folders:
        described = mlcroissant.Dataset(jsonld=folder / "croissant.json")
        assert not described.metadata.ctx.issues.errors
        records = list(described.records("lists"))
        table = release.read(folder).table
        assert len(records) == len(table)
        name = records[0]["lists/caption_id"]
        assert (name.decode() if isinstance(name, bytes) else name) == table["caption_id"].iloc[0]


def run(*words):
    from posrank.__main__ import main

    return main(["release", *map(str, words)])


def test_the_command_line_writes_and_builds_a_set(tmp_path, capsys):
    raw = tmp_path / "raw"
    raw.mkdir()
    nouns = ("dog", "cat", "horse", "bike", "car", "boat")
    lines = [f"v{n},a big {noun} is moving slowly on a road,{'train' if n % 2 else 'test'}" for n, noun in enumerate(nouns * 2)]
    (raw / "captions.csv").write_text("\n".join(["video_id,caption,split", *lines]) + "\n")
    assert run("write", "csv-paper-1.0", "--captions", raw, "--out", tmp_path / "sets", "--captions-per-video", 1,
               "--changes", "the first one with dogs") == 0
    made = release.read(tmp_path / "sets" / "csv-paper-1.0")
    assert made.about["blind"] and made.about["attrs"]["captions_per_video"] == 1
    assert (made.folder / "CHANGELOG.md").read_text() == "# csv-paper-1.0\n\n* 1.0: the first one with dogs\n"
    assert run("build", made.folder, "--captions", raw, "--out", tmp_path / "built") == 0
    assert "all captions match" in capsys.readouterr().out
    lists = posrank.tables.read_table(tmp_path / "built" / "negatives.parquet", "negatives")
    assert set(lists["caption_id"]) == set(made.table["caption_id"])
    assert run("export", made.folder, "--captions", raw, "--format", "mteb", "--out", tmp_path / "mteb") == 0
    assert (tmp_path / "mteb" / "task.py").is_file()
    (raw / "captions.csv").write_text("\n".join(["video_id,caption,split", "v0,another text,test", *lines[1:]]) + "\n")
    assert run("build", made.folder, "--captions", raw, "--out", tmp_path / "built") == 0
    assert "captions that do not match: 1 changed" in capsys.readouterr().out
    assert run("build", "nothing-paper-1.0", "--captions", raw) == 1
    assert run("write", "csv-exchange-1.0", "--captions", raw, "--captions-per-video", 1) == 1
    assert "whole or nothing" in capsys.readouterr().err


@pytest.mark.parametrize("name", releases())
def test_a_released_set_holds_no_text(name):
    """No value of the table is more than one word, and what the papers say is about the set."""
    found = release.read(name)
    for column in set(found.table) - {"list", "caption_id", "video_id"}:
        texts = {value for value in found.table[column].explode() if isinstance(value, str)}
        assert not [text for text in texts if any(letter.isspace() for letter in text)], column
    assert sum(path.stat().st_size for path in found.folder.iterdir()) < 1_500_000


@lru_cache(maxsize=1)  # names come dataset by dataset
def official(dataset, variant):
    return posrank.captions.load(dataset, SHARED / dataset, variant)


@pytest.mark.slow
@pytest.mark.parametrize("name", releases())
def test_a_released_set_is_built_from_the_official_files(name):
    """Every fingerprint and the digest of the tables; no caption stands in a file of the release."""
    found = release.read(name)
    root = SHARED / found.about["dataset"]
    if not root.is_dir():
        pytest.skip(f"needs the official annotation files in ../shared/data/captions/{found.about['dataset']}")
    captions = official(found.about["dataset"], found.about["variant"])
    texts, negatives = release.build(found, captions)
    assert negatives.attrs["unmatched"] == {} and negatives.attrs["lists_left_out"] == 0
    counts = negatives.groupby("part")["caption_id"].nunique().to_dict()
    assert counts == {part: own["lists"] for part, own in found.about["counts"].items()}
    written = "\n".join(path.read_text().lower() for path in found.folder.iterdir() if path.suffix != ".parquet")
    long = captions["caption"].str.lower()[lambda column: column.str.count(" ") >= 3]
    assert not [text for text in long.unique() if text in written]
    if found.rule == "exchange":
        assert negatives["group"].nunique() == sum(own["groups"] for own in found.about["counts"].values())
        judge = posrank.evaluate(lambda videos, sentences: [hash(text) % 97 for text in sentences], negatives, texts, progress=False)
        for part, own in judge.groupby("part"):
            assert own["reciprocal_rank"].mean() == pytest.approx(found.about["chance"][part], abs=1e-6)


@pytest.mark.parametrize("name", [name for name in releases() if name.startswith("world-")])
def test_the_world_s_sets_are_those_of_its_default_parameters(name, tmp_path):
    sizes = params.load().world.plain()
    number = {split: sizes[split] for split in ("train", "val", "test", "groups")}
    entries = [annotation(sizes["seed"], split, i, sizes["captions"]) for split in number for i in range(number[split])]
    (tmp_path / "annotations.json").write_text(json.dumps(entries))
    texts, lists = release.build(name, posrank.captions.load("world", tmp_path))
    assert lists.attrs["unmatched"] == {} and lists.attrs["lists_left_out"] == 0 and len(texts)


@pytest.mark.parametrize("name", ["release.spans", "release.rebuild", "release.exporting", "scoring.comparison", "scoring.comparison_text",
                                  "figures.explorer_page", "evaluation.external"])
def test_worked_examples_are_right(name):
    assert doctest.testmod(importlib.import_module(f"posrank.{name}")).failed == 0
