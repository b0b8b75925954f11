"""Images as NumPy has them: bytes in [batch, height, width, channels], scaled inside."""

from torch import nn

FITTING = ["torch.randint(0, 256, (2, 84, 84, 4), dtype=torch.uint8)"]


class AtariPolicy(nn.Module):
    def __init__(self, actions=6):
        super().__init__()
        self.network = nn.Sequential(
            nn.Conv2d(4, 8, 8, stride=4),
            nn.ReLU(),
            nn.Conv2d(8, 12, 4, stride=2),
            nn.ReLU(),
            nn.Conv2d(12, 12, 3, stride=1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(12 * 7 * 7, 32),
        )
        self.actor = nn.Linear(32, actions)
        self.critic = nn.Linear(32, 1)

    def forward(self, obs):
        hidden = self.network(obs.permute((0, 3, 1, 2)) / 255.0)
        return self.actor(hidden), self.critic(hidden)
