"""A run beside an earlier one, from the JSON that the earlier one printed."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cli.conftest import CALLS, REPORT, Play
from torchloupe.cli.earlier_run import read_calls
from torchloupe.wire.errors import UsageError
from torchloupe.wire.requests import CallsFinished, RunForward


@pytest.fixture
def earlier(play: Play, tmp_path: Path) -> Path:
    """The file of a run."""
    file = tmp_path / "before.json"
    file.write_text(json.dumps(play("run", "model.py", "--json").json))
    return file


def change(play: Play) -> None:
    """The next run gives another mean in its first call."""
    stats = CALLS[0].stats[0]
    assert stats is not None
    assert stats.mean is not None
    changed = replace(CALLS[0], stats=(replace(stats, mean=stats.mean + 2), *CALLS[0].stats[1:]))
    play.script[RunForward] = [CallsFinished((changed, *CALLS[1:])), REPORT]


def test_that_what_was_printed_is_read_back(earlier: Path) -> None:
    read = read_calls(str(earlier))
    wanted = sorted(CALLS, key=lambda call: call.index)
    assert [(call.index, call.module, call.class_name, call.depth, call.status) for call in read] == [
        (call.index, call.module, call.class_name, call.depth, call.status) for call in wanted
    ]
    assert [call.stats for call in read] == [call.stats for call in wanted]
    assert [[meta.shape for meta in call.outputs] for call in read] == [[meta.shape for meta in call.outputs] for call in wanted]


def test_that_the_same_run_again_is_the_same(play: Play, earlier: Path) -> None:
    assert "Both runs are the same" in play("run", "model.py", "--against", str(earlier)).out


def test_that_the_first_call_that_differs_is_named_with_both_numbers(play: Play, earlier: Path) -> None:
    change(play)
    text = play("run", "model.py", "--against", str(earlier)).out
    assert f"The first call that differs is `{CALLS[0].module}`" in text
    assert "MEAN BEFORE" in text


def test_that_json_says_all_that_differs(play: Play, earlier: Path) -> None:
    change(play)
    found = play("run", "model.py", "--json", "--against", str(earlier)).json["difference"]
    assert found["first"]["module"] == CALLS[0].module
    assert [each["kind"] for each in found["calls"]] == ["differs"]
    assert found["counts"]["differs"] == 1
    assert found["verdict"][0].startswith("The first call that differs")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        '{"calls": 3}',
        '{"calls": [3]}',
        '{"calls": [{"index": 0}]}',
        "[" * 100_000,
        '{"calls": [{"index": "x"}]}',
        '{"calls": [{"index": 1e999, "module": "a", "class": "b", "outputs": []}]}',
    ],
)
def test_that_another_file_is_refused_with_what_to_do(play: Play, tmp_path: Path, text: str) -> None:
    file = tmp_path / "other.json"
    file.write_text(text)
    with pytest.raises(UsageError, match="no run that torchloupe printed") as refused:
        read_calls(str(file))
    assert "--json" in refused.value.hint


def test_that_a_missing_file_is_refused_before_anything_runs(play: Play, tmp_path: Path) -> None:
    written: Any = play("run", "model.py", "--against", str(tmp_path / "gone.json"))
    assert written.status == 2
    assert "cannot be read" in written.err
