"""A GPT-2 small with its loss and its optimizer, as a file that is opened: ``trained_model.py:make_gpt2``, or a small one."""

import sys
from collections.abc import Iterable
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

sys.path.insert(0, str(Path(__file__).parent))
from watched_models import GPT2

TOKENS, WORDS = 128, 50257


def make_gpt2() -> nn.Module:
    """124 million parameters."""
    torch.manual_seed(0)
    return GPT2()


def make_small() -> nn.Module:
    """Two layers, for a quick look."""
    torch.manual_seed(0)
    return GPT2(layers=2, width=64)


def example_inputs() -> tuple[torch.Tensor]:
    """A batch of one text."""
    return (torch.randint(0, WORDS, (1, TOKENS)),)


def loss_fn(scores: torch.Tensor) -> torch.Tensor:
    """Next words at random."""
    return F.cross_entropy(scores.flatten(0, 1), torch.randint(0, WORDS, (TOKENS,)))


def make_optimizer(params: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
    """As GPT-2 is trained."""
    return torch.optim.AdamW(params, lr=1e-4)
