"""The words of errors about parameters: the place, what is wanted, the nearest name; one problem a place."""

import copy
from pathlib import Path

import pytest
from pydantic import ValidationError

from posrank.pipeline.params_errors import place, problems_of, shown
from posrank.pipeline.params_schema import File
from posrank.pipeline.yamlfile import read

VALUES, LINES = read(Path(__file__).resolve().parent.parent / "params.yaml")
UP_TO = "at most 1,000,000,000"


def problems(**sections):
    """{key path: text} of the project's parameters with some keys of sections, or whole sections, changed."""
    values = copy.deepcopy(VALUES)
    for name, change in sections.items():
        if isinstance(change, dict):
            values[name].update(change)
        else:
            values[name] = change
    with pytest.raises(ValidationError) as caught:
        File.model_validate(values)
    found = problems_of(caught.value.errors(include_url=False), values)
    assert len(dict(found)) == len(found), "one problem a place"
    return dict(found)


@pytest.mark.parametrize(("path", "line", "key"), [
    ((), 0, "the file"),
    (("train",), 4, "train"),
    (("train", "seeds", 1), 7, "train.seeds[1]"),
    (("train", "seeds", 0, "deeper"), 7, "train.seeds[0].deeper"),
    (("train", "lr"), 4, "train.lr"),
    (("elsewhere",), 0, "elsewhere"),
    (("presets", "../x"), 0, "presets['../x']"),
    (("presets", 2), 0, "presets[2]"),
    (("presets", "x\n"), 0, "presets['x\\n']"),
    (("presets", "a-b c_3"), 0, "presets.a-b c_3"),
])
def test_a_place_is_the_line_of_the_deepest_key_that_has_one(path, line, key):
    assert place(path, {("train",): 4, ("train", "seeds"): 7, ("train", "lambda"): 9}) == (line, key)


def test_a_long_key_is_cut():
    assert place(("x" * 500,), {}) == (0, "x" * 200)


def test_lines_are_those_of_the_file():
    text = (Path(__file__).resolve().parent.parent / "params.yaml").read_text().splitlines()
    assert text[place(("train", "seeds", 0), LINES)[0] - 1].lstrip().startswith("seeds:")


@pytest.mark.parametrize(("sections", "path", "text"), [
    ({"train": {"lr": 0}}, ("train", "lr"), f"is 0; wanted is a number above 0 and {UP_TO}"),
    ({"train": {"lambda": -1}}, ("train", "lambda"), f"is -1; wanted is a number of at least 0 and {UP_TO}"),
    ({"train": {"warmup": 1.5}}, ("train", "warmup"), "is 1.5; wanted is a number of at least 0 and at most 1"),
    ({"train": {"seeds": [1, 2**31]}}, ("train", "seeds", 1),
     "is 2147483648; wanted is a whole number of at least 0 and at most 2,147,483,647"),
    ({"world": {"size": 17}}, ("world", "size"), "is 17; wanted is an even number of at least 16 and at most 1,024"),
    ({"train": {"as_released": None}}, ("train", "as_released"), "is null; wanted is true or false"),
    ({"train": {"clip_norm": []}}, ("train", "clip_norm"), f"is []; wanted is a number above 0 and {UP_TO}, or null"),
    ({"world": 3}, ("world",), "is 3; wanted is a mapping of keys to values"),
    ({"negatives": {"k": []}}, ("negatives", "k"),
     f"is []; wanted is a whole number of at least 1 and {UP_TO}, or a mapping of noun, verb, adj, adv, prep"),
    ({"variants": {"msrvtt": 3}}, ("variants", "msrvtt"), "is 3; wanted is a text"),
    ({"language": {"tagger": ""}}, ("language", "tagger"),
     "is ''; wanted is the name or folder of a spaCy pipeline, such as en_core_web_sm"),
    ({"train": {"strategies": []}}, ("train", "strategies"),
     "is []; wanted is a list of one or more without repetitions, each one of zeroshot, coarse, word, phrase, prompt"),
    ({"evaluate": {"controls": "blank"}}, ("evaluate", "controls"),
     "is 'blank'; wanted is a list without repetitions, each one of shuffled, blank, one_frame, reversed"),
])
def test_what_is_wanted_is_told_in_words(sections, path, text):
    assert problems(**sections) == {path: text}


