"""Two images of 105 pixels, as for Omniglot."""

import torch
import torch.nn as nn

FITTING = ["torch.rand(2, 1, 105, 105)", "torch.rand(2, 1, 105, 105)"]


class Siamese(nn.Module):
    def __init__(self):
        super(Siamese, self).__init__()
        self.conv = nn.Sequential(
            nn.Conv2d(1, 8, 10),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(2),
            nn.Conv2d(8, 8, 7),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(8, 12, 4),
            nn.MaxPool2d(2),
        )
        self.liner = nn.Sequential(nn.Linear(12 * 9 * 9, 32), nn.Sigmoid())
        self.out = nn.Linear(32, 1)

    def forward_one(self, x):
        x = self.conv(x)
        return self.liner(x.view(x.size()[0], -1))

    def forward(self, x1, x2):
        return self.out(torch.abs(self.forward_one(x1) - self.forward_one(x2)))
