"""Frames for training: decoded once into the frame store, beside loops that decode every clip again in every epoch.

    python benchmarks/frames.py [--small]

Clips are H.264 files of the embedded world, longer than its own; 8 evenly spaced frames of each are wanted, in batches of 16, for
five epochs. The usual loop decodes all frames of a clip and keeps those (PyAV; OpenCV as well where it is installed). The store
reads clips with `posrank.frames.build`, in this process alone, and gives batches from a memory-mapped file; what an epoch costs
with the building in it and without are two rows. Files are read before the clock starts, so that no way waits for the disk.
"""

import importlib.util
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from measure import options, take_turns, write

from posrank import captions
from posrank.video import store as frames
from posrank.world.build import build as build_world

FRAMES, SIZE, EPOCHS, BATCH = 8, 64, 5, 16


def spaced(decoded):
    """FRAMES evenly spaced ones of a clip's frames."""
    return np.stack([decoded[i] for i in np.linspace(0, len(decoded) - 1, FRAMES).astype(int)])


def by_pyav(path):
    """A clip's frames by decoding all of them with PyAV."""
    import av

    with av.open(str(path)) as container:
        return spaced([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])


def by_opencv(path):
    """The same with OpenCV."""
    import cv2

    reader, decoded = cv2.VideoCapture(str(path)), []
    while True:
        more, frame = reader.read()
        if not more:
            return spaced(decoded)
        decoded.append(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB))


def run(small=False, repeats=2):
    """(table way, ms_per_clip of an epoch, ratio, difference from PyAV's frames; number of clips and of their frames)."""
    clips, length = (4, 16) if small else (60, 64)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        build_world(root / "world", train=clips, val=0, test=0, groups=0, frames=length, size=SIZE, workers=1)
        table = captions.load("world", root / "world")
        files = table.drop_duplicates("video_id").set_index("video_id")["file"]
        batches = [list(files.index[start : start + BATCH]) for start in range(0, clips, BATCH)]

        def loop(read):
            return np.concatenate([np.stack([read(root / "world" / files[clip]) for clip in batch]) for batch in batches])

        def built(name="store"):
            return frames.build(table, root / "world", root / name, num_frames=FRAMES, size=SIZE, workers=0, progress=False)

        def epoch(store):
            return np.concatenate([store.rows(batch)[0] for batch in batches])

        def build_and_read():
            store = built("again")
            for _ in range(EPOCHS):
                out = epoch(store)
            return out

        ready = built()
        ways = {"PyAV, every epoch": lambda: loop(by_pyav)}
        if importlib.util.find_spec("cv2"):
            ways["OpenCV, every epoch"] = lambda: loop(by_opencv)
        ways |= {"store, built and read": build_and_read, "store, read": lambda: epoch(ready)}
        seconds = take_turns(ways, repeats)
        truth, rows = loop(by_pyav).astype(int), []
        for name, took in seconds.items():
            epochs = EPOCHS if name == "store, built and read" else 1
            rows.append([name, 1000 * took / epochs / clips, int(np.abs(ways[name]().astype(int) - truth).max())])
    result = pd.DataFrame(rows, columns=["way", "ms_per_clip", "difference"])
    result.insert(2, "ratio", result["ms_per_clip"].iloc[0] / result["ms_per_clip"])
    return result, (clips, length)


if __name__ == "__main__":
    chosen = options(__doc__)
    result, (clips, length) = run(chosen.small)
    print(result.to_string())
    text = (
        f"An epoch of {clips} clips of {length} frames, {SIZE} x {SIZE} pixels, of which {FRAMES} are wanted; the store is built once for "
        f"{EPOCHS} epochs. Difference: the largest one of any pixel from PyAV's."
    )
    ratio = result.set_index("way")["ratio"]
    headline = (
        f"an epoch's frames come {ratio['store, read']:.0f} times faster from the store than from PyAV, "
        f"{ratio['store, built and read']:.1f} times with its building shared by {EPOCHS} epochs"
    )
    write("frames", result, "Frames of an epoch", text, chosen.out, headline, "times faster than the first")
