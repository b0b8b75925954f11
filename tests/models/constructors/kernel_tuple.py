"""Kernels that are not square, strides that do not show, one list that must be as long as another."""

from typing import List, Optional, Tuple

from torch import nn

CHECKPOINT_ARGUMENTS = {
    "n_mels": 12,
    "channels": [6, 8, 10],
    "kernel_sizes": [[7, 3], [5, 3], [3, 3]],
    "stride": [2, 1],
    "groups": 2,
    "num_keywords": 9,
}
TOLD = {"channels": [6, 8, 10], "kernel_sizes": [[7, 3], [5, 3], [3, 3]], "groups": 2, "num_keywords": 9}


class KeywordSpotter(nn.Module):
    """Small-footprint keyword spotting.

    Args:
        n_mels: Mel bands of a spectrogram.
        channels: Channels of every convolution.
        kernel_sizes: (time, frequency) of every convolution; None is (3, 3) everywhere.
        stride: (time, frequency) of every convolution.
        groups: Groups of every convolution but the first.
        num_keywords: Words to be told apart.
    """

    def __init__(
        self,
        n_mels: int = 40,
        channels: Tuple[int, ...] = (16, 32),
        kernel_sizes: Optional[List[Tuple[int, int]]] = None,
        stride: Tuple[int, int] = (1, 1),
        groups: int = 1,
        num_keywords: int = 35,
    ):
        super().__init__()
        kernel_sizes = kernel_sizes or [(3, 3)] * len(channels)
        if len(kernel_sizes) != len(channels):
            raise ValueError(f"{len(channels)} channels but {len(kernel_sizes)} kernels")
        self.n_mels = n_mels
        before = 1
        self.convs = nn.ModuleList()
        for after, kernel in zip(channels, kernel_sizes):
            same = tuple(k // 2 for k in kernel)
            self.convs.append(nn.Conv2d(before, after, tuple(kernel), tuple(stride), same, groups=groups if before > 1 else 1))
            before = after
        self.fc = nn.Linear(before, num_keywords)

    def forward(self, spectrogram):
        x = spectrogram.unsqueeze(1)
        for conv in self.convs:
            x = conv(x).relu()
        return self.fc(x.amax((2, 3)))
