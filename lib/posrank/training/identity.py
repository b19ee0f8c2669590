"""What a stopped training or evaluation must agree with to go on: one digest for each thing that makes its result.

In: things by name (files, folders, tables, weights, settings). Out: {name: digest}. A different digest invalidates what
was kept, and its name says why. Contents count, never times or places of files.
"""

import hashlib
import json
import os
from pathlib import Path

import pandas as pd

HERE = Path(__file__).resolve().parents[1]


def digests(**things):
    """{name: digest} of things by name; see `digest`."""
    return {name: digest(thing) for name, thing in things.items()}


def digest(thing):
    """32 hexadecimal digits: of a Path the content of the file or of all files of the folder, of a table its columns
    and rows in order, of a list of Paths all of these, of a state_dict its tensors, else of its JSON."""
    found = hashlib.blake2b(digest_size=16)
    for piece in _pieces(thing):
        found.update(len(piece).to_bytes(8, "big"))
        found.update(piece)
    return found.hexdigest()


def changed(old, new):
    """Names whose digests differ between two results of `digests`, in the order of the new one."""
    old = old if isinstance(old, dict) else {}
    return [name for name in {**new, **old} if old.get(name) != new.get(name)]


def code(*parts):
    """The files of parts of this package, folders (`systems`) or modules (`files.py`): code and the word lists that it
    reads, nothing compiled."""
    found = [path for part in parts for path in (HERE / part, *sorted((HERE / part).rglob("*")))]
    return [path for path in found if path.is_file() and "__pycache__" not in path.parts]


def identity(run, frames, captions, options):
    """What a stopped evaluation must agree with, as one text. `run`: folder of a trained run; `frames`: folder of a
    store; `captions`: those evaluated; `options`: a plain dict."""
    return digest(digests(
        run=[Path(run) / "config.yaml", Path(run) / "weights.safetensors"], frames=Path(frames), options=options,
        # controls show videos in each other's places: which there are counts
        videos=list(dict.fromkeys(captions["video_id"])), code=code("scoring", "systems", "towers"),
    ))


def _pieces(thing):
    """The bytes that stand for a thing, piece by piece."""
    if isinstance(thing, Path):
        files = sorted(path for path in thing.rglob("*") if path.is_file()) if thing.is_dir() else [thing]
        for file in files:
            yield os.fsencode(file.relative_to(thing) if thing.is_dir() else file.name)
            with open(file, "rb") as stream:
                yield hashlib.file_digest(stream, "sha256").digest()
    elif isinstance(thing, list) and thing and all(isinstance(entry, Path) for entry in thing):
        for path in thing:
            yield from _pieces(path)
    elif isinstance(thing, pd.DataFrame):
        yield json.dumps(list(map(str, thing.columns))).encode()
        yield pd.util.hash_pandas_object(thing, index=False).to_numpy().tobytes()
    elif isinstance(thing, dict) and thing and all(hasattr(value, "detach") for value in thing.values()):
        import torch

        for name, value in thing.items():
            yield f"{name} {value.dtype} {list(value.shape)}".encode()
            yield value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()
    else:
        yield json.dumps(thing, sort_keys=True, default=str).encode()
