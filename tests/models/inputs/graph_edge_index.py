"""Nodes and edges, as PyTorch Geometric names them: int64 [2, E] below the number of nodes."""

import torch
from torch import Tensor, nn

FITTING = ["torch.randn(6, 14)", "torch.tensor([[0, 1, 2, 3, 4, 5], [1, 2, 3, 4, 5, 0]])"]


class SAGEConv(nn.Module):
    def __init__(self, in_channels: int, out_channels: int):
        super().__init__()
        self.lin_l = nn.Linear(in_channels, out_channels)
        self.lin_r = nn.Linear(in_channels, out_channels, bias=False)

    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        row, col = edge_index
        total = torch.zeros_like(x).index_add_(0, col, x[row])
        degree = torch.zeros(x.size(0), device=x.device).index_add_(0, col, torch.ones(col.size(0), device=x.device))
        return self.lin_l(total / degree.clamp(min=1).unsqueeze(-1)) + self.lin_r(x)


class GraphSAGE(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = SAGEConv(14, 16)
        self.conv2 = SAGEConv(16, 5)

    def forward(self, x, edge_index):
        x = self.conv1(x, edge_index).relu()
        return self.conv2(x, edge_index).log_softmax(dim=-1)
