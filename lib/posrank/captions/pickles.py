"""Reading a pickle as data: nothing in the file is run.

A pickle is a program; the usual reader imports and calls whatever the file names, and makes room for as much as it
claims. Here only the operations are known that containers, texts and numbers need, and of classes two plain containers.
"""

import collections
import io
import pickle

from posrank.captions.annotation_files import raw_of
from posrank.messages import short

KNOWN = {
    ("collections", "OrderedDict"): collections.OrderedDict,
    ("collections", "defaultdict"): collections.defaultdict,
    # what a defaultdict may make its missing entries of
    ("builtins", "list"): list, ("builtins", "dict"): dict,
    ("__builtin__", "list"): list, ("__builtin__", "dict"): dict,
}
"""The names that a file may use, and what they stand for."""

_OPERATIONS = (
    "PROTO FRAME STOP MARK POP POP_MARK DUP MEMOIZE PUT BINPUT LONG_BINPUT GET BINGET LONG_BINGET NONE NEWTRUE "
    "NEWFALSE INT BININT BININT1 BININT2 LONG LONG1 LONG4 FLOAT BINFLOAT STRING BINSTRING SHORT_BINSTRING UNICODE "
    "BINUNICODE SHORT_BINUNICODE BINUNICODE8 EMPTY_LIST APPEND APPENDS LIST EMPTY_TUPLE TUPLE TUPLE1 TUPLE2 TUPLE3 "
    "EMPTY_DICT DICT SETITEM SETITEMS GLOBAL INST STACK_GLOBAL REDUCE"
)
_CODES = [ord(getattr(pickle, name)) for name in _OPERATIONS.split()]
_GROWTH = 100  # times the file's size: characters and values at most, where a file uses a list or a text several times


# the reader written in Python makes room for what it has read, where the usual one believes the file's numbers
class _Data(pickle._Unpickler):
    dispatch = {code: pickle._Unpickler.dispatch[code] for code in _CODES}  # noqa: RUF012

    def find_class(self, module, name):
        found = KNOWN.get((module, name))
        if found is None:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which is not allowed in a file of captions")
        return found


def read_pickle(path):
    """What the pickle file `path` holds, made of plain containers, texts and numbers only.

    FileNotFoundError where it is missing; ValueError naming file, byte and reason where it is cut, no pickle, larger
    than it says, or uses a class or function that is not in `KNOWN`. Files of Python 2 are read too (texts as UTF-8).
    """
    raw = raw_of(path)
    file = io.BytesIO(raw)
    try:
        data = _Data(file, encoding="utf-8").load()
        if file.tell() < len(raw):
            raise pickle.UnpicklingError("something follows the pickle")
        _measure(data, _GROWTH * len(raw))
    except RecursionError:
        raise ValueError(f"{path}: nested too deeply to be an annotation file") from None
    except Exception as problem:  # a damaged file can raise nearly anything, from KeyError to MemoryError
        reason = short(f"{type(problem).__name__}: {problem}")[1:-1]
        what = f"{path}, byte {file.tell()}: no pickle of captions ({reason})"
        raise ValueError(f"{what}: get the file again, or use the json or csv form") from None
    return data


def _measure(data, limit):
    """Refuse what is larger than `limit` (characters and values) once each use of a list or text is counted."""
    waiting, size = [data], 0
    while waiting:
        value = waiting.pop()
        size += 1
        if isinstance(value, str):
            size += len(value)
        elif isinstance(value, dict):
            waiting += [*value.keys(), *value.values()]
        elif isinstance(value, (list, tuple)):
            waiting += value
        if size + len(waiting) > limit:
            raise pickle.UnpicklingError(f"it unpacks to more than {limit:,} characters and values")
