"""What a step did to one parameter, in the Tensor tab."""

from typing import Any

import pytest

from gui import panel_data
from gui.conftest import PATIENCE_MS
from gui.panel_data import QuietSession, open_panel
from gui.test_stepping import REPORT
from torchloupe.gui.tensor import model as rows
from torchloupe.gui.tensor.panel import TensorPanel
from torchloupe.gui.tensor.sources import StepSource
from torchloupe.wire.requests import FetchedStats
from torchloupe.wire.step_values import CHANGE, GRADIENT, FetchStepValues, MeasureStepValues, StepTensor
from torchloupe.wire.steps import RunStep
from torchloupe.wire.tensors import TensorStats

ASKED = RunStep(("float32[2,3]",), optimizer="SGD", lr=0.5)
STATS = TensorStats(count=4, mean=0.0, std=1.0, min=-1.0, max=1.0, zeros=2, nan=0, inf=0, histogram=(4, *[0] * 63))


@pytest.fixture
def panel(qtbot: Any) -> Any:
    panel = open_panel(qtbot, TensorPanel, QuietSession())
    panel.workbench.set_model(panel_data.opened())
    panel.workbench.steps.take(REPORT, request=ASKED)
    return panel


def titles(panel: Any, key: str) -> list[str]:
    panel.workbench.select_parameter(key)
    return [choice.title.partition(" [")[0] for choice in panel.choices]


def test_that_a_parameter_that_moved_has_its_change_and_its_gradient_behind_its_values(panel: Any) -> None:
    assert titles(panel, "head.fc2.weight") == [
        "head.fc2.weight",
        "head.fc2.weight, change in the step",
        "head.fc2.weight, gradient in the step",
    ]
    assert [choice.question for choice in panel.choices[1:]] == [
        MeasureStepValues(StepTensor("head.fc2.weight", what, ASKED)) for what in (CHANGE, GRADIENT)
    ]


def test_that_what_did_not_move_and_has_no_gradient_has_neither(panel: Any) -> None:
    assert titles(panel, "head.fc1.weight") == ["head.fc1.weight"]
    panel.workbench.steps.take(None)
    assert titles(panel, "head.fc2.weight") == ["head.fc2.weight"]


def test_that_its_values_are_those_of_the_step(panel: Any) -> None:
    titles(panel, "head.fc2.weight")
    source = panel._source_of(panel.choices[1])
    assert isinstance(source, StepSource)
    assert source.key == "head.fc2.weight, change"
    asked: list[Any] = []

    def ask(message: Any, event: Any) -> Any:
        asked.append(message)
        event(None, [b"\0" * 4])
        return None

    chunks = list(StepSource(ask, source.tensor, (1,), "float32").chunks("", lambda *_: None))
    assert [bytes(chunk) for chunk in chunks] == [b"\0" * 4]
    assert asked == [FetchStepValues(source.tensor, ":")] or asked[0].tensor == source.tensor


def test_that_rows_that_moved_stand_among_the_facts(panel: Any, qtbot: Any) -> None:
    titles(panel, "head.fc2.weight")
    panel.choice.setCurrentIndex(1)
    panel._arrived(FetchedStats("head.fc2.weight, change", STATS, "3 of 50: 3, 7, 40"))
    qtbot.waitUntil(lambda: "3 of 50: 3, 7, 40" in panel.table.copied_text() or "3 of 50" in all_text(panel), timeout=PATIENCE_MS)


def all_text(panel: Any) -> str:
    return "\n".join(" ".join(row.cells) for row in panel.table.model.rows)


def test_that_another_step_forgets_what_the_last_one_did(panel: Any) -> None:
    titles(panel, "head.fc2.weight")
    panel._arrived(FetchedStats("head.fc2.weight, change", STATS))
    panel._arrived(FetchedStats("head.fc2.weight", STATS))
    panel.workbench.steps.take(REPORT, request=ASKED)
    assert set(panel._fetched) == {"head.fc2.weight"}


def test_that_a_choice_without_a_key_asks_nothing() -> None:
    assert rows.TensorChoice("x", ()).question is None
