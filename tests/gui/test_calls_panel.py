"""The Calls panel on a workbench."""

from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from gui import panel_data
from gui.panel_data import MISMATCH, call, fail_in_fc1, open_panel, run_well, shown_column
from torchloupe.gui.calls.model import CallsModel
from torchloupe.gui.calls.panel import CallsPanel, left_behind_text, summary_text
from torchloupe.gui.walking import step_call
from torchloupe.wire.tensors import TensorMeta
from torchloupe.wire.traces import ForwardReport


@pytest.fixture
def panel(qtbot: Any) -> CallsPanel:
    return open_panel(qtbot, CallsPanel)


def test_that_an_empty_panel_says_what_to_do_next(panel: CallsPanel) -> None:
    assert "No model yet" in panel.table.empty.label.text()
    panel.workbench.set_model(panel_data.opened())
    assert panel.table.empty.label.text().startswith("Nothing has run. F5 runs one forward pass")
    panel.workbench.begin_run()
    assert "Running" in panel.table.empty.label.text()
    panel.workbench.end_run(panel_data.report(MISMATCH, calls=0))
    assert "ended before any module was called" in panel.table.empty.label.text()


def test_that_rows_grow_while_the_run_goes_on(panel: CallsPanel) -> None:
    panel.workbench.set_model(panel_data.opened())
    panel.workbench.begin_run()
    panel.workbench.add_calls(panel_data.good_calls()[:1])
    assert panel.table.view.isVisible()
    assert panel.summary.text() == "1 call so far, running …"
    panel.workbench.add_calls(panel_data.good_calls()[1:4])
    assert shown_column(panel.table, 0) == ["1", "2", "3", "4"]
    assert panel.summary.text() == "4 calls so far, running …"


def test_that_a_finished_run_is_summed_up_in_a_line(panel: CallsPanel) -> None:
    run_well(panel.workbench)
    text = "10 calls  ·  31.2 ms  ·  cpu  ·  input [2, 3, 28, 28] (worked out)  ·  output [2, 10]"
    assert panel.summary.text() == text


def test_that_a_failed_run_says_so_and_shows_the_failing_call(panel: CallsPanel) -> None:
    fail_in_fc1(panel.workbench)
    assert panel.summary.text().endswith("✖ 1 error")
    assert panel.table.current_key() == 7
    assert shown_column(panel.table, 2)[6:] == ["◌ unfinished", "✖ failed"]


def test_that_a_run_that_was_broken_off_is_called_partial(panel: CallsPanel) -> None:
    panel.workbench.set_model(panel_data.opened())
    panel.workbench.begin_run()
    panel.workbench.add_calls(panel_data.good_calls()[:4])
    panel.workbench.fail_run(())
    assert panel.summary.text() == "4 calls; partial: the run was not finished"
    assert len(shown_column(panel.table, 0)) == 4


def test_that_choosing_a_row_selects_the_call(panel: CallsPanel) -> None:
    run_well(panel.workbench)
    panel.table.view.selectRow(6)
    assert panel.workbench.selection.call == 6
    assert panel.workbench.selection.module == "head.fc1"


def test_that_the_panel_follows_the_selected_call_and_lets_go_of_it(panel: CallsPanel) -> None:
    run_well(panel.workbench)
    panel.workbench.select_module("head.fc2")
    assert panel.table.current_key() == 9
    step_call(panel.workbench, -1)
    assert panel.table.current_key() == 8
    panel.workbench.select_module("encoder.bn1")
    assert panel.table.current_key() is None


def test_that_a_new_run_starts_with_no_rows(panel: CallsPanel) -> None:
    run_well(panel.workbench)
    panel.workbench.begin_run()
    assert shown_column(panel.table, 0) == []
    assert not panel.summary.isVisible()


def test_that_closing_the_model_takes_its_calls_away(panel: CallsPanel) -> None:
    run_well(panel.workbench)
    panel.workbench.set_model(None)
    assert "No model yet" in panel.table.empty.label.text()
    assert panel.table.empty.isVisible()


def test_that_the_filter_stays_while_calls_arrive(panel: CallsPanel) -> None:
    panel.workbench.set_model(panel_data.opened())
    panel.workbench.begin_run()
    panel.workbench.add_calls(panel_data.good_calls()[:1])
    panel.focus_filter()
    QTest.keyClicks(panel.table.filter, "class:linear")
    panel.workbench.add_calls(panel_data.good_calls()[1:])
    assert [text.strip() for text in shown_column(panel.table, 1)] == ["head.fc1", "head.fc2"]


def test_that_rows_arriving_under_a_filter_that_hid_all_others_are_shown(panel: CallsPanel) -> None:
    panel.workbench.set_model(panel_data.opened())
    panel.workbench.begin_run()
    panel.workbench.add_calls(panel_data.good_calls()[:1])
    panel.table.filter.setText("fc2")
    assert not panel.table.view.isVisible()
    panel.workbench.add_calls(panel_data.good_calls()[1:])
    assert panel.table.view.isVisible()


