"""A noisy image and a time step for each: a number of a table with 100 rows."""

import torch
from torch import nn

FITTING = ["torch.randn(2, 3, 16, 16)", "torch.randint(0, 100, (2,))"]


class Denoiser(nn.Module):
    def __init__(self, timesteps=100, dim=8):
        super().__init__()
        self.time_embed = nn.Embedding(timesteps, dim)
        self.register_buffer("alphas", torch.linspace(0.999, 0.98, timesteps).cumprod(0))
        self.inp = nn.Conv2d(3, dim, 3, padding=1)
        self.down = nn.Conv2d(dim, dim * 2, 4, 2, 1)
        self.up = nn.ConvTranspose2d(dim * 2, dim, 4, 2, 1)
        self.out = nn.Conv2d(dim * 2, 3, 3, padding=1)

    def forward(self, x, t):
        h = self.inp(x) + self.time_embed(t)[:, :, None, None]
        y = self.up(self.down(h).relu())
        return self.out(torch.cat([h, y], 1)) / (1 - self.alphas[t]).sqrt().view(-1, 1, 1, 1)