@pytest.mark.parametrize(("sections", "end"), [
    ({"train": {"lr": "1e-3"}}, ": write the number without quotes"),
    ({"train": {"lr": "-.5E+3"}}, ": write the number without quotes"),
    ({"processes": "4"}, "or auto: write the number without quotes"),
    ({"processes": "atuo"}, "or auto (did you mean 'auto'?)"),
    ({"train": {"lr": "fast"}}, UP_TO),
    ({"train": {"lr": "1e-3 s"}}, UP_TO),
    ({"train": {"schedule": "Cosin"}}, "one of cosine, constant (did you mean 'cosine'?)"),
    ({"train": {"frozen": "stm"}}, "(did you mean 'stem'?)"),
    ({"negatives": {"k": "nuon"}}, "a mapping of noun, verb, adj, adv, prep"),  # keys are no values
])
def test_a_text_gets_the_hint_that_fits_what_is_wanted(sections, end):
    (text,) = problems(**sections).values()
    assert text.endswith(end), text


@pytest.mark.parametrize("sections", [{"variants": {3: "7k"}}, {"train": {"schedule": "###"}}, {"world": {"2": 1}}])
def test_what_resembles_no_name_gets_no_hint(sections):
    assert not any("did you mean" in text for text in problems(**sections).values())


def test_a_number_where_a_name_belongs_is_not_asked_for_without_quotes():
    (text,) = problems(train={"schedule": "3"}).values()
    assert text.startswith("is '3'; wanted is one of cosine, constant") and "quotes" not in text


def test_a_key_that_is_missing_is_told_at_the_section_that_lacks_it():
    k = dict.fromkeys(("noun", "verb", "adj", "adv"), 3)
    assert problems(negatives={"k": k}) == {
        ("negatives", "k"): "lacks the key 'prep': add it, as in the repository's params.yaml"}


def test_a_key_that_is_none_is_told_with_those_of_its_section():
    names = "noun, verb, adj, adv, prep"
    found = problems(negatives={"k": dict.fromkeys(("noun", "verb", "adj", "adv", "prep", "pre"), 3)})
    assert found == {("negatives", "k", "pre"): f"is no parameter (did you mean 'prep'?); there are: {names}"}
    (text,) = problems(sweeps={"lambda": {"runs": ["xclip-word-0"], "change": {}, "rnus": 1}}).values()
    assert text == "is no parameter (did you mean 'runs'?); there are: runs, change"


def test_a_key_of_a_mapping_by_dataset_is_told_with_the_datasets():
    (item,) = problems(variants={"msrvt": "7k"}).items()
    assert item[0] == ("variants", "msrvt") and "did you mean 'msrvtt'" in item[1] and item[1].endswith("msvd, tgif, csv")


def test_a_name_that_no_preset_can_have_is_told_in_the_words_of_its_rule():
    (item,) = problems(presets={"A b": {}}).items()
    assert item[0] == ("presets", "A b") and item[1].startswith("'A b' is no name for a preset: use at most 100 of")


def test_a_wrong_place_deep_in_a_union_is_told_alone():
    k = {"noun": 0, "verb": 1, "adj": 1, "adv": 1, "prep": 1}
    assert set(problems(negatives={"k": k})) == {("negatives", "k", "noun")}
    assert problems(train={"frozen": ["stem", 3]}) == {("train", "frozen", 1): "is 3; wanted is a text"}
    assert set(problems(presets={"x": {"negatives": {"k": {**k, "adj": "2"}}}})) == {
        ("presets", "x", "negatives", "k", part) for part in ("noun", "adj")}


def test_several_places_are_all_told():
    found = problems(train={"lr": -1, "lamda": 3, "seeds": [-1, 0, -2]}, world={"fps": 0})
    assert set(found) == {("train", "lr"), ("train", "lamda"), ("train", "seeds", 0), ("train", "seeds", 2),
                          ("world", "fps")}


def test_parts_of_presets_and_of_systems_may_be_left_out_but_not_be_wrong():
    run = {"lr": -1, "seeds": [1]}
    found = problems(train={"by_system": VALUES["train"]["by_system"] | {"xclip": run}})
    at = ("train", "by_system", "xclip")
    assert set(found) == {(*at, "lr"), (*at, "seeds")} and found[*at, "seeds"].startswith("is no parameter")


def test_values_are_shown_as_yaml_names_them_and_cut():
    assert [shown(value) for value in ({"a": 1}, None, "a", 3, [])] == ["a mapping", "null", "'a'", "3", "[]"]
    assert len(shown("x" * 10_000)) < 250
