"""What a stopped evaluation must agree with to go on: the run's weights, the frames, the videos, the code, the options.

In: a run's folder, a frame store, captions, options. Out: one text; where anything that could change a score is another,
so is the text, and what was kept under the old one is not used.
"""

import hashlib
import json
import os
from pathlib import Path


def identity(run, frames, captions, options):
    """`run`: folder of a trained run; `frames`: folder of a store; `captions`: those evaluated; `options`: a plain dict."""
    digest = hashlib.blake2b(digest_size=16)
    for path in (Path(run) / "config.yaml", Path(run) / "weights.safetensors", Path(frames) / "videos.parquet", *_code()):
        with open(path, "rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    stored = os.stat(Path(frames) / "frames.npy")
    # controls show videos in each other's places: which there are counts
    told = [stored.st_size, stored.st_mtime_ns, list(dict.fromkeys(captions["video_id"])), options]
    digest.update(json.dumps(told, sort_keys=True).encode())
    return digest.hexdigest()


def _code():
    """Files of this package that take part in a score."""
    here = Path(__file__).resolve().parent
    return sorted(path for part in ("scoring", "systems", "towers") for path in (here / part).glob("*.py"))
