"""The steps over shards: files of one shard (or bucket) in, files of one shard out.

    tags        captions -> tags                                       tags/00000.parquet
    counts      captions, tags -> word counts; `add` makes counts.parquet of all
    negatives   captions, tags, counts.parquet -> negatives            negatives/00000.parquet
    statements  captions, tags -> statements, dealt to buckets         statements/00000/00003.parquet
    groups      a bucket's statements of all shards -> groups          groups/00003.parquet
"""

from functools import lru_cache
from pathlib import Path

from posrank import PARTS, tables
from posrank.files import atomic
from posrank.shards import counts as word_counts
from posrank.shards import exchange
from posrank.shards.cut import shards

STEPS = ("tags", "counts", "negatives", "statements", "groups")
NEEDS = {"tags": ("captions",), "counts": ("tags",), "negatives": ("counts",), "statements": ("tags",),
         "groups": ("statements",)}
"""Step -> those that must be done before."""
OPTIONS = {
    "tags": {"tagger": None},
    "negatives": dict(rule="paper", level="word", k=20, seed=0, parts=PARTS, splits=None, lexicon="builtin"),
}
"""Step -> its options and their defaults, those of posrank.negatives.generate."""


def path_of(folder, step, name):
    """What a step makes of a shard; of `statements` the folder of its buckets."""
    return Path(folder) / step / (name if step == "statements" else f"{name}.parquet")


def work(job):
    """Do one step on one shard: job = (folder, step, name, options). Returns the name."""
    folder, step, name, options = job
    globals()[f"_{step}"](Path(folder), name, **options)
    return name


def _read(folder, kind, name):
    return tables.read_table(path_of(folder, kind, name), kind)


def _tags(folder, name, tagger=None):
    from posrank.language.tagger import tag_captions

    captions = _read(folder, "captions", name)
    tags = tag_captions(captions[captions["caption"].str.strip() != ""], tagger)
    tables.write_table(tags, path_of(folder, "tags", name), "tags")


def _counts(folder, name):
    counts = word_counts.count(_read(folder, "captions", name), _read(folder, "tags", name))
    _write(counts, path_of(folder, "counts", name))


def add_counts(folder):
    """Write <folder>/counts.parquet, the sum over all shards."""
    _write(word_counts.add(path_of(folder, "counts", name) for name in shards(folder)), Path(folder) / "counts.parquet")


def _negatives(folder, name, splits=None, **options):
    from posrank.negatives import generate
    from posrank.negatives.table import Rows

    counts = folder / "counts.parquet"
    captions, reference = _read(folder, "captions", name), _reference(str(counts), counts.stat().st_mtime_ns)
    if splits is None or captions["split"].isin([splits] if isinstance(splits, str) else splits).any():
        made = generate(captions, tags=_read(folder, "tags", name), reference=reference, splits=splits, progress=False,
                        **options)
    else:  # none of the shard's captions gets a list
        made = Rows(options.get("level", "word")).table(options.get("rule", "paper"), {})
    tables.write_table(made, path_of(folder, "negatives", name), "negatives")


@lru_cache(maxsize=1)
def _reference(path, written):
    import pandas as pd

    return word_counts.reference(pd.read_parquet(path))


def _statements(folder, name):
    out, buckets = path_of(folder, "statements", name), len(shards(folder))
    found = exchange.statements(_read(folder, "captions", name), _read(folder, "tags", name))
    with atomic(out, folder=True) as temporary:
        for bucket, rows in exchange.deal(found, buckets).items():
            rows.to_parquet(Path(temporary) / f"{bucket:05d}.parquet", index=False)


def _groups(folder, name):
    import pandas as pd

    pieces = [pd.read_parquet(path) for path in sorted((folder / "statements").glob(f"*/{name}.parquet"))]
    pieces = pieces or [pd.DataFrame(columns=[*exchange.COLUMNS], dtype="str")]
    _write(exchange.groups(pd.concat(pieces, ignore_index=True)), path_of(folder, "groups", name))


def _write(table, path):
    with atomic(path) as temporary:
        table.to_parquet(temporary, index=False, compression="zstd")
