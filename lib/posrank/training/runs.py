"""Runs: from a line of params.yaml to a folder with trained weights, and back to a system.

    runs/<system>-<strategy>-<seed>/weights.safetensors, config.yaml, history.csv

The folder is filled when the run is done; while it lasts, its resumable state is `data/state/<run>.pt`. `python -m
posrank.training.runs xclip word 0` trains one run without a notebook; under `torchrun --nproc-per-node N -m ...` it
does so with N processes and the same global batch.
"""

import argparse
import os
import sys
from pathlib import Path

import pandas as pd
import torch
import yaml

from posrank import files, systems
from posrank.pipeline.params import load as load_params
from posrank.towers.checkpoints import load_checked, read_state
from posrank.training.distributed import join_world
from posrank.training.launch import launch, processes_of, under_torchrun
from posrank.training.loop import COLUMNS, STRATEGIES, train
from posrank.training.resume import Resume, written
from posrank.training.sources import COUNTS, check_share, training_batches
from posrank.training.start_weights import start_weights

KEYS = (
    "rule", "holdout", "video", "n", "n_per", "lambda", "coarse_reduce", "fine_form", "steps", "epochs", "batch",
    "optimizer", "lr", "clip_lr", "prompt_lr", "frozen", "weight_decay", "warmup", "schedule", "clip_norm", "precision",
    "checkpoint_every",
)

NEEDED = ("system", "strategy", "seed", "dataset", "build")
"""Keys of config.yaml that say what a run is."""
AGAIN = "train the run again: dvc repro train"


def run_settings(params, system, strategy, seed):
    """All that defines one run, as a flat dict of plain values. ValueError names an unknown strategy or system."""
    if strategy not in STRATEGIES:
        raise ValueError(f"no strategy {strategy!r}; there are {', '.join(STRATEGIES)}")
    chosen, stored = params.train_for(system), params.frames["num_frames"]
    frames = chosen["num_frames"] or stored
    if frames > stored or (frames < stored and system != "frozen"):
        raise ValueError(
            f"train.num_frames = {frames} of {system}, but frames.num_frames = {stored} are stored and only Frozen "
            "picks some of them: set train.num_frames to null, or store as many"
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
    if own := start_weights(build["backbone"], settings["system"]):
        build["backbone"] = files.root() / "data" / "world" / own
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings["seed"])
        return systems.build(settings["system"], **build)


def device_of():
    """This process's GPU where there is one, else the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0)))
    return torch.device("cpu")


def run_name(settings):
    return f"{settings['system']}-{settings['strategy']}-{settings['seed']}"


def train_run(settings, folder=None, progress=True, processes=1):
    """Train one run and write `runs/<run>/`; returns the folder. A killed run goes on where its state was last written.

    processes: a number, or "auto" = one per GPU; several are started here, and share each batch. Under torchrun all
    call this function, and `processes` counts for nothing. ValueError where they do not divide train.batch.
    """
    folder = Path(folder or files.root())
    count = processes_of(processes)
    if count > 1 and not under_torchrun() and settings["strategy"] != "zeroshot":
        check_share(settings, count)
        arguments = dict(settings=settings, folder=str(folder.resolve()), progress=progress)
        launch("posrank.training.runs:train_run", arguments, count)
        return folder / "runs" / run_name(settings)
    world = join_world()
    # gradients of shared rows (words, prefixes) are otherwise summed in the order in which threads come by
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.utils.deterministic.fill_uninitialized_memory = False  # nothing here reads it, and filling costs time
    system = start_system(settings).to(device_of())
    state = folder / "data" / "state" / f"{run_name(settings)}.pt"
    counts = {}
    if settings["strategy"] == "zeroshot":
        history = empty_history()
    else:
        batches = training_batches(settings, folder, world)
        counts = batches.counts
        if world.main:
            missing, videos = counts["videos_missing"], counts["videos"]
            print(f"{run_name(settings)}: {counts['captions']} captions of {videos - missing} of {videos} training "
                  f"videos{f'; {missing} have no frames' if missing else ''}")
            if "grouped_videos" in counts:
                print("videos in groups:", ", ".join(f"{part} {n}" for part, n in counts["grouped_videos"].items()))
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
    """Write config.yaml, history.csv, and last weights.safetensors, each atomically. OSError names the file."""
    from safetensors.torch import save_file

    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    texts = {"config.yaml": yaml.safe_dump(settings, sort_keys=False),
             "history.csv": history.round(6).to_csv(index=False)}
    for name, text in texts.items():
        with written(out / name) as temporary:
            Path(temporary).write_text(text, encoding="utf-8", newline="\n")
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in system.state_dict().items()}
    with written(out / "weights.safetensors") as temporary:
        save_file(tensors, temporary)


def load_run(out, device=None):
    """(system in evaluation mode, settings) of a trained run. settings: those of `run_settings` (config.yaml has the
    counts of `training_batches` as well). ValueError where the folder holds no finished run, naming the file and, where
    it is one, the key that is wrong."""
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
    known = {"strategy": settings["strategy"] in [*STRATEGIES], "dataset": isinstance(settings["dataset"], str)}
    for key, fits in known.items():
        if not fits:
            raise ValueError(f"{config}: {key} is {settings[key]!r:.100}, which no run has; {AGAIN}")
    try:
        system = start_system(settings)
    except (ValueError, TypeError, KeyError, AttributeError, RuntimeError, OverflowError) as problem:
        raise ValueError(f"{config} does not describe a system ({problem}); {AGAIN}") from problem
    load_checked(system, read_state(weights, exact=True), settings["system"], str(weights))
    return system.to(device or device_of()).eval(), {key: value for key, value in settings.items() if key not in COUNTS}


def main(argv=None):
    parser = argparse.ArgumentParser(prog="python -m posrank train", description="Train one run of params.yaml.")
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
