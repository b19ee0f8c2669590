"""The embedded world: words, scenes, captions, pictures, files, pool, contact sheet (posrank.world)."""

import hashlib
import json
from collections import Counter
from functools import partial
from itertools import product

import numpy as np
import pytest

from posrank.language.parts import part_of
from posrank.world import build, grammar, pool, renderer, scenes, sprites
from posrank.world.sheet import contact_sheet
from posrank.world.words import ADJECTIVES, ADVERBS, NOUNS, PREPOSITIONS, SLOTS, VERBS, WORDS

PATTERNS = sorted({
    pattern for form in grammar.FORMS for kept in product((False, True), repeat=len(grammar.OPTIONAL))
    if (pattern := grammar.template(form, {slot for slot, keep in zip(grammar.OPTIONAL, kept) if keep}))
})


def scene(**changes):
    base = dict(noun1="tomato", adj1="tall", verb="spin", adv="upward", prep="beside", noun2="pearl", adj2="hollow")
    return scenes.Scene(**{**base, **changes})


def captions_of(name, grammar_name, number):
    found = []
    for i in range(number):
        rng = scenes.item_rng(name, i)
        drawn = scenes.sample_scene(rng)
        found += [(drawn, *written) for written in grammar.write_captions(drawn, rng, grammar_name)]
    return found


@pytest.mark.parametrize("grammar_name", grammar.GRAMMARS)
def test_captions_rebuild_from_their_gold_tokens_and_name_what_is_shown(grammar_name):
    for drawn, text, tokens in captions_of("test", grammar_name, 60):
        assert "".join(token[0] + token[1] for token in tokens) == text
        shown = Counter(drawn.words().values())
        named = Counter(token[2] for token in tokens if token[2] in set(shown))
        assert named[drawn.noun1] == 1 and all(named[word] <= shown[word] for word in named)


@pytest.mark.parametrize("form", grammar.FORMS)
def test_every_full_caption_has_all_five_parts_with_their_tags(form):
    _, tokens = grammar.write_caption(scene(), grammar.template(form, set(grammar.OPTIONAL)))
    assert {part_of(upos, tag) for _, _, _, upos, tag, *_ in tokens} - {None} == set(WORDS)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_gold_heads_make_a_tree_and_are_those_of_the_sentence(pattern):
    _, tokens = grammar.write_caption(scene(), pattern)
    words, heads, labels = ([token[n] for token in tokens] for n in (0, 5, 6))
    assert [i for i, head in enumerate(heads) if head == i] == [labels.index("ROOT")]
    for i in range(len(heads)):
        for _ in heads:
            i = heads[i]
        assert i == labels.index("ROOT")
    found = dict(zip(words, (words[head] for head in heads)))
    assert found.get("tall", "tomato") == "tomato" and found.get("hollow", "pearl") == "pearl" and found.get("pearl", "beside") == "beside"
    assert found.get("upward", "spinning") == "spinning" and found.get("beside") in ("spinning", "is", None)


def test_words_of_the_parts_are_many_and_apart():
    assert len(NOUNS) >= 40 and not set(NOUNS) & {*ADJECTIVES, *VERBS, *ADVERBS, *PREPOSITIONS}
    vocabulary = grammar.vocabulary()
    assert len(vocabulary) == len(set(vocabulary)) and {"bouncing", "dripping", "spinning", "sparkling"} <= set(vocabulary)


def test_slots_are_uniform_and_independent():
    drawn = [scenes.sample_scene(scenes.item_rng("uniform", i)) for i in range(6000)]
    for slot, part in SLOTS.items():
        counts = Counter(getattr(s, slot) for s in drawn)
        assert min(counts[word] for word in WORDS[part]) > 0.6 * len(drawn) / len(WORDS[part])
    pairs = Counter((s.adv, s.verb) for s in drawn)
    expected = len(drawn) / (len(ADVERBS) * len(VERBS))
    assert sum((pairs[pair] - expected) ** 2 / expected for pair in product(ADVERBS, VERBS)) < 90  # chi-square, 45 degrees of freedom
    assert all(s.noun1 != s.noun2 for s in drawn)


def test_natural_captions_leave_out_what_people_leave_out_and_tie_verbs_to_nouns():
    balanced, natural = (captions_of("share", name, 800) for name in grammar.GRAMMARS)

    def share(found, part):
        return np.mean([any(part_of(token[3], token[4]) == part for token in tokens) for *_, tokens in found])

    assert 0.05 < share(natural, "adv") < 0.2 < 0.75 < share(natural, "verb") and share(natural, "adj") < share(balanced, "adj")
    for found, low, high in ((balanced, 0.05, 0.15), (natural, 0.3, 0.6)):
        verbs = [grammar.usual(drawn) for drawn, _, tokens in found if any(token[3] == "VERB" for token in tokens)]
        assert low < np.mean(verbs) < high
    with pytest.raises(ValueError, match="balanced"):
        grammar.write_captions(scene(), scenes.item_rng(0), "straight")


