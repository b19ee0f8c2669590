"""One command line: ``python -m posrank COMMAND ...``.

    repro, sweep, publish, lab   a preset of params.yaml: run it, its sweeps, publish its metrics, JupyterLab on them
    stage, notebook, source      what dvc.yaml calls: a stage, a notebook, copies of the notebooks' code
    train, evaluate              one run of params.yaml without a notebook; evaluate --model: any model on a frozen set
    release                      frozen sets: write, build, export, list
    explore                      a page of videos beside their ranked sentences, of one or two results
    board                        one page of all models that were evaluated on frozen sets
    shards                       tags, word counts, negatives and groups of large caption sets, shard by shard
    tables                       the paper's Tables 1 and 2 from real annotation files
"""

import importlib
import sys

from posrank.messages import unknown

COMMANDS = {
    **dict.fromkeys(("repro", "sweep", "publish", "lab"), ("posrank.pipeline.presets", True)),
    **dict.fromkeys(("notebook", "source"), ("posrank.pipeline.notebooks", True)),
    "stage": ("posrank.pipeline.stages", False),
    "train": ("posrank.training.runs", False),
    "evaluate": ("posrank.evaluation.command", False),
    "explore": ("posrank.figures.explore", False),
    "board": ("posrank.figures.board_page", False),
    "release": ("posrank.release.command", False),
    "shards": ("posrank.shards.command", False),
    "tables": ("posrank.figures.real", False),
}
"""Command -> module with a `main(argv)`, and whether the command is its first word."""


def main(argv=None):
    """Run one command; returns its exit status."""
    name, *rest = (sys.argv[1:] if argv is None else argv) or ["--help"]
    if name in ("-h", "--help"):
        print(__doc__)
        return 0
    if name not in COMMANDS:
        print(f"ERROR: {unknown('command', name, COMMANDS)}", file=sys.stderr)
        return 2
    module, named = COMMANDS[name]
    return importlib.import_module(module).main([name, *rest] if named else rest)


if __name__ == "__main__":
    sys.exit(main())
