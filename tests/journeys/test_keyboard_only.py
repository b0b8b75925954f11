"""All eight journeys without a mouse: real keys into the real window, and nothing else."""

import json
import shutil
from pathlib import Path

import pytest
import torch

EXAMPLE = Path(__file__).parents[2] / "resources" / "example"
SOURCE = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(5, 3), nn.Linear(3, 7)
        self.scale = nn.Parameter(torch.ones(7))
        self.first.weight.requires_grad_(False)

    def forward(self, x):
        return self.second(self.first(x)) * self.scale


def example_inputs():
    return torch.ones(2, 5)


def loss_fn(y):
    return y.square().mean()
"""

pytestmark = [pytest.mark.real_window, pytest.mark.timeout(300)]


class Keyboard:
    """A person without a mouse."""

    def __init__(self, display, window):
        self.display, self.window = display, window

    def press(self, keys, action=""):
        """A key; ``action`` is what it must bring about. Keys that come before a command makes sense are lost, so that is waited for."""
        if action:
            self.window.wait_enabled(action)
        number = len([event for event in self.window.events("action") if event["id"] == action]) + 1
        self.display.press(keys)
        if action:
            self.window.wait("action", number, id=action)

    def into_dialog(self, title, text):
        """What is typed into the field with the focus of a dialog, and Enter."""
        self.display.find(title)
        self.display.press("ctrl+a")
        self.display.write(text)
        self.display.press("Return")
        self.display.find("Torchloupe")

    def quit(self):
        """The end, without a word on standard error."""
        self.display.find("Torchloupe")
        self.display.press("ctrl+q")
        self.window.wait("closed")
        assert self.window.ended() == 0
        assert [line for line in self.window.lines if not line.startswith("{")] == []


@pytest.fixture
def files(tmp_path):
    """A model, two checkpoints an epoch apart in which one key is called as no rule would guess."""
    (tmp_path / "net.py").write_text(SOURCE)
    torch.manual_seed(0)
    state = {"first.weight": torch.randn(3, 5), "first.bias": torch.randn(3), "second.weight": torch.randn(7, 3)}
    state = {**state, "second.bias": torch.randn(7), "zz.queue": torch.randn(7)}
    torch.save(state, tmp_path / "epoch3.pt")
    torch.save({key: value + 0.1 * (key != "first.bias") for key, value in state.items()}, tmp_path / "epoch4.pt")
    return tmp_path


def test_that_a_checkpoint_a_model_and_a_mismatch_need_no_mouse_and_the_report_neither(display, tmp_path):
    shutil.copy(EXAMPLE / "classifier.py", tmp_path)
    shutil.copy(EXAMPLE / "checkpoint.pt", tmp_path)
    window = display.start_torchloupe()
    keyboard = Keyboard(display, window)

    keyboard.press("ctrl+o", "open.checkpoint")  # J1
    keyboard.into_dialog("Open checkpoint", str(tmp_path / "checkpoint.pt"))
    assert window.wait("opened", kind="checkpoint")["tensors"] == 47

    keyboard.press("ctrl+shift+o", "open.model")  # J2
    display.find("Open model")
    display.press("ctrl+a")
    display.write(str(tmp_path / "classifier.py"))
    display.press("Tab")
    window.wait("described")
    display.press("Return")
    assert window.wait("opened", kind="model")["class_name"] == "LetterClassifier"
    assert window.wait("compared")["counts"]["missing"] == 5  # J4: nothing was pressed for it
    display.find("Torchloupe")

    keyboard.press("F5", "run.forward")  # J3
    assert window.wait("run_finished")["problems"] == ["shape-mismatch"]
    window.wait("selection", module="fc1", problem="shape-mismatch")
    keyboard.press("F8", "go.next_problem")
    window.wait("selection", problem="checkpoint-renamed")
    keyboard.press("shift+F8", "go.previous_problem")
    window.wait("selection", 2, module="fc1", problem="shape-mismatch")
    keyboard.press("ctrl+shift+t", "run.try_fix")
    assert window.wait("run_finished", 2)["problems"] == []

    keyboard.press("ctrl+shift+e", "report.save")  # J8
    keyboard.into_dialog("Save report", str(tmp_path / "told.json"))
    wait_for_file(window, tmp_path / "told.json")
    assert "fc1" in json.dumps(json.loads((tmp_path / "told.json").read_text()))
    keyboard.quit()


def test_that_keys_a_step_two_checkpoints_and_a_saved_file_need_no_mouse(display, files):
    window = display.start_torchloupe(files / "net.py", files / "epoch3.pt")
    keyboard = Keyboard(display, window)
    window.wait("opened", kind="model")
    counts = window.wait("compared")["counts"]  # J4
    assert (counts["missing"], counts["unexpected"]) == (1, 1)
    keyboard.press("alt+4", "panel.compare")
    display.press("Home")
    window.wait("selection", parameter="scale")
    number = len(window.events("compared"))
    keyboard.press("ctrl+m", "mapping.map_to")
    display.find("Map to a key")
    display.press("Down", "Return")
    assert window.wait("compared", number + 1)["counts"]["renamed"] == 1
    display.find("Torchloupe")
    keyboard.press("ctrl+z", "edit.undo")
    assert window.wait("compared", number + 2)["counts"]["renamed"] == 0

    keyboard.press("F6", "run.step")  # J5
    step = window.wait("step_finished")
    assert (step["moved"], step["of"]) == (4, 5)

    keyboard.press("ctrl+d", "open.other")  # J6
    keyboard.into_dialog("Compare with checkpoint", str(files / "epoch4.pt"))
    assert window.wait("values_compared")["summary"].startswith("4 of 5 tensors moved")

    keyboard.press("F5", "run.forward")  # J7
    assert window.wait("run_finished")["problems"] == []
    (files / "net.py").write_text(SOURCE.replace("Linear(3, 7)", "Linear(4, 7)"))
    assert "shape-mismatch" in window.wait("reloaded")["problems"]
    keyboard.quit()


def wait_for_file(window, path):
    """Until it is written, which the window says in its status bar and nowhere else."""
    import time

    end = time.monotonic() + 20
    while not path.exists():
        assert time.monotonic() < end, window.lines[-8:]
        time.sleep(0.05)
