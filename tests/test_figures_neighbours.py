"""Captions beside their neighbours and negatives, and groups of rule exchange, as HTML; the method as a drawing."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from posrank.figures import neighbours
from posrank.figures.exchange import example_groups, group_counts, group_html
from posrank.figures.method import method_figure
from posrank.figures.neighbours import coarse_fine_html, nearest_html, some
from posrank.figures.style import COLOURS

CAPTIONS = pd.DataFrame({
    "split": "test", "video_id": ["u", "v", "w", "w", "x"], "caption_id": ["u#0", "v#0", "w#0", "w#1", "x#0"],
    "caption": ["a red <dog> runs", "a blue dog runs", "a cat", "a red cat", "one man & one woman"],
})
NEGATIVES = pd.DataFrame({
    "caption_id": ["u#0", "u#0", "u#0", "v#0"], "part": ["adj", "noun", "adj", "adj"], "k": [1, 0, 0, 0], "source": "random",
    "sentence": ["a big <dog> runs", "a red cat runs", "a old <dog> runs", "a big dog runs"],
})


def clip(video_id):
    return np.zeros((2, 4, 4, 3), np.uint8), 2


def test_what_is_asked_about_is_the_test_split_else_val_else_all():
    for splits, expected in ((["train", "val", "test", "val", "train"], [2]), (["train", "val", "train", "val", "train"], [1, 3]),
                             (["train"] * 5, [0, 1, 2, 3, 4])):
        assert neighbours.tested(CAPTIONS.assign(split=splits)).index.tolist() == expected


def test_some_rows_are_at_most_all_and_the_same_for_a_seed():
    assert len(some(CAPTIONS, 99, 0)) == 5 and len(some(CAPTIONS, 0, 0)) == 0
    assert some(CAPTIONS, 2, 1).index.tolist() == some(CAPTIONS, 2, 1).index.tolist()
    assert len({tuple(some(CAPTIONS, 3, seed).index) for seed in range(9)}) > 1


def test_neighbours_are_of_other_videos_with_what_the_caption_lacks_in_bold():
    html = nearest_html(CAPTIONS[2:4].assign(video_id=["w", "v"]), n=2, k=1)
    assert "a <b>red</b> cat" in html and "<b>a cat</b>" in html and "<b>a red cat</b>" in html
    assert html.count("<table") == 2 and "<img" not in html and "no frames" not in html


def test_neighbours_are_as_many_as_asked_for_and_all_text_is_escaped():
    html = nearest_html(CAPTIONS, n=5, k=2, clip=clip)
    assert html.count("<tr>") == 5 * (1 + 1 + 2) and html.count("<img") == 5
    assert "<dog>" not in html and "&lt;dog&gt;" in html and "man &amp;" in html


def test_a_caption_without_any_other_video_says_so():
    html = nearest_html(CAPTIONS[2:4], n=1)
    assert "there are no captions of other videos" in html


def test_other_splits_are_no_neighbours():
    html = nearest_html(CAPTIONS.assign(split=["train", *["test"] * 4]), n=9)
    assert "&lt;dog&gt;" not in html and html.count("<table") == 4


def test_a_caption_stands_between_captions_of_other_videos_and_its_negatives_by_part():
    html = coarse_fine_html(CAPTIONS, NEGATIVES, k=9)
    assert "<b>a red &lt;dog&gt; runs</b>" in html, "the one with the most parts"
    assert html.index("coarse-grained") < html.index("fine-grained, noun") < html.index("fine-grained, adj")
    assert "fine-grained, verb" not in html and ">old</b>" in html and ">big</b>" not in html, "the first of a part"
    assert html.count("a cat<") == 1 and "a red cat<" not in html, "one caption of each other video"
    assert ">big</b>" in coarse_fine_html(CAPTIONS, NEGATIVES, per_part=2)
    assert "no frames of this video" in html and "<img" in coarse_fine_html(CAPTIONS, NEGATIVES, clip=clip)


def test_other_captions_of_the_same_video_are_no_negatives():
    html = coarse_fine_html(CAPTIONS, NEGATIVES.assign(caption_id="w#0"), k=9)
    assert "<b>a cat</b>" in html and "a red cat<" not in html and html.count("<br>") == 2


def test_the_rank_of_the_caption_stands_below_the_negatives_of_its_part():
    ranks = pd.DataFrame({"caption_id": ["u#0", "v#0"], "part": "adj", "better": [1, 9], "equal": [1, 0], "negatives": [2, 9]})
    html = coarse_fine_html(CAPTIONS, NEGATIVES, ranks={"mine": ranks, "empty": ranks[:0]})
    assert html.count("rank of the caption") == 1 and "rank of the caption: 2.5 of 3 (mine)<" in html


def test_a_set_without_negatives_of_these_captions_says_so():
    for negatives in (NEGATIVES[:0], NEGATIVES.assign(caption_id="elsewhere")):
        assert coarse_fine_html(CAPTIONS, negatives) == "<p>This set has no negatives.</p>"


STATEMENTS = pd.DataFrame({
    "part": ["adv", "adv", "noun", "noun", "noun", "noun", "noun"], "group": ["a1", "a1", "n1", "n1", "n2", "n2", "n2"],
    "split": "test", "unit": ["caption", "statement", *["caption"] * 5], "video_id": list("uvuvuvw"),
    "caption": ["runs up", "runs down", "a dog", "a cat", "my dog", "my <cat>", "my pig"],
    "word": ["up", "down", "dog", "cat", "dog", "<cat>", "pig"],
})


def test_groups_are_drawn_whole_and_by_part():
    found = list(example_groups(STATEMENTS, per_part=5))
    assert [(part, len(group)) for part, group in found[-1:]] == [("adv", 2)] and len(found) == 3
    assert sorted(len(group) for _, group in found[:2]) == [2, 3] and all(part == "noun" for part, _ in found[:2])
    assert len(list(example_groups(STATEMENTS))) == 2 and list(example_groups(STATEMENTS[:0])) == []
    firsts = {next(example_groups(STATEMENTS, seed))[1]["group"].iloc[0] for seed in range(9)}
    assert firsts == {"n1", "n2"}


def test_a_group_shows_each_statement_below_its_own_video_with_the_word_in_bold():
    asked = []
    html = group_html(STATEMENTS[4:], lambda video_id: asked.append(video_id) or (clip(video_id) if video_id != "v" else None))
    assert asked == ["u", "v", "w"] and html.count("<td") == 3 and html.count("<img") == 2 and "<h4>noun</h4>" in html
    assert "my <b>dog</b>" in html and "my <b>&lt;cat&gt;</b>" in html and "no frames" in html


def test_groups_are_counted_by_split_and_part():
    counts = group_counts(STATEMENTS).set_index("part")
    assert counts.loc["noun", ["groups", "lists", "whole_captions"]].tolist() == [2, 5, 1.0]
    assert counts.loc["adv", ["groups", "lists", "whole_captions"]].tolist() == [1, 2, 0.5]
    assert counts.loc["noun", "list_length"] == pytest.approx((2 * 2 + 3 * 3) / 5)
    assert counts.loc["noun", "chance"] == pytest.approx((2 * 3 / 4 + 3 * 11 / 18) / 5)
    assert group_counts(STATEMENTS.assign(split=["test", "val", *["test"] * 5]))["split"].tolist() == ["test", "val", "test"]
    assert list(group_counts(STATEMENTS[:0]).columns) == list(group_counts(STATEMENTS).columns)


def drawn(strategy):
    """(title, {text: colour}, colours of the outlines and arrows) of the drawing."""
    figure = method_figure(strategy)
    (axes,) = figure.axes
    edges = [to_hex(patch.get_edgecolor()) for patch in axes.patches if patch.get_linewidth() > 1]
    edges += [to_hex(text.arrow_patch.get_edgecolor()) for text in axes.texts if getattr(text, "arrow_patch", None)]
    plt.close(figure)
    return axes.get_title(), {text.get_text(): text.get_color() for text in axes.texts}, edges


def test_coarse_training_minimises_one_loss_and_shows_neither_fine_loss_nor_prompts():
    title, texts, edges = drawn("coarse")
    assert title == "Fig. 7: Coarse-Grained Training" and "training minimises\n$\\mathcal{L}_{coarse}$" in texts
    assert {texts["T prompts"], texts["prompt output"]} == {"#aaaaaa"} and texts["CLS output"] == "#222222"
    assert [colour for text, colour in texts.items() if "L}_{fine}$ (Eq. 3)" in text] == ["#aaaaaa"]
    assert not set(edges) & {COLOURS["word"], COLOURS["phrase"], COLOURS["prompt"]}


@pytest.mark.parametrize("strategy", ["word", "phrase", "prompt"])
def test_fine_training_is_drawn_in_the_colour_of_its_strategy(strategy):
    _, texts, edges = drawn(strategy)
    assert [colour for text, colour in texts.items() if "L}_{fine}$ (Eq. 3)" in text] == [COLOURS[strategy]]
    assert any("(Eq. 4)" in text for text in texts) and COLOURS[strategy] in edges
    negative = "negative: a boy wearing a white t-shirt" if strategy == "word" else "negative: a boy removing a white t-shirt"
    assert texts[negative] == COLOURS[strategy]
    assert texts["T prompts"] == ("#222222" if strategy == "prompt" else "#aaaaaa")


def test_another_strategy_is_drawn_as_coarse_under_its_own_name():
    assert drawn("mine")[0] == "Fig. 7: mine" and drawn("zeroshot")[1:] == drawn("coarse")[1:]
