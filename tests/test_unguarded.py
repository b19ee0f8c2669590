"""Plain scripts: what starts worker processes runs from a script without a main guard, once."""

import subprocess
import sys

SCRIPT = """
from pathlib import Path
from posrank.world.build import build
from posrank.world.pool import render_pool
print("started", flush=True)
entries = build({folder!r} + "/world", train=3, val=1, test=1, groups=0, frames=2, size=16, workers=2)
pool = render_pool(Path({folder!r}) / "pool.npy", "clips", 4, frames=2, pixels=16, workers=2)
print(len(entries), pool.shape, flush=True)
"""


def test_a_script_without_a_guard_makes_the_world_once(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.format(folder=str(tmp_path)))
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=120)
    assert done.stdout.splitlines() == ["started", "5 (4, 2, 16, 16, 3)"], done.stderr[-2000:]
