"""A training step through the real window: why a weight does not move, and the proof of it."""

import pytest

pytestmark = [pytest.mark.real_window, pytest.mark.timeout(300)]

CUT = """\
import torch
from torch import nn
from torch.nn import functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem, self.norm = nn.Linear(12, 16), nn.LayerNorm(16)
        self.head = nn.Linear(16, 4)

    def forward(self, x):
        h = self.norm(self.stem(x)).detach()
        return self.head(h)


def example_inputs():
    return (torch.randn(8, 12),)


def loss_fn(y):
    return F.cross_entropy(y, torch.arange(8) % 4)


def make_optimizer(params):
    return torch.optim.AdamW(params, lr=1e-2)
"""


def test_that_a_person_sees_what_did_not_move_and_has_it_proven(display, tmp_path):
    file = tmp_path / "net.py"
    file.write_text(CUT)
    window = display.start_torchloupe()
    display.drop(window, file)
    assert window.wait("opened", kind="model")["class_name"] == "Net"
    display.find("Torchloupe")

    window.wait_enabled("run.step")
    display.press("F6")
    step = window.wait("step_finished")
    assert (step["moved"], step["of"], step["problems"]) == (2, 6, ["weight-not-moved"])
    window.wait("selection", problem="weight-not-moved")
    display.picture("step")

    window.wait_enabled("run.prove")
    display.press("shift+F6")
    assert window.wait("step_finished", 2)["proven"] == [4, 4]
    display.picture("step proven")
