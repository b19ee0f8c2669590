"""What a run is trained on: its batches from the tables of a workspace, and its negatives.

In: the settings of a run (posrank.training.runs.run_settings) and a folder. Out: `Batches`. Errors name the file or the
parameter that keeps a run from being trained.
"""

from pathlib import Path

from posrank import negatives, tables
from posrank.training.batches import Batches, constant_video, no_video
from posrank.training.distributed import World
from posrank.training.loop import STRATEGIES
from posrank.video.store import FrameStore

COUNTS = ("videos", "videos_missing", "captions", "captions_left_out", "grouped_videos")
"""Keys of config.yaml that say what a run was trained on."""


def check_share(settings, processes):
    """ValueError where the global batch cannot be dealt out evenly."""
    if settings["batch"] % processes:
        raise ValueError(f"train.batch = {settings['batch']} does not divide by the {processes} processes")


def training_batches(settings, folder, world=None):
    """`Batches` of a run from the tables of `folder`: data/captions, data/tags and data/frames of its dataset. Its
    `counts`: videos of the training split, videos_missing (those of them without frames), captions that are trained
    on; captions_left_out of text-only training, whose videos have no other caption; grouped_videos of rule exchange by
    part, which have a list in the first epoch."""
    world = world or World()
    data, dataset = Path(folder) / "data", settings["dataset"]
    file = data / "captions" / f"{dataset}.parquet"
    captions = tables.read_table(file, "captions")
    given = ", ".join(sorted(captions["split"].unique())) or "none"
    captions = captions[captions["split"] == "train"]
    store = FrameStore(data / "frames" / dataset)
    trained = captions["video_id"].isin(store.ids)
    if not trained.any():
        what = f"none of the {len(captions)} captions of" if len(captions) else "no captions of"
        why = f"has a video in {data / 'frames' / dataset}" if len(captions) else f"(splits there: {given})"
        raise ValueError(
            f"{dataset}: {what} the split 'train' in {file} {why}, so nothing can be trained: give some captions with "
            "videos the split train, train on another dataset (train.dataset), or set train.systems to []"
        )
    asked = set(captions["video_id"])
    captions = captions[trained].reset_index(drop=True)
    counts = dict(zip(COUNTS, (len(asked), len(asked - set(store.ids)), len(captions))))
    if settings.get("video") == "text":
        if settings["strategy"] == "prompt":
            raise ValueError("train.video: text trains the text tower alone, and visual prompts are none of it: leave "
                             "the strategy prompt out, or set train.video to own")
        captions = captions[captions.duplicated("video_id", keep=False)].reset_index(drop=True)
        if captions.empty:
            raise ValueError(f"{dataset}: every training video has one caption in {file}, and train.video: text needs "
                             "two of a video: set train.video to own")
        counts |= {"captions": len(captions), "captions_left_out": counts["captions"] - len(captions)}
    check_share(settings, world.size)
    made_of = dict(frames=[data / "frames" / dataset / name for name in ("videos.parquet", "frames.npy")])
    source, level = None, STRATEGIES[settings["strategy"]]
    if level:
        tags = tables.read_table(data / "tags" / f"{dataset}.parquet", "tags")
        tags = tags[tags["caption_id"].isin(captions["caption_id"])]
        source = training_negatives(captions, tags, settings, level)
        made_of["tags"] = tags
        if settings["rule"] == "exchange":
            counts["grouped_videos"] = source.attrs["videos"]
    shown = settings.get("video", "own")
    frames = {"own": store.rows, "constant": constant_video(store.rows), "text": no_video}[shown]
    batches = Batches(captions, frames, source, batch=settings["batch"], seed=settings["seed"], share=world.slice,
                      made_of=made_of, anchored=shown == "text")
    batches.counts = counts
    return batches


def training_negatives(captions, tags, settings, level):
    """The source of negatives of a run: `lists(caption_ids, epoch)`."""
    known = dict(n=settings["n"], seed=settings["seed"], lexicon=settings.get("lexicon", "builtin"),
                 holdout=settings.get("holdout", 0))
    if settings["rule"] == "exchange":
        if level != "word":
            raise ValueError(f"strategy {settings['strategy']} trains with level {level}, and rule exchange exchanges "
                             "one word: train.rule: exchange goes with the strategies coarse and word")
        if settings["n_per"] != "part":
            raise ValueError("train.n_per: caption draws a part for each negative, and rule exchange has a list for "
                             "each part: set train.n_per to part")
        return negatives.TrainingGroups(captions, tags, **known)
    return negatives.TrainingNegatives(captions, tags, rule=settings["rule"], level=level, n_per=settings["n_per"],
                                       reference=captions, **known)
