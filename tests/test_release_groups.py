"""posrank.release.groups: statements as places in captions and back, one statement at a time."""

import pandas as pd
import pytest

from posrank.release.groups import COLUMNS, pack, unpack

WANTED = ("dataset", "split", "video_id", "caption_id", "caption", "source_caption_id", "unit", "part", "group", "word",
          "position")


def captions(*texts):
    names = [f"c{n}" for n in range(len(texts))]
    return pd.DataFrame({"dataset": "d", "split": "val", "video_id": [f"v{name}" for name in names], "caption_id": names,
                         "caption": list(texts)})


def statement(text, word, position, source="c0"):
    return pd.DataFrame([{
        "caption_id": f"{source}@noun-0", "source_caption_id": source, "video_id": f"v{source}", "caption": text,
        "unit": "statement", "part": "noun", "group": "noun-0", "word": word, "position": position,
    }])


def places(caption, text, word, position):
    """(start, length, word_start, word_length) of a packed statement."""
    (row,) = pack(statement(text, word, position), captions(caption)).itertuples(index=False)
    return row.start, row.length, row.word_start, row.word_length


@pytest.mark.parametrize(("caption", "text", "word", "position", "expected"), [
    ("A Man rides a Horse.", "a man rides a horse", "horse", 4, (0, 19, 14, 5)),
    ("so  a   dog \t runs", "dog runs", "dog", 0, (5, 8, 0, 3)),
    ("bulldogs and dogs", "dogs", "dogs", 0, (13, 4, 0, 4)),
    ("bulldogs", "dogs", "dogs", 0, (4, 4, 0, 4)),
    ("a dog, a dog", "a dog", "dog", 1, (0, 5, 2, 3)),
    ("a man sees a man", "a man sees a man", "man", 1, (0, 16, 2, 3)),
    ("a man sees a man", "a man sees a man", "man", 4, (0, 16, 13, 3)),
    ("a mantle on a man", "a mantle on a man", "man", 4, (0, 17, 14, 3)),
    ("mantle", "mantle", "man", 0, (0, 6, 0, 3)),
])
def test_a_statement_is_found_as_whole_words_where_it_can(caption, text, word, position, expected):
    assert places(caption, text, word, position) == expected


def test_the_texts_come_back_and_no_text_is_in_the_table():
    texts = captions("A Man  rides a horse", "the Man rides a bike").assign(split=["val", "train"])
    given = pd.concat([statement("man rides a horse", "horse", 3), statement("man rides a bike", "bike", 3, "c1")])
    table = pack(given, texts)
    assert list(table.columns) == list(COLUMNS) and not table.isin(["horse", "man rides a horse"]).any(axis=None)
    again = unpack(table, texts, WANTED)
    assert list(again.columns) == list(WANTED)
    assert again["caption"].tolist() == ["man rides a horse", "man rides a bike"] and again["word"].tolist() == ["horse", "bike"]
    assert again["caption_id"].tolist() == ["c0@noun-0", "c1@noun-0"] and again["split"].tolist() == ["val", "train"]
    assert again["position"].tolist() == [3, 3] and again["video_id"].tolist() == ["vc0", "vc1"]


def test_what_the_captions_do_not_say_is_what_an_exchange_says():
    texts = captions("a dog")
    again = unpack(pack(statement("a dog", "dog", 1), texts), texts.drop(columns=["dataset", "split"]), WANTED)
    assert again[["dataset", "split"]].values.tolist() == [["csv", "test"]]


@pytest.mark.parametrize(("given", "message"), [
    (statement("a cat", "cat", 1), "statements: statement 'c0@noun-0' is no piece of its caption 'c0'"),
    (statement("a dog", "cat", 1), "statement 'c0@noun-0' is no piece of its caption"),
    (statement("a dog", "dog", 1, "c9"), "statements: caption 'c9' is not in the captions table; give the captions that the"),
    (statement("a dog", "dog", 1).drop(columns=["word", "unit"]), "statements: column 'unit' is missing; give the statements"),
    (statement("a dog", "dog", 1).assign(group="test-noun-0"), "'c0@noun-0' is not named <caption>@<group>"),
])
def test_statements_that_are_not_of_these_captions_are_told(given, message):
    with pytest.raises(ValueError, match=message):
        pack(given, captions("a dog"))


def test_a_place_outside_of_its_caption_is_told():
    table = pack(statement("a dog", "dog", 1), captions("a dog"))
    for change in ({"start": 3}, {"length": 6}, {"word_start": 5}):
        with pytest.raises(ValueError, match="caption 'c0', group noun-0: a place lies outside of the caption"):
            unpack(table.assign(**change), captions("a dog"), WANTED)
