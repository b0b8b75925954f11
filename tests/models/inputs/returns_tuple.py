"""GoogLeNet's habit: a tuple with an auxiliary output while training."""

import torch.nn as nn

FITTING = ["torch.randn(2, 3, 20, 20)"]


class WithAux(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1)
        self.aux = nn.Linear(8, 4)
        self.body = nn.Conv2d(8, 16, 3, padding=1)
        self.fc = nn.Linear(16 * 10 * 10, 4)

    def forward(self, x):
        x = self.stem(x).relu()
        aux = self.aux(x.mean((2, 3))) if self.training else None
        x = nn.functional.max_pool2d(self.body(x), 2)
        return self.fc(x.flatten(1)), aux
