"""Pieces of error messages: values cut to a bearable length, the nearest known name, and how a command ends.

Comes in: whatever a user or a file gave. Goes out: text of one line that can always be printed.
"""

import difflib
import functools
import subprocess
import sys

LONGEST = 200
"""Characters of a value that a message shows at most."""


def short(value, limit=LONGEST):
    """`repr` of a value on one line of at most `limit` characters; a value that cannot be shown is named by its type.

    >>> short("abc"), short("x" * 50, 20), short(10**5000)
    ("'abc'", "'xxxxxxxxxxxx... (52 characters)", 'a number of more than 4,300 digits')
    """
    if isinstance(value, str) and len(value) > limit:
        # repr of the whole text would copy all of it
        text, length = repr(value[:limit]), len(value) + 2
    else:
        try:
            text = repr(value)
        except ValueError:  # Python shows no integer of more than 4,300 digits
            return "a number of more than 4,300 digits" if isinstance(value, int) else f"a {type(value).__name__}"
        except RecursionError:
            return f"a {type(value).__name__}"
        length = len(text)
    if length <= limit:
        return text
    return text[:max(limit - 7, 0)].rstrip("\\") + f"... ({length:,} characters)"


def did_you_mean(value, known, cutoff=0.3):
    """ " (did you mean 'x'?)" with the most similar of the `known` names, case aside; "" where none is similar.

    >>> did_you_mean("NOUNS", ("noun", "verb")), did_you_mean("qqq", ("noun", "verb"))
    (" (did you mean 'noun'?)", '')
    """
    found = nearest(value, known, cutoff)
    return f" (did you mean {found!r}?)" if found is not None else ""


def nearest(value, known, cutoff=0.3):
    """The most similar of the `known` names, case aside, or None where none reaches the `cutoff` (0 to 1)."""
    names = {}
    for name in known:
        names.setdefault(str(name).lower(), str(name))
    found = difflib.get_close_matches(str(value)[:LONGEST].lower(), names, n=1, cutoff=cutoff)
    return names[found[0]] if found else None


def unknown(what, value, known):
    """ "unknown <what> 'valeu' (did you mean 'value'?); known are ...", the text of an error about a name."""
    return f"unknown {what} {short(value)}{did_you_mean(value, known)}; known are {', '.join(map(str, known))}"


def command(main, stopped="stopped"):
    """A function main(argv) as a command of the shell: its exit status is returned, 0 where `main` returns None. What
    the user can mend is one clear message, without a traceback (status 1); stopped: what a Ctrl-C is answered with."""

    @functools.wraps(main)
    def run(argv=None):
        try:
            return main(argv) or 0
        except (ValueError, OSError, subprocess.CalledProcessError) as problem:
            print(f"\nERROR: {problem}", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            print(f"\n{stopped}", file=sys.stderr)
            return 130

    return run
