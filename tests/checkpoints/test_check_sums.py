"""Check sums on demand: what torch.load does not notice."""

from pathlib import Path

import pytest
import torch

from checkpoints.hostile.torch_files import ALL
from checkpoints.making_files import safetensors, state_dict, torch_zip
from torchloupe.checkpoints.check_sums import CheckSums, check_sums
from torchloupe.wire.errors import UnsupportedFormat


def _checked(path: Path) -> CheckSums:
    told: list[tuple[int, int]] = []
    found = check_sums(path, lambda done, total, what: told.append((done, total)))
    assert told == sorted(told)
    assert told[-1][0] == told[-1][1]
    return found


def _case(tmp_path: Path, name: str) -> Path:
    (case,) = [case for case in ALL if case.name == name and case.file == "checkpoint.pt"]
    (tmp_path / case.file).write_bytes(case.build())
    return tmp_path / case.file


def test_that_a_flipped_byte_of_a_tensor_is_found(tmp_path: Path) -> None:
    assert _checked(_case(tmp_path, "byte of a value flipped")).damaged == ("archive/data/0 was damaged after it was written.",)


@pytest.mark.parametrize("name", ["zipped again, stored", "zipped again, deflated", "rubbish before"])
def test_that_a_whole_file_is_whole(tmp_path: Path, name: str) -> None:
    assert _checked(_case(tmp_path, name)) == CheckSums(6, ())


def test_that_what_torch_saves_is_whole_until_a_byte_is_flipped(tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    torch.save({"w": torch.full((1_000_000,), 7.5)}, path)
    assert _checked(path).damaged == ()
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    assert torch.load(path)["w"].shape == (1_000_000,)
    assert [sentence.split("/", 1)[1] for sentence in _checked(path).damaged] == ["data/0 was damaged after it was written."]


@pytest.mark.parametrize(("name", "says"), [("encrypted", "cannot be checked"), ("pickle is a bomb that lies", "was damaged")])
def test_that_a_member_that_cannot_be_read_is_damaged(tmp_path: Path, name: str, says: str) -> None:
    (sentence,) = _checked(_case(tmp_path, name)).damaged
    assert says in sentence


def test_that_a_format_without_check_sums_says_so(tmp_path: Path) -> None:
    (tmp_path / "m.safetensors").write_bytes(safetensors({}))
    with pytest.raises(UnsupportedFormat, match="keeps no check sums"):
        check_sums(tmp_path / "m.safetensors", lambda *_: None)


def test_that_a_file_that_was_cut_off_is_checked_as_far_as_it_goes(tmp_path: Path) -> None:
    whole = torch_zip(state_dict())
    (tmp_path / "m.pt").write_bytes(whole[: whole.find(b"archive/data/0") + 20])
    found = _checked(tmp_path / "m.pt")
    assert found.checked == 6
    assert len(found.damaged) == 1
