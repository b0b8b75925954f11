"""Window attention: the number of heads and the window show in the relative position bias table."""

import torch
from torch import nn

CHECKPOINT_ARGUMENTS = {"embed_dim": 8, "depths": [1, 2], "num_heads": [2, 4], "window_size": 3, "num_classes": 6, "ape": False}
TOLD = {"embed_dim": 8, "depths": [1, 2], "num_heads": [2, 4], "window_size": 3, "num_classes": 6, "ape": False}


class WindowAttention(nn.Module):
    def __init__(self, dim, window_size, num_heads):
        super().__init__()
        self.num_heads, self.window_size = num_heads, window_size
        self.relative_position_bias_table = nn.Parameter(torch.zeros((2 * window_size - 1) ** 2, num_heads))
        grid = torch.stack(torch.meshgrid(torch.arange(window_size), torch.arange(window_size), indexing="ij")).flatten(1)
        relative = (grid[:, :, None] - grid[:, None, :]).permute(1, 2, 0) + window_size - 1
        self.register_buffer("relative_position_index", relative[..., 0] * (2 * window_size - 1) + relative[..., 1])
        self.norm = nn.LayerNorm(dim)
        self.qkv = nn.Linear(dim, dim * 3)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x):
        w = self.window_size
        batch, height, width, dim = x.shape
        y = x.view(batch, height // w, w, width // w, w, dim).transpose(2, 3).reshape(-1, w * w, dim)
        q, k, v = self.qkv(self.norm(y)).unflatten(-1, (3, self.num_heads, -1)).permute(2, 0, 3, 1, 4)
        bias = self.relative_position_bias_table[self.relative_position_index].permute(2, 0, 1)
        out = ((q @ k.transpose(-2, -1) * q.shape[-1] ** -0.5 + bias).softmax(-1) @ v).transpose(1, 2).flatten(2)
        out = self.proj(out).view(batch, height // w, width // w, w, w, dim).transpose(2, 3)
        return x + out.reshape(batch, height, width, dim)


class Swin(nn.Module):
    def __init__(self, embed_dim=96, depths=(2, 2, 6), num_heads=(3, 6, 12), window_size=7, num_classes=1000, ape=True):
        super().__init__()
        if len(depths) != len(num_heads):
            raise ValueError("one number of heads for each stage")
        self.patch_embed = nn.Conv2d(3, embed_dim, 4, 4)
        self.absolute_pos_embed = nn.Parameter(torch.zeros(1, 2 * window_size, 2 * window_size, embed_dim)) if ape else None
        self.layers, self.merge = nn.ModuleList(), nn.ModuleList()
        for i, (depth, heads) in enumerate(zip(depths, num_heads)):
            dim = embed_dim * 2**i
            self.layers.append(nn.Sequential(*[WindowAttention(dim, window_size, heads) for _ in range(depth)]))
            if i + 1 < len(depths):
                self.merge.append(nn.Linear(4 * dim, 2 * dim, bias=False))
        self.head = nn.Linear(embed_dim * 2 ** (len(depths) - 1), num_classes)

    def forward(self, x):
        x = self.patch_embed(x).permute(0, 2, 3, 1)
        x = x if self.absolute_pos_embed is None else x + self.absolute_pos_embed
        for i, layer in enumerate(self.layers):
            x = layer(x)
            if i < len(self.merge):
                x = torch.cat([x[:, a::2, b::2] for a in (0, 1) for b in (0, 1)], -1)
                x = self.merge[i](x)
        return self.head(x.mean((1, 2)))
