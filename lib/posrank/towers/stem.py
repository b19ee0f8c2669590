"""A convolutional patch stem for small vision transformers, in the place of CLIP's `visual.conv1`: overlapping strided
convolutions see edges and shapes ("Early Convolutions Help Transformers See Better", Xiao et al., NeurIPS 2021)."""

import math

import torch
from torch import nn


class ConvStem(nn.Module):
    """[B, 3, H, W] -> [B, width, H / patch, W / patch]; `patch` is a power of two of at least 8. The first convolution
    has stride 4, each further one stride 2; `channels` are the outputs of all but the last."""

    def __init__(self, width, patch=16, channels=(48, 96)):
        super().__init__()
        halvings = int(math.log2(patch))
        if 2**halvings != patch or len(channels) != halvings - 2:
            raise ValueError(f"a stem for patches of {patch} pixels takes {max(halvings - 2, 0)} channels, not "
                             f"{len(channels)}")
        layers, inputs = [], 3
        for outputs in (*channels, width):
            convolution = nn.Conv2d(inputs, outputs, 6, 4, 1) if inputs == 3 else nn.Conv2d(inputs, outputs, 3, 2, 1)
            layers += [convolution, nn.GELU()]
            inputs = outputs
        self.layers = nn.Sequential(*layers[:-1]).to(memory_format=torch.channels_last)  # faster on a CPU

    def forward(self, frames):
        return self.layers(frames.contiguous(memory_format=torch.channels_last))
