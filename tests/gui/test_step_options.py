"""How a step is made, and the proof of what it says, from the window."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialogButtonBox, QWidget

from gui.conftest import PATIENCE_MS, MakeWindow
from gui.test_stepping import CUT, MOTIONS, REPORT, opened, take_step
from torchloupe.gui.command_button import CommandButton
from torchloupe.gui.step_options.dialog import StepOptionsDialog
from torchloupe.gui.stepping import StepOptions
from torchloupe.wire.optimizers import ListOptimizers, OptimizerArgument, OptimizerClass, Optimizers
from torchloupe.wire.requests import Failed
from torchloupe.wire.steps import RunStep

CLASSES = (
    OptimizerClass("AdamW", (OptimizerArgument("lr", "0.001"), OptimizerArgument("betas", "(0.9, 0.999)"))),
    OptimizerClass("Muon", (OptimizerArgument("lr", "0.02"), OptimizerArgument("momentum", "0.95"))),
)
CHOSEN = StepOptions("cross_entropy", "int64[8]<10", "AdamW", {"lr": 0.01}, 3, 2, "bfloat16", True)


@pytest.fixture
def ask(qtbot: Any) -> Any:
    """Open the dialog: ``ask(options)``; ``chosen`` fills."""
    parent = QWidget()
    qtbot.addWidget(parent)

    def ask(options: StepOptions = StepOptions()) -> Any:
        dialog: Any = StepOptionsDialog(parent, options, lambda each: ask.chosen.append(each))  # type: ignore[attr-defined]
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
        dialog.show_classes(CLASSES)
        return dialog

    ask.chosen = []  # type: ignore[attr-defined]
    return ask


def pick(combo: Any, value: str | None) -> None:
    combo.setCurrentIndex(combo.findData(value))


def ok(dialog: Any) -> Any:
    return dialog.buttons.button(QDialogButtonBox.StandardButton.Ok)


def test_that_nothing_changed_is_as_the_file_has_it(ask: Any) -> None:
    ask().accept()
    assert ask.chosen == [StepOptions()]


def test_that_what_was_chosen_before_is_shown_and_comes_back(ask: Any) -> None:
    dialog = ask(CHOSEN)
    assert dialog.fields["lr"].text() == "0.01"
    assert dialog.fields["betas"].placeholderText() == "(0.9, 0.999)"
    dialog.accept()
    assert ask.chosen == [CHOSEN]


def test_that_arguments_stay_until_the_optimizers_are_known(qtbot: Any) -> None:
    parent, chosen = QWidget(), []
    qtbot.addWidget(parent)
    dialog = StepOptionsDialog(parent, CHOSEN, chosen.append)
    dialog.accept()
    assert chosen == [CHOSEN]
    other = StepOptionsDialog(parent, CHOSEN, chosen.append)
    pick(other.optimizer, "SGD")
    other.accept()
    assert chosen[1].optimizer_arguments == {}


def test_that_text_comes_back_as_python_and_is_looked_at_when_the_optimizers_come(ask: Any) -> None:
    options = StepOptions(optimizer="Muon", optimizer_arguments={"momentum": "original"})
    dialog = ask(options)
    assert dialog.fields["momentum"].text() == "'original'"
    dialog.accept()
    assert ask.chosen == [options]
    dialog = ask(CHOSEN)
    dialog.fields["lr"].setText("fast")
    dialog.optimizer.blockSignals(True)
    pick(dialog.optimizer, None)
    dialog.optimizer.blockSignals(False)
    dialog.show_classes(CLASSES)
    assert ok(dialog).isEnabled()


def test_that_each_choice_is_taken(ask: Any) -> None:
    dialog = ask()
    pick(dialog.loss, "mse")
    dialog.target.setText("float32[8,3]")
    pick(dialog.optimizer, "Muon")
    dialog.fields["momentum"].setText("0.5")
    dialog.steps.setValue(7)
    dialog.accumulate.setValue(2)
    pick(dialog.autocast, "float16")
    dialog.keep.setChecked(True)
    dialog.accept()
    assert ask.chosen == [StepOptions("mse", "float32[8,3]", "Muon", {"momentum": 0.5}, 7, 2, "float16", True)]


def test_that_a_target_is_for_losses_that_take_one(ask: Any) -> None:
    dialog = ask(CHOSEN)
    assert dialog.target.isEnabled()
    pick(dialog.loss, "sum")
    assert not dialog.target.isEnabled()
    dialog.accept()
    assert ask.chosen[0].target is None


def test_that_what_is_wrong_is_said_while_typing_and_cannot_be_accepted(ask: Any) -> None:
    dialog = ask(CHOSEN)
    assert ok(dialog).isEnabled()
    dialog.target.setText("int64[")
    assert not ok(dialog).isEnabled()
    assert "int64[" in dialog.wrong.text()
    dialog.target.setText("")
    dialog.fields["lr"].setText("fast")
    assert dialog.wrong.text().startswith("lr: fast is no value.")
    assert not ok(dialog).isEnabled()
    dialog.fields["lr"].setText("1e-3")
    assert ok(dialog).isEnabled()
    assert dialog.wrong.isHidden()


def test_that_another_optimizer_has_its_own_arguments_and_what_both_have_stays(ask: Any) -> None:
    dialog = ask(CHOSEN)
    pick(dialog.optimizer, "Muon")
    assert list(dialog.fields) == ["lr", "momentum"]
    assert dialog.fields["lr"].text() == "0.01"
    pick(dialog.optimizer, None)
    assert dialog.arguments.isHidden()
    dialog.accept()
    assert ask.chosen[0].optimizer_arguments == {}


def test_that_everything_can_be_put_back(ask: Any) -> None:
    dialog = ask(CHOSEN)
    dialog.buttons.button(QDialogButtonBox.StandardButton.RestoreDefaults).click()
    dialog.accept()
    assert ask.chosen == [StepOptions()]


def test_that_every_field_has_a_name(ask: Any) -> None:
    dialog = ask(CHOSEN)
    fields = (dialog.loss, dialog.target, dialog.optimizer, dialog.steps, dialog.accumulate, dialog.autocast, dialog.keep)
    assert all(field.accessibleName() for field in (*fields, *dialog.fields.values()))


# in the window


def dialogs(window: Any) -> list[Any]:
    return [each for each in window.findChildren(StepOptionsDialog) if each.isVisible()]


@pytest.mark.parametrize("answer", [Optimizers(CLASSES), Failed(())])
def test_that_the_dialog_lists_the_optimizers_of_the_users_torch(
    make_window: MakeWindow, qtbot: Any, model_file: Path, answer: Any
) -> None:
    window: Any = make_window({RunStep: [REPORT], ListOptimizers: [answer]})
    window.open_paths([model_file])
    qtbot.waitUntil(lambda: window.workbench.model is not None, timeout=PATIENCE_MS)
    window.actions_by_id["run.step_options"].trigger()
    (dialog,) = dialogs(window)
    qtbot.waitUntil(lambda: not window.jobs.busy, timeout=PATIENCE_MS)
    assert (dialog.optimizer.findData("Muon") >= 0) is isinstance(answer, Optimizers)
    pick(dialog.optimizer, "SGD")
    dialog.steps.setValue(4)
    dialog.accept()
    take_step(window, qtbot)
    asked = window.sessions[-1].asked[-1]
    assert (asked.optimizer, asked.steps, asked.prove) == ("SGD", 4, ())


def test_that_prove_it_replays_for_the_cause_of_the_selected_weight(
    make_window: MakeWindow, qtbot: Any, model_file: Path
) -> None:
    proven = replace(
        REPORT, parameters=tuple(replace(each, proof="It moves.", proven=True) if each is CUT else each for each in MOTIONS)
    )
    window = opened(make_window, qtbot, model_file, [proven])
    window.actions_by_id.refresh()
    assert not window.actions_by_id["run.prove"].isEnabled()
    take_step(window, qtbot)
    window.actions_by_id.refresh()
    assert window.actions_by_id["run.prove"].isEnabled()
    window.workbench.select_parameter("head.fc1.weight")
    window.actions_by_id["run.prove"].trigger()
    qtbot.waitUntil(lambda: not window.jobs.busy, timeout=PATIENCE_MS)
    asked = [each for each in window.sessions[-1].asked if isinstance(each, RunStep)][-1]
    assert asked.prove == ("head.fc1.weight",)
    assert window.status.message.text() == "1 of 1 moved once the cause was taken away"
    panel = window.docks.panels["step"].inside()
    assert any("It moves." in cell for cell in panel.copy_rows().split("\t"))


def test_that_a_proof_never_keeps_the_step_and_a_step_that_is_kept_says_so(
    make_window: MakeWindow, qtbot: Any, model_file: Path
) -> None:
    window = opened(make_window, qtbot, model_file, [replace(REPORT, kept=True)])
    window.actions_by_id["run.step_options"].trigger()
    (dialog,) = dialogs(window)
    dialog.keep.setChecked(True)
    dialog.accept()
    qtbot.waitUntil(lambda: not window.jobs.busy, timeout=PATIENCE_MS)
    take_step(window, qtbot)
    assert window.sessions[-1].asked[-1].keep
    assert window.status.message.text().endswith("; the model keeps it")
    window.actions_by_id["run.prove"].trigger()
    qtbot.waitUntil(lambda: not window.jobs.busy, timeout=PATIENCE_MS)
    assert not [each for each in window.sessions[-1].asked if isinstance(each, RunStep)][-1].keep


def test_that_the_buttons_of_the_tab_are_the_commands_of_the_window(
    make_window: MakeWindow, qtbot: Any, model_file: Path
) -> None:
    window = opened(make_window, qtbot, model_file, [REPORT])
    take_step(window, qtbot)
    buttons = window.docks.panels["step"].inside().findChildren(CommandButton)
    assert [each.defaultAction() for each in buttons] == [
        window.actions_by_id[name] for name in ("run.prove", "run.step_options")
    ]
    assert all(each.accessibleName() for each in buttons)
