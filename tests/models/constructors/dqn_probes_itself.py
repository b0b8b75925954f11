"""A DQN that runs zeros through its convolutions to learn the size of its first Linear layer."""

import torch
import torch.nn as nn

CHECKPOINT_ARGUMENTS = {"input_shape": [2, 44, 44], "n_actions": 5, "hidden": 30, "dueling": True}
TOLD = {"n_actions": 5, "hidden": 30, "dueling": True}


class DQN(nn.Module):
    def __init__(self, input_shape, n_actions, hidden=512, dueling=False):
        super(DQN, self).__init__()
        self.conv = nn.Sequential(
            nn.Conv2d(input_shape[0], 8, kernel_size=8, stride=4),
            nn.ReLU(),
            nn.Conv2d(8, 12, kernel_size=4, stride=2),
            nn.ReLU(),
            nn.Conv2d(12, 6, kernel_size=3, stride=1),
            nn.ReLU(),
        )
        conv_out_size = self._get_conv_out(input_shape)
        self.fc = nn.Sequential(nn.Linear(conv_out_size, hidden), nn.ReLU(), nn.Linear(hidden, n_actions))
        if dueling:
            self.value = nn.Sequential(nn.Linear(conv_out_size, hidden), nn.ReLU(), nn.Linear(hidden, 1))
        self.dueling = dueling

    def _get_conv_out(self, shape):
        o = self.conv(torch.zeros(1, *shape))
        return o.view(1, -1).size(1)

    def forward(self, x):
        conv_out = self.conv(x.float() / 256).view(x.size()[0], -1)
        advantage = self.fc(conv_out)
        if not self.dueling:
            return advantage
        return self.value(conv_out) + advantage - advantage.mean(1, keepdim=True)
