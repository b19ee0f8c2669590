"""Captions of a scene in plain English, with gold tags, heads and relations.

A caption names the actor, and of the other slots those in `named`: a scene can be told in full or in part, as people
do. Two ways of choosing what is named make two datasets of the same clips:

* balanced: two captions name every slot, one leaves some out at random; no word predicts another
* natural: as in real captions (Table 1), verbs nearly always, prepositions often, adjectives less, adverbs rarely; what
  is usual is described more often, so some words are frequent, and things come with a verb of their own
"""

from functools import cache

from posrank.world.words import ADJECTIVES, ADVERBS, NOUNS, PREPOSITIONS, SLOTS, VERBS, participle

GRAMMARS = ("balanced", "natural")
OPTIONAL = ("adj1", "verb", "adv", "prep", "adj2")
"""Slots that a caption may leave out; with the preposition goes the landmark, with the verb its adverb."""
_NEEDED = {"adv": "verb", "noun2": "prep", "adj2": "prep"}

_FIXED = {
    "a": ("a", "DET", "DT"), "the": ("the", "DET", "DT"), "is": ("be", "AUX", "VBZ"),
    "there": ("there", "PRON", "EX"), "that": ("that", "PRON", "WDT"), "and": ("and", "CCONJ", "CC"),
}  # fmt: skip
_TAGS = {
    "noun": ("NOUN", "NN"), "adj": ("ADJ", "JJ"), "verb": ("VERB", "VBG"), "adv": ("ADV", "RB"), "prep": ("ADP", "IN"),
}  # fmt: skip
FORMS = ("a actor is action place", "the actor is action place", "there is a actor action place",
         "a actor that is action place", "place a actor is action")  # fmt: skip
"""Sentences: actor = adjective and noun, action = verb and adverb, place = preposition and landmark."""


def template(form, named):
    """A caption with its slots in braces, of what is named; None where the form needs more.

    >>> template(FORMS[0], {"adj1", "verb", "adv", "prep"})
    'a {adj1} {noun1} is {verb} {adv} {prep} a {noun2}'
    """
    if "prep" not in named and ("verb" not in named or form.startswith("place")):
        return ("there is a {adj1} {noun1}" if "adj1" in named else "there is a {noun1}") if form == FORMS[2] else None
    if "verb" not in named and form in FORMS[3:]:
        return None
    determiner = "the" if form.startswith("the ") else "a"
    pieces = {
        "actor": ["adj1"] * ("adj1" in named) + ["noun1"],
        "action": ["verb"] * ("verb" in named) + ["adv"] * ("verb" in named and "adv" in named),
        "place": (["prep", determiner] + ["adj2"] * ("adj2" in named) + ["noun2"]) * ("prep" in named),
    }
    words = []
    for word in form.split():
        words += [f"{{{piece}}}" if piece in SLOTS else piece for piece in pieces[word]] if word in pieces else [word]
    return " ".join(words)


def write_caption(scene, pattern):
    """A caption and its gold tokens [(text, whitespace, lemma, upos, tag, head, dep), ...], as posrank.language.tag has
    them.

    >>> from posrank.world.scenes import Scene
    >>> scene = Scene("tomato", "striped", "spin", "upward", "beside", "pearl", "tall")
    >>> write_caption(scene, template(FORMS[0], set(OPTIONAL)))[0]
    'a striped tomato is spinning upward beside a tall pearl'
    """
    tokens, pieces = [], pattern.split()
    for i, (piece, relation) in enumerate(zip(pieces, dependencies(pattern))):
        space = " " if i + 1 < len(pieces) else ""
        if piece.startswith("{"):
            part, lemma = SLOTS[piece[1:-1]], getattr(scene, piece[1:-1])
            tokens.append((participle(lemma) if part == "verb" else lemma, space, lemma, *_TAGS[part], *relation))
        else:
            tokens.append((piece, space, *_FIXED[piece], *relation))
    return "".join(text + space for text, space, *_ in tokens), tokens


