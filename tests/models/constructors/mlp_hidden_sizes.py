"""A list of hidden sizes, a class as activation, two sizes that happen to be equal."""

from typing import List, Type

from torch import nn

CHECKPOINT_ARGUMENTS = {"input_dim": 12, "output_dim": 12, "hidden_sizes": [48, 24, 24]}
TOLD = CHECKPOINT_ARGUMENTS


class Policy(nn.Module):
    """
    Args:
        input_dim: size of an observation
        output_dim: number of actions
        hidden_sizes: width of every hidden layer
        activation: class of the non-linearity
    """

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        hidden_sizes: List[int] = [64, 64],
        activation: Type[nn.Module] = nn.Tanh,
    ) -> None:
        super().__init__()
        sizes = [input_dim] + list(hidden_sizes)
        layers = []
        for before, after in zip(sizes[:-1], sizes[1:]):
            layers += [nn.Linear(before, after), activation()]
        layers.append(nn.Linear(sizes[-1], output_dim))
        self.net = nn.Sequential(*layers)

    def forward(self, obs):
        return self.net(obs)
