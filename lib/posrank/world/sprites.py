"""Sprites: one shaded, outlined picture per (noun, adjective), drawn with Pillow.
 Colours are adjectives; big and little objects are grey, so that an object has exactly one adjective. A bright stripe
off the centre makes a turning ball or ring visible.
"""

import functools
import math

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

RASTER = 96
"""Sprite size in pixels; a unit of radius is `UNIT` of them."""
UNIT = 0.40 * RASTER
_OVERSAMPLE = 4

COLOURS = {
    "red": (222, 48, 48), "green": (46, 166, 74), "blue": (48, 98, 226), "yellow": (250, 204, 40),
    "black": (26, 26, 32), "white": (250, 250, 250), "big": (148, 152, 162), "little": (148, 152, 162),
}
SIZES = {"big": 1.45, "little": 0.58}


def _star(points, outer, inner):
    radius = [outer if k % 2 == 0 else inner for k in range(2 * points)]
    angle = [math.pi * k / points for k in range(2 * points)]
    return [(r * math.sin(a), -r * math.cos(a)) for r, a in zip(radius, angle)]


# Each shape is a list of (kind, geometry, fill) in units of radius; fill 0 cuts out.
SHAPES = {
    "ball": [("disc", (0, 0, 1.0), 255)],
    "box": [("poly", [(-0.88, -0.88), (0.88, -0.88), (0.88, 0.88), (-0.88, 0.88)], 255)],
    "star": [("poly", _star(5, 1.18, 0.5), 255)],
    "ring": [("disc", (0, 0, 1.08), 255), ("disc", (0, 0, 0.56), 0)],
    "cross": [
        ("poly", [(-0.36, -1.05), (0.36, -1.05), (0.36, 1.05), (-0.36, 1.05)], 255),
        ("poly", [(-1.05, -0.36), (1.05, -0.36), (1.05, 0.36), (-1.05, 0.36)], 255),
    ],
    "heart": [
        ("disc", (-0.5, -0.38, 0.58), 255), ("disc", (0.5, -0.38, 0.58), 255),
        ("poly", [(-1.02, -0.12), (0, -0.5), (1.02, -0.12), (0, 1.12)], 255),
    ],
    "moon": [("disc", (0, 0, 1.12), 255), ("disc", (0.56, -0.18, 0.9), 0)],
    "tree": [
        ("poly", [(0, -1.2), (0.8, -0.1), (-0.8, -0.1)], 255), ("poly", [(0, -0.65), (1.0, 0.6), (-1.0, 0.6)], 255),
        ("poly", [(-0.22, 0.5), (0.22, 0.5), (0.22, 1.15), (-0.22, 1.15)], 255),
    ],
}


def _mask(noun, size):
    mask = Image.new("L", (size, size), 0)
    draw = ImageDraw.Draw(mask)
    def to_pixel(x, y):
        return ((x * 0.40 + 0.5) * size, (y * 0.40 + 0.5) * size)
    for kind, geometry, fill in SHAPES[noun]:
        if kind == "disc":
            x, y, r = geometry
            draw.ellipse([to_pixel(x - r, y - r), to_pixel(x + r, y + r)], fill=fill)
        else:
            draw.polygon([to_pixel(x, y) for x, y in geometry], fill=fill)
    return mask


@functools.cache
def sprite(noun, adjective):
    """Premultiplied RGBA picture [RASTER, RASTER] of an object seen upright at radius 1."""
    size = RASTER * _OVERSAMPLE
    inside = _mask(noun, size)
    outline = inside.filter(ImageFilter.MaxFilter(13))
    base = np.array(COLOURS[adjective], np.float32)
    y, x = np.mgrid[0:size, 0:size] / size - 0.5
    light = 1.12 - 0.9 * np.hypot(x + 0.12, y + 0.14) ** 1.4
    body = np.clip(base * light[..., None], 0, 255)
    # the stripe: a radius line towards the upper right, lighter on dark bodies and darker on light ones
    stripe = (np.abs(x + y) < 0.022) & (x > 0.02)
    body[stripe] = 0.45 * body[stripe] + (0.55 * 255 if base.mean() < 90 else 0.0)
    edge = np.array((232, 232, 238), np.float32) if adjective == "black" else base * 0.3
    fill = np.asarray(inside, np.float32)[..., None] / 255
    alpha = np.asarray(ImageChops.lighter(inside, outline), np.float32)[..., None] / 255
    rgb = (body * fill + edge * (1 - fill)) * alpha
    picture = np.concatenate([rgb, alpha * 255], axis=-1)
    picture = picture.reshape(RASTER, _OVERSAMPLE, RASTER, _OVERSAMPLE, 4).mean((1, 3))
    return Image.fromarray(np.clip(picture + 0.5, 0, 255).astype(np.uint8), "RGBa")
