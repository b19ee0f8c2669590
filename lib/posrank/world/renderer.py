"""Scene -> frames: where the actor is, what it does, how it does it, and the picture of that.

A verb is a change of the actor's look or place, an adverb moves both objects or says in which half of the clip the verb
happens, a preposition is the actor's place or path at the landmark. Lengths are in units of an object's radius, time
runs over the clip from 0 to 1.
"""

import colorsys
import math
from functools import lru_cache

import numpy as np
from PIL import Image

from posrank.world.sprites import RASTER, UNIT, sprite

RADIUS = 0.165
"""An object's radius as a share of the picture's side."""
DRIFT = {"upward": (0, -1), "downward": (0, 1), "leftward": (-1, 0), "rightward": (1, 0)}
BEATS = 7
"""Time steps of a clip in which restless verbs change."""


def path(preposition, t, side):
    """Where the actor is relative to the landmark: (x, y, in front, the actor's size, the landmark's size)."""
    angle = 2 * math.pi * t + (0 if side > 0 else math.pi)
    x, y = {
        "above": (0.0, -2.0), "below": (0.0, 2.0), "beside": (2.1 * side, 0.0), "inside": (0.0, 0.0),
        "behind": (0.85 * side, -0.6),
        "around": (1.9 * math.cos(angle), 1.9 * math.sin(angle)), "through": (2.4 * side * (2 * t - 1), 0.0),
        "toward": (side * (3.1 - 2.0 * t), 0.0),
    }[preposition]  # fmt: skip
    return x, y, preposition != "behind", *((0.72, 1.75) if preposition == "inside" else (1.0, 1.0))


@lru_cache(maxsize=4)
def background(hue, tone, texture, side):
    """A soft gradient with some texture, [side, side, 3] float32."""
    top = np.array(colorsys.hsv_to_rgb(hue, 0.16, tone)) * 255
    bottom = np.array(colorsys.hsv_to_rgb((hue + 0.08) % 1, 0.3, tone * 0.72)) * 255
    g = np.linspace(0, 1, side)[:, None, None]
    coarse = np.random.default_rng(texture).normal(0, 7, (5, 5)).astype(np.float32)
    grain = np.asarray(Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC))[..., None]
    return np.clip(top * (1 - g) + bottom * g + grain, 0, 255).astype(np.float32)


def _region(canvas, x, y, reach):
    """Slices of the canvas around a point, and where they start; None outside."""
    side = canvas.shape[0]
    left, right = max(int(x - reach), 0), min(int(x + reach) + 1, side)
    top, bottom = max(int(y - reach), 0), min(int(y + reach) + 1, side)
    return None if right <= left or bottom <= top else (slice(top, bottom), slice(left, right))


def paste(canvas, picture, x, y, radius, turn, alpha):
    """Blend a sprite with its centre at (x, y) pixels onto canvas [S, S, 3] in place, turned by `turn` degrees."""
    half = int(radius * 1.95) + 2
    region = _region(canvas, x, y, half)
    if alpha <= 0.02 or radius < 1 or region is None:
        return
    rows, columns = region
    angle, zoom = math.radians(turn), UNIT / radius
    a, b = math.cos(angle) * zoom, math.sin(angle) * zoom
    ox, oy = x - columns.start, y - rows.start
    coefficients = (a, b, RASTER / 2 - a * ox - b * oy, -b, a, RASTER / 2 + b * ox - a * oy)
    size = (columns.stop - columns.start, rows.stop - rows.start)
    patch = picture.transform(size, Image.Transform.AFFINE, coefficients, Image.Resampling.BILINEAR)
    piece = np.asarray(patch, np.float32) * alpha
    canvas[region] = canvas[region] * (1 - piece[..., 3:] / 255) + piece[..., :3]


def disc(canvas, x, y, radius, colour, alpha=1.0, soft=1.5):
    """Blend a disc, its edge `soft` pixels wide."""
    region = _region(canvas, x, y, radius + soft + 1)
    if region is None:
        return
    rows, columns = np.mgrid[region]
    cover = np.clip((radius - np.hypot(columns - x, rows - y)) / soft + 0.5, 0, 1)[..., None] * alpha
    canvas[region] = canvas[region] * (1 - cover) + np.array(colour, np.float32) * cover


