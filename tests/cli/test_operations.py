"""``run --operations``: what runs between the calls."""

from typing import Any

import pytest

from cli.playing import CALLS, INPUT, OUTPUT, REPORT, STATS, Play
from torchloupe.analysis.operation_wording import DIRECT_FORWARD
from torchloupe.cli.operations import operation_place
from torchloupe.wire.requests import CallsFinished, OperationsFinished, RunForward
from torchloupe.wire.tensors import TensorStats
from torchloupe.wire.traces import Operation, PlainValue


def operation(index: int, name: str, before_call: int, **facts: Any) -> Operation:
    """An operation of the root on one tensor."""
    known: dict[str, Any] = {"call": 0, "depth": 1, "seconds": 0.00012, "file": "/code/model.py", "line": 9, "stats": (STATS,)}
    known |= {"inputs": (INPUT,), "outputs": (OUTPUT,)}
    return Operation(index, name, facts.pop("module", ""), before_call, **{**known, **facts})


OPERATIONS = (
    operation(0, "x * 0.5", 1),
    operation(1, ".view", 2, values=(PlainValue("shape", "(2, -1)"),)),
    operation(2, DIRECT_FORWARD, 3, module="act", inputs=(), outputs=(), stats=(), seconds=None),
    operation(3, "x + y", 3, status="failed", outputs=(), stats=()),
)


@pytest.fixture
def told(play: Play) -> Play:
    """A worker that tells operations, in the order in which they ended."""
    play.script[RunForward] = [
        OperationsFinished(OPERATIONS[:1]),
        CallsFinished(tuple(CALLS)),
        OperationsFinished(OPERATIONS[1:]),
        REPORT,
    ]
    return play


def rows(written: Any) -> list[str]:
    """The lines of the table, without their spaces, up to the empty line."""
    lines: list[str] = [" ".join(line.split()) for line in written.out.splitlines()]
    return lines[1 : lines.index("")]


def test_that_operations_are_asked_for_and_stand_between_the_calls(told: Play) -> None:
    lines = rows(told("run", "model.py", "--operations"))
    assert [request.operations for request in told.asked(RunForward)] == [True]
    assert [line.split(" model.py")[0].split(" [")[0] for line in lines] == [
        "0 (model) Net", "x * 0.5", "1 fc Linear", ".view(2, -1)", "2 fc Linear", "act.forward", "x + y",
    ]  # fmt: skip
    assert "model.py:9 [2, 3] [2, 11] 120 µs 0.5 0.25" in lines[1]


def test_that_a_failure_and_a_module_nobody_saw_are_noted(told: Play) -> None:
    lines = rows(told("run", "model.py", "--operations"))
    assert lines[5].endswith("called through .forward: not observed")
    assert lines[6].endswith("failed")
    assert "\x1b[31m        x + y" in told("run", "model.py", "--operations", colour=True).out


def test_that_they_are_indented_below_their_module(told: Play) -> None:
    out = told("run", "model.py", "--operations").out
    fc, view = (next(line for line in out.splitlines() if word in line) for word in ("  fc ", ".view"))
    assert fc.index("fc") == view.index(".view")


def test_that_without_the_option_nothing_of_them_is_said(told: Play) -> None:
    written = told("run", "model.py")
    assert [request.operations for request in told.asked(RunForward)] == [False]
    assert ".view" not in rows(written)
    assert "operations" not in told("run", "model.py", "--json").json


def test_that_json_has_operations_with_everything(told: Play) -> None:
    plain = told("run", "model.py", "--operations", "--json").json["operations"]
    assert [each["title"] for each in plain] == ["x * 0.5", ".view(2, -1)", "act.forward", "x + y"]
    view = plain[1]
    assert view == {
        "index": 1,
        "name": ".view",
        "title": ".view(2, -1)",
        "module": "",
        "before_call": 2,
        "call": 0,
        "depth": 1,
        "status": "done",
        "observed": True,
        "inputs": [{"shape": [2, 3], "dtype": "float32", "device": "cpu", "name": "x"}],
        "values": {"shape": "(2, -1)"},
        "outputs": [{"shape": [2, 11], "dtype": "float32", "device": "cpu"}],
        "stats": view["stats"],
        "seconds": 0.00012,
        "file": "/code/model.py",
        "line": 9,
    }
    assert view["stats"][0]["mean"] == 0.5
    assert [each["observed"] for each in plain] == [True, True, False, True]
    assert (plain[3]["status"], plain[3]["outputs"]) == ("failed", [])


def test_that_a_model_without_operations_has_an_empty_list(play: Play) -> None:
    assert play("run", "model.py", "--operations", "--json").json["operations"] == []


def test_that_nan_in_an_operation_is_noted(told: Play) -> None:
    broken = TensorStats(22, None, None, None, None, 0, 20, 2)
    told.script[RunForward] = [
        OperationsFinished((operation(0, "x / y", 1, stats=(broken,)),)),
        CallsFinished(tuple(CALLS)),
        REPORT,
    ]
    assert "20 NaN, 2 Inf" in rows(told("run", "model.py", "--operations"))[1]


@pytest.mark.parametrize(
    ("file", "line", "text"), [("/a/model.py", 9, "model.py:9"), ("model.py", None, "model.py"), (None, None, "")]
)
def test_that_a_place_is_short(file: str | None, line: int | None, text: str) -> None:
    assert operation_place(operation(0, "x + y", 1, file=file, line=line)) == text
