"""The table of parameters and buffers: its rows, the switch for what is below, values that are read on demand."""

from typing import Any

import pytest

from gui import panel_data
from gui.conftest import PATIENCE_MS
from gui.panel_data import QuietSession, parameter, shown_column
from torchloupe.analysis.row_filter import matching
from torchloupe.analysis.state_dict_diff import KeyEntry, state_dict_diff
from torchloupe.gui.jobs import Jobs
from torchloupe.gui.modules import parameters as rows
from torchloupe.gui.modules.parameter_table import ParameterTable
from torchloupe.gui.modules.parameters import Facts
from torchloupe.gui.settings import ALL_BELOW, Settings
from torchloupe.wire.problems import Problem
from torchloupe.wire.registration import Initialisation, RecognisedInitialisation, RecogniseInitialisation
from torchloupe.wire.requests import Failed, FetchedStats, FetchStats

ENTRIES = [parameter("a.w", (2, 3)), parameter("a.b", (2,)), parameter("a.lazy", None), parameter("a.mean", (2,), "buffer")]


def test_that_a_parameter_row_has_a_key_relative_to_its_list_and_stands_for_the_whole_key() -> None:
    row = rows.parameter_row(parameter("head.fc1.weight", (128, 3136)), Facts({"head.fc1.weight": "shape"}), "head")
    said = dict(zip(rows.TITLES, row.cells, strict=True))
    assert row.cells[:6] == ("fc1.weight", "[128, 3136]", "float32", "parameter", "yes", "≠ shape")
    assert (said["Numel"], said["Device"], said["Tied to"], said["Owner"]) == ("401,408", "cpu", "", "head.fc1")
    assert row.key == "head.fc1.weight"
    assert row.tips[0] == "head.fc1.weight"
    assert row.roles[5] == "shape"


def test_that_lazy_frozen_tied_and_unsaved_parameters_say_so() -> None:
    lazy = rows.parameter_row(parameter("w", None), Facts())
    frozen = rows.parameter_row(parameter("w", (1,), requires_grad=False), Facts())
    buffer = rows.parameter_row(parameter("b", (1,), "buffer", persistent=False), Facts())
    tied = rows.parameter_row(parameter("w", (1,), tied_to=("v", "u")), Facts())
    assert lazy.cells[1] == "not yet known"
    assert (frozen.cells[4], frozen.roles[4]) == ("no", "info")
    assert (buffer.cells[3], buffer.cells[4], buffer.roles[4]) == ("buffer, not in state_dict", "no", None)
    assert tied.cells[rows.TITLES.index("Tied to")] == "v, u"


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("bias", ["a.bias"]),
        ("[*,*]", ["a.weight"]),
        ("dtype:bf16", ["b.scale"]),
        ("kind:buffer", ["b.scale"]),
        ("checkpoint:missing", ["a.bias"]),
        ("grad:no", ["b.scale"]),
        ("tied:other", ["a.weight"]),
        ("owner:b", ["b.scale"]),
        ("persistent:no", ["b.scale"]),
        ("shares:x", ["a.bias"]),
        ("initialisation:zeros", ["a.bias"]),
    ],
)
def test_that_parameters_are_found_by_every_column(text: str, keys: list[str]) -> None:
    entries = [
        parameter("a.weight", (2, 3), tied_to=("other.weight",)),
        parameter("a.bias", (2,), shares_with=("x",)),
        parameter("b.scale", (2,), "buffer", dtype="bfloat16", persistent=False),
    ]
    found = matching(
        text,
        rows.TITLES,
        [rows.parameter_haystack(entry, Facts({"a.bias": "missing"}, initialised={"a.bias": "zeros"})) for entry in entries],
    )
    assert [entries[position].key for position in found] == keys


@pytest.mark.parametrize("column", range(len(rows.TITLES)))
def test_that_every_column_of_the_parameters_sorts(column: int) -> None:
    entries = [parameter("b", (3,)), parameter("a", None), parameter("c", (2, 2), "buffer")]
    assert len(sorted(entries, key=lambda entry: rows.parameter_order(entry, column, Facts()))) == 3


def test_that_parameters_sort_by_their_number_and_not_by_its_text() -> None:
    entries = [parameter("a", (9,)), parameter("b", (1000,)), parameter("c", (20,))]
    assert [
        entry.key for entry in sorted(entries, key=lambda entry: rows.parameter_order(entry, rows.TITLES.index("Numel"), Facts()))
    ] == ["a", "c", "b"]


