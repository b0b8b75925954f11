"""The line of shapes of a run, as text and as JSON."""

from dataclasses import replace

import pytest

from cli.playing import INPUT, REPORT, Play
from torchloupe.wire.problems import Problem
from torchloupe.wire.requests import CallsFinished, RunForward
from torchloupe.wire.tensors import TensorMeta
from torchloupe.wire.traces import LayerCall

FAILED = (
    LayerCall(1, "fc", "Linear", 0, 1, (INPUT,), status="failed"),
    LayerCall(0, "", "Net", 0, 0, (INPUT,), status="unfinished"),
)
BEHIND = LayerCall(1, "fc", "Linear", 0, 1, (INPUT,), (TensorMeta((2, 11), "float32"),), status="assumed")
AFTER = LayerCall(2, "act", "ReLU", 0, 1, BEHIND.outputs, BEHIND.outputs, status="assumed")
ROWS = [{"code": "shape-mismatch", "module": "act", "file": "m.py", "line": 5, "call": 2, "operation": None}]
DATA = {"got": 3, "expected": 4, "input_shape": [2, 3], "consequences": ROWS}
PROBLEM = Problem("shape-mismatch", "fc is built for 4.", module="fc", call=1, data=DATA)


@pytest.fixture
def broken(play: Play) -> Play:
    """A run that fails in ``fc``."""
    play.script[RunForward] = [CallsFinished(FAILED), replace(REPORT, problems=(PROBLEM,), assumed=(BEHIND, AFTER), outputs=())]
    return play


def test_that_a_run_that_failed_is_drawn_as_a_line_of_shapes(broken: Play) -> None:
    lines = broken("run", "model.py").out.splitlines()
    at = lines.index("SHAPES, in the order of the run")
    assert lines[at + 1 : at + 7] == [
        "  [2, 3]  input",
        "  ✖ `fc`: 3 ≠ 4",
        "  [2, 11]  fc, assumed",
        "  ◌ `act`: due to fc",
        "  [2, 11]  act, assumed",
        "  (assumed: behind a break, what comes once it is repaired)",
    ]


def test_that_the_break_has_the_colour_of_an_error_and_what_follows_has_not(broken: Play) -> None:
    out = broken("run", "model.py", colour=True).out
    assert "\x1b[31m  ✖ `fc`: 3 ≠ 4" in out or "m  ✖ `fc`: 3 ≠ 4\x1b[0m" in out
    assert "\x1b[2m  ◌ `act`: due to fc\x1b[0m" in out


def test_that_json_has_the_strip_and_the_assumed_calls(broken: Play) -> None:
    plain = broken("run", "model.py", "--json").json
    assert [each["state"] for each in plain["shapes"]] == ["passed", "break", "assumed", "follows", "assumed"]
    assert plain["shapes"][1] == {"state": "break", "module": "fc", "call": 1, "problem": 0, "text": "3 ≠ 4"}
    assert plain["shapes"][2]["shape"] == [2, 11]
    assert [(each["module"], each["status"]) for each in plain["assumed"]] == [("fc", "assumed"), ("act", "assumed")]
    assert plain["problems"][0]["call"] == 1


def test_that_a_run_in_which_all_meets_has_no_such_part(play: Play) -> None:
    assert "SHAPES" not in play("run", "model.py").out
    assert not {"shapes", "assumed"} & play("run", "model.py", "--json").json.keys()
