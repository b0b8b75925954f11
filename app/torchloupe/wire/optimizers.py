"""Which optimizers the user's torch has, and what they can be told."""

from dataclasses import dataclass
from typing import Tuple


@dataclass(frozen=True)
class ListOptimizers:
    """Which classes does ``torch.optim`` have? Answer: ``Optimizers``."""


@dataclass(frozen=True)
class OptimizerArgument:
    """A keyword of an optimizer's constructor; ``default`` is how Python writes it, empty where it has none."""

    name: str
    default: str = ""


@dataclass(frozen=True)
class OptimizerClass:
    """A class of ``torch.optim`` with its keywords, without the parameters."""

    name: str
    arguments: Tuple[OptimizerArgument, ...]


@dataclass(frozen=True)
class Optimizers:
    """All of them, by name."""

    classes: Tuple[OptimizerClass, ...]