@pytest.mark.parametrize("slot", SLOTS)
def test_scenes_of_a_group_share_all_but_one_slot(slot):
    group = scenes.variations(scenes.item_rng("group", slot), slot, 4)
    assert len({getattr(each, slot) for each in group}) == 4
    rest = [{**vars(each), slot: None} for each in group]
    assert all(each == rest[0] for each in rest) and all(each.noun1 != each.noun2 for each in group)


@pytest.mark.parametrize("captions", grammar.GRAMMARS)
def test_training_groups_differ_in_one_word_that_each_caption_names(captions):
    for number in range(len(SLOTS)):
        entries = [build.annotation(0, "train_groups", 4 * number + i, captions) for i in range(4)]
        assert {entry["split"] for entry in entries} == {"train"} and len({len(entry["captions"]) for entry in entries}) == 1
        for told in zip(*(entry["captions"] for entry in entries)):
            words = [caption["caption"].split() for caption in told]
            assert len({caption["group"] for caption in told}) == 1 == len({len(own) for own in words})
            assert [len(set(place)) for place in zip(*words)].count(4) == 1 == max(map(len, map(set, zip(*words)))) - 3


@pytest.mark.parametrize("slot", ["noun1", "adj1", "verb", "adv", "prep"])
@pytest.mark.parametrize("frames", [4, 8])
def test_each_word_of_a_slot_looks_different(slot, frames):
    clips = [renderer.render(scene(**{slot: word}), 8)[:: 8 // frames].astype(int) for word in WORDS[SLOTS[slot]]]
    for i, first in enumerate(clips):
        for other in clips[i + 1 :]:
            assert np.abs(first - other).max() > 40


def test_rendering_is_deterministic_and_sized():
    clip = renderer.render(scene(), frames=5, size=32)
    assert clip.shape == (5, 32, 32, 3) and clip.dtype == np.uint8
    assert np.array_equal(clip, renderer.render(scene(), frames=5, size=32))


def test_early_and_late_move_in_their_half_only():
    early, late = (renderer.render(scene(adv=adverb, verb="expand")).astype(int) for adverb in ("early", "late"))
    def moved(clip):
        return np.abs(np.diff(clip, axis=0)).max((1, 2, 3)) > 30
    assert moved(early)[:3].all() and not moved(early)[4:].any()
    assert not moved(late)[:3].any() and moved(late)[4:].all()


def test_sprites_fit_their_raster_and_differ():
    pictures = {(noun, adjective): np.asarray(sprites.sprite(noun, adjective)) for noun in NOUNS for adjective in ADJECTIVES}
    assert all(picture.shape == (sprites.RASTER, sprites.RASTER, 4) and picture[..., 3].max() == 255 for picture in pictures.values())
    assert len({picture.tobytes() for picture in pictures.values()}) == len(NOUNS) * len(ADJECTIVES)


def test_a_world_on_disk_is_whole_resumable_and_reproducible(tmp_path):
    decord = pytest.importorskip("decord", reason="decord has no wheel for this platform")
    sizes = dict(train=3, val=2, test=2, groups=5, frames=4, size=32, workers=1)
    entries = build.build(tmp_path / "a", **sizes)
    assert [entry["split"] for entry in entries] == ["train"] * 3 + ["val"] * 2 + ["test"] * 2 + ["groups"] * 4
    video = tmp_path / "a" / entries[0]["file"]
    assert decord.VideoReader(str(video)).get_batch(range(4)).shape == (4, 32, 32, 3)
    tags = build.gold_tags(tmp_path / "a")
    assert set(tags["tagger"]) == {"gold"} and tags["caption_id"].nunique() == 25
    # killed before the annotations: what is there is kept, what is missing is made, the bytes are the same
    bytes_before = video.read_bytes()
    (tmp_path / "a" / entries[1]["file"]).unlink()
    (tmp_path / "a" / "annotations.json").unlink()
    build.build(tmp_path / "a", **sizes)
    build.build(tmp_path / "b", **sizes)
    for entry in entries:
        assert (tmp_path / "a" / entry["file"]).read_bytes() == (tmp_path / "b" / entry["file"]).read_bytes()
    assert video.read_bytes() == bytes_before
    # other parameters: nothing of the old world stays
    build.build(tmp_path / "a", **{**sizes, "train": 1, "groups": 0})
    assert len(list((tmp_path / "a" / "videos").iterdir())) == 5
    assert len(json.loads((tmp_path / "a" / "annotations.json").read_text())) == 5


def test_bytes_depend_neither_on_the_order_nor_on_the_processor(tmp_path):
    clips = [renderer.render(build.clip(0, "train", i)[1], 8, 64) for i in range(24)]

    def written(order):
        for i in order:
            build.write_mp4(tmp_path / f"{i}.mp4", clips[i])
        return [(tmp_path / f"{i}.mp4").read_bytes() for i in range(24)]

    first = written(range(24))
    for seed in (1, 2):
        assert written(np.random.default_rng(seed).permutation(24)) == first


def test_bytes_of_a_clip_are_the_same_on_every_processor(tmp_path):
    frames = np.arange(8 * 64 * 64 * 3, dtype=np.int64).reshape(8, 64, 64, 3)
    build.write_mp4(tmp_path / "a.mp4", (frames * frames // 7919 % 251).astype(np.uint8))
    data = (tmp_path / "a.mp4").read_bytes()
    if b"x264 - core 165 " not in data or b"Lavf62.12.102" not in data:
        pytest.skip("the digest is that of the locked FFmpeg and x264")
    assert hashlib.blake2b(data, digest_size=8).hexdigest() == "ff8a8d84732b4058"


def test_colours_are_turned_into_planes_in_whole_numbers():
    for colour, expected in (
        ((255, 255, 255), (235, 128, 128)), ((0, 0, 0), (16, 128, 128)), ((255, 0, 0), (82, 90, 240)), ((0, 0, 255), (41, 240, 110)),
    ):
        planes = build._yuv420(np.full((4, 6, 3), colour, np.uint8))
        assert planes.shape == (6, 6) and planes.dtype == np.uint8
        assert (planes[:4] == expected[0]).all() and planes[4:].ravel().tolist() == [expected[1]] * 6 + [expected[2]] * 6


@pytest.mark.parametrize("content", ["", "{", "[]", "3", "\ufeff{}"])
def test_a_broken_note_of_a_world_is_named(tmp_path, content):
    (tmp_path / "world.json").write_text(content)
    with pytest.raises(ValueError, match=r"world\.json .*: delete .* and build the world again"):
        build.build(tmp_path, train=1, val=0, test=0, groups=0)


def test_leftovers_of_a_killed_build_go(tmp_path):
    sizes = dict(train=2, val=1, test=1, groups=0, frames=2, size=32, workers=1)
    build.build(tmp_path, **sizes)
    names = "videos/.train00000.mp4.x1y2.tmp.mp4", ".annotations.json.ab.tmp.json", ".world.json.ab.tmp.json"
    left = [tmp_path / name for name in names]
    for path in left:
        path.touch()
    (tmp_path / "annotations.json").unlink()
    build.build(tmp_path, **sizes)
    assert not any(path.exists() for path in left) and len(list((tmp_path / "videos").iterdir())) == 4


def test_missing_world_says_how_to_make_it(tmp_path):
    with pytest.raises(ValueError, match="dvc repro world"):
        build.gold_tags(tmp_path)


def test_a_pool_is_kept_only_where_it_is_whole_and_as_asked(tmp_path, monkeypatch):
    path = tmp_path / "pool.npy"
    make = partial(pool.render_pool, path, "clips", 4, frames=2, pixels=16, workers=1)
    first = np.array(make(seed=1))
    assert first.shape == (4, 2, 16, 16, 3)
    with monkeypatch.context() as stopped:
        stopped.setattr(pool.json, "dumps", lambda _: 1 / 0)  # killed after the clips, before their note
        with pytest.raises(ZeroDivisionError):
            make(seed=2)
    (tmp_path / ".pool.json.tmp").touch()
    assert np.array_equal(make(seed=1), first)
    path.with_suffix(".json").write_text("")
    assert np.array_equal(make(seed=1), first)
    monkeypatch.setattr(pool, "spread", lambda *_: 1 / 0)
    assert np.array_equal(make(seed=1), first), "a whole pool is not rendered again"


def test_stills_and_clips_of_the_pool(tmp_path):
    stills = pool.render_pool(tmp_path / "stills.npy", "stills", 3, pixels=16, workers=1)
    assert stills.shape == (3, 1, 16, 16, 3) and len({picture.tobytes() for picture in stills}) == 3
    assert pool.scene("stills", 0, 1)[0] != pool.scene("clips", 0, 1)[0]
    assert set(grammar.alt_text(scene(), grammar.ALT[0]).split()) == {"a", "tall", "tomato", "and", "hollow", "pearl"}


def test_the_grammar_changes_captions_and_no_clip(tmp_path):
    sizes = dict(train=2, val=0, test=1, groups=4, frames=2, size=16, workers=1)
    one, other = (build.build(tmp_path / name, captions=name, **sizes) for name in grammar.GRAMMARS)
    for a, b in zip(one, other):
        assert a["scene"] == b["scene"] and (tmp_path / "balanced" / a["file"]).read_bytes() == (tmp_path / "natural" / b["file"]).read_bytes()
    assert one[0]["captions"] != other[0]["captions"]
    group = [entry["captions"][0] for entry in one[3:]]
    assert len({entry["group"] for entry in group}) == 1
    words = [entry["caption"].split() for entry in group]
    assert [len(set(column)) for column in zip(*words)].count(4) == 1 and len({len(each) for each in words}) == 1


def test_contact_sheet_has_a_row_per_clip():
    clips = [renderer.render(scene(), frames=3, size=32)] * 2
    sheet = contact_sheet(clips, ["one", "two"])
    taller = contact_sheet([*clips, *clips], ["1", "2", "3", "4"])
    assert taller.height > sheet.height and taller.width == sheet.width
    with pytest.raises(ValueError, match="one caption per clip"):
        contact_sheet(clips, ["one"])
