"""A Fourier neural operator: complex weights, a grid fine enough for twelve modes, channels last."""

import torch
from torch import nn

FITTING = ["torch.randn(2, 32, 2)"]


class SpectralConv1d(nn.Module):
    def __init__(self, in_channels, out_channels, modes):
        super().__init__()
        self.modes = modes
        self.weights = nn.Parameter(torch.rand(in_channels, out_channels, modes, dtype=torch.cfloat) / in_channels)

    def forward(self, x):
        x_ft = torch.fft.rfft(x)
        if x_ft.size(-1) < self.modes:
            raise RuntimeError(f"{x_ft.size(-1)} frequencies are fewer than {self.modes} modes")
        out_ft = x.new_zeros(x.size(0), self.weights.size(1), x_ft.size(-1), dtype=torch.cfloat)
        out_ft[:, :, : self.modes] = torch.einsum("bix,iox->box", x_ft[:, :, : self.modes], self.weights)
        return torch.fft.irfft(out_ft, n=x.size(-1))


class FNO1d(nn.Module):
    """input: the initial condition and location (a(x), x), of shape (batchsize, x=s, c=2)"""

    def __init__(self, modes=12, width=6):
        super().__init__()
        self.fc0 = nn.Linear(2, width)
        self.conv0 = SpectralConv1d(width, width, modes)
        self.w0 = nn.Conv1d(width, width, 1)
        self.fc1 = nn.Linear(width, 1)

    def forward(self, x):
        x = self.fc0(x).permute(0, 2, 1)
        x = torch.relu(self.conv0(x) + self.w0(x))
        return self.fc1(x.permute(0, 2, 1))
