"""What a negative set is worth, in one sentence: the verdict over its text-only judges.

In: how far each judge (posrank.validity.judges), some with both signs, is above chance, with 95 % intervals, for each part of
speech. Out: a word for each part, and one sentence for the set. Pure functions.
"""

LIMIT = 0.04
"""How far above chance a model that sees no video may be."""

PRECISE = 0.03
"""An estimate whose interval reaches further than this to either side settles nothing by itself."""

FEWEST = 30
"""Videos below which an interval is not reliable."""

SOLVABLE, ABOVE, SMALL, WITHIN = "solvable", "above the limit", "too small to tell", "within the limit"
WORST_FIRST = (SOLVABLE, ABOVE, SMALL, WITHIN)


def described(name):
    """
    >>> described("bigram"), described("-4-gram")
    ('a bigram model', 'preferring what a 4-gram model finds unlikely')
    """
    if name == "learned":
        return "a text-only classifier trained on other videos' lists"
    plain = name.removeprefix("-")
    text = f"a {plain} model"
    return f"preferring what {text} finds unlikely" if name != plain else text


def decide(excess, low, high, limit=LIMIT):
    """One judge: excess over chance with its interval -> one of WORST_FIRST.

    solvable: the whole interval is above the limit. within: the whole interval is below the limit, or a precise estimate is.
    above: a precise estimate above the limit. low, high: None where there is no interval.

    >>> [decide(*row) for row in ((.6, .55, .64), (.05, .03, .07), (.01, -.01, .03), (.03, -.05, .11))]
    ['solvable', 'above the limit', 'within the limit', 'too small to tell']
    """
    if low is None or high is None:
        return SMALL
    if low > limit:
        return SOLVABLE
    if high <= limit:
        return WITHIN
    if max(high - excess, excess - low) > PRECISE:
        return SMALL
    return ABOVE if excess > limit else WITHIN


def part_verdict(judges):
    """One part: {name of a judge: {"excess", "low", "high", "videos"}} -> the worst word of them."""
    if any(row.get("videos", FEWEST) < FEWEST for row in judges.values()):
        return SMALL
    words = {decide(row["excess"], row["low"], row["high"]) for row in judges.values()}
    return next((word for word in WORST_FIRST if word in words), SMALL)


def verdict(parts):
    """The sentence for a set.

    parts: {part: {"judges": {name: {"posrank", "posrank_low", "posrank_high", "chance", "excess", "low", "high", "first"}},
    "captions"}}; first is the share of lists in which the judge ranks the caption first, captions the lists it was asked.
    Names as in `part_verdict`.

    >>> row = {"posrank": .77, "posrank_low": .73, "posrank_high": .81, "chance": .174, "excess": .596, "low": .556,
    ...        "high": .636, "first": .68}
    >>> verdict({"prep": {"captions": 236, "judges": {"bigram": row}}})[33:]
    'in prep, a bigram model ranks the caption first in 68 % of 236 lists (PoSRank .770 [.730, .810], chance .174).'
    """
    if not parts:
        return "Empty: no caption has a list."
    groups = {word: [] for word in WORST_FIRST}
    for part, each in parts.items():
        groups[part_verdict(each["judges"])].append(part)
    tell = {SOLVABLE: _solved, ABOVE: _above, SMALL: _unknown, WITHIN: _within}
    heads = {SOLVABLE: "can be solved without the video", ABOVE: "above the limit", SMALL: SMALL, WITHIN: WITHIN}
    pieces = [f"{heads[word]}: {tell[word](which, parts)}" for word, which in groups.items() if which]
    text = "; ".join(pieces) + "."
    return text[0].upper() + text[1:]


def _solved(which, parts):
    part, name = max(((p, n) for p in which for n in parts[p]["judges"]), key=lambda at: _low(parts[at[0]]["judges"][at[1]]))
    row = parts[part]["judges"][name]
    others = [other for other in which if other != part]
    return (
        f"in {part}, {described(name)} ranks the caption first in {100 * row['first']:.0f} % of {parts[part]['captions']:,} lists "
        f"(PoSRank {number(row['posrank'])} [{number(row['posrank_low'])}, {number(row['posrank_high'])}], chance "
        f"{number(row['chance'])})" + (f"; also {listed(others)}" if others else "")
    )


def _low(row):
    return -1.0 if row["low"] is None else row["low"]


def _above(which, parts):
    pieces = []
    for part in which:
        judges = parts[part]["judges"]
        name = max(judges, key=lambda n: judges[n]["excess"])
        pieces.append(f"{part}, {described(name)} is {_interval(judges[name])} above chance")
    return ", ".join(pieces)


def _within(which, parts):
    return f"{listed(which)}, no n-gram model is further than {signed(LIMIT)} above chance"


def _unknown(which, parts):
    pieces = []
    for part in which:
        judges = {n: row for n, row in parts[part]["judges"].items() if row["low"] is not None}
        text = f"{part} ({parts[part]['captions']:,} caption{'' if parts[part]['captions'] == 1 else 's'}"
        if judges:
            name = max(judges, key=lambda n: judges[n]["high"])
            text += f", {described(name)} {_interval(judges[name])} above chance"
        pieces.append(text + ")")
    return ", ".join(pieces)


def _interval(row):
    return f"{signed(row['excess'])} [{signed(row['low'])}, {signed(row['high'])}]"


def number(value):
    """A PoSRank as texts have it.

    >>> number(.77), number(1), number(None)
    ('.770', '1.000', '-')
    """
    return "-" if value is None else f"{value:.3f}".removeprefix("0")


def signed(value):
    """A difference of PoSRanks, two digits.

    >>> signed(.0412), signed(-.3), signed(0)
    ('+.04', '-.30', '+.00')
    """
    return f"{'-' if round(value, 2) < 0 else '+'}{f'{abs(value):.2f}'.removeprefix('0')}"


def listed(names):
    """
    >>> listed(["noun", "verb", "adj"]), listed(["noun"])
    ('noun, verb and adj', 'noun')
    """
    names = list(names)
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
