"""A window in which every panel has something to show: a model, a run, a step, two real checkpoints whose keys differ."""

from pathlib import Path
from typing import Any

import torch
from PySide6.QtWidgets import QApplication, QWidget

from gui import panel_data
from gui.conftest import PATIENCE_MS, failing_run
from torchloupe.checkpoints import read_contents
from torchloupe.wire.problems import ERROR, Problem
from torchloupe.wire.requests import RunForward
from torchloupe.wire.steps import ParameterMotion, RunStep, StepReport

MODEL_SOURCE = '''from torch import nn


class Head(nn.Module):
    """Says which letter it is."""

    def forward(self, x):
        return self.fc2(self.act(self.fc1(x)))


class Classifier(nn.Module):
    """Tells letters apart."""

    def __init__(self, classes=10):
        super().__init__()
'''


def script() -> dict[type, Any]:
    """What the worker of such a window answers."""
    return {RunForward: failing_run(), RunStep: [step_report()]}


def step_report() -> StepReport:
    """Most weights moved, two did not, each for another reason."""
    facts: dict[str, Any] = {"weight_norm": 2.0, "grad_norm": 1.0, "update_norm": 0.002, "changed_fraction": 1.0}
    motions = []
    for number, (key, _shape, kind) in enumerate(panel_data.PARAMETERS):
        still = {"head.fc1.weight": "detached", "encoder.conv1.bias": "requires-grad-false"}.get(key, "")
        ratio = None if still else 10.0 ** -(number % 4 + 1)
        reason = still or ("buffer" if kind == "buffer" else "")
        text = f"because it is {still}" if still else ""
        motions.append(ParameterMotion(key, not still, reason, text, update_ratio=ratio, group=0, lr=0.1, **facts))
    cut = {"reason": "detached", "parameters": ["head.fc1.weight"]}
    still_one = Problem("weight-not-moved", "`head.fc1.weight` does not move.", ERROR, module="head.fc1", line=7, data=cut)
    return StepReport(
        tuple(motions), 2.5, 2.25, "loss_fn", "SGD", "default", mode="train", device="cpu", problems=(still_one,), seconds=0.25
    )


def save_checkpoints(folder: Path) -> tuple[Path, Path]:
    """The classifier's weights under names of which some changed, one missing and one more; and those of an epoch later."""
    torch.manual_seed(0)
    state = {key: torch.randn(shape) for key, shape, _kind in panel_data.PARAMETERS}
    state["head.out.weight"], state["head.out.bias"] = state.pop("head.fc2.weight"), state.pop("head.fc2.bias")
    state["encoder.conv2.weight"] = torch.randn(64, 32, 5, 5)
    del state["encoder.bn1.bias"]
    state["ema.decay"] = torch.tensor(0.999)
    later = {key: value + 0.01 * number for number, (key, value) in enumerate(state.items())}
    paths = folder / "epoch3.pt", folder / "epoch4.pt"
    for path, weights, epoch in zip(paths, (state, later), (3, 4), strict=True):
        torch.save({"model": weights, "epoch": epoch, "settings": {"lr": 0.1, "name": "letters"}}, path)
    return paths


def fill(window: Any, qtbot: Any, folder: Path) -> None:
    """Open the model and both checkpoints, run twice, make a step, mark a layer, select the problem."""
    one, other = save_checkpoints(folder)
    file = folder / "classifier.py"
    file.write_text(MODEL_SOURCE, encoding="utf-8")
    window.open_paths([f"{file}:Classifier"])
    qtbot.waitUntil(lambda: window.workbench.model is not None, timeout=PATIENCE_MS)
    window.workbench.set_checkpoint(read_contents(one))
    window.opening.opened.emit("checkpoint", str(one))
    for _ in range(2):
        with qtbot.waitSignal(window.opening.run_finished, timeout=PATIENCE_MS):
            window.opening.run_forward()
        wait_until_idle(window, qtbot)
    window.actions_by_id.refresh()
    window.actions_by_id["run.step"].trigger()
    qtbot.waitUntil(lambda: not window.jobs.busy, timeout=PATIENCE_MS)
    window.workbench.set_other(read_contents(other))
    window.book.add("worker", "a line of the user's code")
    window.workbench.select_module("head.fc1")
    window.actions_by_id.refresh()
    window.actions_by_id["note.mark"].trigger()
    window.workbench.select_problem(window.workbench.problems[0])
    wait_until_idle(window, qtbot)


def wait_until_idle(window: Any, qtbot: Any) -> None:
    """Nothing runs any more, and what it brought is shown."""
    qtbot.waitUntil(lambda: not window.jobs.busy, timeout=PATIENCE_MS)
    QApplication.processEvents()


def panels(window: Any, qtbot: Any) -> dict[str, QWidget]:
    """Every panel by its name, raised once so that it is built and filled."""
    found = {}
    for name, panel in window.docks.panels.items():
        window.docks.raise_panel(name)
        wait_until_idle(window, qtbot)
        found[name] = panel.inside()
    return found
