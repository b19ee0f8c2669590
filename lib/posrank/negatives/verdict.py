"""What a negative set is worth, in one sentence: the verdict over its blind judges.

In: how far each judge (posrank.language.judges) and its negation is above chance, with 95 % intervals, for each part of
speech. Out: a word for each part, and one sentence for the set that a reader understands. Pure functions; the numbers come from
posrank.scoring.judged.
"""

LIMIT, FRESH_LIMIT = 0.04, 0.08
"""How far above chance a blind model may be, and one that read other captions than the builder (judge B), which always sees a
little more."""

PRECISE = 0.03
"""An estimate whose interval reaches further than this to either side settles nothing by itself."""

FEWEST = 30
"""Videos below which no interval is to be believed."""

SOLVABLE, ALMOST, SMALL, FAIR = "solvable", "not quite fair", "too small to tell", "fair"
WORST_FIRST = (SOLVABLE, ALMOST, SMALL, FAIR)
NAMES = {"A": "a blind 4-gram (judge A)", "B": "a blind trigram on captions that took no part in building (judge B)"}


def limit_of(name):
    """The limit of a judge or blind model by its name ("A", "-B", "bigram")."""
    return FRESH_LIMIT if name.lstrip("-") == "B" else LIMIT


def described(name):
    """
    >>> described("bigram"), described("-A")
    ('a blind bigram', 'preferring what a blind 4-gram (judge A) finds unlikely')
    """
    plain = name.lstrip("-")
    text = NAMES.get(plain, f"a blind {plain}")
    return f"preferring what {text} finds unlikely" if name != plain else text


def decide(excess, low, high, limit):
    """One judge: excess over chance with its interval -> "solvable" | "not quite fair" | "too small to tell" | "fair".

    solvable: above the limit for certain (the whole interval). fair: the whole interval is within the limit, or a precise
    estimate is. not quite fair: a precise estimate above the limit. low, high: None where there is no interval.

    >>> [decide(*row, limit=.04) for row in ((.6, .55, .64), (.05, .03, .07), (.01, -.01, .03), (.03, -.05, .11))]
    ['solvable', 'not quite fair', 'fair', 'too small to tell']
    """
    if low is None or high is None:
        return SMALL
    if low > limit:
        return SOLVABLE
    if high <= limit:
        return FAIR
    if max(high - excess, excess - low) > PRECISE:
        return SMALL
    return ALMOST if excess > limit else FAIR


def part_verdict(judges):
    """One part: {"A" | "-A" | "B" | "-B" | name of a blind model: {"excess", "low", "high", "videos"}} -> the worst word of them."""
    if any(row.get("videos", FEWEST) < FEWEST for row in judges.values()):
        return SMALL
    words = {decide(row["excess"], row["low"], row["high"], limit_of(name)) for name, row in judges.items()}
    return next((word for word in WORST_FIRST if word in words), SMALL)


def verdict(parts):
    """The sentence for a set.

    parts: {part: {"judges": {name: {"posrank", "posrank_low", "posrank_high", "chance", "excess", "low", "high", "first"}},
    "captions"}}; first is the share of lists in which the judge ranks the caption first, captions the lists it was asked.
    Names as in `part_verdict`.

    >>> row = {"posrank": .77, "posrank_low": .73, "posrank_high": .81, "chance": .174, "excess": .596, "low": .556,
    ...        "high": .636, "first": .68}
    >>> verdict({"prep": {"captions": 236, "judges": {"A": row}}})[33:]
    'in prep, a blind 4-gram (judge A) ranks the caption first in 68 % of 236 lists (PoSRank .770 [.730, .810], chance .174).'
    """
    if not parts:
        return "Empty: no caption has a list."
    words = {part: part_verdict(each["judges"]) for part, each in parts.items()}
    groups = {word: [part for part in parts if words[part] == word] for word in WORST_FIRST}
    if groups[SOLVABLE]:
        opening = "Can be solved without the video: " + _solved(groups[SOLVABLE], parts)
        rest = (ALMOST, SMALL, FAIR)
    elif groups[ALMOST]:
        opening = "Not quite fair: " + "; ".join(_above(part, parts[part]["judges"]) for part in groups[ALMOST])
        rest = (SMALL, FAIR)
    elif groups[FAIR]:
        opening = f"Fair{_extent(parts)}: {_within(groups[FAIR], parts)}"
        rest = (SMALL,)
    else:
        opening = "Too small to tell: " + _unknown(groups[SMALL], parts)
        rest = ()
    more = [_rest(word, groups[word], parts) for word in rest if groups[word]]
    return "; ".join([opening, *more]) + "."


def _solved(which, parts):
    part, name = max(((p, n) for p in which for n in parts[p]["judges"]), key=lambda at: _margin(parts, *at))
    row = parts[part]["judges"][name]
    others = [other for other in which if other != part]
    return (
        f"in {part}, {described(name)} ranks the caption first in {100 * row['first']:.0f} % of {parts[part]['captions']:,} lists "
        f"(PoSRank {number(row['posrank'])} [{number(row['posrank_low'])}, {number(row['posrank_high'])}], chance "
        f"{number(row['chance'])})" + (f"; also {listed(others)}" if others else "")
    )


def _margin(parts, part, name):
    row = parts[part]["judges"][name]
    return -1.0 if row["low"] is None else row["low"] - limit_of(name)


def _above(part, judges):
    name = max(judges, key=lambda n: judges[n]["excess"] - limit_of(n))
    return f"{part}, {described(name)} is {_interval(judges[name])} above chance"


def _within(which, parts):
    fresh = any("B" in parts[part]["judges"] for part in which)
    limits = f"{signed(LIMIT)} ({signed(FRESH_LIMIT)} with captions that the builder has not seen)" if fresh else signed(LIMIT)
    return f"in {listed(which)}, no blind model, nor preferring what it finds unlikely, is further than {limits} above chance"


def _unknown(which, parts):
    pieces = []
    for part in which:
        judges = {n: row for n, row in parts[part]["judges"].items() if row["low"] is not None}
        text = f"{part} ({parts[part]['captions']:,} caption{'' if parts[part]['captions'] == 1 else 's'}"
        if judges:
            name = max(judges, key=lambda n: judges[n]["high"] - limit_of(n))
            text += f", {described(name)} {_interval(judges[name])} above chance"
        pieces.append(text + ")")
    return ", ".join(pieces)


def _rest(word, which, parts):
    if word == SMALL:
        return "too small to tell: " + _unknown(which, parts)
    if word == ALMOST:
        return "not quite fair: " + "; ".join(_above(part, parts[part]["judges"]) for part in which)
    return f"fair: {listed(which)}"


def _extent(parts):
    return "" if any("B" in each["judges"] for each in parts.values()) else " as far as judge A can tell"


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
