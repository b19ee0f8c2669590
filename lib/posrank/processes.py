"""Processes that a call starts: they never run the caller's script again.

A process started by `spawn` first imports the module that is `__main__` here. Where that is a plain script (a notebook's cell,
a snippet of a README) that calls the same function without `if __name__ == "__main__":`, it would start processes of its own,
without end. Nothing that this package starts needs the script: its workers are functions of the package.
"""

import sys
import types
from contextlib import contextmanager


@contextmanager
def without_script():
    """Within this context a process that is started (multiprocessing, torch, pebble) does not import the caller's script.

    Functions and arguments that are handed over must come from modules, not from the script itself.
    """
    script = sys.modules["__main__"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = script
