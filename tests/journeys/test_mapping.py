"""A key is dragged onto another in the real window, and that is taken back."""

import time

import pytest
import torch

pytestmark = [pytest.mark.real_window, pytest.mark.timeout(300)]
SOURCE = """
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(5, 3), nn.Linear(3, 7)
        self.scale = nn.Parameter(self.second.bias.detach().clone())

    def forward(self, x):
        return self.second(self.first(x)) * self.scale
"""


@pytest.fixture
def files(tmp_path):
    """A model, and a checkpoint in which one key is called as no rule would guess."""
    (tmp_path / "net.py").write_text(SOURCE)
    state = {"first.weight": torch.ones(3, 5), "first.bias": torch.ones(3), "second.weight": torch.ones(7, 3)}
    torch.save({**state, "second.bias": torch.ones(7), "zz.queue": torch.ones(7)}, tmp_path / "a.pt")
    return tmp_path / "net.py", tmp_path / "a.pt"


def rows(display, window):
    """Where the two rows of Compare are, by clicking down the middle of the window and hearing what was selected."""
    left, top, width, height = display.window
    places = {}
    x = left + width // 2
    for y in range(top + height // 4, top + height * 2 // 3, 6):
        before = len(window.events("selection"))
        display.click(x, y)
        time.sleep(0.2)
        for event in window.events("selection")[before:]:
            places.setdefault(event["stored"] or event["parameter"], y)
        if {"zz.queue", "scale"} <= places.keys():
            break
    return {key: (x, y + 6) for key, y in places.items()}


def test_that_a_person_drags_a_key_onto_the_one_it_belongs_to(display, files):
    window = display.start_torchloupe(*files)
    window.wait("compared")
    display.find("Torchloupe")
    found = rows(display, window)
    start, end = found["zz.queue"], found["scale"]
    number = len(window.events("compared"))
    display.tool("mousemove", *start)
    display.tool("mousedown", 1)
    time.sleep(0.15)
    display._move(start, end)
    display.tool("mouseup", 1)
    counts = window.wait("compared", number + 1)["counts"]
    assert (counts["missing"], counts["unexpected"], counts["renamed"]) == (0, 0, 1)
    display.press("ctrl+z")
    window.wait("action", id="edit.undo")
    counts = window.wait("compared", number + 2)["counts"]
    assert (counts["missing"], counts["unexpected"]) == (1, 1)
    display.press("ctrl+shift+z")
    assert window.wait("compared", number + 3)["counts"]["renamed"] == 1
    display.press("ctrl+q")
    window.wait("closed")
    assert window.ended() == 0
    assert [line for line in window.lines if not line.startswith("{")] == []
