"""Scene -> frames: where the actor is, what it does, how it does it, and the picture of that.
 The adverb sets the clock of the verb (slowly, quickly, early, late) or adds a drift (upward, downward); the
preposition sets the path relative to the landmark; the verb sets the pose. Lengths are in units of an object's radius,
time runs over the clip from 0 to 1.
"""

import colorsys
import math
from dataclasses import dataclass

import numpy as np
from PIL import Image

from posrank.world.sprites import RASTER, SIZES, UNIT, sprite

RADIUS = 0.15
"""An object's radius as a share of the picture's side."""
RAMPS = ("expand", "contract", "appear", "disappear")
_CYCLES = {"slowly": 0.75, "quickly": 2.6}
_BLINKS = {"slowly": 1.5, "quickly": 3.5}


@dataclass
class Pose:
    dx: float = 0.0
    dy: float = 0.0
    turn: float = 0.0
    size: float = 1.0
    alpha: float = 1.0


def clock(adverb, t, table, rest):
    """Cycles done at time t. Early and late: `rest` whole cycles within one half of the clip, still in the other."""
    if adverb == "early":
        return rest * min(t / 0.5, 1.0)
    if adverb == "late":
        return rest * max((t - 0.5) / 0.5, 0.0)
    return table.get(adverb, 1.5) * t


def ramp(adverb, t):
    """Progress 0..1 of a change: once over the clip (slowly), over a half (early, late), or again and again."""
    if adverb == "slowly":
        return t
    if adverb in ("early", "late"):
        return clock(adverb, t, {}, 1.0)
    return clock(adverb, t, _CYCLES, 1.0) % 1.0


def pose(verb, adverb, t):
    """The actor's own motion at time t."""
    p = Pose()
    if verb in RAMPS:
        r = ramp(adverb, t)
        if verb in ("expand", "contract"):
            p.size = 0.55 + 0.85 * (r if verb == "expand" else 1 - r)
        else:
            p.alpha = r if verb == "appear" else 1 - r
    elif verb == "blink":
        p.alpha = 0.06 if clock(adverb, t, _BLINKS, 2.0) % 1.0 >= 0.5 else 1.0
    else:
        u = clock(adverb, t, _CYCLES, 1.0)
        still = adverb in ("early", "late")  # whole cycles, so that the actor rests in its neutral pose
        if verb == "spin":
            p.turn = 360 * u
        elif verb == "bounce":
            p.dy = -0.95 * abs(math.sin((1.0 if still else 1.3) * math.pi * u))
        elif verb == "shake":
            p.dx = 0.7 * math.sin((2.0 if still else 2.4) * math.pi * u)
    if adverb in ("upward", "downward"):
        p.dy += (0.8 - 1.6 * t) * (1 if adverb == "upward" else -1)
    return p


def path(preposition, t, side, landmark=1.0):
    """Where the actor is relative to a landmark of that size: (x, y, in front, scale)."""
    angle = 2 * math.pi * t + (0 if side > 0 else math.pi)
    return {
        "above": (0.0, -1.95, True, 1.0), "below": (0.0, 1.95, True, 1.0), "beside": (2.05 * side, 0.0, True, 1.0),
        "inside": (0.0, 0.0, True, max(0.5 * landmark, 0.36)), "behind": (0.7 * side, -0.45, False, 1.0),
        "around": (2.0 * math.cos(angle), 2.0 * math.sin(angle), True, 1.0),
        "through": (2.3 * side * (2 * t - 1), 0.0, True, 1.0), "toward": (side * (2.7 - 1.5 * t), 0.0, True, 1.0),
    }[preposition]


def background(scene, side):
    """A soft gradient with some texture, [side, side, 3] float32."""
    top = np.array(colorsys.hsv_to_rgb(scene.hue, 0.16, scene.tone)) * 255
    bottom = np.array(colorsys.hsv_to_rgb((scene.hue + 0.08) % 1, 0.3, scene.tone * 0.72)) * 255
    g = np.linspace(0, 1, side)[:, None, None]
    coarse = np.random.default_rng(scene.texture).normal(0, 7, (5, 5)).astype(np.float32)
    texture = np.asarray(Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC))[..., None]
    return np.clip(top * (1 - g) + bottom * g + texture, 0, 255).astype(np.float32)


def paste(canvas, picture, x, y, radius, turn, alpha):
    """Blend a sprite with its centre at (x, y) pixels onto canvas [S, S, 3] in place, turned by `turn` degrees."""
    if alpha <= 0.02:
        return
    side = canvas.shape[0]
    half = int(radius * 1.75) + 2
    x0, y0 = int(x) - half, int(y) - half
    angle, zoom = math.radians(turn), UNIT / radius
    a, b = math.cos(angle) * zoom, math.sin(angle) * zoom
    ox, oy = x - x0, y - y0
    coefficients = (a, b, RASTER / 2 - a * ox - b * oy, -b, a, RASTER / 2 + b * ox - a * oy)
    patch = picture.transform((2 * half, 2 * half), Image.Transform.AFFINE, coefficients, Image.Resampling.BILINEAR)
    left, top, right, bottom = max(x0, 0), max(y0, 0), min(x0 + 2 * half, side), min(y0 + 2 * half, side)
    if right <= left or bottom <= top:
        return
    piece = np.asarray(patch, np.float32)[top - y0 : bottom - y0, left - x0 : right - x0] * alpha
    region = canvas[top:bottom, left:right]
    region *= 1 - piece[..., 3:] / 255
    region += piece[..., :3]


def shrink(canvas, oversample):
    """[S * k, S * k, 3] -> uint8 [S, S, 3] by averaging k x k blocks."""
    blocks = [canvas[i::oversample, j::oversample] for i in range(oversample) for j in range(oversample)]
    return np.clip(sum(blocks) / len(blocks) + 0.5, 0, 255).astype(np.uint8)


def render(scene, frames=8, size=64, oversample=2):
    """A clip of the scene: uint8 [frames, size, size, 3]."""
    side = size * oversample
    unit = side * RADIUS * scene.scale
    still = background(scene, side)
    actor, landmark = sprite(scene.noun1, scene.adj1), sprite(scene.noun2, scene.adj2)
    size1, size2 = SIZES.get(scene.adj1, 1.0), SIZES.get(scene.adj2, 1.0)
    centre_x, centre_y = scene.x * side, scene.y * side
    in_front = path(scene.prep, 0.0, scene.side)[2]
    if in_front:
        paste(still, landmark, centre_x, centre_y, unit * size2, 0.0, 1.0)
    out = np.empty((frames, size, size, 3), np.uint8)
    for f in range(frames):
        t = f / max(frames - 1, 1)
        canvas = still.copy()
        p = pose(scene.verb, scene.adv, t)
        x, y, _, scale = path(scene.prep, t, scene.side, size2)
        x, y = centre_x + (x + 0.8 * p.dx) * unit, centre_y + (y + 0.8 * p.dy) * unit
        paste(canvas, actor, x, y, unit * size1 * scale * p.size, p.turn, p.alpha)
        if not in_front:
            paste(canvas, landmark, centre_x, centre_y, unit * size2, 0.0, 1.0)
        out[f] = shrink(canvas, oversample)
    return out
