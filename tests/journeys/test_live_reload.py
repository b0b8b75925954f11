"""Edit, save, look again: through the real window, with a real worker."""

import pytest

MODEL = """import torch
from torch import nn

from width import WIDTH


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, WIDTH)
        self.head = nn.Linear(8, 2)

    def forward(self, x):
        return self.head(self.fc(x))


def example_inputs():
    return torch.ones(3, 4)
"""

pytestmark = [pytest.mark.real_window, pytest.mark.timeout(300)]


@pytest.fixture
def project(tmp_path):
    """A model, and a file beside it that says how wide it is."""
    folder = tmp_path / "проект #1"
    folder.mkdir()
    (folder / "model.py").write_text(MODEL)
    (folder / "width.py").write_text("WIDTH = 8\n")
    return folder


def replace(path, text):
    """Save as most editors do."""
    other = path.with_name(f".{path.name}.swp")
    other.write_text(text)
    other.replace(path)


def test_that_each_save_runs_the_model_again_and_broken_code_leaves_the_last_result(display, project):
    window = display.start_torchloupe(project / "model.py")
    window.wait("opened", kind="model")
    window.wait_enabled("run.forward")
    display.press("F5")
    assert window.wait("run_finished")["problems"] == []

    (project / "width.py").write_text("WIDTH = 9\n")
    assert window.wait("reloaded")["problems"] == ["shape-mismatch"]

    replace(project / "width.py", "WIDTH = \n")
    said = window.wait("stale")["text"]
    assert "width.py was saved at" in said
    assert "SyntaxError" in said
    assert "line 1" in said
    assert "What is shown is from before." in said

    replace(project / "width.py", "WIDTH = 8\n")
    assert window.wait("reloaded", 2)["problems"] == []

    window.wait_enabled("run.live")
    display.press("ctrl+shift+r")
    window.wait("action", id="run.live")
    display.press("ctrl+q")
    window.wait("closed")
    assert window.ended() == 0
    assert [line for line in window.lines if not line.startswith("{")] == []
    assert len(window.events("reloaded")) == 2
