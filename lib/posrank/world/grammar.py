"""The world's grammar: scenes drawn from independent slots, and captions with gold tags.
 A scene is one acting object, one landmark, and how the first moves relative to the second. Values on an axis exclude
one another (a clip shows exactly one adverb, one preposition, ...), so a caption with one word changed is false by
construction. Slots are independent and uniform: nothing in the text predicts a word, so whoever scores above the
shuffled-video line has looked. WordNet's direct antonyms are among the words of every part that has them: black-white,
big-little, expand-contract, appear-disappear, slowly-quickly, early-late, upward-downward.

`captions="skewed"` draws the same scenes with a language shortcut: Zipf-distributed words, and verbs tied to nouns.
"""

import hashlib
import random
from dataclasses import asdict, dataclass
from functools import cache

NOUNS = ("ball", "box", "star", "ring", "cross", "heart", "moon", "tree")
ADJECTIVES = ("red", "green", "blue", "yellow", "black", "white", "big", "little")
VERBS = ("spin", "bounce", "shake", "blink", "expand", "contract", "appear", "disappear")
ADVERBS = ("slowly", "quickly", "early", "late", "upward", "downward")
PREPOSITIONS = ("above", "below", "beside", "inside", "behind", "around", "through", "toward")
WORDS = {"noun": NOUNS, "verb": VERBS, "adj": ADJECTIVES, "adv": ADVERBS, "prep": PREPOSITIONS}
GRAMMARS = ("balanced", "skewed")

_ING = {"spin": "spinning", "bounce": "bouncing", "shake": "shaking"}

# Slots in braces: 1 is the actor, 2 the landmark. The first group mentions every slot, the second leaves some out, as
# people do; each video gets captions of both.
FULL = (
    "a {adj1} {noun1} is {verb} {adv} {prep} a {adj2} {noun2}",
    "the {adj1} {noun1} is {verb} {adv} {prep} the {adj2} {noun2}",
    "there is a {adj1} {noun1} {verb} {adv} {prep} a {adj2} {noun2}",
    "a {adj1} {noun1} that is {verb} {adv} {prep} a {adj2} {noun2}",
    "{prep} a {adj2} {noun2} a {adj1} {noun1} is {verb} {adv}",
)
SHORT = (
    "a {noun1} is {verb} {adv} {prep} a {noun2}",
    "a {adj1} {noun1} is {verb} {prep} a {adj2} {noun2}",
    "there is a {adj1} {noun1} {verb} {adv}",
    "the {adj1} {noun1} is {prep} the {adj2} {noun2}",
)
_FIXED = {
    "a": ("a", "DET", "DT"), "the": ("the", "DET", "DT"), "is": ("be", "AUX", "VBZ"),
    "there": ("there", "PRON", "EX"), "that": ("that", "PRON", "WDT"),
}
_TAGS = {
    "noun": ("NOUN", "NN"), "adj": ("ADJ", "JJ"), "verb": ("VERB", "VBG"), "adv": ("ADV", "RB"), "prep": ("ADP", "IN"),
}


@dataclass(frozen=True)
class Scene:
    """What a clip shows (words of the slots) and how it looks (side, place, background; no caption names it)."""

    noun1: str
    adj1: str
    verb: str
    adv: str
    prep: str
    noun2: str
    adj2: str
    side: int = 1
    x: float = 0.5
    y: float = 0.5
    hue: float = 0.5
    tone: float = 0.6
    scale: float = 1.0
    texture: int = 0

    def words(self):
        return {slot: value for slot, value in asdict(self).items() if isinstance(value, str)}


def item_rng(*key):
    """A random.Random for one item, from a blake2b hash of its key: stable across machines, orders and versions."""
    digest = hashlib.blake2b("/".join(map(str, key)).encode(), digest_size=16).digest()
    return random.Random(int.from_bytes(digest, "big"))


def _zipf(rng, words):
    return rng.choices(words, [1 / (rank + 1) for rank in range(len(words))])[0]


def sample_scene(rng, captions="balanced"):
    """One scene. `balanced`: every slot uniform and independent. `skewed`: Zipf frequencies, and four times in five the
    verb that belongs to the noun."""
    if captions not in GRAMMARS:
        raise ValueError(f"world.captions is {captions!r}; it is one of {', '.join(GRAMMARS)}")
    draw = rng.choice if captions == "balanced" else lambda words: _zipf(rng, words)
    noun = draw(NOUNS)
    verb = draw(VERBS)
    if captions == "skewed" and rng.random() < 0.8:
        verb = VERBS[NOUNS.index(noun)]
    return Scene(
        noun1=noun, adj1=draw(ADJECTIVES), verb=verb, adv=draw(ADVERBS), prep=draw(PREPOSITIONS),
        noun2=draw(NOUNS), adj2=draw(ADJECTIVES), **nuisance(rng),
    )


def nuisance(rng):
    """The look of a clip that no caption names."""
    return dict(
        side=rng.choice((-1, 1)), x=rng.uniform(0.46, 0.54), y=rng.uniform(0.46, 0.54), hue=rng.random(),
        tone=rng.uniform(0.35, 0.8), scale=rng.uniform(0.93, 1.07), texture=rng.randrange(1 << 30),
    )


def write_caption(scene, template):
    """A caption and its gold tokens [(text, whitespace, lemma, upos, tag, head, dep), ...], as posrank.language.tag has
    them.

    >>> scene = Scene("ball", "red", "spin", "slowly", "beside", "star", "big")
    >>> write_caption(scene, FULL[0])[0]
    'a red ball is spinning slowly beside a big star'
    """
    tokens, pieces = [], template.split()
    for i, (piece, relation) in enumerate(zip(pieces, dependencies(template))):
        space = " " if i + 1 < len(pieces) else ""
        if piece.startswith("{"):
            slot = piece[1:-1]
            part, lemma = slot.rstrip("12"), getattr(scene, slot)
            text = _ING.get(lemma, lemma + "ing") if part == "verb" else lemma
            tokens.append((text, space, lemma, *_TAGS[part], *relation))
        else:
            tokens.append((piece, space, *_FIXED[piece], *relation))
    return "".join(text + space for text, space, *_ in tokens), tokens


@cache
def dependencies(template):
    """((index of the head, label in spaCy's names), ...) of a template's words; the root is its own head.

    >>> dependencies(SHORT[3])
    ((2, 'det'), (2, 'amod'), (3, 'nsubj'), (3, 'ROOT'), (3, 'prep'), (7, 'det'), (7, 'amod'), (4, 'pobj'))
    """
    words = [piece.strip("{}") for piece in template.split()]
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
            }[word]
        found.append((i, "ROOT") if i == root else (head, label))
    return tuple(found)


def write_captions(scene, rng, full=2, short=1):
    """`full` captions that mention every slot and `short` ones that leave some out, in a random order, no two alike."""
    templates = rng.sample(FULL, full) + rng.sample(SHORT, short)
    rng.shuffle(templates)
    return [write_caption(scene, template) for template in templates]


def vocabulary():
    """Every word form of the grammar, sorted."""
    forms = {_ING.get(verb, verb + "ing") for verb in VERBS}
    return sorted(forms | set(_FIXED) | set(NOUNS + ADJECTIVES + ADVERBS + PREPOSITIONS))
