"""Where the parity numbers lie: small ones in tests/goldens, those of whole systems beside the project."""

import json
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = (ROOT / "tests" / "goldens", ROOT.parent / "shared" / "goldens")


def golden(name, load_file=None):
    """(arrays, facts) of one golden; load_file: safetensors' reader (numpy's where None). Skips where it is nowhere."""
    if load_file is None:
        from safetensors.numpy import load_file
    for folder in FOLDERS:
        if (folder / f"{name}.safetensors").is_file():
            return load_file(folder / f"{name}.safetensors"), json.loads((folder / f"{name}.json").read_text())
    pytest.skip(f"golden {name} is neither in tests/goldens nor in ../shared/goldens")
