"""The last session as a file."""

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from torchloupe.gui.last_session import FILE, LastSession, WindowState, read_session, write_session

FULL = WindowState(
    checkpoint="/m/a.pt",
    other="/m/b.pt",
    container="model",
    target={"target": "/m/net.py:Net", "arguments": {"width": 3}},
    options={"inputs": ["float32[1,3]"]},
    input="float32[1,3]",
    filters={"modules 0": "fc1"},
    selection=("module", "head.fc1"),
    front="compare",
    geometry="AAAA",
    docks="BBBB",
)


@pytest.mark.parametrize("ended", [True, False])
def test_that_a_session_comes_back_as_it_was(tmp_path: Path, ended: bool) -> None:
    session = LastSession((FULL, WindowState()), ended)
    assert write_session(tmp_path / "new", session) == ""
    assert read_session(tmp_path / "new") == session


def test_that_a_window_with_nothing_open_is_empty() -> None:
    assert WindowState(filters={}).is_empty
    assert not FULL.is_empty
    assert not replace(FULL, checkpoint="").is_empty


def test_that_the_first_start_has_no_session_and_no_complaint(tmp_path: Path) -> None:
    assert read_session(tmp_path) == LastSession()


@pytest.mark.parametrize("text", ["", "{torn", "[]", "7", '{"schema": 1}', '{"schema": 1, "windows": [7], "ended": true}'])
def test_that_a_file_that_cannot_be_read_is_put_aside_with_a_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text, encoding="utf-8")
    session = read_session(tmp_path)
    assert session.windows == ()
    assert "put aside as session.broken" in session.trouble
    assert (tmp_path / "session.broken").read_text(encoding="utf-8") == text
    assert read_session(tmp_path) == LastSession()


def test_that_another_version_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text('{"schema": 99, "windows": "?"}', encoding="utf-8")
    assert read_session(tmp_path) == LastSession()


def test_that_a_wrong_field_costs_that_field_alone(tmp_path: Path) -> None:
    plain: dict[str, Any] = {
        "schema": 1,
        "ended": True,
        "windows": [{**asdict(FULL), "checkpoint": 7, "filters": "x", "newer": 1}],
    }
    plain["windows"][0]["selection"] = ["module"]
    (tmp_path / FILE).write_text(json.dumps(plain), encoding="utf-8")
    (window,) = read_session(tmp_path).windows
    assert window == replace(FULL, checkpoint="", filters=None, selection=None)


def test_that_a_folder_that_cannot_be_written_to_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert "is not kept for the next start" in write_session(tmp_path / "file" / "below", LastSession())
