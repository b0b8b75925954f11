"""The small parts of Compare: the bar, the causes, a key that hangs at the mouse, keys that are painted old and new; and files of pairs."""

import json
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QMouseEvent
from PySide6.QtWidgets import QApplication

from gui import panel_data
from gui.panel_data import open_panel
from torchloupe.analysis.diff_rows import DiffRow, KeyEntry, StateDictDiff
from torchloupe.analysis.explained import ABSENT, AS_IT_IS, UNSURE, WAYS, Explained, Share
from torchloupe.analysis.locked_keys import GIVEN
from torchloupe.analysis.state_dict_diff import state_dict_diff
from torchloupe.analysis.sure_wording import is_unsure, sure_reason, sure_text
from torchloupe.gui import theme
from torchloupe.gui.compare.cause_lines import CauseLines
from torchloupe.gui.compare.explained_bar import LOOKS, ExplainedBar
from torchloupe.gui.compare.key_drag import KeyDrag
from torchloupe.gui.compare.model import CompareModel
from torchloupe.gui.compare.panel import ComparePanel
from torchloupe.gui.mapping_edits import MappingEdits
from torchloupe.gui.mapping_files import ReadMapping, WriteText, mapping_text
from torchloupe.gui.slices import all_at_once, last_of
from torchloupe.gui.undoing import MOST_STEPS, Undoing
from torchloupe.wire.contents import CheckpointContents
from torchloupe.wire.errors import UsageError

WEIGHT = KeyEntry("fc.weight", (4,), "float32")


def told(**numbers: int) -> Explained:
    return Explained(
        {way: Share(1, numbers.get(way.replace(" ", "_"), 0), 4 * numbers.get(way.replace(" ", "_"), 0)) for way in WAYS}
    )


# the bar


def test_that_the_bar_has_a_part_for_each_way_that_occurs(qtbot: Any) -> None:
    bar = ExplainedBar()
    qtbot.addWidget(bar)
    assert bar.parts() == []
    bar.show_explained(told(as_it_is=75, missing=25))
    assert bar.parts() == [(AS_IT_IS, 0.0, 0.75), (ABSENT, 0.75, 1.0)]
    assert bar.toolTip() == "75 % as it is\n25 % missing"
    assert bar.accessibleName().startswith("75 % of 100 numbers")


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_that_even_a_tiny_part_can_be_seen(qtbot: Any, mode: str) -> None:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    theme.apply_theme(app, mode)
    bar = ExplainedBar()
    qtbot.addWidget(bar)
    bar.resize(400, 16)
    bar.show_explained(told(as_it_is=1_000_000, uncertain=1))
    picture = bar.grab().toImage()
    colors = {picture.pixelColor(x, 3).name() for x in range(1, 399)}
    assert theme.color(LOOKS[AS_IT_IS][0]).name() in colors
    assert theme.color(LOOKS[UNSURE][0]).name() in colors


def test_that_no_part_is_told_by_its_colour_alone() -> None:
    assert set(LOOKS) == set(WAYS)
    assert len({glyph for _, glyph in LOOKS.values()}) == len(WAYS)


# causes


def test_that_each_cause_is_one_line_with_the_rest_in_its_tool_tip(qtbot: Any) -> None:
    lines = CauseLines()
    qtbot.addWidget(lines)
    lines.resize(200, 60)
    lines.show_causes([("All keys begin with module. and " + "so on " * 40, "Take it off."), ("Second.", "")])
    lines.show()
    assert lines.text().startswith("• All keys begin with module.")
    assert lines.lines[0].shown.endswith("…")
    assert "Take it off." in lines.lines[0].toolTip()
    lines.show_causes([("Only one.", "")])
    assert lines.text() == "• Only one."
    lines.show_causes([])
    assert not lines.isVisible()


# the key at the mouse


@pytest.fixture
def panel(qtbot: Any) -> ComparePanel:
    found: ComparePanel = open_panel(qtbot, ComparePanel)
    found.workbench.set_model(panel_data.opened())
    kept = [panel_data.stored(key, shape, "") for key, shape, _ in panel_data.PARAMETERS[1:]]
    found.workbench.set_checkpoint(
        CheckpointContents("/m/a.pt", "PyTorch zip", 9, 9, (*kept, panel_data.stored("odd", (2,), "")))
    )
    return found