def test_that_statuses_come_from_the_diff_by_the_keys_of_the_model() -> None:
    diff = state_dict_diff([KeyEntry("a", (1,), "float32"), KeyEntry("b", (1,), "float32")], [KeyEntry("a", (1,), "float32")])
    assert rows.statuses_by_key(diff) == {"a": "matched", "b": "missing"}
    assert rows.statuses_by_key(None) == {}


def test_that_what_says_nothing_sorts_last() -> None:
    tied = rows.TITLES.index("Tied to")
    entries = [parameter("a", (1,)), parameter("b", (1,), tied_to=("z",)), parameter("c", (1,), tied_to=("y",))]
    assert [entry.key for entry in sorted(entries, key=lambda entry: rows.parameter_order(entry, tied, Facts()))] == [
        "c",
        "b",
        "a",
    ]


# the table


def answers(message: Any) -> Any:
    if isinstance(message, FetchStats):
        return FetchedStats(message.key, panel_data.stats(8, mean=0.5))
    name = "" if message.keys == ("a.mean",) else "kaiming_uniform default"
    return RecognisedInitialisation(tuple(Initialisation(key, name) for key in message.keys))


@pytest.fixture
def table(qtbot: Any) -> Any:
    jobs = Jobs(QuietSession({FetchStats: answers, RecogniseInitialisation: answers}))
    made: Any = ParameterTable(jobs, Settings(None))
    qtbot.addWidget(made, before_close_func=lambda _table: jobs.close())
    made.jobs = jobs
    made.show_entries(ENTRIES, "a", "a")
    made.show()
    return made


def test_that_the_heading_says_whose_they_are_and_how_many(table: Any) -> None:
    assert table.heading.text() == "a: 3 parameters, 1 buffer"
    assert shown_column(table.table, 0) == ["w", "b", "lazy", "mean"]


def test_that_the_switch_for_all_below_is_remembered_and_told(table: Any, qtbot: Any) -> None:
    assert table.all_below.isChecked()
    with qtbot.waitSignal(table.all_below_changed, timeout=PATIENCE_MS):
        table.all_below.click()
    assert table._settings.text(ALL_BELOW) == "0"


def read(table: Any, qtbot: Any) -> None:
    table.read_values()
    qtbot.waitUntil(lambda: not table.jobs.busy, timeout=PATIENCE_MS)


def test_that_values_are_read_on_demand_and_their_columns_appear(table: Any, qtbot: Any) -> None:
    start, mean = rows.TITLES.index("Initialisation"), rows.TITLES.index("Mean")
    assert table.table.view.isColumnHidden(mean)
    read(table, qtbot)
    assert not table.table.view.isColumnHidden(mean)
    assert shown_column(table.table, mean) == ["0.5", "0.5", "", "0.5"]
    assert shown_column(table.table, start) == ["kaiming_uniform default", "kaiming_uniform default", "", "not recognised"]


def test_that_only_the_selected_ones_are_read_when_several_are(table: Any, qtbot: Any) -> None:
    table.table.view.selectAll()
    table.table.view.selectionModel().select(table.model.index(3, 0), table.table.view.selectionModel().SelectionFlag.Deselect)
    read(table, qtbot)
    assert {message.key for message in table.jobs.session.asked if isinstance(message, FetchStats)} == {"a.w", "a.b"}


def test_that_what_was_read_of_another_model_is_forgotten(table: Any, qtbot: Any) -> None:
    read(table, qtbot)
    table.forget()
    table.show_entries(ENTRIES, "a", "a")
    assert set(shown_column(table.table, rows.TITLES.index("Mean"))) == {""}


@pytest.mark.parametrize("problems", [(), (Problem("worker-died", "The worker was killed.", hint="Restart it."),)])
def test_that_a_worker_that_does_not_answer_ends_the_reading(table: Any, qtbot: Any, problems: tuple[Problem, ...]) -> None:
    wrong: list[Failed] = []
    table.jobs.went_wrong.connect(wrong.append)
    table.jobs.session.answers[FetchStats] = Failed(problems, cancelled=not problems)
    read(table, qtbot)
    assert [[each.message for each in failed.problems] for failed in wrong] == [[problem.message for problem in problems]]


def test_that_copied_rows_have_whole_keys_and_the_shown_columns(table: Any) -> None:
    table.columns.show_columns(rows.TITLES[2:], shown=False)
    copied = table.copied_table()
    assert copied.titles == ("Key", "Shape")
    assert [tuple(row) for row in copied.rows][:2] == [("a.w", "[2, 3]"), ("a.b", "[2]")]


def test_that_a_key_is_listed_or_not(table: Any) -> None:
    assert table.lists("a.w")
    assert not table.lists("b.w")
    assert not table.lists(None)
