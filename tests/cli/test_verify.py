"""``torchloupe show --verify``."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from cli.playing import Play


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """Thirty tensors."""
    torch.save({f"w{index}": torch.full((100,), float(index)) for index in range(30)}, tmp_path / "ck.pt")
    return tmp_path / "ck.pt"


def _damage(path: Path, *numbers: int) -> None:
    data = path.read_bytes()
    for number in numbers:
        good = torch.full((100,), float(number)).numpy().tobytes()
        data = data.replace(good, good[:-1] + b"\x55")
    path.write_bytes(data)


def test_that_a_whole_file_is_said_to_be_whole(play: Play, checkpoint: Path) -> None:
    written = play("show", str(checkpoint), "--verify")
    assert written.status == 0
    assert "check sums of the file are right." in written.out


def test_that_a_flipped_byte_is_an_error_that_names_the_record(play: Play, checkpoint: Path) -> None:
    _damage(checkpoint, 5)
    assert play("show", str(checkpoint)).status == 0
    written = play("show", str(checkpoint), "--verify", "--json")
    (problem,) = [each for each in written.json["problems"] if each["code"] == "checkpoint-check-sum"]
    assert problem["message"] == "ck/data/5 was damaged after it was written."
    assert (written.status, problem["severity"]) == (1, "error")
    assert len(written.json["tensors"]) == 30


def test_that_many_damaged_records_are_counted(play: Play, checkpoint: Path) -> None:
    _damage(checkpoint, *range(1, 30))
    problems = play("show", str(checkpoint), "--verify", "--json").json["problems"]
    assert [each["code"] for each in problems] == ["checkpoint-check-sum"] * 21
    assert problems[-1]["message"] == "9 more are damaged."


def test_that_a_format_without_check_sums_says_so(play: Play, tmp_path: Path) -> None:
    save_file({"a": torch.zeros(1)}, tmp_path / "m.safetensors")
    written = play("show", str(tmp_path / "m.safetensors"), "--verify")
    assert "keeps no check sums" in written.out