def test_that_the_label_has_the_key_and_room_for_it(panel: ComparePanel) -> None:
    short, long = panel.drag.picture("a"), panel.drag.picture("encoder.layers.0.self_attn.q_proj.weight")
    assert long.width() > short.width() > 10
    picture = long.toImage()
    assert QColor(picture.pixelColor(picture.width() // 2, 2)).alpha() == 255
    assert QColor(picture.pixelColor(0, 0)).alpha() < 255


def move(panel: ComparePanel, kind: QEvent.Type, place: QPoint, held: bool = True) -> None:
    button = Qt.MouseButton.LeftButton
    where = QPointF(place)
    pressed = button if held else Qt.MouseButton.NoButton
    QApplication.sendEvent(
        panel.table.view.viewport(), QMouseEvent(kind, where, where, button, pressed, Qt.KeyboardModifier.NoModifier)
    )


def test_that_a_drag_begins_only_after_a_little_way(panel: ComparePanel, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[object] = []
    monkeypatch.setattr(KeyDrag, "_drag", lambda drag: begun.append(drag))
    place = panel.table.view.visualRect(panel.model.index(0, 1)).center()
    move(panel, QEvent.Type.MouseButtonPress, place)
    move(panel, QEvent.Type.MouseMove, place + QPoint(1, 0))
    assert begun == []
    move(panel, QEvent.Type.MouseMove, place + QPoint(60, 0))
    move(panel, QEvent.Type.MouseMove, place + QPoint(90, 0))
    assert len(begun) == 1
    move(panel, QEvent.Type.MouseButtonRelease, place)
    move(panel, QEvent.Type.MouseMove, place + QPoint(60, 0), held=False)
    assert len(begun) == 1


def test_that_no_key_is_dragged_from_where_there_is_none(panel: ComparePanel, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[object] = []
    monkeypatch.setattr(KeyDrag, "_drag", lambda drag: begun.append(drag))
    empty = QPoint(20, panel.table.view.viewport().height() - 3)
    move(panel, QEvent.Type.MouseButtonPress, empty)
    move(panel, QEvent.Type.MouseMove, empty - QPoint(0, 90))
    assert begun == []
    assert not panel.model.mimeData([]).formats()


def test_that_without_a_row_nothing_can_be_paired() -> None:
    model = CompareModel()
    assert model.pairs_onto(model.index(0, 0)) == []
    assert model.group_at(model.index(-1, -1)) is None


# how sure


def pair(confidence: float, how: str = "", found: str = "module.fc.weight") -> DiffRow:
    return DiffRow("renamed", WEIGHT, KeyEntry(found, (4,), "float32"), how, confidence)


@pytest.mark.parametrize(
    ("row", "text", "reason"),
    [
        (pair(0.97, "the same shape and a like name"), "97 %", "the same shape and a like name"),
        (pair(0.5), "50 %", "More than one place fits. It is not loaded: lock it if it is right, or map it to another key."),
        (pair(1.0, GIVEN), "locked", "You have decided on this pair. Solving again keeps it."),
        (pair(1.0, "", "fc.weight"), "", "The same key."),
        (DiffRow("missing", WEIGHT, None), "", ""),
    ],
)
def test_that_it_is_said_how_sure_a_pair_is_and_why(row: DiffRow, text: str, reason: str) -> None:
    assert (sure_text(row), sure_reason(row)) == (text, reason)
    assert is_unsure(row) == (text == "50 %")


# steps and files


def test_that_steps_give_the_last_of_what_was_found() -> None:
    assert all_at_once(last_of(iter([None, 3, None, 4]), 0)) == 4
    assert all_at_once(last_of(iter([None]), 7)) == 7


def test_that_decisions_are_kept_up_to_a_number(qtbot: Any) -> None:
    solved: list[int] = []
    undoing = Undoing()
    edits = MappingEdits(lambda: solved.append(1), undoing)
    for number in range(MOST_STEPS + 20):
        edits.leave_out([f"key{number}"])
    assert len(solved) == MOST_STEPS + 20
    while undoing.back():
        pass
    assert len(edits.locked) == 20
    assert undoing.redoText() == "leave out key20"


def small_diff() -> StateDictDiff:
    expected = [KeyEntry("a.weight", (2,), "float32"), KeyEntry("b.weight", (3,), "float32")]
    return state_dict_diff(expected, [KeyEntry("m.a.weight", (2,), "float32"), KeyEntry("m.b.weight", (3,), "float32")])


def test_that_a_mapping_is_written_as_it_is_read(tmp_path: Path) -> None:
    text = mapping_text(small_diff(), {"m.b.weight": ""})
    assert json.loads(text) == {"m.a.weight": "a.weight", "m.b.weight": None}
    path = tmp_path / "m.json"
    assert WriteText(text, path)() == f"Wrote {path}."
    assert ReadMapping(path, small_diff())() == {"m.a.weight": "a.weight", "m.b.weight": ""}


@pytest.mark.parametrize(
    ("text", "said"), [("{", "is not JSON"), ('{"x": "a.weight"}', "does not have: x"), ("3", "maps no keys")]
)
def test_that_a_mapping_that_makes_no_sense_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "m.json").write_text(text)
    with pytest.raises(UsageError, match=said):
        ReadMapping(tmp_path / "m.json", small_diff())()
