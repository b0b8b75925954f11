"""A layer in a list: through the real window, with a real worker, from the drop to the marked line and to the editor."""

import json
import sys
from pathlib import Path

import pytest

MODEL = """import torch
from torch import nn


class DeepMLP(nn.Module):
    def __init__(self, width=16):
        super().__init__()
        self.first = nn.Linear(8, width)
        self.layers = [nn.Linear(width, width) for _ in range(3)]
        self.scale = torch.full((width,), 0.5)
        self.head = nn.Linear(width, 2)

    def forward(self, x):
        x = self.first(x)
        for layer in self.layers:
            x = torch.relu(layer(x)) * self.scale
        return self.head(x)


def example_inputs():
    return torch.ones(4, 8)
"""
LINE = 1 + MODEL.splitlines().index("        self.layers = [nn.Linear(width, width) for _ in range(3)]")
EDITOR = """#!{python}
import sys, os
with open({said!r} + ".part", "w") as file:
    file.write(repr(sys.argv[1:]))
os.rename({said!r} + ".part", {said!r})
"""

pytestmark = [pytest.mark.real_window, pytest.mark.timeout(300)]


@pytest.fixture
def project(tmp_path):
    """A folder with the model."""
    folder = tmp_path / "модель #1"
    folder.mkdir()
    (folder / "model.py").write_text(MODEL, encoding="utf-8")
    return folder


@pytest.fixture
def editor(display, tmp_path):
    """A program that the settings of nobody name, but ``$VISUAL`` does; the file in which it writes down its words."""
    program, said = tmp_path / "stand-in", tmp_path / "said"
    program.write_text(EDITOR.format(python=sys.executable, said=str(said)), encoding="utf-8")
    program.chmod(0o755)
    display.environment["VISUAL"] = f"{program} +{{line}} {{file}}"
    return said


def test_that_a_layer_in_a_list_is_named_with_its_line_and_leads_to_the_source_and_the_editor(display, project, editor):
    window = display.start_torchloupe()
    assert display.drop(window, project / "model.py")["paths"] == [str(project / "model.py")]
    window.wait("opened", kind="model")
    window.wait_enabled("go.next_problem")

    display.press("F8")
    assert window.wait("selection", problem="unregistered-module")["hidden"] == "layers[0]"

    window.wait_enabled("panel.source")
    display.press("alt+0")
    shown = window.wait("source", line=LINE)
    assert Path(shown["file"]) == project / "model.py"

    window.wait_enabled("run.forward")
    display.press("F5")
    assert window.wait("run_finished")["errors"] == 0
    found = window.wait("inspected")
    assert "tensor-should-be-buffer" in found["problems"]

    window.wait_enabled("go.source")
    display.press("F8")
    window.wait("selection", problem="tensor-should-be-buffer")
    display.press("ctrl+e")
    window.wait("action", id="go.source")
    window.wait("editor", started=True)

    display.press("ctrl+q")
    window.wait("closed")
    assert window.ended() == 0
    assert [line for line in window.lines if not line.startswith("{")] == []
    assert all(json.loads(line) for line in window.lines)
    assert str(project / "model.py") in editor.read_text(encoding="utf-8")
    assert f"'+{LINE + 1}'" in editor.read_text(encoding="utf-8")
