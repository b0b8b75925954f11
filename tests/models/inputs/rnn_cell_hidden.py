"""An LSTMCell and a GRUCell; the state of the first is a pair."""

from typing import Tuple

import torch
from torch import Tensor, nn

FITTING = ["torch.randn(2, 6)", "(torch.zeros(2, 10), torch.zeros(2, 10))", "torch.zeros(2, 8)"]


class Controller(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.core = nn.LSTMCell(6, 10)
        self.memory = nn.GRUCell(10, 8)
        self.action = nn.Linear(8 + 10, 4)

    def forward(self, obs: Tensor, state: Tuple[Tensor, Tensor], memory: Tensor):
        h, c = self.core(obs, state)
        memory = self.memory(h, memory)
        return self.action(torch.cat([h, memory], -1)), (h, c), memory
