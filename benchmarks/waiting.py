"""How long a training step waits for its batch, with and without batches made ahead.

    python benchmarks/waiting.py [--small]

In: the workspace's tables and frames (made where they are missing) and params.yaml. Out: benchmarks/results/waiting.csv and its
part of the page. Three settings: the world's own frames, and a store of 12 frames of 224 pixels as the paper's videos have them
(random bytes, on the disk, its pages dropped from memory before each row); steps that compute on this machine (xclip, strategy
word), and steps of a fixed length that leave the processor alone, as a GPU's do. On a machine without GPU the first kind
competes with the reading thread for the same cores; the second shows what is left for a device to wait for.
"""

import os
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from measure import options, write

from posrank.pipeline import workspace
from posrank.training import runs
from posrank.training.distributed import World
from posrank.training.loop import step_losses

VIDEOS = 320  # of the large store: 0.54 GiB
BATCH = 16
FIXED = 0.25  # seconds of a step that leaves the processor alone


def large_store(path, videos):
    """A source of frames like FrameStore.rows: uint8 [videos, 12, 224, 224, 3] in a file, each video somewhere in it."""
    frames = np.lib.format.open_memmap(path, "w+", np.uint8, (videos, 12, 224, 224, 3))
    rng = np.random.default_rng(0)
    for video in frames:
        video[:] = rng.integers(0, 256, video.shape, dtype=np.uint8)
    frames.flush()
    stored, numbers = np.load(path, mmap_mode="r"), {}

    def rows(ids):
        places = [numbers.setdefault(video, len(numbers)) * 7 % len(stored) for video in ids]
        return np.asarray(stored[places]), np.full(len(ids), 12)

    return rows


def forget(path):
    """Drop a file's pages from memory, where the system lets us: the next read is the disk's."""
    if hasattr(os, "posix_fadvise"):
        with open(path, "rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def measure(batches, step, steps, ahead, device):
    """(ms per step, ms waited per step, share) over `steps` steps after the first."""
    with batches.between(0, steps + 1, device, ahead) as coming:
        for batch in coming:
            step(batch)
        whole = time.perf_counter() - coming.began
        return 1000 * whole / (steps + 1), 1000 * coming.waited / steps, coming.share()


def main():
    chosen = options(__doc__)
    steps = 2 if chosen.small else 8
    work = workspace.open()
    work.tags("world")
    work.frames("world")
    settings = {**runs.run_settings(work.params, "xclip", "word", 0), "batch": BATCH, "bf16": False}
    device = runs.device_of()
    system = runs.start_system(settings).to(device).train()

    def compute(batch):
        coarse, fine = step_losses(system, batch, settings, World())
        (coarse + fine).backward()
        system.zero_grad()
        fine.item()

    rows = []
    with tempfile.TemporaryDirectory(dir=work.folder / "data") as folder:
        large = Path(folder) / "frames.npy"
        stores = {
            "world, 8 x 64": (None, work.folder / "data" / "frames" / "world" / "frames.npy"),
            "12 x 224": (large_store(large, BATCH if chosen.small else VIDEOS), large),
        }
        for name, (frames, path) in stores.items():
            # the world's system reads frames of 64 pixels: larger ones are read and left
            kinds = {f"{FIXED:g} s elsewhere": lambda batch: time.sleep(FIXED)}
            if frames is None:
                kinds = {f"xclip word on the {device.type}": compute, **kinds}
            for kind, step in kinds.items():
                for ahead in (0, 1, 2):
                    batches = runs.training_batches(settings, work.folder)
                    if frames is not None:
                        batches.frames = frames
                    forget(path)
                    took, waited, share = measure(batches, step, steps, ahead, device)
                    way = f"{name}, {kind}: {f'{ahead} ahead' if ahead else 'none ahead'}"
                    rows.append({"way": way, "ms_per_step": took, "ms_waited": waited, "share_waited": share, "kind": (name, kind)})
                    print(rows[-1], flush=True)
    table = pd.DataFrame(rows)
    table["ratio"] = table.groupby("kind", sort=False)["ms_per_step"].transform("first") / table["ms_per_step"]
    table = table.drop(columns="kind")
    text = (
        f"Batches of {BATCH} captions with their negatives, read and put together while the step before is computed; "
        f"{steps} steps a row. A step that computes on a processor competes with the reading; one that sleeps leaves the "
        "processor alone, as a GPU's does. The large store was dropped from memory before each row. Ratios: against none ahead."
    )
    waits = table.set_index("way")["share_waited"]
    first, last = (waits[[name for name in waits.index if name.endswith(end) and "elsewhere" in name]] for end in ("none ahead", "2 ahead"))
    headline = (
        f"steps of {FIXED:g} s on a device wait {last.min():.2%} to {last.max():.2%} of the time with batches made ahead, "
        f"{first.min():.0%} to {first.max():.0%} without"
    )
    write("waiting", table, "Waiting for batches in training", text, chosen.out, headline, "times faster than none ahead")


if __name__ == "__main__":
    main()
