"""Habits of training that look like faults and are none."""

import copy

import torch
import torch.nn.functional as F
from torch import nn


class EmaTeacher(nn.Module):
    """A teacher that follows the student inside forward."""

    def __init__(self):
        super().__init__()
        self.student = nn.Linear(8, 4)
        self.teacher = copy.deepcopy(self.student).requires_grad_(False)

    @torch.no_grad()
    def update(self):
        for p, q in zip(self.student.parameters(), self.teacher.parameters()):
            q.mul_(0.99).add_(p, alpha=0.01)

    def forward(self, x):
        self.update()
        with torch.no_grad():
            t = self.teacher(x)
        return self.student(x), t


class Carried(nn.Module):
    """A state that is carried to the next call without its graph."""

    def __init__(self):
        super().__init__()
        self.cell = nn.GRUCell(8, 8)
        self.h = None

    def forward(self, x):
        h = torch.zeros_like(x) if self.h is None else self.h
        h = self.cell(x, h)
        self.h = h.detach()
        return h


class Moe(nn.Module):
    """Experts of which some may have nothing to do."""

    def __init__(self):
        super().__init__()
        self.gate = nn.Linear(8, 4)
        self.experts = nn.ModuleList(nn.Linear(8, 8) for _ in range(4))

    def forward(self, x):
        top = self.gate(x).softmax(-1).max(-1)
        out = torch.zeros_like(x)
        for i, e in enumerate(self.experts):
            m = top.indices == i
            if m.any():
                out[m] = e(x[m]) * top.values[m, None]
        return out


class Gan(nn.Module):
    """Two halves, one of which only the training step calls."""

    def __init__(self):
        super().__init__()
        self.g = nn.Sequential(nn.Linear(8, 8), nn.BatchNorm1d(8), nn.ReLU(inplace=True), nn.Linear(8, 4))
        self.d = nn.Linear(4, 1)

    def forward(self, x):
        return self.g(x)


def train_step(model):
    return model.d(model.g(torch.randn(4, 8)))


class Se(nn.Module):
    """Gates over channels, and a causal mask with -inf in a buffer."""

    def __init__(self):
        super().__init__()
        self.c = nn.Conv1d(1, 4, 3, padding=1)
        self.fc = nn.Linear(4, 4)
        self.register_buffer("mask", torch.full((8, 8), float("-inf")).triu(1), persistent=False)

    def forward(self, x):
        h = self.c(x[:, None])
        s = self.fc(h.mean(-1)).sigmoid()[..., None]
        h = h * s
        return (h.transpose(1, 2) @ h + self.mask).softmax(-1)


class Memory(nn.Module):
    """A queue in a buffer that training fills."""

    def __init__(self):
        super().__init__()
        self.enc = nn.Linear(8, 8)
        self.register_buffer("queue", F.normalize(torch.randn(16, 8), dim=1))
        self.register_buffer("ptr", torch.zeros(1, dtype=torch.long))

    def forward(self, x):
        q = F.normalize(self.enc(x), dim=1)
        out = q @ self.queue.clone().t()
        p = int(self.ptr)
        if self.training:
            self.queue[p : p + len(x)] = q.detach()
            self.ptr[0] = (p + len(x)) % 16
        return out


class Attn(nn.Module):
    """Attention that knows its mode, and places that are made in forward."""

    def __init__(self):
        super().__init__()
        self.a = nn.MultiheadAttention(8, 2, batch_first=True, dropout=0.1)
        self.act = F.gelu
        self.heads = 2

    def forward(self, x):
        x = x[:, None] + torch.arange(3, device=x.device)[None, :, None]
        return self.a(x, x, x, need_weights=False)[0].flatten(1)


def example_inputs():
    return (torch.randn(4, 8),)
