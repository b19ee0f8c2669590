"""The forty things of the world: each has a colour and an outline of its own, and a few marks that make it look like
itself.

An outline is drawn in the thing's colour. Marks are (kind, geometry, colour) in units of the thing's radius, y
downwards: disc (x, y, r), line (x0, y0, x1, y1, width), poly (points).
"""

import math

PALETTE = {
    "red": (222, 40, 40), "orange": (248, 130, 20), "yellow": (252, 220, 40), "green": (40, 165, 60),
    "blue": (40, 90, 230), "purple": (140, 50, 190), "pink": (255, 150, 205), "brown": (125, 74, 36),
    "black": (26, 26, 32), "white": (250, 250, 250), "leaf": (30, 120, 45), "wood": (92, 56, 30), "dark": (40, 30, 34),
    "steel": (150, 158, 170), "cream": (255, 240, 205), "sky": (150, 205, 255),
}  # fmt: skip


def _star(points, inner, outer=1.12, turn=0.0):
    angles = [math.pi * k / points + turn for k in range(2 * points)]
    return [(r * math.sin(a), -r * math.cos(a)) for r, a in zip([outer, inner] * points, angles)]


def _ring(count, radius, size, colour, turn=0.0):
    """`count` small discs on a circle."""
    angles = [2 * math.pi * k / count + turn for k in range(count)]
    return [("disc", (radius * math.sin(a), -radius * math.cos(a), size), colour) for a in angles]


OUTLINES = {
    "round": [("disc", (0, 0, 1.0))],
    "square": [("poly", [(-0.86, -0.86), (0.86, -0.86), (0.86, 0.86), (-0.86, 0.86)])],
    "peak": [("poly", [(0, -1.12), (1.05, 0.86), (-1.05, 0.86)])],
    "cone": [("poly", [(0, 1.15), (0.85, -0.8), (-0.85, -0.8)])],
    "star": [("poly", _star(5, 0.5))],
    "burst": [("poly", _star(8, 0.7))],
    "bloom": [("disc", (0.62 * math.sin(a), -0.62 * math.cos(a), 0.46)) for a in (k * math.pi / 3 for k in range(6))],
}
_STEM = [("line", (0, -0.75, 0.1, -1.15, 0.2), "leaf")]
_BAR = ("line", (-0.86, 0, 0.86, 0, 0.12))

