"""What the window says to the tests that drive it."""

import json

import pytest

from torchloupe.gui import events_trace
from torchloupe.gui.events_trace import process_seconds, trace


def test_that_an_event_is_one_json_object_a_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(events_trace, "ENABLED", True)
    trace("drop", paths=["/m/модель v2 #1.pt"], reason="two\nlines")
    trace("painted", seconds=0.25)
    drop, painted = map(json.loads, capsys.readouterr().out.splitlines())
    assert drop["event"] == "drop"
    assert drop["paths"] == ["/m/модель v2 #1.pt"]
    assert drop["reason"] == "two\nlines"
    assert painted["seconds"] == 0.25
    assert drop["time"] <= painted["time"]


def test_that_nothing_is_said_unless_asked_for(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(events_trace, "ENABLED", False)
    trace("drop")
    assert capsys.readouterr().out == ""


def test_that_the_age_of_the_process_only_grows() -> None:
    before, after = process_seconds(), process_seconds()
    assert before is None or (after is not None and 0 < before <= after)
