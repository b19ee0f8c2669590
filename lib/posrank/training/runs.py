"""Runs: from a line of params.yaml to a folder with trained weights, and back to a system.

    runs/<system>-<strategy>-<seed>/weights.safetensors, config.yaml, history.csv

The folder is filled when the run is done; while it lasts, its resumable state is `data/state/<run>.pt`. `python -m
posrank.training.runs xclip word 0` trains one run without a notebook; under `torchrun --nproc-per-node N -m ...` it does so
with N processes and the same global batch.
"""

import argparse
import os
import sys
from pathlib import Path

import pandas as pd
import torch
import yaml

from posrank import files, negatives, systems, tables
from posrank.pipeline.params import load as load_params
from posrank.towers.checkpoints import load_checked, read_state
from posrank.training.batches import Batches, constant_video, no_video
from posrank.training.distributed import World, join_world
from posrank.training.launch import launch, processes_of, under_torchrun
from posrank.training.loop import COLUMNS, STRATEGIES, train
from posrank.training.resume import Resume, written
from posrank.video.store import FrameStore

KEYS = (
    "rule", "holdout", "video", "n", "n_per", "lambda", "coarse_reduce", "fine_form", "steps", "epochs", "batch", "optimizer", "lr",
    "clip_lr", "prompt_lr", "frozen", "weight_decay", "warmup", "schedule", "clip_norm", "precision", "checkpoint_every",
)

WORLD_BACKBONES = {"frozen": "pretrained_frozen"}
"""Folders under data/world of systems that have a pretraining of their own; the others start from `pretrained`, a CLIP."""

NEEDED = ("system", "strategy", "seed", "dataset", "build")
"""Keys of config.yaml that say what a run is."""
COUNTS = ("videos", "videos_missing", "captions")
"""Keys of config.yaml that say what a run was trained on."""
AGAIN = "train the run again: dvc repro train"


def run_settings(params, system, strategy, seed):
    """All that defines one run, as a flat dict of plain values. ValueError names an unknown strategy or system."""
    if strategy not in STRATEGIES:
        raise ValueError(f"no strategy {strategy!r}; there are {', '.join(STRATEGIES)}")
    chosen, stored = params.train_for(system), params.frames["num_frames"]
    frames = chosen["num_frames"] or stored
    if frames > stored or (frames < stored and system != "frozen"):
        raise ValueError(
            f"train.num_frames = {frames} of {system}, but frames.num_frames = {stored} are stored and only Frozen picks some of "
            "them: set train.num_frames to null, or store as many"
        )
    build = dict(
        backbone=chosen["backbone"], prompts=chosen["prompts"] if strategy == "prompt" else 0,
        num_frames=frames, max_words=chosen["max_words"], as_released=chosen["as_released"],
    )
    values = chosen.plain()
    if strategy == "zeroshot":
        values |= dict(steps=0, epochs=None)
    return dict(system=system, strategy=strategy, seed=seed, dataset=chosen["dataset"], build=build,
                **{key: values[key] for key in KEYS if key in values}, lexicon=params.language["lexicon"])


def start_system(settings):
    """The system of a run before its first step: its backbone's weights, new parameters seeded by the run's seed."""
    build = dict(settings["build"])
    if build["backbone"] == "world":
        build["backbone"] = files.root() / "data" / "world" / WORLD_BACKBONES.get(settings["system"], "pretrained")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings["seed"])
        return systems.build(settings["system"], **build)


