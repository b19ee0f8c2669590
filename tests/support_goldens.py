"""Where the parity numbers lie: tests/goldens, in every clone (README.md there says what each holds)."""

import json
from pathlib import Path

GOLDENS = Path(__file__).resolve().parent / "goldens"


def golden(name, load_file=None):
    """(arrays, facts) of one golden; load_file: safetensors' reader (numpy's where None)."""
    if load_file is None:
        from safetensors.numpy import load_file
    return load_file(GOLDENS / f"{name}.safetensors"), json.loads((GOLDENS / f"{name}.json").read_text())
