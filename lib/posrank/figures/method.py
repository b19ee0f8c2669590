"""Fig. 7 as a drawing: which features and sentences the coarse and the fine loss compare, by training strategy."""

import matplotlib.pyplot as plt
from matplotlib.colors import to_rgba
from matplotlib.patches import FancyBboxPatch

from posrank.figures.style import COLOURS, STRATEGIES

CAPTION = "a boy wearing a black t-shirt"
NEGATIVES = {"word": ("a boy wearing a white t-shirt", "a boy wearing a black coat", "a boy removing a black t-shirt"),
             "phrase": ("a boy removing a white t-shirt", "a boy wearing a white coat",
                        "a girl removing a black t-shirt")}
"""Section 6.3's example; all but the first two phrase-level sentences are made after its pattern."""
OFF, GREY = "#d8d8d8", "#444444"


def method_figure(strategy="prompt"):
    """Fig. 7 for one strategy: coarse, word, phrase or prompt (else: as coarse). What it does not use is grey."""
    level = {"word": "word", "phrase": "phrase", "prompt": "phrase"}.get(strategy)
    prompted, coarse = strategy == "prompt", "#5b4b8a"
    fine, prompts = COLOURS.get(strategy, OFF) if level else OFF, COLOURS["prompt"] if prompted else OFF
    figure, axes = plt.subplots(figsize=(9.2, 3.5), layout="constrained")
    axes.set(xlim=(0, 100), ylim=(0, 40), title=f"Fig. 7: {STRATEGIES.get(strategy, strategy)}")
    axes.axis("off")

    for x, y, width, height, text, colour in (
        (1, 27, 9, 8, "", GREY), (2.2, 25.8, 9, 8, "", GREY), (3.4, 24.6, 9, 8, "video $v_i$", GREY),
        (20, 21, 13, 15, "video\nencoder", GREY), (41, 3, 13, 9, "text\nencoder", GREY),
        (2, 17.5, 11, 4, "T prompts", prompts), (41, 31, 13, 4.5, "CLS output", coarse),
        (41, 22, 13, 4.5, "prompt output", prompts),
    ):
        axes.add_patch(FancyBboxPatch((x, y), width, height, boxstyle="round,pad=0,rounding_size=0.8", fc="white",
                                      ec=colour, lw=1.3))
        axes.text(x + width / 2, y + height / 2, text, ha="center", va="center", fontsize=9,
                  color="#aaaaaa" if colour == OFF else "#222222")
    # video, prompts and texts into the encoders; the outputs into the losses that compare them
    for start, end, colour in (
        ((13.6, 29), (20, 29), GREY), ((13, 20), (20, 23.5), prompts), ((33, 32), (41, 33.2), coarse),
        ((33, 26), (41, 24.2), prompts), ((36.5, 12), (41, 9.5), GREY), ((36.5, 4.5), (41, 6), fine),
        ((54, 33.2), (65, 32), coarse), ((54, 9), (65, 27), coarse),
        ((54, 24.2) if prompted else (54, 32.4), (65, 15.4), fine), ((54, 6), (65, 14), fine),
    ):
        axes.annotate("", end, start,
                      arrowprops={"arrowstyle": "-|>", "color": colour, "lw": 1.2, "shrinkA": 0, "shrinkB": 1})
    # coarse loss: all captions of a batch against all its videos; fine loss: a video against its caption's list
    squares = [(66 + 2.4 * column, 34.4 - 2.4 * row, coarse, row == column) for row in range(4) for column in range(4)]
    squares += [(66 + 2.4 * column, 13.6, fine, column == 0) for column in range(4)]
    for x, y, colour, positive in squares:
        axes.add_patch(plt.Rectangle((x, y), 2.1, 2.1, color=to_rgba(colour, 1 if positive else 0.25), lw=0))

    axes.text(1, 12, f"caption $t_i$: {CAPTION}", fontsize=8.5, fontweight="bold", va="center")
    for number, text in enumerate(NEGATIVES[level or "word"]):
        axes.text(1, 8.4 - 3.1 * number, f"negative: {text}", fontsize=8.5, va="center", color=fine)
    total = "$\\mathcal{L}_{coarse} + \\lambda\\,\\mathcal{L}_{fine}$ (Eq. 4)" if level else "$\\mathcal{L}_{coarse}$"
    for y, text, colour in (
        (33, "$\\mathcal{L}_{coarse}$ (Eq. 2)\nvideos of the batch\nagainst its captions", coarse),
        (14.6, "$\\mathcal{L}_{fine}$ (Eq. 3)\na video against its caption\nand the caption's negatives",
         fine if level else "#aaaaaa"),
        (4, f"training minimises\n{total}", "#222222"),
    ):
        axes.text(77.5, y, text, fontsize=9, va="center", color=colour)
    return figure
