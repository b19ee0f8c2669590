"""Shards of captions: the same bytes from one process and several, the same lists as from one table, sums that add up."""

import importlib
import json
import shutil

import numpy as np
import pandas as pd
import pytest

from posrank import tables
from posrank.__main__ import main
from posrank.language.lexicon import load as load_lexicon
from posrank.language.tagger import tag_captions
from posrank.negatives import generate
from posrank.negatives.vocabulary import Vocabulary
from posrank.scoring import bootstrap
from posrank.scoring.summary import summarize, with_groups
from posrank.shards import STEPS, PoissonSums, add_ranks, cut, poisson_sums, rank_sums, run
from posrank.shards import counts as word_counts
from posrank.shards.cut import shards
from posrank.shards.exchange import groups, statements
from posrank.shards.steps import path_of

WHO, COLOURS = ("man", "woman", "child", "dog", "boy"), ("red", "blue", "green", "white", "yellow")
DOES = ("riding a bike", "washing a car", "painting a wall", "carrying a box")


def captions_table(videos=60):
    rows = []
    for i in range(videos):
        who, colour, does = WHO[i % 5], COLOURS[i // 5 % 5], DOES[i // 25 % 4]
        texts = [f"a {who} in a {colour} shirt is {does} slowly", f"a {who} is {does} in front of a {colour} house"]
        rows += [(f"v{i}", f"v{i}#{n}", text, ("train", "test")[i % 3 == 0]) for n, text in enumerate(texts)]
    table = pd.DataFrame(rows, columns=["video_id", "caption_id", "caption", "split"])
    return table.assign(dataset="csv", file="", start=np.nan, end=np.nan)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shards")
    table = captions_table().sample(frac=1, random_state=0, ignore_index=True)
    tables.write_table(table, folder / "captions.parquet", "captions")
    assert main(["shards", "cut", str(folder / "captions.parquet"), str(folder / "one"), "--size", "30"]) == 0
    for step in STEPS:
        more = ["--splits", "test", "-k", "5"] if step == "negatives" else []
        assert main(["shards", step, str(folder / "one"), "--executor", "one", *more]) == 0
    return folder


def files_of(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*.parquet"))}


def all_of(folder, step):
    return pd.concat([pd.read_parquet(path_of(folder, step, name)) for name in shards(folder)], ignore_index=True)


def test_a_video_is_whole_in_its_shard_and_every_caption_is_in_one(folder):
    pieces = [pd.read_parquet(path_of(folder / "one", "captions", name)) for name in shards(folder / "one")]
    assert len(pieces) == 4 and sorted(pd.concat(pieces)["caption_id"]) == sorted(captions_table()["caption_id"])
    videos = [set(piece["video_id"]) for piece in pieces]
    assert sum(map(len, videos)) == len(set.union(*videos)) == 60


def test_processes_give_the_bytes_of_one_and_a_stopped_run_goes_on(folder, tmp_path):
    shutil.copytree(folder / "one" / "captions", tmp_path / "captions")
    names = shards(tmp_path)
    assert run(tmp_path, "tags", processes=2, part=(0, 2), progress=False) == names[::2]
    with pytest.raises(ValueError, match=r"counts needs tags of every shard, and 2 of 4 have none: run .* shards tags"):
        run(tmp_path, "counts")
    assert run(tmp_path, "tags", processes=2, progress=False) == names[1::2]
    more = {step: {"splits": ["test"], "k": 5} if step == "negatives" else {} for step in STEPS}
    for step in STEPS[1:]:
        run(tmp_path, step, processes=2, progress=False, **more[step])
    assert files_of(tmp_path) == files_of(folder / "one")
    assert all(run(tmp_path, step, progress=False, **more[step]) == [] for step in STEPS)


def test_shards_of_other_options_are_not_taken_for_these(folder, tmp_path):
    shutil.copytree(folder / "one", tmp_path, dirs_exist_ok=True)
    same = {"splits": "test", "k": np.int64(5)}  # as ["test"] and 5, by which they were made
    assert run(tmp_path, "negatives", executor="one", progress=False, **same) == []
    with pytest.raises(ValueError, match=r"negatives was made with k = 5, not 7: use the same, or delete"):
        run(tmp_path, "negatives", executor="one", progress=False, splits="test", k=7)
    with pytest.raises(ValueError, match=r"'sed'.*'seed'"):
        run(tmp_path, "negatives", progress=False, sed=1)
    with pytest.raises(ValueError, match="step counts has no options"):
        run(tmp_path, "counts", progress=False, k=7)
    shutil.rmtree(tmp_path / "negatives")
    assert len(run(tmp_path, "negatives", executor="one", progress=False, splits="test", k=7)) == 4
    (tmp_path / "counts.parquet").unlink()
    with pytest.raises(ValueError, match=r"counts\.parquet, the sum of all shards, is not there: run"):
        run(tmp_path, "negatives", executor="one", progress=False, splits="test", k=7)


def test_a_step_made_again_makes_those_after_it_stale(folder, tmp_path):
    shutil.copytree(folder / "one", tmp_path, dirs_exist_ok=True)
    shutil.rmtree(tmp_path / "tags")
    run(tmp_path, "tags", executor="one", progress=False, tagger="en_core_web_sm")  # another name of the same tagger
    for step, options in (("counts", {}), ("statements", {})):
        with pytest.raises(ValueError, match=rf"{step} was made from other tags than those that are there now: delete"):
            run(tmp_path, step, executor="one", progress=False, **options)
    shutil.rmtree(tmp_path / "counts")
    assert len(run(tmp_path, "counts", executor="one", progress=False)) == 4
    with pytest.raises(ValueError, match="negatives was made from other counts"):
        run(tmp_path, "negatives", executor="one", progress=False, splits="test", k=5)
    shutil.rmtree(tmp_path / "captions")
    cut(folder / "captions.parquet", tmp_path, size=30)  # the same captions again: nothing is stale
    assert run(tmp_path, "tags", executor="one", progress=False, tagger="en_core_web_sm") == []
    shutil.rmtree(tmp_path / "captions")
    table = captions_table()
    table.loc[3, "caption"] = "a boat sinks"
    tables.write_table(table, tmp_path / "captions.parquet", "captions")
    cut(tmp_path / "captions.parquet", tmp_path, size=30)
    with pytest.raises(ValueError, match="tags was made from other captions"):
        run(tmp_path, "tags", executor="one", progress=False, tagger="en_core_web_sm")


def test_cut_writes_few_files_at_a_time_and_the_same_ones(folder, tmp_path, monkeypatch):
    module = importlib.import_module("posrank.shards.cut")  # the name is the function's as well
    monkeypatch.setattr(module, "FILES", 3)
    assert cut(folder / "captions.parquet", tmp_path, size=10, batch=7) == 11
    monkeypatch.setattr(module, "FILES", 256)
    assert cut(folder / "captions.parquet", tmp_path / "at once", size=10, batch=7) == 11
    assert files_of(tmp_path / "captions") == files_of(tmp_path / "at once" / "captions")
    told = [(path / "captions" / "options.json").read_text() for path in (tmp_path, tmp_path / "at once", folder / "one")]
    assert len(set(told)) == 1 and json.loads(told[0])["captions"] == 120


def test_ray_gives_the_bytes_of_one(folder, tmp_path):
    pytest.importorskip("ray", reason="Ray is not installed (the extra posrank[ray])")
    shutil.copytree(folder / "one" / "captions", tmp_path / "captions")
    for step in STEPS:
        more = {"splits": ["test"], "k": 5} if step == "negatives" else {}
        run(tmp_path, step, executor="ray", processes=2, progress=False, **more)
    assert files_of(tmp_path) == files_of(folder / "one")


def test_negatives_are_those_of_the_whole_table(folder):
    table = captions_table()
    whole = generate(table, tags=tag_captions(table), splits="test", k=5, progress=False)
    key = ["caption_id", "part", "k"]
    made = all_of(folder / "one", "negatives").sort_values(key, ignore_index=True)
    pd.testing.assert_frame_equal(made, whole.sort_values(key, ignore_index=True), check_like=True)


def test_counts_add_up_to_the_tokens_of_the_training_split(folder):
    table = captions_table()
    tags = tag_captions(table)
    seen = tags[tags["caption_id"].isin(table.loc[table["split"] == "train", "caption_id"])]
    again = word_counts.reference(pd.read_parquet(folder / "one" / "counts.parquet"))
    columns = ["text", "lemma", "upos", "tag"]
    assert again.set_index(columns)["n"].to_dict() == seen[columns].value_counts().to_dict()
    one, other = (Vocabulary(tags, load_lexicon()) for tags in (again, seen.assign(n=7)))
    assert one.__dict__ == other.__dict__, "a kind of token counts as often as it occurs; a token counts once"


def test_groups_of_all_shards_are_those_of_one_table(folder):
    table = captions_table()
    whole = groups(statements(table, tag_captions(table)))
    made = all_of(folder / "one", "groups").sort_values(list(whole.columns), ignore_index=True)
    pd.testing.assert_frame_equal(made, whole.astype("str"), check_dtype=False)
    assert set(made["part"]) >= {"noun", "adj"} and (made.groupby(["part", "key"])["word"].nunique() > 1).all()


def test_poisson_sums_add_up_and_agree_with_the_bootstrap():
    rng = np.random.default_rng(0)
    clusters = np.repeat([f"v{i}" for i in range(400)], 3)
    values = np.clip(np.repeat(rng.random(400), 3) + 0.3 * rng.random(1200), 0, 1)
    whole = poisson_sums(values, clusters, b=4000)
    cut_up = [poisson_sums(values[i::5], clusters[i::5], b=4000) for i in range(5)]  # clusters spread over shards
    added = sum(cut_up[1:], cut_up[0])
    assert np.allclose(added.totals, whole.totals) and np.array_equal(added.ns, whole.ns) and added.n == 1200
    low, high = bootstrap(values, clusters, b=4000)
    error = 4 * (high - low) / 4 / np.sqrt(4000 * 0.05)  # of a quantile, generously
    assert abs(whole.interval()[0] - low) < error and abs(whole.interval()[1] - high) < error
    assert whole.interval() != poisson_sums(values, clusters, b=4000, seed=1).interval()
    with pytest.raises(ValueError, match="use one b"):
        whole + poisson_sums([1.0], ["v"], b=10)
    with pytest.raises(ValueError, match="use one seed"):
        whole + poisson_sums([1.0], ["v"], b=4000, seed=1)
    for wrong, words in (({"b": 0}, "b: expected"), ({"seed": -1}, "seed: expected"), ({"clusters": [None]}, "missing")):
        with pytest.raises(ValueError, match=words):
            poisson_sums(**{"values": [1.0], "clusters": ["v"], **wrong})
    with pytest.raises(ValueError, match="level"):
        whole.interval(1.0)
    with pytest.raises(ValueError, match="finite"):
        poisson_sums([np.nan], ["v"])
    assert isinstance(added, PoissonSums) and added.mean == pytest.approx(values.mean())


def ranks_of(negatives, videos, rng, run="model"):
    """A ranks table of random places."""
    lists = negatives.groupby(["caption_id", "part"], observed=True, as_index=False)["k"].size()
    better = rng.integers(0, lists["size"] + 1)
    return pd.DataFrame({"run": run, "caption_id": lists["caption_id"], "video_id": lists["caption_id"].map(videos),
                         "part": lists["part"], "better": better, "equal": 0, "negatives": lists["size"],
                         "reciprocal_rank": 1 / (better + 1)})


def test_ranks_of_shards_add_up_to_posrank_and_its_interval(folder, tmp_path, capsys):
    videos, rng = captions_table().set_index("caption_id")["video_id"], np.random.default_rng(0)
    ranks = ranks_of(all_of(folder / "one", "negatives"), videos, rng)
    pieces = [ranks.iloc[i::3] for i in range(3)]  # videos spread over files
    paths = [tmp_path / f"{i}.parquet" for i in range(3)]
    for piece, path in zip(pieces, paths):
        tables.write_table(piece, path, "ranks")
    table = add_ranks(paths, b=4000).table().set_index("part")
    pd.testing.assert_frame_equal(table, rank_sums(ranks, b=4000).table().set_index("part"))
    whole = summarize(ranks, b=4000)["posrank"]
    assert set(table.index) == set(whole)
    for part, row in table.iterrows():
        told = whole[part]
        assert row[["posrank", "chance", "adjusted"]].tolist() == pytest.approx([told[name] for name in ("posrank", "chance", "adjusted")], abs=1e-6)
        width = told["high"] - told["low"]
        assert row["low"] == pytest.approx(told["low"], abs=0.2 * width) and row["high"] == pytest.approx(told["high"], abs=0.2 * width)
    assert table.loc["mean", "lists"] == len(ranks)
    assert main(["shards", "ranks", *map(str, paths), "--b", "50"]) == 0
    assert f"{table.loc['noun', 'posrank']:.4f}" in capsys.readouterr().out
    tables.write_table(pieces[2].assign(run="another"), paths[2], "ranks")
    with pytest.raises(ValueError, match=r"2\.parquet: ranks of model on lists of captions and of another .* do not add up"):
        add_ranks(paths, b=50)
    with pytest.raises(ValueError, match="no files"):
        add_ranks([])


def test_ranks_of_groups_count_groups_as_a_whole():
    videos = [f"v{i}" for i in range(8)]
    ranks = pd.DataFrame({"run": "model", "caption_id": [f"s{i}" for i in range(8)], "video_id": videos, "part": "noun",
                          "better": [0, 1] * 4, "equal": 0, "negatives": 1, "reciprocal_rank": [1, 0.5] * 4})
    captions = pd.DataFrame({"caption_id": ranks["caption_id"], "group": [f"g{i // 2}" for i in range(8)]})
    table = rank_sums(with_groups(ranks, captions), b=500).table().set_index("part")
    assert (table.loc["noun", ["low", "high"]] == 0.75).all()  # each group sums to the same
    assert table.loc["mean", ["low", "high"]].isna().all() and table.loc["mean", "posrank"] == 0.75
    by_video = rank_sums(ranks, b=500)
    assert by_video.table().loc[0, "low"] < 0.75
    with pytest.raises(ValueError, match="do not add up"):
        by_video + rank_sums(with_groups(ranks, captions), b=500)
    with pytest.raises(ValueError, match="level"):
        by_video.table(level=1)


@pytest.mark.parametrize("arguments, words", [
    (["cut", "{folder}/none.parquet", "{folder}/x"], "does not exist"),
    (["cut", "{folder}/captions.parquet", "{folder}/one"], "is there already"),
    (["cut", "{folder}/one/counts.parquet", "{folder}/x"], "is no captions table: the column 'dataset' is missing"),
    (["cut", "{folder}/captions.parquet", "{folder}/x", "--size", "0"], "size: expected a whole number"),
    (["tags", "{folder}/x"], "has no shards: make them with"),
    (["negatives", "{folder}/one", "--part", "2/2"], "the first number counts from 0"),
])
def test_what_is_wrong_is_named_with_the_remedy(folder, capsys, arguments, words):
    assert main(["shards", *(text.format(folder=folder) for text in arguments)]) == 1
    assert words in capsys.readouterr().err
