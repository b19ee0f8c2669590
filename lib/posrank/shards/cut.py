"""Cutting a captions table into shards of whole videos.

In: a parquet file that posrank.captions wrote (or any with its columns), read batch after batch. Out:
``<folder>/captions/00000.parquet`` and so on, in which a video's captions are together: negatives are compared with
the other captions of their video. The shard of a video is a hash of its name, so it does not depend on the order.
``<folder>/captions/options.json`` holds the number of captions and a digest of all, by which later steps notice others.
"""

import json
import shutil
from contextlib import ExitStack
from functools import reduce
from pathlib import Path

from tqdm.auto import tqdm

NEEDED = ("dataset", "split", "video_id", "caption_id", "caption")
FILES = 256
"""Shards that are written in one pass over the captions: systems limit the number of open files."""


def cut(source, folder, size=50_000, batch=1 << 16):
    """Write the shards of the captions table `source` below `folder`; returns their number.

    size: captions a shard, on average. The folder appears as a whole, so a killed call leaves no half of it. ValueError
    where `source` is no captions table or has no rows, for a size below 1, and where shards are there already.
    """
    import pyarrow
    import pyarrow.dataset
    import pyarrow.parquet

    if isinstance(size, bool) or not hasattr(size, "__index__") or size < 1:
        raise ValueError(f"size: expected a whole number of captions a shard, at least 1, got {size!r}")
    source, out = Path(source), Path(folder) / "captions"
    if out.exists():
        raise ValueError(f"{out} is there already: name another folder, or delete {folder} to begin anew")
    if not source.is_file():
        raise ValueError(f"{source} does not exist: give the parquet file of a captions table")
    try:
        data = pyarrow.dataset.dataset(source, format="parquet")
        rows = data.count_rows()
    except (pyarrow.ArrowInvalid, OSError) as problem:
        raise ValueError(f"{source} is no readable parquet file ({problem})") from problem
    missing = [name for name in NEEDED if name not in data.schema.names]
    if missing or not rows:
        what = f"the column {missing[0]!r} is missing" if missing else "it has no rows"
        raise ValueError(f"{source} is no captions table: {what}")
    count, partial = -(-rows // int(size)), out.with_name("captions.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    made, digest, passes = 0, 0, range(0, count, FILES)
    with tqdm(total=rows * len(passes), desc="cut", unit="caption") as bar:
        for first in passes:
            writers = {}
            with ExitStack() as stack:
                for piece in data.to_batches(batch_size=batch):
                    columns = {name: piece.column(name).to_pandas().astype(str) for name in NEEDED}
                    shard = _hash(columns["dataset"] + "/" + columns["video_id"]) % count
                    for number in sorted(set(shard[(shard >= first) & (shard < first + FILES)])):
                        if number not in writers:
                            path = partial / f"{number:05d}.parquet"
                            writers[number] = stack.enter_context(pyarrow.parquet.ParquetWriter(path, data.schema))
                        writers[number].write_batch(piece.filter(pyarrow.array(shard == number)))
                    if not first:
                        digest += int(_hash(reduce(lambda a, c: a + "\x1f" + c, columns.values())).sum(dtype="uint64"))
                    bar.update(len(piece))
            made += len(writers)
    (partial / "options.json").write_text(json.dumps({"captions": rows, "digest": f"{digest % 2**64:016x}"}) + "\n")
    partial.rename(out)
    return made


def _hash(texts):
    import pandas as pd

    return pd.util.hash_array(texts.to_numpy(dtype=object), categorize=False)


def shards(folder):
    """Names of the shards below `folder`, sorted; ValueError where there are none."""
    names = sorted(path.stem for path in (Path(folder) / "captions").glob("*.parquet"))
    if not names:
        raise ValueError(f"{folder} has no shards: make them with `python -m posrank shards cut CAPTIONS {folder}`")
    return names
