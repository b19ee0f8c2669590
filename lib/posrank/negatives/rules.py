"""The registry of rules: which words may replace a word. One file per rule; a new rule is a line here and a file.

A rule's module, posrank.negatives.<rule>, has a class <Rule>Rule(vocabulary, lexicon) with `name` and `slots(tokens,
others)` (see posrank.negatives.paper.PaperRule): the words of a caption that may be replaced, each with its choices.
How they are drawn (posrank.negatives.draw) and the table that comes out (posrank.negatives.table) are the same for all
rules.
"""

from importlib import import_module

from posrank import PARTS
from posrank.language.parts import check_part
from posrank.messages import unknown
from posrank.tables.layout import CHOICES

RULES = ("paper", "released")

SPLITS = CHOICES["captions"]["split"]

LEVELS = ("word", "phrase")
"""word: one word changes (Section 4). phrase: two neighbouring words of the five parts change (Section 6.3)."""


def check_parts(parts):
    """`parts` (a name or several) as a tuple in the order of PARTS; ValueError for unknown, repeated or no parts.

    >>> check_parts(["verb", "noun"]), check_parts("adv")
    (('noun', 'verb'), ('adv',))
    """
    given = several("parts", parts)
    for part in given:
        check_part(part)
    if not given or len(set(given)) < len(given):
        raise ValueError(f"parts is {given}: name each part once, at least one of {', '.join(PARTS)}")
    return tuple(part for part in PARTS if part in given)


def several(what, value):
    """A name, or several, as a tuple; ValueError for what is neither.

    >>> several("splits", "test"), several("splits", ["val", "test"])
    (('test',), ('val', 'test'))
    """
    if isinstance(value, str):
        return (value,)
    if not hasattr(value, "__iter__"):
        raise ValueError(f"{what}: expected a name or several, got {value!r:.100}")
    return tuple(value)


def check_choice(what, value, allowed):
    """`value` itself where it is among `allowed`; ValueError naming them and the nearest one otherwise."""
    if value not in allowed:
        raise ValueError(unknown(what, value, allowed))
    return value


def counts_by_part(k, parts):
    """How many negatives each part gets, {part: int}, from a number, a mapping or a sequence in the order of PARTS.

    ValueError for numbers below 1, unknown parts, or a sequence or mapping that leaves parts out.

    >>> counts_by_part(20, ("noun", "adv")), counts_by_part({"noun": 20, "adv": 5}, ("noun", "adv"))
    ({'noun': 20, 'adv': 20}, {'noun': 20, 'adv': 5})
    """
    if hasattr(k, "items"):
        counts = {check_part(part): number for part, number in k.items()}
    elif hasattr(k, "__len__") and not isinstance(k, str):
        order = PARTS if len(k) == len(PARTS) else parts
        if len(k) != len(order):
            raise ValueError(f"k has {len(k)} numbers; give one, or one for each of {', '.join(PARTS)}")
        counts = dict(zip(order, k))
    else:
        counts = dict.fromkeys(parts, k)
    if absent := [part for part in parts if part not in counts]:
        raise ValueError(f"k has no number for {', '.join(absent)}; give one for each part asked for")
    for part in parts:
        number = counts[part]
        if isinstance(number, bool) or not hasattr(number, "__index__") or number < 1:
            raise ValueError(f"k for {part} is {number!r}; it is a whole number of negatives, 1 or more")
    return {part: int(counts[part]) for part in parts}


def make_rule(rule, vocabulary, lexicon):
    """The rule object by name."""
    module = import_module(f"posrank.negatives.{rule}")
    return getattr(module, f"{rule.capitalize()}Rule")(vocabulary, lexicon)