@cache
def dependencies(pattern):
    """((index of the head, label in spaCy's names), ...) of a pattern's words; the root is its own head.

    >>> dependencies("the {noun1} is {prep} the {noun2}")
    ((1, 'det'), (2, 'nsubj'), (2, 'ROOT'), (2, 'prep'), (5, 'det'), (3, 'pobj'))
    """
    words = [piece.strip("{}") for piece in pattern.split()]
    at = {word: i for i, word in enumerate(words)}
    noun, verb = at["noun1"], at.get("verb")
    root = at["is"] if "there" in at or verb is None else noun if "that" in at else verb
    action = root if verb is None else verb
    found = []
    for i, word in enumerate(words):
        if word in ("a", "the") or word.startswith("adj"):
            head = next(n for n in range(i, len(words)) if words[n].startswith("noun"))
            label = "amod" if word.startswith("adj") else "det"
        else:
            head, label = {
                "noun1": (root, "attr" if "there" in at else "nsubj"), "noun2": (at.get("prep"), "pobj"),
                "verb": (noun, "relcl" if "that" in at else "acl"), "adv": (action, "advmod"), "prep": (action, "prep"),
                "is": (action, "aux"), "there": (root, "expl"), "that": (action, "nsubj"),
            }[word]  # fmt: skip
        found.append((i, "ROOT") if i == root else (head, label))
    return tuple(found)


def usual(scene):
    """Whether the scene's verb is the one that belongs to its actor: each thing has one of the ten."""
    return VERBS[NOUNS.index(scene.noun1) % len(VERBS)] == scene.verb


def _frequency(word, words, power=0.5):
    """How frequent a word is among `words`, 1 on average: 1, 1/2, 1/3, ... to a power (Zipf)."""
    weights = [(rank + 1) ** -power for rank in range(len(words))]
    return weights[words.index(word)] * len(words) / sum(weights)


def number_of_captions(scene, most=12):
    """How many people describe a scene in the natural grammar: the more usual it is, the more."""
    expected = (8 if usual(scene) else 0.8) * _frequency(scene.verb, VERBS) * _frequency(scene.noun1, NOUNS)
    return min(max(round(expected), 1), most)


_MENTIONED = {"verb": (VERBS, 0.85), "adv": (ADVERBS, 0.12), "prep": (PREPOSITIONS, 0.6), "adj1": (ADJECTIVES, 0.25),
              "adj2": (ADJECTIVES, 0.25)}  # fmt: skip
"""Slot -> its words, and the share of natural captions that name it."""


def named_slots(scene, rng, grammar="balanced", full=False):
    """The slots that a caption of the scene names, drawn by the rules of a grammar."""
    if full:
        return set(OPTIONAL)
    if grammar == "balanced":
        return {slot for slot in OPTIONAL if rng.random() < 0.6}
    shares = {slot: share if slot == "verb" else share * _frequency(getattr(scene, slot), words)
              for slot, (words, share) in _MENTIONED.items()}  # fmt: skip
    return {slot for slot in OPTIONAL if rng.random() < shares[slot]}


def caption_patterns(scene, rng, grammar="balanced", slot=None):
    """Patterns (see `template`) of a scene's captions, no two alike. Balanced: three, two of them in full; natural: see
    `number_of_captions`. slot: one that each of them names, with the verb or preposition that it needs."""
    if grammar not in GRAMMARS:
        raise ValueError(f"the world's captions are {', '.join(GRAMMARS)}, not {grammar!r}")
    told = {slot, _NEEDED.get(slot)} & set(OPTIONAL)
    patterns = []
    for i in range(3 if grammar == "balanced" else number_of_captions(scene)):
        for _ in range(20):
            named = told | named_slots(scene, rng, grammar, full=grammar == "balanced" and i < 2)
            pattern = template(rng.choice(FORMS), named)
            if pattern and pattern not in patterns:
                patterns.append(pattern)
                break
    rng.shuffle(patterns)
    return patterns


def write_captions(scene, rng, grammar="balanced"):
    """Captions of a scene (text and gold tokens, as `write_caption`), no two alike: those of `caption_patterns`."""
    return [write_caption(scene, pattern) for pattern in caption_patterns(scene, rng, grammar)]


ALT = ("a {adj1} {noun1} and a {adj2} {noun2}", "{adj1} {noun1} and {adj2} {noun2}", "the {noun1} and the {noun2}",
       "a {adj2} {noun2} and a {adj1} {noun1}", "{noun1} {noun2}", "there is a {adj1} {noun1} and a {noun2}",
       "a {noun2} and a {adj1} {noun1}", "a {noun2} and a {noun1}")  # fmt: skip
"""Alt texts of a still picture: things and how they look, nothing else."""
PLAIN = ("a {noun1} and a {noun2}", "the {noun2} and the {noun1}", "{noun1} {noun2}")
"""Alt texts that name the things alone."""


def alt_text(scene, pattern):
    """An alt text (a pattern of `ALT` or `PLAIN`) with the scene's words."""
    return pattern.format(**scene.words())


def vocabulary():
    """Every word form of the grammar, sorted."""
    return sorted({*map(participle, VERBS), *_FIXED, *NOUNS, *ADJECTIVES, *ADVERBS, *PREPOSITIONS})
