"""A diffusion U-Net: multipliers per level, None that means dim, two flags that change first and last channels."""

import math

import torch
from torch import nn

CHECKPOINT_ARGUMENTS = {
    "dim": 8,
    "init_dim": 6,
    "dim_mults": [1, 3],
    "channels": 1,
    "self_condition": True,
    "learned_variance": True,
    "learned_sinusoidal_cond": True,
    "learned_sinusoidal_dim": 10,
}
TOLD = CHECKPOINT_ARGUMENTS


def exists(x):
    return x is not None


class LearnedSinusoidalPosEmb(nn.Module):
    def __init__(self, dim):
        super().__init__()
        assert dim % 2 == 0
        self.weights = nn.Parameter(torch.randn(dim // 2))

    def forward(self, x):
        freqs = x[:, None] * self.weights[None] * 2 * math.pi
        return torch.cat((x[:, None], freqs.sin(), freqs.cos()), dim=-1)


class SinusoidalPosEmb(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.dim = dim

    def forward(self, x):
        freqs = torch.exp(torch.arange(self.dim // 2) * -math.log(10000) / (self.dim // 2 - 1))
        return torch.cat(((x[:, None] * freqs).sin(), (x[:, None] * freqs).cos()), dim=-1)


class ResnetBlock(nn.Module):
    def __init__(self, dim, dim_out, *, time_emb_dim):
        super().__init__()
        self.mlp = nn.Linear(time_emb_dim, dim_out * 2)
        self.proj = nn.Conv2d(dim, dim_out, 3, padding=1)
        self.res_conv = nn.Conv2d(dim, dim_out, 1) if dim != dim_out else nn.Identity()

    def forward(self, x, t):
        scale, shift = self.mlp(t)[..., None, None].chunk(2, 1)
        return (self.proj(x) * (scale + 1) + shift).relu() + self.res_conv(x)


class Unet(nn.Module):
    def __init__(
        self,
        dim,
        init_dim=None,
        out_dim=None,
        dim_mults=(1, 2, 4, 8),
        channels=3,
        self_condition=False,
        learned_variance=False,
        learned_sinusoidal_cond=False,
        learned_sinusoidal_dim=16,
    ):
        super().__init__()
        self.channels, self.self_condition = channels, self_condition
        init_dim = init_dim if exists(init_dim) else dim
        self.init_conv = nn.Conv2d(channels * (2 if self_condition else 1), init_dim, 7, padding=3)
        dims = [init_dim, *[dim * m for m in dim_mults]]
        in_out = list(zip(dims[:-1], dims[1:]))
        time_dim = dim * 4
        pos_emb = LearnedSinusoidalPosEmb(learned_sinusoidal_dim) if learned_sinusoidal_cond else SinusoidalPosEmb(dim)
        fourier_dim = learned_sinusoidal_dim + 1 if learned_sinusoidal_cond else dim
        self.time_mlp = nn.Sequential(pos_emb, nn.Linear(fourier_dim, time_dim), nn.GELU(), nn.Linear(time_dim, time_dim))
        self.downs = nn.ModuleList([ResnetBlock(i, o, time_emb_dim=time_dim) for i, o in in_out])
        self.ups = nn.ModuleList([ResnetBlock(o * 2, i, time_emb_dim=time_dim) for i, o in reversed(in_out)])
        self.out_dim = out_dim if exists(out_dim) else channels * (2 if learned_variance else 1)
        self.final_conv = nn.Conv2d(init_dim, self.out_dim, 1)

    def forward(self, x, time, x_self_cond=None):
        if self.self_condition:
            x = torch.cat((torch.zeros_like(x) if x_self_cond is None else x_self_cond, x), dim=1)
        x, t, kept = self.init_conv(x), self.time_mlp(time), []
        for block in self.downs:
            x = block(x, t)
            kept.append(x)
        for block in self.ups:
            x = block(torch.cat((x, kept.pop()), dim=1), t)
        return self.final_conv(x)
