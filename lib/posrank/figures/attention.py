"""Fig. 8: where the CLS and the prompt tokens look, over the frames of one video."""

import matplotlib.pyplot as plt
import numpy as np

from posrank.figures.runs import name_of, one_set
from posrank.figures.style import STRATEGIES


def attention_figure(frames, maps, caption, steps=4):
    """frames uint8 [F, H, W, 3]; maps {label: [F, h, w]} from posrank.towers.attention -> figure with one row a label.

    `steps` evenly spaced frames are shown; attention is scaled per row, light where it is high.
    """
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


def attention_of_runs(work, metrics):
    """Fig. 8: attention maps of a test clip for each strategy of the first system with weights here, or None."""
    from posrank.towers.attention import attention_maps
    from posrank.training.runs import load_run

    maps, shown = {}, None
    for m in one_set(metrics):
        folder = work.folder / "runs" / name_of(m)
        other = any(m[key] != metrics[0][key] for key in ("system", "seed"))
        if other or not (folder / "weights.safetensors").exists():
            continue
        if shown is None:
            texts, store = work.captions(m["dataset"]), work.frames(m["dataset"])
            caption = texts[(texts["split"] == m["split"]) & texts["video_id"].isin(store.ids)].iloc[0]
            stored = store[caption["video_id"]][0]
        system, _ = load_run(folder)
        video, _ = system.prepare(stored[None])  # a system may look at fewer frames than are stored
        shown = (video[0].movedim(1, -1) * system.image_std + system.image_mean).clamp(0, 1).cpu().numpy()
        for token, values in attention_maps(system, video).items():
            maps[f"{STRATEGIES[m['strategy']].replace(' ', chr(10), 1)}\n{token} token"] = values[0]
    if shown is None:
        print("no trained weights in this workspace (make repro trains them): no attention maps")
        return None
    return attention_figure(np.asarray(shown), maps, caption["caption"], steps=6)
