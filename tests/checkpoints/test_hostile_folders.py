"""What becomes of bad folders and bad indexes: a sentence, what could be read, and nothing opened outside."""

import os
import re
import time
from pathlib import Path

import pytest

from checkpoints.hostile_files import OPENED, REFUSED, WARNED
from checkpoints.hostile_folders import ALL_FOLDERS, OUTSIDE, FolderCase, whole
from torchloupe.checkpoints import read_contents
from torchloupe.wire.contents import CheckpointContents
from torchloupe.wire.errors import CheckpointError

_SLOWEST_SECONDS = 2.0


def _cases(outcome: str) -> list[object]:
    return [pytest.param(case, id=case.name) for case in ALL_FOLDERS if case.outcome == outcome]


def _read(tmp_path: Path, case: FolderCase, monkeypatch: pytest.MonkeyPatch) -> CheckpointContents:
    """The contents, or the error; in time, with every opened file inside the folder."""
    folder = tmp_path / "checkpoint"
    folder.mkdir()
    (tmp_path / OUTSIDE).write_bytes(whole("outside"))
    path = case.build(folder)
    home = os.path.realpath(folder)
    opened: list[str] = []
    really = os.open

    def watched(name, *rest, **keywords):
        opened.append(os.path.realpath(name))
        return really(name, *rest, **keywords)

    monkeypatch.setattr(os, "open", watched)
    began = time.process_time()
    try:
        return read_contents(path)
    finally:
        assert time.process_time() - began < _SLOWEST_SECONDS
        assert [name for name in opened if not name.startswith(home)] == []


@pytest.mark.parametrize("case", _cases(REFUSED))
def test_that_a_folder_that_cannot_be_read_is_refused_with_a_sentence_and_advice(tmp_path, monkeypatch, case):
    with pytest.raises(CheckpointError) as caught:
        _read(tmp_path, case, monkeypatch)
    assert re.search(case.says, str(caught.value)), str(caught.value)
    assert caught.value.hint.endswith(".")


@pytest.mark.parametrize("case", _cases(WARNED))
def test_that_a_folder_with_a_fault_opens_and_says_so(tmp_path, monkeypatch, case):
    messages = [problem.message for problem in _read(tmp_path, case, monkeypatch).problems]
    assert any(re.search(case.says, message) for message in messages), messages


@pytest.mark.parametrize("case", _cases(OPENED))
def test_that_a_folder_that_is_only_unusual_opens_without_a_warning(tmp_path, monkeypatch, case):
    contents = _read(tmp_path, case, monkeypatch)
    assert [problem.message for problem in contents.problems if problem.severity == "warning"] == []


def test_that_the_good_keys_beside_a_refused_file_are_read(tmp_path, monkeypatch):
    (case,) = [case for case in ALL_FOLDERS if case.name == "index: climbs"]
    good, bad = _read(tmp_path, case, monkeypatch).tensors
    assert (good.key, good.shape, good.file, good.broken) == ("a", (4,), "m-1.safetensors", "")
    assert (bad.key, bad.shape) == ("bad", ())
    assert "leads out" in bad.broken


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_that_a_folder_without_permission_is_said_to_be_so(tmp_path):
    (tmp_path / "secret").mkdir(mode=0)
    with pytest.raises(CheckpointError, match="cannot be listed: Permission denied"):
        read_contents(tmp_path / "secret")


def test_that_a_refused_listing_is_explained(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(CheckpointError, match="cannot be listed: Permission denied"):
        read_contents(tmp_path)
