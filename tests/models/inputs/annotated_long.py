"""Only the annotations say that these are ids; the table is reached through F.embedding."""

import torch
import torch.nn.functional as F
from torch import nn

FITTING = ["torch.randint(0, 48, (2, 10))", "torch.randn(2, 4)"]


class SpeakerConditionedEncoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Parameter(torch.randn(48, 9))
        self.speaker = nn.Linear(4, 9)
        self.out = nn.Conv1d(9, 5, 3, padding=1)

    def forward(self, phonemes: torch.LongTensor, speaker: torch.FloatTensor) -> torch.FloatTensor:
        x = F.embedding(phonemes, self.table) + self.speaker(speaker)[:, None]
        return self.out(x.transpose(1, 2))
