"""Scenes: what a clip shows, drawn slot by slot, independent and uniform.

A scene is one acting object, one landmark (another thing), and how the first moves relative to the second. Nothing in
one slot predicts another, so whoever scores above the shuffled-video line has looked. `variations` gives scenes that
share all but one slot, down to the background: only that slot tells them apart.
"""

import hashlib
import random
from dataclasses import asdict, dataclass, replace

from posrank.world.words import NOUNS, SLOTS, WORDS


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
    tilt: float = 0.0

    def words(self):
        """{slot: word}."""
        return {slot: value for slot, value in asdict(self).items() if slot in SLOTS}


def item_rng(*key):
    """A random.Random for one item, from a blake2b hash of its key: stable across machines, orders and versions."""
    digest = hashlib.blake2b("/".join(map(str, key)).encode(), digest_size=16).digest()
    return random.Random(int.from_bytes(digest, "big"))


def sample_scene(rng):
    """One scene; the two things differ."""
    noun1, noun2 = rng.sample(NOUNS, 2)
    words = {slot: rng.choice(WORDS[part]) for slot, part in SLOTS.items() if part != "noun"}
    return Scene(
        **words, noun1=noun1, noun2=noun2, side=rng.choice((-1, 1)),
        x=rng.uniform(0.46, 0.54), y=rng.uniform(0.46, 0.54), hue=rng.random(), tone=rng.uniform(0.35, 0.8),
        scale=rng.uniform(0.93, 1.07), texture=rng.randrange(1 << 30), tilt=rng.uniform(-12, 12),
    )


def variations(rng, slot, size=4):
    """`size` scenes that are alike in everything but the word of `slot`."""
    first = sample_scene(rng)
    taken = {first.noun1, first.noun2} if slot.startswith("noun") else {getattr(first, slot)}
    others = rng.sample([word for word in WORDS[SLOTS[slot]] if word not in taken], size - 1)
    return [first, *(replace(first, **{slot: word}) for word in others)]
