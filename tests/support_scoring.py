"""Shared by the scoring tests: where the parity numbers lie."""

import json
from pathlib import Path

import pytest
from safetensors.numpy import load_file

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = (ROOT / "tests" / "goldens", ROOT.parent / "shared" / "goldens")


def golden(name):
    """(arrays, results) of one golden, from the project's copy or the shared one; skips where neither is there."""
    for folder in FOLDERS:
        if (folder / f"{name}.safetensors").is_file():
            results = json.loads((folder / f"{name}.json").read_text())["results"]
            return load_file(folder / f"{name}.safetensors"), results
    pytest.skip(f"golden {name} is neither in tests/goldens nor in ../shared/goldens")
