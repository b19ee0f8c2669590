"""The world on disk: H.264 files and one annotation file, made from a seed.

    root/videos/<video_id>.mp4      real H.264 (PyAV)
    root/annotations.json           [{video_id, split, file, scene, captions: [{caption_id, caption, tokens, group}]}]

`tokens` are the gold tags [text, whitespace, lemma, upos, tag, head, dep]. A build that was killed goes on where it
stopped, a build with other parameters starts afresh. The annotation file comes last: where it stands, the world is
whole.
"""

import json
import os
import shutil
from contextlib import closing
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from posrank.files import atomic
from posrank.video.worker import spread
from posrank.world.grammar import FORMS, OPTIONAL, caption_patterns, template, write_caption
from posrank.world.renderer import render
from posrank.world.scenes import item_rng, sample_scene, variations
from posrank.world.words import SLOTS

GROUP = 4
"""Clips in a group."""
GROUPED = {"groups": "groups", "train_groups": "train"}
"""Lots of clips that are made in groups -> the split that they belong to."""
# x264's assembly gives other bytes on other processors; with AVX-512 they even depend on what was encoded before
_X264 = {"crf": "18", "preset": "veryfast", "x264-params": "asm=0:threads=1:lookahead-threads=1:sync-lookahead=0"}


def write_mp4(path, frames, fps=8):
    """uint8 [F, H, W, 3], even sides -> an H.264 file; the same bytes on any processor (of one FFmpeg and x264)."""
    import av

    with atomic(path) as temporary, av.open(str(temporary), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=fps)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "yuv420p"
        stream.options = {**_X264, "g": str(fps)}
        stream.codec_context.thread_count = 1
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(_yuv420(frame), format="yuv420p")))
        container.mux(stream.encode())