def test_that_copied_rows_are_what_is_shown(panel: CallsPanel) -> None:
    run_well(panel.workbench)
    panel.table.view.selectRow(6)
    assert panel.copy_rows().split("\t")[:6] == ["6", "    head.fc1", "✓ done", "[2, 3136]", "[2, 128]", "0.0125"]


def test_that_long_names_get_the_room_that_the_shapes_beside_them_leave(panel: CallsPanel) -> None:
    panel.resize(900, 400)
    name, output, view = "model.layers.17.post_attention_layernorm", 4, panel.table.view
    panel.workbench.set_model(panel_data.opened())
    panel.workbench.begin_run()
    before = view.columnWidth(1)
    panel.workbench.add_calls([call(1, name, (1,), (1,))])
    assert view.columnWidth(1) > view.fontMetrics().horizontalAdvance(name) > before
    assert view.columnViewportPosition(output) + view.columnWidth(output) <= view.viewport().width()
    assert panel.model.index(0, 1).data(Qt.ItemDataRole.ToolTipRole).startswith(name)
    panel.workbench.begin_run()
    panel.workbench.add_calls([call(1, "fc", (1,), (1,))])
    assert view.columnWidth(1) == before


def test_that_thousands_of_calls_arrive_in_their_order(panel: CallsPanel) -> None:
    panel.workbench.set_model(panel_data.opened())
    panel.workbench.begin_run()
    groups = [[*range(start + 1, start + 50), start] for start in range(0, 3000, 50)]
    for group in groups:
        panel.workbench.add_calls([call(index, "head.fc1", (1,), (1,)) for index in group])
    assert [row.key for row in panel.model.rows] == list(range(3000))


@pytest.mark.parametrize(
    ("source", "word"), [("given", "(given)"), ("file", "(from the file)"), ("worked_out", "(worked out)"), ("", "[1]")]
)
def test_that_the_summary_says_where_the_input_came_from(source: str, word: str) -> None:
    given = (TensorMeta((1,), "float32"),)
    text = summary_text("1 call", ForwardReport(given, source, (), 1, 0.5, "cpu"))
    assert text.endswith(word)


def test_that_a_call_is_found_by_its_number_however_the_calls_are_filtered_or_sorted(qapp: object) -> None:
    model = CallsModel()
    calls = panel_data.good_calls()
    model.add(calls)
    order = sorted(call.index for call in calls)
    assert [model.position_of(index) for index in order] == list(range(len(calls)))
    assert (model.position_of(None), model.position_of(-1), model.position_of(1000)) == (-1, -1, -1)
    model.set_filter("fc2")
    (shown,) = [number for number in order if model.position_of(number) >= 0]
    assert model.shown.items[0].index == shown
    model.set_filter("")
    model.sort(0, Qt.SortOrder.DescendingOrder)
    assert [model.position_of(index) for index in reversed(order)] == list(range(len(calls)))


def test_that_calls_that_came_one_by_one_are_not_listed_again_at_the_end(panel: CallsPanel) -> None:
    bench = panel.workbench
    bench.set_model(panel_data.opened())
    bench.begin_run()
    for each in panel_data.good_calls():
        bench.add_calls([each])
    resets: list[int] = []
    panel.model.modelReset.connect(lambda: resets.append(1))
    bench.end_run(panel_data.report())
    assert resets == []
    assert panel.model.axes is not None
    assert "batch" in panel.model.index(2, 4).data(Qt.ItemDataRole.ToolTipRole)
    bench.begin_run()
    assert resets == [1]
    assert panel.model.rowCount() == 0


def test_that_the_summary_says_that_the_model_is_as_before_and_what_was_done_outside() -> None:
    report = replace(
        panel_data.report(),
        certificate=("Compared afterwards, and bit for bit the same.", "Changed by the pass and put back: `bn`."),
        side_effects=("writes log.csv (line 3 of net.py)",),
    )
    assert summary_text("3 calls", report).endswith("▲ 1 side effect  ·  ✓ model as before")
    assert left_behind_text(report).splitlines() == [
        "Compared afterwards, and bit for bit the same.",
        "Changed by the pass and put back: `bn`.",
        "Side effect: writes log.csv (line 3 of net.py)",
    ]
    assert "as before" not in summary_text("3 calls", replace(report, state_restored=False))


def test_that_what_calls_took_is_there_when_the_run_has_ended(panel: CallsPanel) -> None:
    titles = [column.title for column in panel.model.columns]
    assert panel.columns.hidden == ["Mode", "Memory format"]
    panel.workbench.set_model(panel_data.opened())
    panel.workbench.begin_run()
    panel.workbench.add_calls(panel_data.good_calls())
    assert set(shown_column(panel.table, titles.index("FLOPs"))) == {""}
    panel.workbench.end_run(replace(panel_data.report(), kept_bytes=(1000, *[100] * 9)))
    assert shown_column(panel.table, titles.index("FLOPs"))[6] == "1.61 MFLOPs"
    assert shown_column(panel.table, titles.index("Kept"))[:2] == ["1 kB", "100 B"]
    assert shown_column(panel.table, titles.index("Own time"))[6].endswith(" %")
