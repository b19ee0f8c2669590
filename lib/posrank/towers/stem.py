"""A convolutional patch stem for small vision transformers.

In: frames [B, 3, H, W]; out: patch features [B, width, H / patch, W / patch], in the place of CLIP's `visual.conv1`.
Three strided 3 x 3 convolutions before the last one see edges and shapes that a single 16 x 16 projection has to spend
transformer layers on ("Early Convolutions Help Transformers See Better", Xiao et al., NeurIPS 2021).
"""

import math

from torch import nn


class ConvStem(nn.Module):
    """[B, 3, H, W] -> [B, width, H / patch, W / patch]; `patch` is a power of two of at least 4.

    `channels` are those of the first convolutions, one for each halving but the last. The first convolution may have a
    larger stride to save time: strides multiply to `patch`.
    """

    def __init__(self, width, patch=16, channels=(32, 64, 96)):
        super().__init__()
        halvings = int(math.log2(patch))
        if 2**halvings != patch or len(channels) != halvings - 1:
            raise ValueError(f"a stem for patches of {patch} pixels needs {halvings - 1} channels, not {len(channels)}")
        layers, inputs = [], 3
        for outputs in channels:
            layers += [nn.Conv2d(inputs, outputs, 3, 2, 1, bias=False), nn.GroupNorm(8, outputs), nn.GELU()]
            inputs = outputs
        self.layers = nn.Sequential(*layers, nn.Conv2d(inputs, width, 3, 2, 1))

    def forward(self, frames):
        return self.layers(frames)
