"""``python -m posrank release write|build|export|list``: frozen sets from the command line."""

import argparse
from pathlib import Path

from posrank import captions, files, negatives, tables
from posrank.messages import command
from posrank.release import folder as layout
from posrank.release.exporting import KINDS, export
from posrank.release.rebuild import build, unmatched_text
from posrank.release.save import thin, write
from posrank.validity import blind_ranks, judge_rows

JUDGES = ("unigram", "bigram", "trigram", "4-gram")


def make(name, root, variant=None, split="test", per_video=None, tags=None, folds=0, home=None, changes=None):
    """Make the release `name` (<dataset>-<rule>-<version>) from official annotation files -> `Release`.

    root       folder of the annotation files; tags: a file of tags made before (else they are made here)
    split      whose captions get lists; per_video: captions of a video and part at most (not for rule exchange)
    folds      of the learned judge among the blind rows, 0 = n-gram models alone
    home       folder that gets the release's; None = data/releases of the project
    changes    what differs from the version before, for CHANGELOG.md
    """
    dataset, rule = [*name.split("-"), ""][:2]
    if rule == "exchange" and per_video:
        raise ValueError(f"{name}: groups of rule exchange are whole or nothing: leave out --captions-per-video")
    table = captions.load(dataset, root, variant)
    tags = None if tags is None else tables.read_table(tags, "tags")
    if rule == "exchange":
        statements, lists = negatives.exchange(table, tags=tags, splits=[split])
        texts = statements
    else:
        statements, lists = None, negatives.generate(table, rule, tags=tags, splits=[split])
        lists = thin(lists, table, per_video) if per_video else lists
        texts = table[table["caption_id"].isin(lists["caption_id"])]
    others = table[~table["video_id"].isin(texts["video_id"])]
    blind = judge_rows(blind_ranks(JUDGES, lists, texts, others, folds=folds)) if len(others) else None
    home = files.root() / "data" / "releases" if home is None else Path(home)
    return write(lists, table, home / name, statements, blind=blind, changes=changes)


def rebuilt(name, root, out):
    """Build a release from annotation files into the folder `out`: captions.parquet and negatives.parquet. Returns the
    two tables."""
    found = layout.read(name)
    table = captions.load(found.about["dataset"], root, found.about["variant"])
    texts, lists = build(found, table)
    tables.write_table(texts, Path(out) / "captions.parquet", "captions")
    tables.write_table(lists, Path(out) / "negatives.parquet", "negatives")
    return texts, lists


@command
def main(argv=None):
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m posrank release", description="Frozen sets of negatives.")
    commands = parser.add_subparsers(dest="command", required=True)
    maker = commands.add_parser("write", help="make a release from annotation files")
    builder = commands.add_parser("build", help="make the tables of a release on this machine")
    exporter = commands.add_parser("export", help="write a release for another project")
    exporter.add_argument("--format", required=True, choices=KINDS)
    for each in (maker, builder, exporter):
        each.add_argument("name", help="<dataset>-<rule>-<version>, as in msrvtt-exchange-1.2, or its folder")
        each.add_argument("--captions", required=True, help="folder of the dataset's annotation files")
    maker.add_argument("--variant", help="of the dataset; the usual one without it")
    maker.add_argument("--split", default="test")
    maker.add_argument("--captions-per-video", type=int, help="at most so many for each video and part")
    maker.add_argument("--tags", help="parquet file of tags made before")
    maker.add_argument("--folds", type=int, default=0, help="of the learned judge among the blind rows; 0 = without it")
    maker.add_argument("--changes", help="what differs from the version before, for CHANGELOG.md")
    maker.add_argument("--out", help="folder that gets the release; data/releases without it")
    builder.add_argument("--out", help="folder for the tables; data/built/<name> without it")
    exporter.add_argument("--out", help="folder for the files; data/exports/<name>-<format> without it")
    commands.add_parser("list", help="names of the releases of this project")
    given = parser.parse_args(argv)
    if given.command == "list":
        print("\n".join(layout.releases()))
    elif given.command == "write":
        made = make(given.name, given.captions, given.variant, given.split, given.captions_per_video, given.tags,
                    given.folds, given.out, changes=given.changes)
        print(f"{made.folder}: {len(made.table):,} {'statements' if made.rule == 'exchange' else 'lists'}")
    elif given.command == "export":
        found = layout.read(given.name)
        table = captions.load(found.about["dataset"], given.captions, found.about["variant"])
        out = given.out or files.root() / "data" / "exports" / f"{found.name}-{given.format}"
        print("{}: {:,} lists".format(*export(found, given.format, table, out)))
    else:
        out = given.out or files.root() / "data" / "built" / Path(given.name).name
        _, lists = rebuilt(given.name, given.captions, out)
        print(unmatched_text(lists.attrs) or f"all captions match; {lists.attrs['lists']:,} lists")
        print(f"{out}: captions.parquet, negatives.parquet")
