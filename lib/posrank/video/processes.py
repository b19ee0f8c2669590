"""Processes that a call starts: they never run the caller's script again.

A process started by `spawn` first imports the module that is `__main__` here. A plain script (a notebook's cell) that
calls the same function without `if __name__ == "__main__":` would start processes of its own, without end.
"""

import sys
import types
from contextlib import contextmanager


@contextmanager
def without_script():
    """Within this context a process that is started (multiprocessing, torch, pebble) does not import the caller's
    script; functions and arguments that are handed over must come from modules."""
    script = sys.modules["__main__"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = script
