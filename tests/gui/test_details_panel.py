"""The Details panel on a workbench."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QGuiApplication, QTextCursor
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QScrollArea

from gui import panel_data
from gui.conftest import PATIENCE_MS
from gui.panel_data import MISMATCH, fail_in_fc1, open_panel
from torchloupe.analysis.weight_evidence import AGAINST
from torchloupe.gui import theme
from torchloupe.gui.details import panel as details_panel
from torchloupe.gui.details.panel import DetailsPanel
from torchloupe.gui.details.stored import AT_ONCE
from torchloupe.gui.workbench import Selection
from torchloupe.wire.problems import Fix, Problem

SOURCE = "class Classifier:\n    def forward(self, x):\n        return self.fc1(x)\n"


@pytest.fixture
def panel(qtbot: Any) -> DetailsPanel:
    made = open_panel(qtbot, DetailsPanel)
    made.resize(360, 700)
    return made


@pytest.fixture
def model_file(tmp_path: Path) -> Path:
    file = tmp_path / "classifier.py"
    file.write_text(SOURCE, encoding="utf-8")
    return file


def test_that_an_empty_panel_says_what_to_choose(panel: DetailsPanel) -> None:
    assert panel.empty.isVisible()
    assert panel.empty.label.text() == "Nothing is selected. Choose a module, a call, a key or a problem."
    assert panel.copy_rows() == ""


def test_that_a_problem_is_shown_with_message_hint_and_facts(panel: DetailsPanel) -> None:
    fail_in_fc1(panel.workbench)
    assert MISMATCH.message in panel.head.toPlainText()
    assert MISMATCH.hint in panel.head.toPlainText()
    assert "[2, 12544] float32 cpu" in panel.facts.toPlainText()


def test_that_a_fix_can_be_copied_and_says_whether_it_was_tried(panel: DetailsPanel) -> None:
    fail_in_fc1(panel.workbench)
    buttons = [*panel.fixes.findChildren(QPushButton), *panel.other_fixes.findChildren(QPushButton)]
    names = [f"{what}: {fix.text}" for fix in MISMATCH.fixes for what in ("Try it", "Copy fix")]
    assert [button.accessibleName() for button in buttons] == names
    buttons[1].click()
    assert QGuiApplication.clipboard().text() == "head.fc1 = nn.Linear(12544, 128)"
    words = [label.text() for part in (panel.fixes, panel.other_fixes) for label in part.findChildren(details_panel.QLabel)]
    assert "✓ tried: it works" in words
    assert "not tried" in words


def test_that_a_fix_can_be_copied_as_a_patch(panel: DetailsPanel) -> None:
    patch = "--- a/net.py\n+++ b/net.py\n@@ -9 +9 @@\n-a\n+b\n"
    first, *others = MISMATCH.fixes
    panel.workbench.select_problem(replace(MISMATCH, fixes=(replace(first, patch=patch), *others)))
    (button,) = [each for each in panel.fixes.findChildren(QPushButton) if each.text() == "Copy patch"]
    assert button.accessibleName() == f"Copy patch: {first.text}"
    button.click()
    assert QGuiApplication.clipboard().text() == patch


def test_that_the_source_is_shown_with_the_line_marked(panel: DetailsPanel, model_file: Path, qtbot: Any) -> None:
    panel.workbench.select_problem(replace(MISMATCH, file=str(model_file), line=3))
    qtbot.waitUntil(lambda: bool(panel.views) and panel.views[0].lines.isVisible())
    view = panel.views[0]
    assert "▶ 3          return self.fc1(x)" in view.lines.toPlainText()
    assert "classifier.py:3" in view.label.text()
    assert view.lines.isReadOnly()
    assert view.lines.extraSelections()[0].cursor.blockNumber() == 2
    assert not view.lines.verticalScrollBar().isVisible()


def test_that_a_file_that_is_gone_is_said_beside_the_place(panel: DetailsPanel, tmp_path: Path, qtbot: Any) -> None:
    panel.workbench.select_problem(replace(MISMATCH, file=str(tmp_path / "gone.py"), line=3))
    qtbot.waitUntil(lambda: "cannot be read" in panel.views[0].label.text())
    assert not panel.views[0].lines.isVisible()


def test_that_the_place_opens_in_the_editor(panel: DetailsPanel, model_file: Path, qtbot: Any) -> None:
    panel.workbench.select_problem(replace(MISMATCH, file=str(model_file), line=3))
    with qtbot.waitSignal(panel.workbench.editor_wanted, timeout=PATIENCE_MS) as wanted:
        panel.views[0].label.linkActivated.emit("source")
    assert wanted.args == [str(model_file), 3]
    qtbot.waitUntil(lambda: panel.views[0].lines.isVisible())


def test_that_the_source_is_in_the_colours_of_the_theme(panel: DetailsPanel, model_file: Path, qtbot: Any) -> None:
    panel.workbench.select_problem(replace(MISMATCH, file=str(model_file), line=3))
    qtbot.waitUntil(lambda: panel.views[0].lines.isVisible())
    shown = panel.views[0].lines.document().findBlockByNumber(2)
    colored = {
        shown.text()[each.start : each.start + each.length]: each.format.foreground().color() for each in shown.layout().formats()
    }
    assert colored["return"] == theme.color("accent")
    assert colored["self"] == theme.color("shape")


def test_that_a_late_answer_for_another_place_is_not_shown(panel: DetailsPanel, model_file: Path, qtbot: Any) -> None:
    panel.workbench.select_problem(replace(MISMATCH, file=str(model_file), line=3))
    panel.workbench.select_problem(replace(MISMATCH, file=str(model_file), line=1))
    qtbot.waitUntil(lambda: panel.views[0].lines.isVisible())
    assert "▶ 1  class Classifier:" in panel.views[0].lines.toPlainText()


def test_that_the_traceback_is_folded_until_asked_for(panel: DetailsPanel) -> None:
    fail_in_fc1(panel.workbench)
    assert not panel.folded.isVisible()
    panel.unfold.click()
    assert panel.folded.isVisible()
    assert "mat1 and mat2" in panel.folded.toPlainText()
    panel.workbench.select_problem(Problem("info", "Nothing to unfold."))
    assert not panel.unfold.isVisible()
    assert not panel.folded.isVisible()


@pytest.mark.parametrize(
    ("link", "selection"),
    [
        ("module:encoder", Selection(module="encoder", call=1)),
        ("call:5", Selection(module="encoder.pool", call=5)),
        ("parameter:head.fc2.bias", Selection(module="head.fc2", parameter="head.fc2.bias")),
        ("stored:module.head.fc2.bias", Selection(stored=panel_data.checkpoint().tensors[10])),
        ("problem:0", Selection(module="head.fc1", call=7, problem=MISMATCH)),
        ("problem:99", Selection(module="head.fc1", call=7, problem=MISMATCH)),
        ("tensor:ema.head.fc2.bias", Selection(stored=panel_data.checkpoint().tensors[21])),
    ],
)
def test_that_links_lead_to_what_they_name(panel: DetailsPanel, link: str, selection: Selection) -> None:
    fail_in_fc1(panel.workbench)
    panel.workbench.set_checkpoint(panel_data.checkpoint())
    panel.workbench.use_container("model_state_dict")
    panel.facts.anchorClicked.emit(QUrl(link))
    assert panel.workbench.selection == selection


def test_that_what_the_optimizer_keeps_is_shown_and_leads_to_its_tensor(panel: DetailsPanel) -> None:
    panel.workbench.set_checkpoint(panel_data.trained())
    panel.workbench.select_stored(panel_data.trained().tensors[0])
    assert "step" in panel.facts.toPlainText().lower()
    panel.facts.anchorClicked.emit(QUrl("tensor:optimizer.state.0.exp_avg"))
    assert panel.workbench.selection.stored == panel_data.trained().tensors[2]
    assert "fc.weight" in panel.facts.toPlainText()


def test_that_the_facts_of_very_many_tensors_are_found_on_a_thread_and_shown_when_they_are_there(
    panel: DetailsPanel, qtbot: Any
) -> None:
    tied = tuple(panel_data.stored(f"w{number}", (1,), "m", stored_at="data/0") for number in range(AT_ONCE + 1))
    panel.workbench.set_checkpoint(replace(panel_data.trained(), tensors=tied))
    panel.workbench.select_stored(tied[0])
    assert "Shares memory" not in panel.facts.toPlainText()
    qtbot.waitUntil(lambda: "Shares memory" in panel.facts.toPlainText(), timeout=PATIENCE_MS)


def test_that_facts_of_a_checkpoint_that_was_closed_are_forgotten(panel: DetailsPanel) -> None:
    panel.workbench.set_checkpoint(panel_data.trained())
    panel.workbench.select_stored(panel_data.trained().tensors[0])
    panel.workbench.set_checkpoint(panel_data.checkpoint())
    panel.workbench.select_stored(panel_data.checkpoint().tensors[0])
    assert "step" not in panel.facts.toPlainText().lower()


def test_that_a_link_to_a_call_that_is_gone_leads_nowhere(panel: DetailsPanel) -> None:
    fail_in_fc1(panel.workbench)
    before = panel.workbench.selection
    panel.facts.anchorClicked.emit(QUrl("call:99"))
    assert panel.workbench.selection == before


def test_that_the_marked_text_is_copied_else_everything(panel: DetailsPanel) -> None:
    fail_in_fc1(panel.workbench)
    assert panel.copy_rows().split("\n")[0] == f"✖ error {MISMATCH.message} shape-mismatch"
    assert "fix\thead.fc1 = nn.Linear(12544, 128)" in panel.copy_rows()
    cursor = panel.head.textCursor()
    cursor.movePosition(QTextCursor.MoveOperation.Start)
    cursor.movePosition(QTextCursor.MoveOperation.EndOfBlock, QTextCursor.MoveMode.KeepAnchor)
    panel.head.setTextCursor(cursor)
    assert panel.copy_rows().split() == ["✖", "error", "shape-mismatch"]


def test_that_details_follow_the_diff_and_the_run(panel: DetailsPanel) -> None:
    panel.workbench.set_model(panel_data.opened())
    panel.workbench.select_parameter("head.fc2.bias")
    assert "In the checkpoint" not in panel.facts.toPlainText()
    panel.workbench.set_checkpoint(panel_data.checkpoint())
    assert "In the checkpoint" in panel.facts.toPlainText()
    panel.workbench.set_checkpoint(None)
    assert "In the checkpoint" not in panel.facts.toPlainText()


def test_that_closing_the_model_leaves_nothing_selected(panel: DetailsPanel) -> None:
    fail_in_fc1(panel.workbench)
    panel.workbench.set_model(None)
    assert panel.empty.isVisible()


def test_that_texts_are_as_high_as_they_are_and_grow_when_narrower(panel: DetailsPanel, qapp: QApplication) -> None:
    fail_in_fc1(panel.workbench)
    panel.resize(700, 700)
    qapp.processEvents()
    wide = panel.head.height()
    panel.resize(250, 700)
    qapp.processEvents()
    assert panel.head.height() > wide
    assert panel.head.document().size().height() <= panel.head.height() + 1


def test_that_a_very_long_path_wraps_inside_the_panel(panel: DetailsPanel, qapp: QApplication) -> None:
    key = ".".join(f"some_very_long_module_name_{number}" for number in range(8))
    panel.workbench.select_stored(panel_data.stored(f"{key}.weight", (1,)))
    qapp.processEvents()
    assert panel.head.document().size().width() <= panel.head.width() + 1
    assert panel.facts.document().size().width() <= panel.facts.width() + 1


def test_that_colours_follow_the_theme(panel: DetailsPanel, qapp: QApplication) -> None:
    fail_in_fc1(panel.workbench)
    light = panel.head.toHtml()
    theme.apply_theme(qapp, "dark")
    qapp.processEvents()
    assert theme.color("error").name() in panel.head.toHtml()
    assert panel.head.toHtml() != light


def test_that_every_part_has_a_name_for_a_screen_reader(panel: DetailsPanel) -> None:
    fail_in_fc1(panel.workbench)
    for widget in panel.findChildren(details_panel.QWidget):
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.isVisible():
            text = getattr(widget, "text", None)
            assert widget.accessibleName() or (callable(text) and text()), widget


def test_that_the_filter_key_leads_to_the_facts(panel: DetailsPanel) -> None:
    fail_in_fc1(panel.workbench)
    panel.activateWindow()
    panel.focus_filter()
    assert panel.focusWidget() is panel.facts


def test_that_what_else_there_is_to_do_stands_below_the_source(panel: DetailsPanel) -> None:
    fail_in_fc1(panel.workbench)
    assert panel.other_fixes.isVisible()
    assert "Other ways" in [label.text() for label in panel.other_fixes.findChildren(details_panel.QLabel)]
    assert panel.fixes.y() < panel.sources.y() < panel.other_fixes.y()
    panel.workbench.select_problem(replace(MISMATCH, fixes=MISMATCH.fixes[:1]))
    assert not panel.other_fixes.isVisible()


def test_that_a_fix_that_the_checkpoint_speaks_against_has_the_colour_of_a_warning(panel: DetailsPanel) -> None:
    first = replace(MISMATCH.fixes[0], evidence=AGAINST)
    panel.workbench.select_problem(replace(MISMATCH, fixes=(first,)))
    label = next(each for each in panel.fixes.findChildren(details_panel.QLabel) if "tried" in each.text())
    assert label.text().endswith("the checkpoint disagrees")
    assert label.palette().color(label.foregroundRole()) == theme.color("warning")


def test_that_shapes_are_written_over_the_line_in_the_excerpt(panel: DetailsPanel, model_file: Path, qtbot: Any) -> None:
    note = {"file": str(model_file), "line": 3, "column": 24, "end": 25, "text": "[2, 9]", "source": "        return self.fc1(x)"}
    panel.workbench.select_problem(replace(MISMATCH, file=str(model_file), line=3, data={"notes": [note]}))
    qtbot.waitUntil(lambda: bool(panel.views) and panel.views[0].lines.isVisible(), timeout=PATIENCE_MS)
    lines = panel.views[0].lines.toPlainText().split("\n")
    at = next(number for number, line in enumerate(lines) if line.startswith("▶"))
    assert lines[at - 1].strip() == "[2, 9]"
    assert lines[at - 1].index("[") == lines[at].index("(x)") + 1
    [marked] = panel.views[0].lines.extraSelections()
    assert marked.cursor.block().text().startswith("▶")


def test_that_a_fix_without_code_shows_its_quotation_marks(panel: DetailsPanel) -> None:
    fix = Fix("rename", '{k.removeprefix("module."): v for k, v in state.items()}')
    panel.workbench.select_problem(replace(MISMATCH, fixes=(fix,)))
    labels = panel.fixes.findChildren(QLabel)
    assert any("removeprefix" in label.text() and label.textFormat() == Qt.TextFormat.RichText for label in labels)


def test_that_long_code_in_a_fix_makes_nothing_wider_than_the_panel(panel: DetailsPanel, qapp: QApplication) -> None:
    panel.resize(280, 600)
    panel.show()
    code = f"nn.ParameterList([nn.Parameter({'torch.ones(width)' * 9})])"
    panel.workbench.select_problem(replace(MISMATCH, fixes=(Fix("edit_source", f"Write `{code}`."),)))
    qapp.processEvents()
    area = panel.findChild(QScrollArea)
    assert area is not None
    assert not area.horizontalScrollBar().isVisible()
    shown = panel.fixes.findChildren(QLabel)[0]
    assert shown.height() > 3 * shown.fontMetrics().height()
    panel.fixes.findChildren(QPushButton)[-1].click()
    assert code in QGuiApplication.clipboard().text()
