"""Two: both convolutions get words where channels belong (one cause), and the join is wider than the last layer."""

import torch
import torch.nn.functional as F
from torch import nn


class TextCnn(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(50, 16)
        self.three = nn.Conv1d(16, 8, 3)
        self.four = nn.Conv1d(16, 8, 4)
        self.out = nn.Linear(8, 3)

    def forward(self, ids):
        x = self.embed(ids)
        maps = [F.relu(conv(x)).amax(2) for conv in (self.three, self.four)]  # mismatch
        return self.out(torch.cat(maps, 1))  # mismatch


def example_inputs():
    return (torch.randint(50, (2, 20)),)
