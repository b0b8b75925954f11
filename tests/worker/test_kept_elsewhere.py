"""Whether a model's code keeps tensors where nobody puts them back."""

import pytest

from torchloupe.wire.requests import OpenTarget, RunForward
from torchloupe.worker import forward as room
from torchloupe.worker.handlers import forward, open_target
from torchloupe.worker.kept_elsewhere import may_keep_tensors

MODEL = """import functools

import torch
from torch import nn

SIZES = {"width": 4}
NAMES = ["a", "b"]
MORE


class Net(nn.Module):
    SHARED

    def __init__(self):
        super().__init__()
        self.one, self.two = nn.Linear(3, SIZES["width"]), nn.Linear(5, 2)

    def forward(self, x):
        return self.two(HERE)


def example_inputs():
    return (torch.rand(2, 4),)
"""
PLAIN = "x[:, :4] + self.one(x)"


@pytest.fixture
def opened(context, tmp_path):
    """The open target of such a file."""

    def run(more="", shared="", here=PLAIN):
        text = MODEL.replace("MORE", more).replace("SHARED", shared or "pass").replace("HERE", here)
        (tmp_path / "net.py").write_text(text)
        open_target(context, OpenTarget(f"{tmp_path / 'net.py'}:Net"))
        return context.state["open"]

    return run


@pytest.mark.parametrize(
    ("more", "shared", "keeps"),
    [
        ("", "", False),
        ("LAYERS = (3, 4)", "KINDS = (1, 2)", False),
        ("MASKS = {}", "", True),
        ("import collections\n\nMASKS = collections.defaultdict(list)", "", True),
        ("", "masks = __import__('collections').OrderedDict()", True),
        ("TABLE = {3: torch.ones(2)}", "", True),
        ("MASK = None\n\n\ndef mask():\n    global MASK\n    MASK = torch.ones(3)\n    return MASK", "", True),
        ("@functools.lru_cache\ndef mask(n):\n    return torch.ones(n)", "", True),
        ("def mask(n):\n    return torch.ones(n)", "", False),
        ("", "masks = {}", True),
        ("", "@functools.lru_cache\n    def mask(self):\n        return torch.ones(3)", True),
    ],
)
def test_that_what_could_keep_a_tensor_is_seen(opened, more, shared, keeps) -> None:
    target = opened(more, shared)
    assert may_keep_tensors(target.model, target.target.places.is_project) == keeps


def test_that_a_cache_never_holds_what_has_no_data(opened, context, monkeypatch) -> None:
    monkeypatch.setattr(room, "SLOW", -1.0)
    opened("MASKS = {}", here="self.one(x) * MASKS.setdefault(1, torch.ones(4))")
    first, again = forward(context, RunForward()), forward(context, RunForward())
    assert [problem.module for problem in first.problems] == [problem.module for problem in again.problems] == ["one", "two"]
    assert all(fix.verified for problem in again.problems for fix in problem.fixes[:1])
