"""The world on disk: H.264 files and one annotation file, made from a seed.

    root/videos/<video_id>.mp4      real H.264 (PyAV)
    root/annotations.json           [{video_id, split, file, scene, captions: [{caption_id, caption, tokens}]}]

`tokens` are the gold tags [text, whitespace, lemma, upos, tag]. Clips are written under a temporary name and renamed; a build
that was killed goes on where it stopped, a build with other parameters starts afresh. The annotation file comes last: where
it stands, the world is whole.
"""

import json
import os
import shutil
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from posrank.paths import atomic
from posrank.processes import without_script
from posrank.world.grammar import item_rng, sample_scene, write_captions
from posrank.world.renderer import render

SPLITS = ("train", "val", "test")


def write_mp4(path, frames, fps=8):
    """uint8 [F, H, W, 3] -> an H.264 file; the same frames give the same bytes."""
    import av

    with atomic(path) as temporary, av.open(str(temporary), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=fps)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "yuv420p"
        stream.options = {"crf": "18", "preset": "veryfast", "g": str(fps)}
        stream.codec_context.thread_count = 1
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")))
        container.mux(stream.encode())


def item(seed, split, index, captions="balanced"):
    """Scene and captions of one clip: (video_id, scene, [(caption, tokens), ...])."""
    rng = item_rng("world", seed, captions, split, index)
    scene = sample_scene(rng, captions)
    return f"{split}{index:05d}", scene, write_captions(scene, rng)


def annotation(seed, split, index, captions="balanced"):
    """The entry of annotations.json of one clip."""
    video_id, scene, written = item(seed, split, index, captions)
    entries = [dict(caption_id=f"{video_id}#{i}", caption=text, tokens=tokens) for i, (text, tokens) in enumerate(written)]
    return dict(video_id=video_id, split=split, file=f"videos/{video_id}.mp4", scene=scene.words(), captions=entries)


def _write_clip(task, root, seed, frames, size, captions, fps):
    split, index = task
    video_id, scene, _ = item(seed, split, index, captions)
    path = Path(root) / "videos" / f"{video_id}.mp4"
    if not path.exists():
        write_mp4(path, render(scene, frames, size), fps)
    return video_id


def build(root, *, seed=0, train=3000, val=300, test=500, frames=8, fps=8, size=64, captions="balanced", workers=None):
    """Write the world under `root`; a finished one with the same parameters is kept. Returns the annotation list.

    train, val, test: numbers of clips. captions: balanced | skewed (see grammar). About 100 clips a second and core.
    """
    root = Path(root)
    config = dict(seed=seed, train=train, val=val, test=test, frames=frames, size=size, captions=captions, fps=fps)
    note, annotations = root / "world.json", root / "annotations.json"
    if note.exists() and json.loads(note.read_text()) != config:
        annotations.unlink(missing_ok=True)
        note.unlink()
    if not note.exists():
        shutil.rmtree(root / "videos", ignore_errors=True)
    (root / "videos").mkdir(parents=True, exist_ok=True)
    note.write_text(json.dumps(config))
    tasks = [(split, i) for split, number in zip(SPLITS, (train, val, test)) for i in range(number)]
    work = partial(_write_clip, root=root, seed=seed, frames=frames, size=size, captions=captions, fps=fps)
    with without_script(), get_context("spawn").Pool(workers or os.cpu_count()) as pool:
        for _ in tqdm(pool.imap_unordered(work, tasks, 16), total=len(tasks), desc="world", unit="clip"):
            pass
    entries = [annotation(seed, split, i, captions) for split, i in tasks]
    with atomic(annotations) as temporary:
        Path(temporary).write_text(json.dumps(entries))
    return entries


def gold_tags(root):
    """The tags table (caption_id, i, text, whitespace, lemma, upos, tag, tagger = "gold") from annotations.json."""
    path = Path(root) / "annotations.json"
    if not path.exists():
        raise ValueError(f"{path} is missing; `dvc repro world` makes the embedded world")
    rows = [
        (caption["caption_id"], i, *token)
        for entry in json.loads(path.read_text()) for caption in entry["captions"] for i, token in enumerate(caption["tokens"])
    ]
    tags = pd.DataFrame(rows, columns=["caption_id", "i", "text", "whitespace", "lemma", "upos", "tag"])
    return tags.assign(tagger="gold")