def device_of():
    """This process's GPU where there is one, else the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0)))
    return torch.device("cpu")


def check_share(settings, processes):
    """ValueError where the global batch cannot be dealt out evenly."""
    if settings["batch"] % processes:
        raise ValueError(f"train.batch = {settings['batch']} does not divide by the {processes} processes")


def training_batches(settings, folder, world=None):
    """`Batches` of a run from the tables of `folder`: data/captions, data/tags and data/frames of its dataset. Its `counts`:
    videos of the training split, videos_missing (those of them without frames), captions that are trained on."""
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
            f"{dataset}: {what} the split 'train' in {file} {why}, so nothing can be trained: give some captions with videos the "
            "split train, train on another dataset (train.dataset), or set train.systems to [] in params.yaml"
        )
    asked = set(captions["video_id"])
    captions = captions[trained].reset_index(drop=True)
    counts = dict(zip(COUNTS, (len(asked), len(asked - set(store.ids)), len(captions))))
    if settings.get("video") == "text":
        if settings["strategy"] == "prompt":
            raise ValueError("train.video: text trains the text tower alone, and visual prompts are none of it: leave the strategy "
                             "prompt out, or set train.video to own")
        captions = captions[captions.duplicated("video_id", keep=False)].reset_index(drop=True)
        if captions.empty:
            raise ValueError(f"{dataset}: every training video has one caption in {file}, and train.video: text needs two of a "
                             "video: set train.video to own")
        counts["captions"] = len(captions)
    check_share(settings, world.size)
    made_of = dict(frames=[data / "frames" / dataset / name for name in ("videos.parquet", "frames.npy")])
    source, level = None, STRATEGIES[settings["strategy"]]
    if level:
        tags = tables.read_table(data / "tags" / f"{dataset}.parquet", "tags")
        tags = tags[tags["caption_id"].isin(captions["caption_id"])]
        source = training_negatives(captions, tags, settings, level)
        made_of["tags"] = tags
    shown = settings.get("video", "own")
    frames = {"own": store.rows, "constant": constant_video(store.rows), "text": no_video}[shown]
    batches = Batches(captions, frames, source, batch=settings["batch"], seed=settings["seed"], share=world.slice, made_of=made_of,
                      anchored=shown == "text")
    batches.counts = counts
    return batches


def training_negatives(captions, tags, settings, level):
    """The source of negatives of a run: `lists(caption_ids, epoch)`."""
    known = dict(n=settings["n"], seed=settings["seed"], lexicon=settings.get("lexicon", "builtin"),
                 holdout=settings.get("holdout", 0))
    if settings["rule"] == "exchange":
        for fits, fault in ((level == "word", f"strategy {settings['strategy']} trains with level {level}, and rule exchange "
                             "exchanges one word: train.rule: exchange goes with the strategies coarse and word"),
                            (settings["n_per"] == "part", "train.n_per: caption draws a part for each negative, and rule exchange "
                             "has a list for each part: set train.n_per to part")):  # fmt: skip
            if not fits:
                raise ValueError(fault)
        return negatives.TrainingGroups(captions, tags, **known)
    return negatives.TrainingNegatives(captions, tags, rule=settings["rule"], level=level, n_per=settings["n_per"], **known,
                                       reference=captions)


def run_name(settings):
    return f"{settings['system']}-{settings['strategy']}-{settings['seed']}"


def train_run(settings, folder=None, progress=True, processes=1):
    """Train one run and write `runs/<run>/`; returns the folder. A killed run goes on where its state was last written.

    processes: a number, or "auto" = one per GPU; several are started here, and share each batch. Under torchrun all call this
    function, and `processes` counts for nothing. ValueError where they do not divide train.batch.
    """
    folder = Path(folder or files.root())
    count = processes_of(processes)
    if count > 1 and not under_torchrun() and settings["strategy"] != "zeroshot":
        check_share(settings, count)
        launch("posrank.training.runs:train_run", dict(settings=settings, folder=str(folder.resolve()), progress=progress), count)
        return folder / "runs" / run_name(settings)
    world = join_world()
    # gradients of shared rows (words, prefixes) are otherwise summed in the order in which threads come by
    torch.use_deterministic_algorithms(True, warn_only=True)
    system = start_system(settings).to(device_of())
    state = folder / "data" / "state" / f"{run_name(settings)}.pt"
    counts = {}
    if settings["strategy"] == "zeroshot":
        history = empty_history()
    else:
        batches = training_batches(settings, folder, world)
        counts = batches.counts
        if world.main:
            missing = counts["videos_missing"]
            print(f"{run_name(settings)}: {counts['captions']} captions of {counts['videos'] - missing} of {counts['videos']} "
                  f"training videos{f'; {missing} have no frames' if missing else ''}")  # fmt: skip
        history = train(system, batches, settings, state=state, world=world, progress=progress)
    out = folder / "runs" / run_name(settings)
    if world.main:
        save_run(out, system, {**settings, **counts}, history)
        Resume(state).remove()
    world.barrier()
    return out


def empty_history():
    """The history of a run without a step."""
    return pd.DataFrame({column: pd.Series(dtype="int64" if column == "step" else "float64") for column in COLUMNS})


def save_run(out, system, settings, history):
    """Write weights.safetensors, config.yaml and history.csv, each atomically, the weights last. OSError names the file."""
    from safetensors.torch import save_file

    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    texts = {"config.yaml": yaml.safe_dump(settings, sort_keys=False), "history.csv": history.round(6).to_csv(index=False)}
    for name, text in texts.items():
        with written(out / name) as temporary:
            Path(temporary).write_text(text, encoding="utf-8", newline="\n")
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in system.state_dict().items()}
    with written(out / "weights.safetensors") as temporary:
        save_file(tensors, temporary)


def load_run(out, device=None):
    """(system in evaluation mode, settings) of a trained run. settings: those of `run_settings` (config.yaml has the counts of
    `training_batches` as well). ValueError where the folder holds no finished run, naming the
    file and, where it is one, the key that is wrong."""
    out = Path(out)
    weights, config = out / "weights.safetensors", out / "config.yaml"
    for path in (weights, config):
        if not path.is_file():
            raise ValueError(f"{out} holds no trained run ({path.name} is missing); train it first: dvc repro train")
    try:
        settings = yaml.safe_load(config.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as problem:
        raise ValueError(f"{config} cannot be read ({problem}); {AGAIN}") from problem
    missing = [key for key in NEEDED if key not in settings] if isinstance(settings, dict) else ["mapping"]
    if missing:
        raise ValueError(f"{config} is no config of a run, it has no {missing[0]!r}; {AGAIN}")
    for key, fits in (("strategy", lambda value: value in list(STRATEGIES)), ("dataset", lambda value: isinstance(value, str))):
        if not fits(settings[key]):
            raise ValueError(f"{config}: {key} is {settings[key]!r:.100}, which no run has; {AGAIN}")
    try:
        system = start_system(settings)
    except (ValueError, TypeError, KeyError, AttributeError, RuntimeError, OverflowError) as problem:
        raise ValueError(f"{config} does not describe a system ({problem}); {AGAIN}") from problem
    load_checked(system, read_state(weights, exact=True), settings["system"], str(weights))
    return system.to(device or device_of()).eval(), {key: value for key, value in settings.items() if key not in COUNTS}


def main(argv=None):
    parser = argparse.ArgumentParser(prog="python -m posrank.training.runs", description="Train one run of params.yaml.")
    parser.add_argument("system")
    parser.add_argument("strategy")
    parser.add_argument("seed", type=int)
    arguments = parser.parse_args(argv)
    try:
        params = load_params()
        settings = run_settings(params, arguments.system, arguments.strategy, arguments.seed)
        out = train_run(settings, processes=params.processes)
    except (ValueError, RuntimeError) as problem:
        print(f"ERROR: {problem}", file=sys.stderr)
        return 1
    print(out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
