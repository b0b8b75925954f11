"""Experts in a ModuleList and a router; how many of them are asked cannot be seen."""

from __future__ import annotations

import torch
from torch import Tensor, nn

CHECKPOINT_ARGUMENTS = {"d_model": 10, "num_experts": 5, "expert_hidden": 13, "top_k": 3, "n_layers": 2, "shared_hidden": 7}
TOLD = {"d_model": 10, "num_experts": 5, "expert_hidden": 13, "n_layers": 2, "shared_hidden": 7}


class Expert(nn.Module):
    def __init__(self, d_model: int, hidden: int):
        super().__init__()
        self.up = nn.Linear(d_model, hidden)
        self.down = nn.Linear(hidden, d_model)

    def forward(self, x: Tensor) -> Tensor:
        return self.down(nn.functional.silu(self.up(x)))


class MoELayer(nn.Module):
    def __init__(self, d_model: int, num_experts: int, expert_hidden: int, top_k: int, shared_hidden: int | None):
        super().__init__()
        if not 1 <= top_k <= num_experts:
            raise ValueError("top_k must lie between 1 and num_experts")
        self.top_k = top_k
        self.router = nn.Linear(d_model, num_experts, bias=False)
        self.experts = nn.ModuleList(Expert(d_model, expert_hidden) for _ in range(num_experts))
        self.shared = Expert(d_model, shared_hidden) if shared_hidden else None

    def forward(self, x: Tensor) -> Tensor:
        weights, chosen = self.router(x).softmax(-1).topk(self.top_k, -1)
        outputs = torch.stack([expert(x) for expert in self.experts], -2)
        picked = outputs.gather(-2, chosen[..., None].expand(*chosen.shape, x.shape[-1]))
        out = (picked * weights[..., None]).sum(-2)
        return out if self.shared is None else out + self.shared(x)


class MoENet(nn.Module):
    def __init__(
        self,
        d_model: int,
        num_experts: int = 8,
        expert_hidden: int = 64,
        top_k: int = 2,
        n_layers: int = 4,
        shared_hidden: int | None = None,
    ):
        super().__init__()
        self.layers = nn.ModuleList(MoELayer(d_model, num_experts, expert_hidden, top_k, shared_hidden) for _ in range(n_layers))
        self.norm = nn.LayerNorm(d_model)

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = x + layer(x)
        return self.norm(x)
