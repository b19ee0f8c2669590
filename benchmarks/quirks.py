"""What the quirks of the released code do to similarities: python benchmarks/quirks.py

48 captions and 24 clips of the world are scored twice by every system, with one quirk and without it, everything else equal:
once with the world's pretrained weights, once with random ones of the same shapes. `change` is the median of |difference| in
units of the standard deviation of the clean similarities, `other video` the share of captions whose best video is another
one. Padded frames: of the clips that have some, 5 of 8 frames are real. The table of docs/systems.md is from here.
"""

import json
from pathlib import Path

import numpy as np
import torch

from posrank import systems
from posrank.towers.backbone import build_backbone
from posrank.towers.frozen import build_frozen
from posrank.world.grammar import write_captions
from posrank.world.renderer import render
from posrank.world.scenes import item_rng, sample_scene

WORLD = Path(__file__).resolve().parent.parent / "data" / "world"
CLIPS, FRAMES, SHORT, WORDS = 24, 8, 5, 32
NOISY = ("ts2net", "ucofia")


def clips(seed=7):
    """CLIPS clips uint8 [CLIPS, F, 64, 64, 3] and three captions of each."""
    rngs = [item_rng("quirks", seed, i) for i in range(CLIPS)]
    scenes = [sample_scene(rng) for rng in rngs]
    captions = [[text for text, _ in write_captions(scene, rng)] for scene, rng in zip(scenes, rngs)]
    return np.stack([render(scene, FRAMES, 64) for scene in scenes]), captions


def backbone_of(name, weights):
    folder = WORLD / ("pretrained_frozen" if name == "frozen" else "pretrained")
    if weights == "world":
        return folder
    config = json.loads((folder / "config.json").read_text())
    return build_frozen(config) if name == "frozen" else build_backbone(config)


def build(name, weights, max_words, state=None, prompts=0, **options):
    """A system with noise added to its matrices and embeddings that start trivial; `state`: the weights of a twin instead."""
    torch.manual_seed(0)
    system = systems.build(
        name, backbone=backbone_of(name, weights), num_frames=FRAMES, max_words=max_words, prompts=prompts, **options
    ).eval()
    if state is not None:
        system.load_state_dict(state, strict=False)  # a twin without prompts has fewer
    elif weights == "random":
        for parameter in system.parameters():
            parameter.data += 0.02 * torch.randn_like(parameter)
    return system


def similarity(system, texts, frames, read, branch="coarse"):
    torch.manual_seed(0)
    video, mask = system.prepare(frames, read)
    return system.similarity(system.tokenize(texts), video, mask, branch=branch)


@torch.inference_mode()
def measure(name, weights):
    """{quirk: (change, other video)} of one system."""
    frames, captions = clips()
    texts = [text for own in captions for text in own[:2]]
    odd = np.arange(len(frames)) % 2 == 1
    whole, short = np.full(len(frames), FRAMES), np.where(odd, SHORT, FRAMES)
    lengths = (build(name, weights, WORDS).tokenize(texts) != 0).sum(1)
    common = int(lengths.mode().values)
    even = [text for text, length in zip(texts, lengths.tolist()) if length == common]  # no padding among these
    quiet = dict(evaluation_noise=False) if name in NOISY else {}
    rows = {}

    def add(quirk, clean, changed, columns=slice(None)):
        gap = ((clean - changed)[:, columns].abs() / clean.std()).median().item()
        rows[quirk] = gap, (clean.argmax(1) != changed.argmax(1)).float().mean().item()

    def twins(words, prompts=0, **options):
        clean = build(name, weights, words, prompts=prompts)
        return clean, build(name, weights, words, clean.state_dict(), prompts, as_released=True, **options)

    a, b = twins(WORDS, **quiet)
    add("padded words", *(similarity(s, texts, frames, whole) for s in (a, b)))
    a, b = twins(common, **quiet)
    add("padded frames", *(similarity(s, even, frames, short) for s in (a, b)), np.flatnonzero(odd))
    add("no padding", *(similarity(s, even, frames, whole) for s in (a, b)))
    if quiet:
        noisy = twins(common)[1]
        add("noise in evaluation", similarity(b, even, frames, whole), similarity(noisy, even, frames, whole))
    prompted, b = twins(common, 1, **quiet)
    add("prompt feature is the first patch", *(similarity(s, even, frames, whole, "fine") for s in (prompted, b)))
    add("prompt through the coarse similarity", *(similarity(prompted, even, frames, whole, s) for s in ("fine", "released_test")))
    rest = {k: v for k, v in prompted.state_dict().items() if "vpt" not in k}
    plain = build(name, weights, common, rest)
    add("CLS sees an untrained prompt", *(similarity(s, even, frames, whole) for s in (plain, prompted)))
    return rows


def main():
    torch.set_num_threads(1)
    print("| system | quirk | change (world) | other video | change (random) | other video |\n|---|---|---:|---:|---:|---:|")
    for name in systems.SYSTEMS:
        trained, random = (measure(name, weights) for weights in ("world", "random"))
        for quirk in trained:
            cells = [f"{change:.2g} | {100 * other:.0f} %" for change, other in (trained[quirk], random[quirk])]
            print(f"| {name} | {quirk} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
