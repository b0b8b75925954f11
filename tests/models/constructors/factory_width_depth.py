"""A factory that returns a plain Sequential."""

from torch import nn

CHECKPOINT_ARGUMENTS = {"width": 19, "depth": 4}
TOLD = CHECKPOINT_ARGUMENTS


def make_model(width, depth):
    layers = [nn.Flatten(), nn.Linear(28 * 28, width), nn.ReLU()]
    for _ in range(depth):
        layers += [nn.Linear(width, width), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(width, 10))
