"""The pretraining pool: many rendered clips in groups that show the same two objects doing different things.
 Clips of a group are what several cuts of one scene are in a web corpus: only what happens tells them apart. They are
kept as raw frames (no mp4), because they are seen once per epoch of an hour-long job and by nobody else.
"""

import json
import os
from contextlib import closing, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from tqdm.auto import tqdm

from posrank.files import atomic
from posrank.video.worker import spread
from posrank.world.grammar import item_rng, sample_scene, write_captions
from posrank.world.renderer import render


def group_scenes(seed, group, size):
    """The `size` scenes of one group: same objects, own actions and looks."""
    rng = item_rng("world-pool", seed, group)
    first = sample_scene(rng)
    others = [sample_scene(rng) for _ in range(size - 1)]
    objects = dict(noun1=first.noun1, adj1=first.adj1, noun2=first.noun2, adj2=first.adj2)
    return [first, *(replace(other, **objects) for other in others)]


def _render_group(group, seed, size, frames, pixels):
    scenes = group_scenes(seed, group, size)
    return np.stack([render(scene, frames, pixels) for scene in scenes])


def render_pool(path, groups, size=4, seed=0, frames=8, pixels=64, workers=None):
    """Render groups * size clips into `path` (uint8 npy [groups * size, F, H, W, 3]); a finished pool is kept.

    Its parameters stand beside it (`path` with the suffix .json), from when it is whole. OSError where workers crash.
    """
    path = Path(path)
    note, want = path.with_suffix(".json"), dict(groups=groups, size=size, seed=seed, frames=frames, pixels=pixels)
    with suppress(OSError, ValueError):
        if json.loads(note.read_text()) == want:
            return np.load(path, mmap_mode="r")
    path.parent.mkdir(parents=True, exist_ok=True)
    note.unlink(missing_ok=True)
    with atomic(path) as temporary:
        pool = np.lib.format.open_memmap(temporary, "w+", np.uint8, (groups * size, frames, pixels, pixels, 3))
        work = partial(_render_group, seed=seed, size=size, frames=frames, pixels=pixels)
        done = spread(work, range(groups), workers or os.cpu_count())
        with closing(done), tqdm(total=groups, desc="pool", unit="group") as bar:
            for group, clips, failure in done:
                if failure:
                    raise OSError(f"{path}: rendering group {group}: {failure}")
                pool[group * size : (group + 1) * size] = clips
                bar.update()
        pool.flush()
    with atomic(note) as temporary:
        temporary.write_text(json.dumps(want))
    return np.load(path, mmap_mode="r")


def pool_captions(groups, size=4, seed=0, per_clip=6):
    """For each clip of the pool `per_clip` captions, [[caption, ...], ...]: two of three mention everything."""
    scenes = [(group, *each) for group in range(groups) for each in enumerate(group_scenes(seed, group, size))]
    rngs = [item_rng("world-pool-captions", seed, group, member) for group, member, _ in scenes]
    short = per_clip // 3
    return [
        [text for text, _ in write_captions(scene, rng, per_clip - short, short)]
        for (*_, scene), rng in zip(scenes, rngs)
    ]
