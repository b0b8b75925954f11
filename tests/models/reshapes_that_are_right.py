"""Correct code that reshapes and broadcasts in ways that look odd."""

import torch
import torch.nn.functional as F
from torch import nn


class Loss2d(nn.Module):
    def __init__(self):
        super().__init__()
        self.e = nn.Embedding(11, 16)
        self.h = nn.Linear(16, 11)

    def forward(self, x):
        y = self.h(self.e(x))
        return y.view(-1, 11)


class Fold(nn.Module):
    def __init__(self):
        super().__init__()
        self.h = nn.Linear(6, 6)

    def forward(self, x):
        b, t, c = x.shape
        y = self.h(x.view(b * t, c))
        return y.view(b, t, -1)


class Stack(nn.Module):
    "pyramidal: two frames become one"

    def __init__(self):
        super().__init__()
        self.h = nn.Linear(16, 4)

    def forward(self, x):
        b, t, c = x.shape
        return self.h(x.reshape(b, t // 2, c * 2))


class TSM(nn.Module):
    def __init__(self):
        super().__init__()
        self.c = nn.Conv2d(3, 4, 3, padding=1)
        self.f = nn.Linear(4 * 4, 3)

    def forward(self, x):
        b = x.shape[0]
        x = x.view(-1, 3, 8, 8)
        y = self.c(x).mean((2, 3))
        return self.f(y.view(b, -1))


class NT(nn.Module):
    def __init__(self):
        super().__init__()
        self.c = nn.Conv2d(3, 4, 3, padding=1)
        self.f = nn.Linear(16, 3)

    def forward(self, x):
        y = self.c(x).mean((2, 3))
        return self.f(y.view(-1, 16))


class Shuffle(nn.Module):
    def __init__(self):
        super().__init__()
        self.c = nn.Conv2d(3, 12, 3, padding=1)

    def forward(self, x):
        y = self.c(x)
        n, c, h, w = y.shape
        return y.view(n, 3, c // 3, h, w).transpose(1, 2).contiguous().view(n, c, h, w)


class Caps(nn.Module):
    def __init__(self):
        super().__init__()
        self.c = nn.Conv2d(1, 32, 3)

    def forward(self, x):
        y = self.c(x)
        return y.view(y.size(0), -1, 8)


class Rel(nn.Module):
    def __init__(self):
        super().__init__()
        self.q = nn.Linear(8, 8)
        self.r = nn.Parameter(torch.randn(6, 8))

    def forward(self, x):
        b, t, _c = x.shape
        qr = self.q(x) @ self.r[:t].t()
        p = F.pad(qr, (1, 0))
        return p.reshape(b, t + 1, t)[:, 1:, :]


class Patches(nn.Module):
    def __init__(self):
        super().__init__()
        self.h = nn.Linear(48, 8)

    def forward(self, x):
        n, c, h, w = x.shape
        p = 4
        x = x.reshape(n, c, h // p, p, w // p, p).permute(0, 2, 4, 3, 5, 1).reshape(n, (h // p) * (w // p), p * p * c)
        return self.h(x)


class VQ(nn.Module):
    def __init__(self):
        super().__init__()
        self.e = nn.Embedding(9, 5)
        self.l = nn.Linear(5, 5)

    def forward(self, x):
        z = self.l(x)
        d = (z**2).sum(1, keepdim=True) + (self.e.weight**2).sum(1) - 2 * z @ self.e.weight.t()
        return self.e(d.argmin(1))


class Pair(nn.Module):
    def __init__(self):
        super().__init__()
        self.l = nn.Linear(5, 5)

    def forward(self, x):
        z = self.l(x)
        q = (z**2).sum(1)
        return q.unsqueeze(1) + q - 2 * z @ z.t()


class Pair2(nn.Module):
    def __init__(self):
        super().__init__()
        self.l = nn.Linear(5, 1)

    def forward(self, x):
        z = self.l(x)
        return z - z.t()


class SE(nn.Module):
    def __init__(self):
        super().__init__()
        self.c = nn.Conv2d(3, 8, 3)
        self.f = nn.Linear(8, 8)

    def forward(self, x):
        y = self.c(x)
        return y * torch.sigmoid(self.f(y.mean((2, 3))))[:, :, None, None]


class HN(nn.Module):
    def __init__(self):
        super().__init__()
        self.r = nn.LSTM(6, 10, bidirectional=True, batch_first=True)

    def forward(self, x):
        _, (h, _) = self.r(x)
        return h.transpose(0, 1).reshape(x.size(0), -1)


class HN2(nn.Module):
    def __init__(self):
        super().__init__()
        self.r = nn.LSTM(6, 10, 2, bidirectional=True, batch_first=True)

    def forward(self, x):
        _, (h, _) = self.r(x)
        h = h.view(2, 2, x.size(0), 10)[-1]
        return torch.cat([h[0], h[1]], 1)


class Win(nn.Module):
    def __init__(self):
        super().__init__()
        self.q = nn.Linear(12, 36)

    def forward(self, x):
        B, H, W, C = x.shape
        ws = 4
        w = x.view(B, H // ws, ws, W // ws, ws, C).permute(0, 1, 3, 2, 4, 5).reshape(-1, ws * ws, C)
        q, k, v = self.q(w).reshape(w.shape[0], ws * ws, 3, 3, 4).permute(2, 0, 3, 1, 4)
        y = ((q @ k.transpose(-2, -1)).softmax(-1) @ v).transpose(1, 2).reshape(w.shape[0], ws * ws, C)
        return y.view(B, H // ws, W // ws, ws, ws, C).permute(0, 1, 3, 2, 4, 5).reshape(B, H, W, C)


class Gen(nn.Module):
    def __init__(self):
        super().__init__()
        self.l = nn.Linear(10, 8 * 4 * 4)
        self.u = nn.ConvTranspose2d(8, 3, 4, 2, 1)

    def forward(self, z):
        return self.u(F.relu(self.l(z)).view(-1, 8, 4, 4))


class Ctc(nn.Module):
    def __init__(self):
        super().__init__()
        self.c = nn.Conv2d(1, 8, 3, padding=1)
        self.r = nn.GRU(64, 12)
        self.o = nn.Linear(12, 5)

    def forward(self, x):
        y = self.c(x)
        n, c, h, w = y.shape
        y = y.permute(3, 0, 1, 2).reshape(w, n, c * h)
        y, _ = self.r(y)
        t, n, h = y.shape
        return self.o(y.view(t * n, h)).view(t, n, -1)


class Tri(nn.Module):
    def __init__(self):
        super().__init__()
        self.l = nn.Linear(4, 4)

    def forward(self, x):
        B = x.size(0)
        y = self.l(x)
        return y.view(B // 3, 3, 4).mean(1)


class NonLocal(nn.Module):
    def __init__(self):
        super().__init__()
        self.t = nn.Conv2d(4, 4, 1)
        self.p = nn.Conv2d(4, 4, 1)
        self.g = nn.Conv2d(4, 4, 1)

    def forward(self, x):
        n, c, h, w = x.shape
        t = self.t(x).view(n, c, -1).permute(0, 2, 1)
        p = self.p(x).view(n, c, -1)
        g = self.g(x).view(n, c, -1).permute(0, 2, 1)
        y = (t @ p).softmax(-1) @ g
        return x + y.permute(0, 2, 1).contiguous().view(n, c, h, w)


class PixelUn(nn.Module):
    def __init__(self):
        super().__init__()
        self.c = nn.Conv2d(12, 4, 1)

    def forward(self, x):
        n, c, h, w = x.shape
        return self.c(x.view(n, c, h // 2, 2, w // 2, 2).permute(0, 1, 3, 5, 2, 4).reshape(n, c * 4, h // 2, w // 2))


class Wide(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Linear(6, 1)
        self.d = nn.Linear(6, 1)

    def forward(self, x):
        return (self.w(x) + self.d(x)).squeeze(1)


class Roll(nn.Module):
    "time major"

    def __init__(self):
        super().__init__()
        self.r = nn.LSTM(6, 8)
        self.o = nn.Linear(8, 2)

    def forward(self, x):
        _y, (h, _c) = self.r(x)
        return self.o(h[-1])


class StdDev(nn.Module):
    def __init__(self):
        super().__init__()
        self.c = nn.Conv2d(3, 4, 3)

    def forward(self, x):
        x = self.c(x)
        _n, c, h, w = x.shape
        g = 4
        y = x.reshape(g, -1, 1, c, h, w)
        y = y - y.mean(0)
        y = (y.square().mean(0) + 1e-8).sqrt().mean([2, 3, 4]).reshape(-1, 1, 1, 1).repeat(g, 1, h, w)
        return torch.cat([x, y], 1)


INPUTS = {
    "Loss2d": "int64[4,7]<11",
    "Fold": "float32[4,7,6]",
    "Stack": "float32[2,16,8]",
    "TSM": "float32[2,12,8,8]",
    "NT": "float32[8,3,8,8]",
    "Shuffle": "float32[2,3,8,8]",
    "Caps": "float32[4,1,8,8]",
    "Rel": "float32[3,5,8]",
    "Patches": "float32[2,3,16,16]",
    "VQ": "float32[9,5]",
    "Pair": "float32[7,5]",
    "Pair2": "float32[7,5]",
    "SE": "float32[8,3,9,9]",
    "HN": "float32[4,9,6]",
    "HN2": "float32[4,9,6]",
    "Win": "float32[2,8,8,12]",
    "Gen": "float32[4,10]",
    "Ctc": "float32[3,1,8,20]",
    "Tri": "float32[6,4]",
    "NonLocal": "float32[2,4,6,6]",
    "PixelUn": "float32[2,3,8,8]",
    "Wide": "float32[6,6]",
    "Roll": "float32[9,4,6]",
    "StdDev": "float32[8,3,8,8]",
}
