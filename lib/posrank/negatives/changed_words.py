"""Which words of a caption a sentence changes.

Words are what white space separates; what both words share at either end, up to a hyphen or another sign, does not
belong to the change: "forward," -> "ahead," is forward -> ahead. Where the sentences have different numbers of words
they are aligned by difflib.
"""

from difflib import SequenceMatcher
from itertools import accumulate
from typing import NamedTuple


class Change(NamedTuple):
    """start: index of the first character of the changed word in the caption with its white space evened out; original
    and replacement: the words ("" where one was put in or taken out)."""

    start: int
    original: str
    replacement: str


def changes(caption, sentence):
    """The differing words of two texts: a list of Change, empty where they are equal but for white space.

    >>> changes("A man  walks forward, slowly", "A man walks ahead, slowly")
    [Change(start=12, original='forward', replacement='ahead')]
    """
    old, new = caption.split(), sentence.split()
    starts = list(accumulate((len(word) + 1 for word in old), initial=0))
    starts[-1] = max(starts[-1] - 1, 0)
    if len(old) == len(new):
        return [_trim(starts[i], a, b) for i, (a, b) in enumerate(zip(old, new)) if a != b]
    found = []
    for kind, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            continue
        for n in range(max(j - i, m - k)):
            a, b = old[i + n] if i + n < j else "", new[k + n] if k + n < m else ""
            found.append(_trim(starts[min(i + n, j)], a, b))
    return found


def _trim(start, old, new):
    """The change without what both words share at their ends, cut at a character that is neither letter nor digit:
    "pink-white," -> "blue-white," is pink -> blue."""
    shorter = min(len(old), len(new))
    tail = next((n for n in range(shorter, 0, -1) if old[-n:] == new[-n:] and not old[-n].isalnum()), 0)
    old, new, shorter = old[: len(old) - tail], new[: len(new) - tail], shorter - tail
    head = next((n for n in range(shorter, 0, -1) if old[:n] == new[:n] and not old[n - 1].isalnum()), 0)
    return Change(start + head, old[head:], new[head:])
