"""A critic: state and action side by side in one Linear layer, so only the sum of their sizes is known to it."""

import torch
import torch.nn as nn

FITTING = ["torch.randn(2, 17)", "torch.randn(2, 6)"]


class Critic(nn.Module):
    def __init__(self, state_dim=17, action_dim=6):
        super(Critic, self).__init__()
        self.l1 = nn.Linear(state_dim + action_dim, 32)
        self.l2 = nn.Linear(32, 1)
        self.q2 = nn.Linear(state_dim + action_dim, 1)

    def forward(self, state, action):
        sa = torch.cat([state, action], 1)
        return self.l2(torch.relu(self.l1(sa))), self.q2(sa)
