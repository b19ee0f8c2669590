"""Fig. 7 as a drawing: which features and sentences the coarse and the fine loss compare, by training strategy."""

import matplotlib.pyplot as plt
from matplotlib.colors import to_rgb
from matplotlib.patches import FancyBboxPatch

from posrank.figures.style import COLOURS, STRATEGIES

CAPTION = "a boy wearing a black t-shirt"
NEGATIVES = {"word": ("a boy wearing a white t-shirt", "a boy wearing a black coat", "a boy removing a black t-shirt"),
             "phrase": ("a boy removing a white t-shirt", "a boy wearing a white coat",
                        "a girl removing a black t-shirt")}
"""Section 6.3's example; all but the first two phrase-level sentences are made after its pattern."""
OFF = "#d8d8d8"


def method_figure(strategy="prompt"):
    """Fig. 7 for one strategy: coarse, word, phrase or prompt (else: as coarse). What it does not use is grey."""
    level = {"word": "word", "phrase": "phrase", "prompt": "phrase"}.get(strategy)
    prompted = strategy == "prompt"
    coarse, fine = "#5b4b8a", COLOURS.get(strategy, OFF) if level else OFF
    figure, axes = plt.subplots(figsize=(9.2, 3.5), layout="constrained")
    axes.set(xlim=(0, 100), ylim=(0, 40), title=f"Fig. 7: {STRATEGIES.get(strategy, strategy)}")
    axes.axis("off")

    for number in range(3):
        _box(axes, 1 + 1.2 * number, 27 - 1.2 * number, 9, 8, "", "#444444", fill="#f2f2f2")
    axes.text(7.9, 28.6, "video $v_i$", ha="center", va="center", fontsize=9)
    _box(axes, 20, 21, 13, 15, "video\nencoder", "#444444")
    _arrow(axes, (13.6, 29), (20, 29), "#444444")
    _box(axes, 2, 17.5, 11, 4, "T prompts", COLOURS["prompt"] if prompted else OFF)
    _arrow(axes, (13, 20), (20, 23.5), COLOURS["prompt"] if prompted else OFF)
    _box(axes, 41, 31, 13, 4.5, "CLS output", coarse)
    _box(axes, 41, 22, 13, 4.5, "prompt output", COLOURS["prompt"] if prompted else OFF)
    _arrow(axes, (33, 32), (41, 33.2), coarse)
    _arrow(axes, (33, 26), (41, 24.2), COLOURS["prompt"] if prompted else OFF)

    axes.text(1, 12, f"caption $t_i$: {CAPTION}", fontsize=8.5, fontweight="bold", va="center")
    for number, text in enumerate(NEGATIVES[level or "word"]):
        axes.text(1, 8.4 - 3.1 * number, f"negative: {text}", fontsize=8.5, va="center", color=fine)
    _box(axes, 41, 3, 13, 9, "text\nencoder", "#444444")
    _arrow(axes, (36.5, 12), (41, 9.5), "#444444")
    _arrow(axes, (36.5, 4.5), (41, 6), fine)

    # coarse loss: all captions of the batch against all videos of the batch
    for row in range(4):
        for column in range(4):
            colour = coarse if row == column else _light(coarse)
            axes.add_patch(plt.Rectangle((66 + 2.4 * column, 34.4 - 2.4 * row), 2.1, 2.1, color=colour))
    axes.text(77.5, 33, "$\\mathcal{L}_{coarse}$ (Eq. 2)\nvideos of the batch\nagainst its captions", fontsize=9,
              va="center", color=coarse)
    _arrow(axes, (54, 33.2), (65, 32), coarse)
    _arrow(axes, (54, 9), (65, 27), coarse)
    # fine loss: a video against its caption and that caption's negatives
    for column in range(4):
        shade = fine if column == 0 else _light(fine)
        axes.add_patch(plt.Rectangle((66 + 2.4 * column, 13.6), 2.1, 2.1, color=shade))
    axes.text(77.5, 14.6, "$\\mathcal{L}_{fine}$ (Eq. 3)\na video against its caption\nand the caption's negatives",
              fontsize=9, va="center", color=fine if level else "#aaaaaa")
    _arrow(axes, (54, 24.2) if prompted else (54, 32.4), (65, 15.4), fine)
    _arrow(axes, (54, 6), (65, 14), fine)
    total = "$\\mathcal{L}_{coarse} + \\lambda\\,\\mathcal{L}_{fine}$ (Eq. 4)" if level else "$\\mathcal{L}_{coarse}$"
    axes.text(77.5, 4, f"training minimises\n{total}", fontsize=9.5, va="center")
    return figure


def _box(axes, x, y, width, height, text, colour, fill="white"):
    axes.add_patch(FancyBboxPatch((x, y), width, height, boxstyle="round,pad=0,rounding_size=0.8", fc=fill, ec=colour,
                                  lw=1.3))
    axes.text(x + width / 2, y + height / 2, text, ha="center", va="center", fontsize=9,
              color="#aaaaaa" if colour == OFF else "#222222")


def _arrow(axes, start, end, colour):
    axes.annotate("", end, start,
                  arrowprops={"arrowstyle": "-|>", "color": colour, "lw": 1.2, "shrinkA": 0, "shrinkB": 1})


def _light(colour):
    return tuple(0.25 * value + 0.75 for value in to_rgb(colour))
