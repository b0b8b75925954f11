"""What becomes of every kind of bad file: a sentence, a warning, or nothing worth saying - and never a traceback."""

import re
import time

import pytest

from checkpoints.hostile_files import ALL, OPENED, REFUSED, WARNED, Case
from checkpoints.hostile_others import OTHERS
from torchloupe.checkpoints import read_contents
from torchloupe.wire.contents import CheckpointContents
from torchloupe.wire.errors import CheckpointError

_SLOWEST_SECONDS = 2.0


def _cases(outcome: str) -> list[object]:
    return [
        pytest.param(case, id=f"{case.file.rsplit('.', 1)[1]}: {case.name}")
        for case in (*ALL, *OTHERS)
        if case.outcome == outcome
    ]


def _read(tmp_path, case: Case) -> CheckpointContents:
    """The contents, or the error; either within the time and with nothing written."""
    path = tmp_path / case.file
    path.write_bytes(case.build())
    began = time.process_time()
    try:
        return read_contents(path)
    finally:
        assert time.process_time() - began < _SLOWEST_SECONDS
        assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("case", _cases(REFUSED))
def test_that_a_file_that_cannot_be_read_is_refused_with_a_sentence_and_advice(tmp_path, case: Case):
    with pytest.raises(CheckpointError) as caught:
        _read(tmp_path, case)
    assert re.search(case.says, str(caught.value)), str(caught.value)
    assert caught.value.hint.endswith(".")


@pytest.mark.parametrize("case", _cases(WARNED))
def test_that_a_file_with_a_fault_opens_and_says_so(tmp_path, case: Case):
    messages = [problem.message for problem in _read(tmp_path, case).problems]
    assert any(re.search(case.says, message) for message in messages), messages


@pytest.mark.parametrize("case", _cases(OPENED))
def test_that_a_file_that_is_only_unusual_opens_without_a_warning(tmp_path, case: Case):
    problems = _read(tmp_path, case).problems
    assert [problem.message for problem in problems if problem.severity == "warning"] == []


def test_that_broken_tensors_are_listed_as_declared_and_marked(tmp_path):
    for name, shape in (("shape larger than its storage", (1_000_000, 1_000_000)), ("storage larger than its record", (3, 4))):
        (row,) = _read(tmp_path, _case(name)).tensors
        assert (row.key, row.shape, row.dtype) == ("weight", shape, "float32")
        assert row.broken.endswith(".")


def test_that_the_good_tensor_beside_a_payload_is_still_shown(tmp_path):
    contents = _read(tmp_path, _case("calls posix.system"))
    assert [row.key for row in contents.tensors] == ["weight"]
    assert "posix.system" in contents.globals
    (warning,) = [problem for problem in contents.problems if problem.code == "checkpoint-runs-code"]
    offset = warning.data["names"]["posix.system"]
    assert _case("calls posix.system").build().find(b"cposix\nsystem") > offset > 0


def test_that_what_came_before_rubbish_is_kept(tmp_path):
    contents = _read(tmp_path, _case("tensors, then rubbish"))
    assert [(row.key, row.shape, row.broken) for row in contents.tensors] == [("weight", (3, 4), "")]


def test_that_both_checkpoints_of_a_file_with_two_are_shown(tmp_path):
    contents = _read(tmp_path, _case("two roots"))
    assert [(row.container, row.key) for row in contents.tensors] == [("archive", "weight"), ("second", "weight")]


def test_that_an_expanded_tensor_says_what_is_stored(tmp_path):
    (row,) = _read(tmp_path, _case("expanded to 10^15")).tensors
    assert (row.shape, row.strides, row.bytes, row.broken) == ((10**15,), (0,), 4 * 10**15, "")


def test_that_nonsense_for_strides_does_not_reach_the_row(tmp_path):
    row = _read(tmp_path, _case("meta tensor with nonsense for strides")).tensors[1]
    assert (row.shape, row.strides, row.stored_at) == ((3,), (), "")


def test_that_a_dict_that_contains_itself_is_listed_once(tmp_path):
    contents = _read(tmp_path, _case("dict that contains itself"))
    assert [(value.path, value.value) for value in contents.values] == [("me", "contains itself")]
    assert [row.key for row in contents.tensors] == ["weight"]


def _case(name: str) -> Case:
    (found,) = [case for case in ALL if case.name == name and case.file == "checkpoint.pt"]
    return found