THINGS = {
    "tomato": ("red", "round", [("poly", [(x * 0.45, y * 0.45 - 0.85) for x, y in _star(5, 0.4)], "leaf")]),
    "brick": ("red", "square", [(*_BAR, "cream"), ("line", (0, -0.86, 0, 0, 0.12), "cream"),
                                ("line", (-0.4, 0, -0.4, 0.86, 0.12), "cream"),
                                ("line", (0.4, 0, 0.4, 0.86, 0.12), "cream")]),
    "tent": ("red", "peak", [("poly", [(0, -0.3), (0.35, 0.86), (-0.35, 0.86)], "dark")]),
    "starfish": ("red", "star", _ring(5, 0.55, 0.1, "cream")),
    "pumpkin": ("orange", "round", [("line", (-0.35, -0.85, -0.35, 0.85, 0.09), "brown"),
                                    ("line", (0.35, -0.85, 0.35, 0.85, 0.09), "brown"), *_STEM]),
    "crate": ("orange", "square", [("line", (-0.8, -0.8, 0.8, 0.8, 0.16), "brown"),
                                   ("line", (-0.8, 0.8, 0.8, -0.8, 0.16), "brown")]),
    "carrot": ("orange", "cone", [("line", (0, -0.8, 0, -1.2, 0.2), "leaf"),
                                  ("line", (0, -0.8, -0.4, -1.15, 0.18), "leaf"),
                                  ("line", (0, -0.8, 0.4, -1.15, 0.18), "leaf")]),
    "marigold": ("orange", "bloom", [("disc", (0, 0, 0.36), "brown")]),
    "lemon": ("yellow", "round", [("disc", (0.95, 0, 0.25), "yellow"), ("disc", (-0.95, 0, 0.25), "yellow")]),
    "cheese": ("yellow", "square", [("disc", (-0.35, -0.3, 0.24), "orange"), ("disc", (0.4, 0.1, 0.2), "orange"),
                                    ("disc", (-0.2, 0.48, 0.16), "orange")]),
    "pyramid": ("yellow", "peak", [("line", (-0.62, 0.1, 0.62, 0.1, 0.1), "orange"),
                                   ("line", (-0.9, 0.55, 0.9, 0.55, 0.1), "orange")]),
    "sun": ("yellow", "burst", [("disc", (0, 0, 0.5), "cream")]),
    "melon": ("green", "round", [("line", (x, -0.8, x, 0.8, 0.13), "leaf") for x in (-0.5, 0, 0.5)]),
    "hedge": ("green", "square", [("disc", (x, y, 0.2), "leaf")
                                  for x, y in ((-0.45, -0.4), (0.35, -0.2), (-0.2, 0.4), (0.55, 0.5))]),
    "pine": ("green", "peak", [("poly", [(-0.2, 0.7), (0.2, 0.7), (0.2, 1.2), (-0.2, 1.2)], "wood")]),
    "clover": ("green", "bloom", [("disc", (0, 0, 0.22), "cream")]),
    "marble": ("blue", "round", [("disc", (-0.3, -0.35, 0.28), "sky")]),
    "suitcase": ("blue", "square", [("line", (-0.3, -0.95, 0.3, -0.95, 0.2), "dark"),
                                    ("line", (-0.5, -0.86, -0.5, 0.86, 0.12), "sky"),
                                    ("line", (0.5, -0.86, 0.5, 0.86, 0.12), "sky")]),
    "sail": ("blue", "peak", [("line", (0, -1.1, 0, 1.1, 0.14), "wood")]),
    "comet": ("blue", "star", [("disc", (0, 0, 0.3), "sky")]),
    "plum": ("purple", "round", [*_STEM, ("line", (0, -0.5, 0, 0.8, 0.08), "dark")]),
    "cushion": ("purple", "square", [("disc", (x, y, 0.2), "pink") for x in (-0.75, 0.75) for y in (-0.75, 0.75)]),
    "hat": ("purple", "peak", [("line", (-1.15, 0.86, 1.15, 0.86, 0.22), "purple"),
                               ("line", (-0.8, 0.45, 0.8, 0.45, 0.2), "yellow")]),
    "thistle": ("purple", "burst", [("disc", (0, 0.1, 0.42), "pink")]),
    "balloon": ("pink", "round", [("line", (0, 0.95, 0.1, 1.25, 0.1), "dark"), ("disc", (-0.35, -0.4, 0.18), "white")]),
    "purse": ("pink", "square", [("line", (-0.86, -0.2, 0.86, -0.2, 0.1), "purple"),
                                 ("disc", (0, -0.2, 0.2), "yellow")]),
    "skirt": ("pink", "peak", [("line", (-0.2, -0.95, 0.2, -0.95, 0.22), "purple"),
                               ("line", (-0.3, -0.3, -0.5, 0.8, 0.08), "purple"),
                               ("line", (0.3, -0.3, 0.5, 0.8, 0.08), "purple")]),
    "lotus": ("pink", "bloom", [("disc", (0, 0, 0.34), "yellow")]),
    "coconut": ("brown", "round", [("disc", (-0.28, -0.2, 0.15), "dark"), ("disc", (0.28, -0.2, 0.15), "dark"),
                                   ("disc", (0, 0.25, 0.15), "dark")]),
    "chest": ("brown", "square", [("line", (-0.86, -0.15, 0.86, -0.15, 0.14), "dark"),
                                  ("disc", (0, 0.05, 0.22), "yellow")]),
    "hut": ("brown", "peak", [("poly", [(-0.28, 0.86), (-0.28, 0.2), (0.28, 0.2), (0.28, 0.86)], "yellow")]),
    "chestnut": ("brown", "cone", [("line", (-0.95, -0.75, 0.95, -0.75, 0.36), "wood"),
                                   ("line", (0, -0.8, 0, -1.2, 0.16), "wood")]),
    "bomb": ("black", "round", [("line", (0.5, -0.8, 0.75, -1.1, 0.16), "steel"),
                                ("disc", (0.8, -1.12, 0.15), "orange")]),
    "stove": ("black", "square", [("disc", (-0.4, -0.45, 0.22), "steel"), ("disc", (0.4, -0.45, 0.22), "steel"),
                                  ("line", (-0.5, 0.35, 0.5, 0.35, 0.24), "orange")]),
    "raven": ("black", "cone", [("poly", [(0.3, -0.7), (1.2, -0.5), (0.3, -0.3)], "orange"),
                                ("disc", (0.15, -0.55, 0.14), "white")]),
    "spider": ("black", "burst", [("disc", (-0.25, -0.15, 0.16), "red"), ("disc", (0.25, -0.15, 0.16), "red")]),
    "pearl": ("white", "round", [("disc", (0.3, 0.35, 0.3), "sky")]),
    "fridge": ("white", "square", [("line", (-0.86, -0.2, 0.86, -0.2, 0.1), "steel"),
                                   ("line", (0.55, 0.1, 0.55, 0.5, 0.14), "steel"),
                                   ("line", (0.55, -0.65, 0.55, -0.4, 0.14), "steel")]),
    "ghost": ("white", "peak", [("disc", (-0.25, 0.1, 0.16), "dark"), ("disc", (0.25, 0.1, 0.16), "dark")]),
    "snowflake": ("white", "star", [("line", (0, -0.6, 0, 0.6, 0.1), "sky"),
                                    ("line", (-0.5, 0.3, 0.5, -0.3, 0.1), "sky"),
                                    ("line", (-0.5, -0.3, 0.5, 0.3, 0.1), "sky")]),
}  # fmt: skip
"""Noun -> (colour, outline, marks)."""
