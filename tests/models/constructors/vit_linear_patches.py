"""A ViT with keyword-only arguments whose patches are flattened: channels and patch size hide in one product."""

import torch
from torch import nn

CHECKPOINT_ARGUMENTS = {
    "image_size": 24,
    "patch_size": 6,
    "num_classes": 9,
    "dim": 20,
    "depth": 2,
    "heads": 3,
    "mlp_dim": 28,
    "pool": "mean",
    "dim_head": 8,
}
TOLD = {"num_classes": 9, "dim": 20, "depth": 2, "mlp_dim": 28}


def pair(t):
    return t if isinstance(t, tuple) else (t, t)


class Attention(nn.Module):
    def __init__(self, dim, heads=8, dim_head=64, dropout=0.0):
        super().__init__()
        inner_dim = dim_head * heads
        project_out = not (heads == 1 and dim_head == dim)
        self.heads = heads
        self.norm = nn.LayerNorm(dim)
        self.to_qkv = nn.Linear(dim, inner_dim * 3, bias=False)
        self.to_out = nn.Sequential(nn.Linear(inner_dim, dim), nn.Dropout(dropout)) if project_out else nn.Identity()

    def forward(self, x):
        q, k, v = (t.unflatten(-1, (self.heads, -1)).transpose(1, 2) for t in self.to_qkv(self.norm(x)).chunk(3, dim=-1))
        out = nn.functional.scaled_dot_product_attention(q, k, v)
        return self.to_out(out.transpose(1, 2).flatten(2))


def feed_forward(dim, hidden_dim):
    return nn.Sequential(nn.LayerNorm(dim), nn.Linear(dim, hidden_dim), nn.GELU(), nn.Linear(hidden_dim, dim))


class ViT(nn.Module):
    def __init__(
        self, *, image_size, patch_size, num_classes, dim, depth, heads, mlp_dim, pool="cls", channels=3, dim_head=64, dropout=0.0
    ):
        super().__init__()
        image_height, image_width = pair(image_size)
        self.patch = patch_height, patch_width = pair(patch_size)
        assert image_height % patch_height == 0, "Image dimensions must be divisible by the patch size."
        assert image_width % patch_width == 0, "Image dimensions must be divisible by the patch size."
        assert pool in {"cls", "mean"}, "pool type must be either cls (cls token) or mean (mean pooling)"
        num_patches = (image_height // patch_height) * (image_width // patch_width)
        patch_dim = channels * patch_height * patch_width
        self.to_patch_embedding = nn.Sequential(nn.LayerNorm(patch_dim), nn.Linear(patch_dim, dim), nn.LayerNorm(dim))
        self.pos_embedding = nn.Parameter(torch.randn(1, num_patches + 1, dim))
        self.cls_token = nn.Parameter(torch.randn(1, 1, dim))
        self.layers = nn.ModuleList([])
        for _ in range(depth):
            self.layers.append(nn.ModuleList([Attention(dim, heads, dim_head, dropout), feed_forward(dim, mlp_dim)]))
        self.pool = pool
        self.mlp_head = nn.Linear(dim, num_classes)

    def forward(self, img):
        patches = nn.functional.unfold(img, self.patch, stride=self.patch).transpose(1, 2)
        x = self.to_patch_embedding(patches)
        x = torch.cat((self.cls_token.expand(len(x), -1, -1), x), dim=1) + self.pos_embedding
        for attn, ff in self.layers:
            x = attn(x) + x
            x = ff(x) + x
        return self.mlp_head(x.mean(dim=1) if self.pool == "mean" else x[:, 0])
