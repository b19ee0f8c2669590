"""Sprites: one outlined picture per (noun, adjective), drawn with Pillow."""

import functools

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from posrank.world.things import OUTLINES, PALETTE, THINGS

RASTER = 96
"""Sprite size in pixels; a unit of radius is `UNIT` of them."""
UNIT = 0.37 * RASTER
_OVERSAMPLE = 3
_SIZE = RASTER * _OVERSAMPLE
STRETCH = {"tall": (0.58, 1.16), "wide": (1.16, 0.58)}
HOLES = {"peak": (0, 0.2, 0.44), "cone": (0, -0.3, 0.36), "star": (0, 0, 0.36)}

_CROWN = [(-0.62, -0.62), (-0.74, -1.3), (-0.34, -0.95), (0, -1.34), (0.34, -0.95), (0.74, -1.3), (0.62, -0.62)]
_WING = [(0.62, 0.1), (1.34, -0.62), (1.34, 0.0), (1.1, 0.1), (1.22, 0.42), (0.75, 0.5)]
_SPOTS = [(-0.42, -0.36), (0.42, -0.36), (0, 0.02), (-0.42, 0.44), (0.42, 0.44)]


def _shape(draw, kind, geometry, fill, scale=(1.0, 1.0)):
    unit, centre = UNIT * _OVERSAMPLE, _SIZE / 2
    def at(x, y):
        return centre + x * unit * scale[0], centre + y * unit * scale[1]
    if kind == "disc":
        x, y, r = geometry
        (left, top), (right, bottom) = at(x - r, y - r), at(x + r, y + r)
        draw.ellipse([left, top, right, bottom], fill=fill)
    elif kind == "line":
        x0, y0, x1, y1, width = geometry
        draw.line([at(x0, y0), at(x1, y1)], fill=fill, width=max(round(width * unit), 1))
    else:
        draw.polygon([at(x, y) for x, y in geometry], fill=fill)


def _mask(parts, scale):
    mask = Image.new("L", (_SIZE, _SIZE), 0)
    draw = ImageDraw.Draw(mask)
    for kind, geometry in parts:
        _shape(draw, kind, geometry, 255, scale)
    return mask


@functools.cache
def sprite(noun, adjective):
    """Premultiplied RGBA picture [RASTER, RASTER] of an object seen upright at radius 1."""
    colour, outline, marks = THINGS[noun]
    scale = STRETCH.get(adjective, (0.92, 0.92))
    base = np.array(PALETTE[colour])
    body = _mask(OUTLINES[outline], scale)
    dark_body, pale_body = base.mean() < 90, base.mean() > 190
    edge = (228, 228, 236) if colour == "black" else tuple(int(v) for v in base * 0.28)
    picture = Image.new("RGB", (_SIZE, _SIZE), tuple(int(v) for v in base))
    draw = ImageDraw.Draw(picture)
    outside = Image.new("L", (_SIZE, _SIZE), 0)  # marks that stick out
    more = ImageDraw.Draw(outside)
    for kind, geometry, fill in marks:
        _shape(draw, kind, geometry, PALETTE[fill], scale)
        _shape(more, kind, geometry, 255, scale)
    if adjective == "striped":
        ink = (240, 240, 240) if dark_body else (20, 20, 24)
        for y in np.arange(-1.2, 1.3, 0.48):
            _shape(draw, "line", (-1.3, y, 1.3, y, 0.2), ink)
    elif adjective == "spotted":
        ink = (20, 20, 24) if pale_body or colour == "orange" else (255, 255, 255)
        for x, y in _SPOTS:
            _shape(draw, "disc", (x, y, 0.19), ink)
    elif adjective == "shiny":
        for x, y, r in ((-0.3, -0.25, 0.4), (0.42, 0.4, 0.18)):
            _shape(draw, "disc", (x, y, r), (255, 255, 255) if not pale_body else (255, 246, 150))
    inside = ImageChops.lighter(body, outside)
    if adjective == "hollow":
        hole = Image.new("L", (_SIZE, _SIZE), 0)
        _shape(ImageDraw.Draw(hole), "disc", HOLES.get(outline, (0, 0, 0.5)), 255)
        inside = ImageChops.subtract(inside, hole)
    elif adjective in ("crowned", "winged"):
        flip = [[(-x, y) for x, y in _WING], _WING]
        for points in [_CROWN] if adjective == "crowned" else flip:
            shift = [(x, y) for x, y in points]
            _shape(draw, "poly", shift, (255, 205, 30) if adjective == "crowned" else (245, 248, 255))
            added = Image.new("L", (_SIZE, _SIZE), 0)
            _shape(ImageDraw.Draw(added), "poly", shift, 255)
            rim = ImageChops.subtract(added.filter(ImageFilter.MaxFilter(7)), added)
            picture.paste((70, 40, 0) if adjective == "crowned" else (60, 70, 100), mask=rim)
            inside = ImageChops.lighter(inside, added)
    alpha = inside.filter(ImageFilter.MaxFilter(9))
    fill, alpha = (np.asarray(each, np.float32)[..., None] / 255 for each in (inside, alpha))
    rgb = np.asarray(picture, np.float32) * fill + np.array(edge, np.float32) * np.clip(alpha - fill, 0, 1)
    whole = np.concatenate([rgb, alpha * 255], axis=-1)
    whole = whole.reshape(RASTER, _OVERSAMPLE, RASTER, _OVERSAMPLE, 4).mean((1, 3))
    return Image.fromarray(np.clip(whole + 0.5, 0, 255).astype(np.uint8), "RGBa")
