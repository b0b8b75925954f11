"""NeRF: depth, width, where the input comes in again, and how many frequencies it is written in."""

import torch
import torch.nn as nn
import torch.nn.functional as F

CHECKPOINT_ARGUMENTS = {"D": 6, "W": 18, "multires": 4, "multires_views": 2, "skips": [2], "use_viewdirs": True, "output_ch": 4}
TOLD = {"D": 6, "W": 18, "multires": 4, "multires_views": 2, "skips": [2], "use_viewdirs": True}


def embed(x, multires):
    waves = [f(x * 2.0**i) for i in range(multires) for f in (torch.sin, torch.cos)]
    return torch.cat([x, *waves], -1)


class NeRF(nn.Module):
    def __init__(self, D=8, W=64, multires=10, multires_views=4, skips=[4], use_viewdirs=False, output_ch=4):
        """ """
        super(NeRF, self).__init__()
        self.multires, self.multires_views = multires, multires_views
        self.input_ch = 3 + 3 * 2 * multires
        self.input_ch_views = 3 + 3 * 2 * multires_views
        self.skips = skips
        self.use_viewdirs = use_viewdirs
        self.pts_linears = nn.ModuleList(
            [nn.Linear(self.input_ch, W)]
            + [nn.Linear(W, W) if i not in self.skips else nn.Linear(W + self.input_ch, W) for i in range(D - 1)]
        )
        if use_viewdirs:
            self.views_linears = nn.ModuleList([nn.Linear(self.input_ch_views + W, W // 2)])
            self.feature_linear = nn.Linear(W, W)
            self.alpha_linear = nn.Linear(W, 1)
            self.rgb_linear = nn.Linear(W // 2, 3)
        else:
            self.output_linear = nn.Linear(W, output_ch)

    def forward(self, pts, views=None):
        pts = embed(pts, self.multires)
        h = pts
        for i, linear in enumerate(self.pts_linears):
            h = F.relu(linear(h))
            if i in self.skips:
                h = torch.cat([pts, h], -1)
        if not self.use_viewdirs:
            return self.output_linear(h)
        alpha = self.alpha_linear(h)
        h = torch.cat([self.feature_linear(h), embed(views, self.multires_views)], -1)
        for linear in self.views_linears:
            h = F.relu(linear(h))
        return torch.cat([self.rgb_linear(h), alpha], -1)
