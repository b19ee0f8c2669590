"""`python -m posrank shards`: the text side of large caption sets, shard by shard."""

import argparse

from posrank import PARTS
from posrank.messages import command
from posrank.negatives.rules import LEVELS, RULES
from posrank.shards.cut import cut
from posrank.shards.ranks import add_ranks
from posrank.shards.run import EXECUTORS, run
from posrank.shards.steps import STEPS


def parser():
    whole = argparse.ArgumentParser(prog="python -m posrank shards", description=__doc__)
    steps = whole.add_subparsers(dest="step", required=True)
    first = steps.add_parser("cut", help="cut a captions table (parquet) into shards of whole videos")
    first.add_argument("captions")
    first.add_argument("folder")
    first.add_argument("--size", type=int, default=50_000, help="captions a shard, on average (default: 50000)")
    last = steps.add_parser("ranks", help="PoSRank, interval and chance of ranks tables made shard by shard")
    last.add_argument("files", nargs="+", help="parquet files of posrank.evaluate's tables, of one run")
    last.add_argument("--b", type=int, default=10_000, help="replicates of the interval (default: 10000)")
    for name in STEPS:
        step = steps.add_parser(name, help=f"make {name} of each shard")
        step.add_argument("folder")
        step.add_argument("--executor", choices=EXECUTORS, default="processes")
        step.add_argument("--processes", type=int, default=None, help="default: one per processor")
        step.add_argument("--part", type=_part, default=(0, 1), metavar="I/N",
                          help="every N-th shard from the I-th on, counted from 0")
        if name == "tags":
            step.add_argument("--tagger", default=None, help="name or folder of a spaCy pipeline")
        if name == "negatives":
            step.add_argument("--rule", choices=RULES, default="paper")
            step.add_argument("--level", choices=LEVELS, default="word")
            step.add_argument("-k", type=int, default=20, help="negatives per caption and part (default: 20)")
            step.add_argument("--seed", type=int, default=0)
            step.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
            step.add_argument("--splits", nargs="+", default=None, help="whose captions get lists (default: all)")
    return whole


def _part(text):
    number, _, of = text.partition("/")
    try:
        return int(number), int(of)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r}: two numbers, as in 0/8") from None


@command
def main(argv=None):
    """Command line."""
    chosen = vars(parser().parse_args(argv))
    step = chosen.pop("step")
    if step == "cut":
        print(f"{cut(chosen['captions'], chosen['folder'], chosen['size'])} shards in {chosen['folder']}/captions")
    elif step == "ranks":
        print(add_ranks(chosen["files"], chosen["b"]).table().to_string(index=False, float_format="{:.4f}".format))
    else:
        made = run(chosen.pop("folder"), step, **chosen)
        print(f"{step}: {len(made)} shards made")
