"""What the world's small CLIP is pretrained on: still pictures, and a few frames of clips, rendered once into an array.

They are kept as raw frames (no mp4), because they are seen many times by an hour-long job and by nobody else.
"""

import json
import os
from contextlib import closing, suppress
from functools import partial
from pathlib import Path

import numpy as np
from tqdm.auto import tqdm

from posrank.files import atomic
from posrank.video.sampling import frame_indices
from posrank.video.worker import spread
from posrank.world.renderer import BEATS, frame, still
from posrank.world.scenes import item_rng, sample_scene

CHUNK = 100
"""Items that a worker renders at a time."""


def scene(kind, seed, index):
    """(scene, random numbers for its picture) of an item of the pool; kind: stills | clips."""
    rng = item_rng("world-pool", kind, seed, index)
    return sample_scene(rng), rng


def _render(chunk, kind, number, seed, frames, pixels):
    out = []
    for index in range(chunk * CHUNK, min((chunk + 1) * CHUNK, number)):
        shown, rng = scene(kind, seed, index)
        if kind == "stills":
            out.append(still(shown, rng, pixels)[None])
        else:
            beats = frame_indices(BEATS + 1, 8.0, frames, "uniform")
            out.append(np.stack([frame(shown, beat / BEATS, pixels) for beat in beats]))
    return np.stack(out)


def render_pool(path, kind, number, seed=0, frames=4, pixels=64, workers=None):
    """Render `number` items into `path`, uint8 npy [number, frames (stills: 1), H, W, 3]; a finished pool is kept.

    Its parameters stand beside it (`path` with the suffix .json), from when it is whole. OSError where workers crash.
    """
    path = Path(path)
    note, want = path.with_suffix(".json"), dict(kind=kind, number=number, seed=seed, frames=frames, pixels=pixels)
    with suppress(OSError, ValueError):
        if json.loads(note.read_text()) == want:
            return np.load(path, mmap_mode="r")
    path.parent.mkdir(parents=True, exist_ok=True)
    note.unlink(missing_ok=True)
    with atomic(path) as temporary:
        shape = (number, 1 if kind == "stills" else frames, pixels, pixels, 3)
        pool = np.lib.format.open_memmap(temporary, "w+", np.uint8, shape)
        work = partial(_render, kind=kind, number=number, seed=seed, frames=frames, pixels=pixels)
        chunks = range(-(-number // CHUNK))
        done, bar = spread(work, chunks, workers or os.cpu_count()), tqdm(total=len(chunks), desc=kind, unit="chunk")
        with closing(done), bar:
            for chunk, pictures, failure in done:
                if failure:
                    raise OSError(f"{path}: rendering items from {chunk * CHUNK} on: {failure}")
                pool[chunk * CHUNK : chunk * CHUNK + len(pictures)] = pictures
                bar.update()
        pool.flush()
    with atomic(note) as temporary:
        temporary.write_text(json.dumps(want))
    return np.load(path, mmap_mode="r")
