"""Small models whose values are looked at: what tests of such looks share."""

import linecache

import torch
from torch import nn

from torchloupe.worker.input_values import SampleInput
from torchloupe.worker.model_state import ModelState
from torchloupe.worker.numerics import look
from torchloupe.worker.places import Places


class Calls(nn.Module):
    """A model whose forward is a function of the test's own; ``parts`` are its layers."""

    def __init__(self, function, **parts):
        super().__init__()
        self.function = function
        for name, part in parts.items():
            setattr(self, name, part)

    def forward(self, x, y=None):
        return self.function(self, x) if y is None else self.function(self, x, y)


def looked(model, *given, source="given", mode=None, **keywords):
    """The problems, and the note; the model is what it was."""
    torch.manual_seed(0)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    hooks = len(nn.modules.module._global_forward_hooks)
    found = look.looked_at_values(model, SampleInput(given, keywords, source), ModelState(model), Places(None), mode, seed=0)
    assert all(torch.equal(before[key], value) or value.isnan().any() for key, value in model.state_dict().items())
    assert len(nn.modules.module._global_forward_hooks) == hooks
    return found


def problems(model, *given, **more):
    return looked(model, *given, **more)[0]


def only(model, *given, **more):
    """The one problem there is."""
    (problem,) = problems(model, *given, **more)
    return problem


def line_of(problem):
    """The source line that a problem points at."""
    return linecache.getline(problem.file, problem.line).strip()
