"""Fig. 8: where the CLS and the prompt tokens look, over the frames of one video."""

import numpy as np


def attention_figure(frames, maps, caption, steps=4):
    """frames uint8 [F, H, W, 3]; maps {label: [F, h, w]} from posrank.towers.attention -> figure with one row a label.

    `steps` evenly spaced frames are shown; attention is scaled per row, light where it is high.
    """
    import matplotlib.pyplot as plt

    shown = np.linspace(0, len(frames) - 1, min(steps, len(frames)), dtype=int)
    size = (1.35 * len(shown) + 0.9, 1.38 * (len(maps) + 1) + 0.35)
    figure, panels = plt.subplots(len(maps) + 1, len(shown), figsize=size, squeeze=False)
    for column, f in enumerate(shown):
        panels[0][column].imshow(frames[f])
        for line, values in enumerate(maps.values(), 1):
            axes = panels[line][column]
            axes.imshow(frames[f])
            axes.imshow(values[f], cmap="inferno", alpha=0.62, extent=(0, frames.shape[2], frames.shape[1], 0),
                        interpolation="bilinear", vmin=0, vmax=float(values.max()))
    for axes in panels.flat:
        axes.set(xticks=[], yticks=[])
        axes.grid(False)
    for line, label in enumerate(["frame", *maps]):
        panels[line][0].set_ylabel(label, fontsize="small")
    figure.suptitle(caption, fontsize="medium")
    return figure
