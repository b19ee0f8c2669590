"""What a negative set is worth, in a few plain sentences: the verdict over its text-only judges.

In: for each part of speech how far each judge (posrank.validity.judges) is above chance, with 95 % intervals. Distances
are `adjusted`: (x - E) / (1 - E) of a judge's PoSRank x and chance E, so 0 is chance, 1 the caption always first, and
lists of all lengths compare. Out: a word for each part, and the text for the set. Pure functions.
"""

LIMIT = 0.05
"""How far above chance a model that sees no video may be, as a share of the possible range."""

PRECISE = 0.04
"""An estimate whose interval reaches further than this to either side settles nothing by itself."""

FEWEST = 30
"""Videos below which an interval is not reliable."""

SOLVABLE, ABOVE, SMALL, WITHIN = "solvable", "above the limit", "too small to tell", "within the limit"
WORST_FIRST = (SOLVABLE, ABOVE, SMALL, WITHIN)
PLURAL = {"noun": "nouns", "verb": "verbs", "adj": "adjectives", "adv": "adverbs", "prep": "prepositions"}


def decide(adjusted, low, high, limit=LIMIT):
    """One judge: its distance from chance with its interval -> one of WORST_FIRST.

    solvable: the whole interval is above the limit. within: the whole interval is below the limit, or a precise
    estimate is. above: a precise estimate above the limit. low, high: None where there is no interval.

    >>> [decide(*row) for row in ((.6, .55, .64), (.06, .04, .08), (.01, -.01, .03), (.03, -.05, .11))]
    ['solvable', 'above the limit', 'within the limit', 'too small to tell']
    """
    if low is None or high is None:
        return SMALL
    if low > limit:
        return SOLVABLE
    if high <= limit:
        return WITHIN
    if max(high - adjusted, adjusted - low) > PRECISE:
        return SMALL
    return ABOVE if adjusted > limit else WITHIN


def part_verdict(judges):
    """One part: {judge: {"adjusted", "adjusted_low", "adjusted_high", "videos"}} -> the worst word of them."""
    if any(row.get("videos", FEWEST) < FEWEST for row in judges.values()):
        return SMALL
    words = {decide(row["adjusted"], row["adjusted_low"], row["adjusted_high"]) for row in judges.values()}
    return next((word for word in WORST_FIRST if word in words), SMALL)


def strongest(judges):
    """Name of the judge that is furthest above chance; None without judges."""
    return max(sorted(judges), key=lambda name: judges[name]["adjusted"], default=None)


def verdict(parts):
    """The text for a set. parts: {part: {"judges": see `part_verdict`, with "excess" = PoSRank - chance, "captions"}}.

    >>> row = {"excess": .596, "adjusted": .722, "adjusted_low": .673, "adjusted_high": .77}
    >>> verdict({"prep": {"captions": 236, "judges": {"bigram": row}}})[:83]
    'A model that reads only text scores .60 above chance on prepositions (bigram, 72 % '
    """
    if not parts:
        return "Empty: no caption has a list."
    found = {word: [] for word in WORST_FIRST}
    for part, each in parts.items():
        found[part_verdict(each["judges"])].append(part)
    sentences, solved = [], found[SOLVABLE] + found[ABOVE]
    if solved:
        parts_measure = "this part measures" if len(solved) == 1 else "these parts measure"
        scores = enumeration(_score(part, parts[part]["judges"]) for part in solved)
        sentences.append(f"A model that reads only text scores {scores}: {parts_measure} vision only above that.")
    if found[WITHIN]:
        names = enumeration(PLURAL[part] for part in found[WITHIN])
        sentences.append(f"On {names}, no text-only judge is more than {100 * LIMIT:.0f} % of the range above chance.")
    if found[SMALL]:
        counts = (f"{PLURAL[part]} ({parts[part]['captions']:,} caption{'s' * (parts[part]['captions'] != 1)})"
                  for part in found[SMALL])
        sentences.append(f"Too small to tell: {enumeration(counts)}.")
    return " ".join(sentences)


def _score(part, judges):
    name = strongest(judges)
    value = f"{judges[name]['excess']:.2f}".removeprefix("0")
    judge = f"{name.removeprefix('-')} reversed" if name.startswith("-") else name
    return f"{value} above chance on {PLURAL[part]} ({judge}, {100 * judges[name]['adjusted']:.0f} % of the range)"


def enumeration(names):
    """
    >>> enumeration(["noun", "verb", "adj"]), enumeration(["noun"])
    ('noun, verb and adj', 'noun')
    """
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last
