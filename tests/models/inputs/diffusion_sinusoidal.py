"""A time step that is not looked up: floats would do, one for each image; the class label is optional."""

import math

import torch
from torch import nn

FITTING = ["torch.randn(2, 1, 32, 32)", "torch.tensor([3, 700])"]


def timestep_embedding(timesteps, dim):
    freqs = torch.exp(-math.log(10000) * torch.arange(dim // 2, device=timesteps.device) / (dim // 2))
    args = timesteps[:, None].float() * freqs[None]
    return torch.cat([torch.cos(args), torch.sin(args)], dim=-1)


class UNetModel(nn.Module):
    def __init__(self, model_channels=12, num_classes=10):
        super().__init__()
        self.model_channels = model_channels
        self.time_embed = nn.Sequential(nn.Linear(model_channels, 24), nn.SiLU(), nn.Linear(24, model_channels))
        self.label_emb = nn.Embedding(num_classes, model_channels)
        self.conv_in = nn.Conv2d(1, model_channels, 3, padding=1)
        self.norm = nn.GroupNorm(4, model_channels)
        self.conv_out = nn.Conv2d(model_channels, 1, 3, padding=1)

    def forward(self, x, timesteps, y=None):
        assert timesteps.shape == (x.shape[0],), "one timestep for each image"
        emb = self.time_embed(timestep_embedding(timesteps, self.model_channels))
        if y is not None:
            emb = emb + self.label_emb(y)
        h = self.norm(self.conv_in(x)) + emb[..., None, None]
        return self.conv_out(h.relu())
