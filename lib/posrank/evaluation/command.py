"""``python -m posrank evaluate``: a run of params.yaml, or any model on a frozen set."""

import argparse
import sys

from posrank import files, release
from posrank.evaluation.external import KINDS, evaluate_model
from posrank.evaluation.results import results
from posrank.pipeline import params as knobs


def main(argv=None):
    """Command line; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m posrank evaluate",
        description="Evaluate a trained run of params.yaml, or, with --model, any model on a frozen set.")
    parser.add_argument("run", nargs="?", help="system-strategy-seed, as in xclip-word-0")
    parser.add_argument("--model", help=f"kind:name, of the kinds {', '.join(KINDS)}")
    parser.add_argument("--release", help="name or folder of a frozen set")
    parser.add_argument("--captions", help="folder of the annotation files; data/raw/<dataset> without it")
    parser.add_argument("--videos", help="folder of the videos")
    parser.add_argument("--out", help="folder for ranks, scores and metrics; results/<model> without it")
    parser.add_argument("--frames", type=int, default=8, help="a video (8)")
    parser.add_argument("--size", type=int, default=224, help="pixels of a frame (224)")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--shuffled", action="store_true", help="the same model with shuffled videos as well")
    parser.add_argument("--download", action="store_true", help="weights may be fetched")
    given = parser.parse_args(argv)
    if (given.run is None) == (given.model is None) or (given.model and not given.release):
        parser.error("give the name of a run, or --model and --release")
    try:
        if given.run:
            folder = files.workspace()
            metrics, _, _ = results(folder, given.run, knobs.load(folder / "params.yaml"), again=True)
            told = folder / "metrics" / f"{given.run}.json"
        else:
            found = release.read(given.release)
            captions = given.captions or files.root() / "data" / "raw" / found.about["dataset"]
            metrics, _ = evaluate_model(
                given.model, found, captions, given.videos, given.out, frames=given.frames, size=given.size,
                device=given.device, shuffled=given.shuffled, download=given.download)
            told = ", ".join(f"{part} {values['posrank']:.3f}" for part, values in metrics["posrank"].items())
        if metrics is not None:
            print(told)
    except (ValueError, OSError, RuntimeError) as problem:
        print(f"ERROR: {problem}", file=sys.stderr)
        return 1
    return 0
