"""Correct classes with names and calls that are nearly wrong."""

import torch
from torch import nn


def example_inputs():
    return (torch.randn(2, 4),)


class Base(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)

    def forward(self, x):
        return self.fc(x)


class GoesUp(Base):
    def forward(self, x):
        return Base.forward(self, super().forward(x))

    def forwards(self, x):
        return self.forward(x)

    def foreword(self):
        return "not a forward"


class HasTwoForwards(nn.Module):
    """Never called as a whole."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)

    def forward_image(self, x):
        return self.fc(x)

    def forward_text(self, x):
        return self.fc(x)

    def reward(self, x):
        return x


class IsAContext(Base):
    def __enter__(self):
        return self

    def __exit__(self, *raised):
        return False

    def __int__(self):
        return 4

    def __iter__(self):
        return iter(())


class NoConstructorButANumber(nn.Module):
    def __int__(self):
        return 3

    def forward(self, x):
        return x


class NamedLikeSettings(Base):
    def __init__(self):
        super().__init__()
        self.type = "linear"
        self.float = 3
        self.name = "base"
        self.forward = self._forward_fused
        self.requires_grad = True

    def _forward_fused(self, x):
        return self.fc(x)


class Flag:
    forward = staticmethod(lambda x: x)


class CallsOtherForwards(Base):
    def __init__(self):
        super().__init__()
        self.flag = Flag()

    def forward(self, x):
        return self.flag.forward(self.fc(x))


class FrozenRightly(Base):
    def __init__(self):
        super().__init__()
        self.fc.requires_grad_(False)
        self.fc.requires_grad = False
        for parameter in self.parameters():
            parameter.requires_grad = False