def _motion(verb, u, beat, unit):
    """(dx, dy, turn, zoom, alpha) of the actor: u = progress of the verb 0..1, beat = number of changes so far."""
    odd = (beat + 1) // 2 % 2  # 0 1 1 0 0 1 1 0: every other one of eight frames shows the change as well
    return {
        "expand": (0, 0, 0, 0.6 + u, 1), "contract": (0, 0, 0, 1.6 - u, 1), "spin": (0, 0, 70 * beat, 1, 1),
        "bounce": (0, -unit * odd, 0, 1, 1), "shake": (0.65 * unit * (2 * odd - 1), 0, 0, 1, 1),
        "blink": (0, 0, 0, 1, 1 - 0.88 * odd),
    }.get(verb, (0, 0, 0, 1, 1))  # fmt: skip


def _glow(canvas, x, y, reach):
    rows, columns = np.mgrid[0 : canvas.shape[0], 0 : canvas.shape[0]]
    light = (0.95 * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * reach * reach)))[..., None].astype(np.float32)
    canvas[:] = canvas * (1 - light) + light * np.array((255, 250, 170), np.float32)


def _puffs(canvas, verb, x, y, unit, zoom, beat, texture):
    """What leaves the actor: smoke above, drops below, sparks around."""
    if verb == "smoke":
        for k in range(3):
            rise = (k / 3 + 0.17 * beat) % 1
            disc(canvas, x + unit * 0.3 * math.sin(3 * k + beat), y - unit * zoom * (0.5 + 1.4 * rise),
                 unit * (0.3 + 0.25 * rise), (150, 150, 155), 0.85)
    elif verb == "drip":
        for k in range(3):
            fall = (k / 3 + 0.23 * beat) % 1
            disc(canvas, x + unit * 0.55 * (k - 1), y + unit * zoom * (0.6 + 1.2 * fall), unit * 0.22, (90, 200, 255))
    elif verb == "sparkle":
        rng = np.random.default_rng(texture + beat)
        for _ in range(6):
            angle, reach = rng.uniform(0, 2 * math.pi), rng.uniform(0.7, 1.4) * zoom
            away = unit * reach
            disc(canvas, x + away * math.cos(angle), y + away * math.sin(angle), unit * 0.16, (255, 255, 255))


def frame(scene, t, size, oversample=2):
    """The picture at time t: uint8 [size, size, 3]."""
    side = size * oversample
    unit = side * RADIUS * scene.scale
    canvas = background(scene.hue, scene.tone, scene.texture, side).copy()
    px, py, front, zoom, size2 = path(scene.prep, t, scene.side)
    # the pair stands around the centre of the picture and drifts
    mx, my = (0.0, 0.0) if scene.prep in ("around", "through") else path(scene.prep, 0.5, scene.side)[:2]
    dx, dy = (0.2 * way * (2 * t - 0.6) * side for way in DRIFT.get(scene.adv, (0, 0)))
    centre = scene.x * side + dx - 0.5 * mx * unit, scene.y * side + dy - 0.5 * my * unit
    on, u = {"early": (t < 0.5, min(2 * t, 1.0)), "late": (t >= 0.5, max(2 * t - 1, 0.0))}.get(scene.adv, (True, t))
    beat = round(t * BEATS)
    still = not on and scene.verb not in ("expand", "contract")
    mdx, mdy, turn, grown, alpha = (0, 0, 0, 1, 1) if still else _motion(scene.verb, u, beat, unit)
    x, y, zoom = centre[0] + px * unit + mdx, centre[1] + py * unit + mdy, zoom * grown
    if on and scene.verb == "glow":
        _glow(canvas, x, y, unit * 1.25 * zoom)
    objects = [(sprite(scene.noun2, scene.adj2), *centre, unit * size2, -scene.tilt, 1.0),
               (sprite(scene.noun1, scene.adj1), x, y, unit * zoom, scene.tilt + turn, alpha)]  # fmt: skip
    for each in objects if front else reversed(objects):
        paste(canvas, *each)
    if on:
        _puffs(canvas, scene.verb, x, y, unit, zoom, beat, scene.texture)
    blocks = [canvas[i::oversample, j::oversample] for i in range(oversample) for j in range(oversample)]
    return np.clip(sum(blocks) / len(blocks) + 0.5, 0, 255).astype(np.uint8)


def render(scene, frames=8, size=64):
    """A clip of the scene: uint8 [frames, size, size, 3]."""
    return np.stack([frame(scene, f / max(frames - 1, 1), size) for f in range(frames)])


def still(scene, rng, size=64):
    """One picture of a clip, any moment of it, as images on the web are: uint8 [size, size, 3]."""
    return frame(scene, rng.randrange(BEATS + 1) / BEATS, size)