def _yuv420(frame):
    """RGB uint8 [H, W, 3] -> the planes Y, U, V (BT.601, video range), uint8 [1.5 H, W]; whole numbers throughout."""
    height, width, _ = frame.shape
    full = frame.astype(np.int32)
    # the sum of four pixels, hence two bits more
    quarter = full.reshape(height // 2, 2, width // 2, 2, 3).sum((1, 3))
    luma = (full @ np.array([66, 129, 25]) + 128 >> 8) + 16
    blue = (quarter @ np.array([-38, -74, 112]) + 512 >> 10) + 128
    red = (quarter @ np.array([112, -94, -18]) + 512 >> 10) + 128
    return np.concatenate([plane.ravel() for plane in (luma, blue, red)]).astype(np.uint8).reshape(-1, width)


def variants(seed, lot, index):
    """The clips of the group that a clip is in, its place among them, the slot that differs, and the group's name. The
    slots take turns."""
    number, member = divmod(index, GROUP)
    slot = list(SLOTS)[number % len(SLOTS)]
    return variations(item_rng("world", seed, lot, number), slot, GROUP), member, slot, f"{slot}-{number:04d}"


def clip(seed, lot, index):
    """Identifier and scene of one clip. Lots `groups` and `train_groups` hold GROUP clips in a row that share all but
    one slot."""
    name = f"{lot.replace('_', '')}{index:05d}"
    if lot not in GROUPED:
        return name, sample_scene(item_rng("world", seed, lot, index))
    scenes, member, *_ = variants(seed, lot, index)
    return name, scenes[member]


def annotation(seed, lot, index, captions="balanced"):
    """The entry of annotations.json of one clip. Clips of a group are told in the same words but one: those of split
    `groups` once and in full, those for training as often and as fully as the first of them would be."""
    name, scene = clip(seed, lot, index)
    groups = {}
    if lot == "groups":
        *_, group = variants(seed, lot, index)
        patterns = [template(form, set(OPTIONAL)) for form in FORMS]
        patterns = [item_rng("captions", seed, lot, group).choice(patterns)]
        groups = {0: group}
    elif lot in GROUPED:
        scenes, _, slot, group = variants(seed, lot, index)
        patterns = caption_patterns(scenes[0], item_rng("captions", seed, captions, lot, group), captions, slot)
        groups = {i: f"{lot}-{group}-{i}" for i in range(len(patterns))}
    else:
        patterns = caption_patterns(scene, item_rng("captions", seed, captions, lot, index), captions)
    written = [write_caption(scene, pattern) for pattern in patterns]
    entries = [dict(caption_id=f"{name}#{i}", caption=text, tokens=tokens, **({"group": groups[i]} if groups else {}))
               for i, (text, tokens) in enumerate(written)]
    split = GROUPED.get(lot, lot)
    return dict(video_id=name, split=split, file=f"videos/{name}.mp4", scene=scene.words(), captions=entries)


def _write_clips(tasks, root, seed, frames, size, fps):
    for lot, index in tasks:
        name, scene = clip(seed, lot, index)
        path = Path(root) / "videos" / f"{name}.mp4"
        if not path.exists():
            write_mp4(path, render(scene, frames, size), fps)


def build(root, *, seed=0, train=3000, val=300, test=500, groups=700, train_groups=0, frames=8, fps=8, size=64,
          captions="balanced", workers=None):
    """Write the world under `root`; a finished one with the same parameters is kept. Returns the annotation list.

    train, val, test, groups: numbers of clips of each split; train_groups: of further training clips in groups.
    captions: balanced | natural (see grammar); the clips are the same. workers: processes, None = one per processor.
    About 25 clips a second and core. ValueError where ``root/world.json`` (its parameters) is not readable.
    """
    root, sizes = Path(root), dict(train=train, val=val, test=test, groups=groups - groups % GROUP,
                                   train_groups=train_groups - train_groups % GROUP)
    config = dict(sizes, seed=seed, frames=frames, size=size, captions=captions, fps=fps)
    note, annotations, videos = root / "world.json", root / "annotations.json", root / "videos"
    before = _parameters(note)
    if before != config:
        annotations.unlink(missing_ok=True)
        note.unlink(missing_ok=True)
        shutil.rmtree(videos, ignore_errors=True)
    videos.mkdir(parents=True, exist_ok=True)
    # what a killed build was writing
    for left in (*videos.glob(".*.tmp*"), *root.glob(".world.json.*.tmp*"), *root.glob(".annotations.json.*.tmp*")):
        left.unlink(missing_ok=True)
    if before != config:
        with atomic(note) as temporary:
            temporary.write_text(json.dumps(config))
    tasks = [(lot, i) for lot, number in sizes.items() for i in range(number)]
    chunks = [tasks[i : i + 16] for i in range(0, len(tasks), 16)]
    work = partial(_write_clips, root=root, seed=seed, frames=frames, size=size, fps=fps)
    done, bar = spread(work, chunks, workers or os.cpu_count()), tqdm(total=len(tasks), desc="world", unit="clip")
    with closing(done), bar:
        for chunk, _, failure in done:
            if failure:
                raise OSError(f"{videos}: writing the clips of {chunk[0]} to {chunk[-1]}: {failure}")
            bar.update(len(chunk))
    entries = [annotation(seed, lot, i, captions) for lot, i in tasks]
    with atomic(annotations) as temporary:
        temporary.write_text(json.dumps(entries))
    return entries


def _parameters(note):
    """What a world on disk was built with, or None where there is none."""
    if not note.exists():
        return None
    remedy = f"delete {note.parent} and build the world again"
    try:
        found = json.loads(note.read_text(encoding="utf-8"))
    except ValueError as problem:
        raise ValueError(f"{note} is not readable ({problem}): {remedy}") from None
    if not isinstance(found, dict):
        raise ValueError(f"{note} holds no parameters of a world: {remedy}")
    return found


def gold_tags(root):
    """The tags table, tagger = "gold", from annotations.json; ValueError where that is missing."""
    path = Path(root) / "annotations.json"
    if not path.exists():
        raise ValueError(f"{path} is missing; `dvc repro world` makes the embedded world")
    rows = [
        (caption["caption_id"], i, *token)
        for entry in json.loads(path.read_text()) for caption in entry["captions"]
        for i, token in enumerate(caption["tokens"])
    ]
    tags = pd.DataFrame(rows, columns=["caption_id", "i", "text", "whitespace", "lemma", "upos", "tag", "head", "dep"])
    return tags.assign(tagger="gold")
