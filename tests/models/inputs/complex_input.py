"""A spectrogram of complex numbers: float32 does not fit."""

import torch
from torch import nn

FITTING = ["torch.randn(2, 33, 10, dtype=torch.complex64)"]


class MaskEstimator(nn.Module):
    def __init__(self, bins: int = 33):
        super().__init__()
        self.mix = nn.Linear(bins, bins, dtype=torch.complex64)
        self.mask = nn.GRU(2 * bins, bins, batch_first=True)

    def forward(self, spectrum: torch.Tensor) -> torch.Tensor:
        mixed = self.mix(spectrum.transpose(1, 2))
        features = torch.view_as_real(mixed).flatten(2)
        mask, _ = self.mask(features)
        return spectrum * mask.sigmoid().transpose(1, 2)
