"""A run or a check beside a checkpoint: what its shapes say of a mismatch, as text and as JSON."""

from dataclasses import replace

import pytest

from cli.conftest import KeyListWriter
from cli.playing import REPORT, Play
from torchloupe.wire.problems import Fix, Problem
from torchloupe.wire.requests import RunForward

LAYER = Fix(
    "set_argument", "Set `in_features=5` of `fc`.", "fc", "in_features", 5, verified=True, outcome="the model runs to its end"
)
INPUT = Fix(
    "change_input", "Give an input of [2, 3].", value={"shape": [2, 3]}, verified=True, outcome="the model runs to its end"
)
BROKEN = Problem(
    "shape-mismatch",
    "fc is built for 3.",
    hint="Set it.",
    module="fc",
    fixes=(LAYER, INPUT),
    data={"argument": "in_features", "expected": 3, "got": 5, "input_shape": [2, 5]},
)


@pytest.fixture
def broken(play: Play) -> Play:
    play.script[RunForward] = [replace(REPORT, problems=(BROKEN,), outputs=())]
    return play


def mismatch(plain: dict) -> dict:
    return next(problem for problem in plain["problems"] if problem["code"] == "shape-mismatch")


@pytest.mark.parametrize("command", ["run", "check"])
@pytest.mark.parametrize(
    ("stored", "speaks_for", "first"), [(3, "the layer", "change_input"), (5, "what arrives", "set_argument")]
)
def test_that_the_checkpoint_decides_which_fix_comes_first(
    broken: Play, key_list: KeyListWriter, command: str, stored: int, speaks_for: str, first: str
) -> None:
    keys = key_list("weights", {"fc.weight": (11, stored), "fc.bias": (11,)})
    problem = mismatch(broken(command, "model.py", "--checkpoint", keys, "--json").json)
    assert problem["data"]["evidence"]["speaks_for"] == speaks_for
    assert problem["fixes"][0]["kind"] == first
    assert [fix["evidence"] for fix in problem["fixes"]] == ["the checkpoint agrees", "the checkpoint disagrees"]


def test_that_the_text_says_why(broken: Play, key_list: KeyListWriter) -> None:
    keys = key_list("weights", {"fc.weight": (11, 3), "fc.bias": (11,)})
    out = broken("run", "model.py", "--checkpoint", keys).out
    assert "The checkpoint has `fc.weight` as [11, 3]: trained for 3, as the layer is built." in out
    assert "fix: Set `in_features=5` of `fc`. (tried: the model runs to its end; the checkpoint disagrees)" in out


def test_that_without_a_checkpoint_nothing_is_said_of_one(broken: Play) -> None:
    problem = mismatch(broken("run", "model.py", "--json").json)
    assert "evidence" not in problem["data"]
    assert not any("evidence" in fix for fix in problem["fixes"])
    assert problem["hint"] == "Set it."
