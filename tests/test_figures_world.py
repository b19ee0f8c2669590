"""posrank.figures.world: what a part of speech has to choose from, and sheets of clips of the world."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from IPython.display import Markdown
from support_negatives import tagged

from posrank import tables
from posrank.figures.world import group_sheet, tagger_agreement, world_parts_html, world_sheet, world_words
from posrank.video.store import FrameStore

SENTENCES = ["a/DT Dog/NN runs/VBZ up/RB", "a/DT dog/NN runs/VBZ down/RB", "a/DT cat/NN sits/VBZ up/RB",
             "a/DT dog/NN sits/VBZ by/IN a/DT cat/NN"]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Frames of the videos v0, v1, v2 and v4; those of v3 are missing."""
    folder = tmp_path_factory.mktemp("frames")
    np.save(folder / "frames.npy", np.full((4, 2, 8, 8, 3), 90, np.uint8))
    videos = pd.DataFrame({"video_id": [f"v{n}" for n in range(5)], "row": [0, 1, 2, -1, 3], "frames_read": [2, 2, 1, 0, 2],
                           "status": [*["ok"] * 3, "missing", "ok"]})
    tables.write_table(videos, folder / "videos.parquet", "videos")
    return FrameStore(folder)


def workspace(store, *sentences, videos=None, groups=None):
    captions, tags = tagged(*sentences, videos=videos)
    captions = captions.assign(group=groups) if groups else captions
    return SimpleNamespace(captions=lambda name: captions, tags=lambda name: tags, frames=lambda name: store)


@pytest.fixture
def work(store):
    """Captions of five videos in two groups; the first video has two captions, the fourth no frames."""
    groups = ["adv-1", "adv-1", "adv-2", "adv-2", "adv-2", None]
    return workspace(store, *SENTENCES, "a/DT cat/NN runs/VBZ down/RB", "a/DT dog/NN runs/VBZ", groups=groups,
                     videos=["v0", "v1", "v2", "v3", "v4", "v0"])


def test_words_are_counted_by_part_whatever_their_case():
    words = world_words(tagged(*SENTENCES)[1])
    assert words.index.tolist() == ["noun", "verb", "adv", "prep"] and words["words"].tolist() == [2, 2, 2, 1]
    assert words.loc["noun", "which"] == "cat, dog" and words.loc["noun", "most_frequent"] == pytest.approx(3 / 5)
    assert words.loc["prep", "most_frequent"] == 1


def test_a_word_is_guessed_from_the_first_noun_and_a_noun_from_the_first_verb():
    words = world_words(tagged(*SENTENCES)[1])
    assert words.loc["verb", "guessed"] == pytest.approx(3 / 4), "dog runs twice and sits once, cat sits"
    assert words.loc["noun", "guessed"] == pytest.approx(3 / 4), "whatever runs is a dog, of two that sit one is"
    assert words.loc["adv", "guessed"] == pytest.approx(2 / 3)
    runners = world_words(tagged("a/DT dog/NN runs/VBZ", "a/DT cat/NN runs/VBZ", "a/DT pig/NN runs/VBZ")[1])
    assert runners.loc["verb", "guessed"] == 1 and runners.loc["noun", "guessed"] == pytest.approx(1 / 3)
    alone = world_words(tagged("a/DT dog/NN", "a/DT cat/NN")[1])
    assert alone["guessed"].isna().all() and alone.index.tolist() == ["noun"]


def rows(sheet, one):
    """How many clips a sheet shows, from the height of a sheet of one."""
    return (sheet.height - 8) / (one.height - 8)


def test_a_sheet_shows_each_video_that_has_frames_once(work):
    one = world_sheet(work, clips=1)
    assert rows(world_sheet(work, clips=9), one) == 4 and rows(world_sheet(work, clips=2), one) == 2
    assert world_sheet(work, clips=9).width == one.width


def test_a_sheet_of_a_group_is_one_group_whole(work):
    assert rows(group_sheet(work), world_sheet(work, clips=1)) == 2
    told = group_sheet(work, "verb")
    assert isinstance(told, Markdown) and "no group of clips that differ in verb (`world.groups`" in told.data


def test_no_frames_and_no_groups_are_told(store):
    class Empty:
        ids = ()

        def __len__(self):
            return 0

    nothing = workspace(Empty(), *SENTENCES)
    assert "No frames were read" in world_sheet(nothing).data and "no group of clips" in group_sheet(nothing).data
    assert isinstance(group_sheet(workspace(store, *SENTENCES)), Markdown)


def test_each_part_has_a_clip_with_its_word_in_bold(store):
    work = workspace(store, *SENTENCES)
    html = world_parts_html(work)
    assert html.count("<img") == html.count("<b>") == 3, "the preposition is in the caption without frames alone"
    assert [html.count(f">{part}</th>") for part in ("noun", "verb", "adv", "prep")] == [1, 1, 1, 0]
    bold = {html.split("<b>")[n].partition("</b>")[0].lower() for n in (1, 2, 3)}
    assert bold <= {"dog", "cat", "runs", "sits", "up", "down"} and world_parts_html(work) == html


def test_a_word_that_stands_twice_is_bold_once(store):
    html = world_parts_html(workspace(store, "the/DT dog/NN sees/VBZ the/DT dog/NN"))
    assert html.count("<b>dog</b>") == 1 and html.count("<b>sees</b>") == 1


def test_agreement_with_the_tagger_is_told_by_part_with_the_words_read_otherwise(tmp_path, monkeypatch):
    captions, tags = tagged(*SENTENCES, tagger="gold")
    tables.write_table(tags, tmp_path / "data" / "gold" / "world.parquet", "tags")
    read = tags.assign(upos=tags["upos"].where(tags["text"] != "sits", "NOUN"))
    asked = []
    monkeypatch.setattr("posrank.language.tagger.tag_captions", lambda texts, **options: asked.append(len(texts)) or
                        read[read["caption_id"].isin(texts["caption_id"])])
    table = tagger_agreement(SimpleNamespace(captions=lambda name: captions, folder=tmp_path))
    assert table["words"].tolist()[:2] == [5, 4] and table["agree"].tolist()[:2] == [1, 0.5]
    assert table.loc["verb", "read otherwise"] == "sits" and pd.isna(table.loc["noun", "read otherwise"])
    assert pd.isna(table.loc["adj", "words"]), "a part without words is empty"
    few = tagger_agreement(SimpleNamespace(captions=lambda name: captions, folder=tmp_path), captions=2)
    assert asked == [4, 2] and few.loc["verb", ["words", "agree"]].tolist() == [2, 1]
