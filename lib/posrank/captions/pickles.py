"""Reading a pickle as data: nothing in the file is run.

Comes in: the path of a pickle file. Goes out: its lists, dicts, tuples, texts and numbers, or a ValueError naming the file
and the byte. A pickle is a program; the usual reader imports and calls whatever the file names. This one knows two
classes, both plain containers, and refuses every other name, so that the worst a file can do is to be refused.
"""

import collections
import pickle
from pathlib import Path

KNOWN = {
    ("collections", "OrderedDict"): collections.OrderedDict,
    ("collections", "defaultdict"): collections.defaultdict,
    # what a defaultdict may make its missing entries of
    ("builtins", "list"): list, ("builtins", "dict"): dict, ("__builtin__", "list"): list, ("__builtin__", "dict"): dict,
}
"""The names that a file may use, and what they stand for."""


class _Data(pickle.Unpickler):
    def find_class(self, module, name):
        found = KNOWN.get((module, name))
        if found is None:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which is not allowed in a file of captions")
        return found

    def persistent_load(self, pid):
        raise pickle.UnpicklingError("it refers to objects outside of the file")


def read_pickle(path):
    """What the pickle file `path` holds, made of plain containers, texts and numbers only.

    FileNotFoundError where it is missing; ValueError naming the file, the byte and the reason where it is cut, no pickle, or
    uses any class or function but those of `KNOWN`. Files written by Python 2 are read too (their texts as UTF-8).
    """
    path = Path(path)
    try:
        file = path.open("rb")
    except FileNotFoundError:
        raise FileNotFoundError(f"{path} does not exist: put the annotation file there") from None
    with file:
        try:
            data = _Data(file, encoding="utf-8").load()
        except RecursionError:
            raise ValueError(f"{path}: nested too deeply to be an annotation file") from None
        except Exception as problem:  # a damaged file can raise nearly anything, from KeyError to MemoryError
            reason = str(problem).splitlines()[0] if str(problem) else type(problem).__name__
            raise ValueError(
                f"{path}, byte {file.tell()}: no pickle of captions ({reason}): get the file again, or use the json or csv "
                "form"
            ) from None
        if file.read(1):
            raise ValueError(f"{path}, byte {file.tell() - 1}: something follows the pickle: get the file again")
    return data
