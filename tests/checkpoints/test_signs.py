"""Tensors that torch saves as conjugates or negatives of what is stored: their values come out right, or are refused."""

import warnings
from pathlib import Path

import pytest
import torch
import torch.distributed.checkpoint

from checkpoints.making_files import call, dictionary, named, numbers, pickled, storage, text, torch_zip
from torchloupe.checkpoints import read_contents
from torchloupe.checkpoints.signs import sign_mask, with_signs
from torchloupe.checkpoints.values import open_values
from torchloupe.wire.contents import CheckpointContents, StoredTensor
from torchloupe.wire.errors import UnsupportedFormat

_PLAIN = torch.complex(torch.tensor([[1.0, -2.0], [0.0, 4.0], [5.0, -0.5]]), torch.tensor([[3.0, 0.25], [-7.0, 8.0], [9.0, 1.0]]))

_STORED = {
    "conjugate": lambda: _PLAIN.conj(),
    "imaginary part of a conjugate": lambda: _PLAIN.conj().imag,
    "transposed conjugate": lambda: _PLAIN.conj().t(),
    "parameter": lambda: torch.nn.Parameter(_PLAIN.conj()),
    "negative": lambda: torch._neg_view(_PLAIN),
    "negative conjugate": lambda: torch._neg_view(_PLAIN).conj(),
    "double": lambda: _PLAIN.to(torch.complex128).conj(),
    "half": lambda: torch._neg_view(torch.tensor([1.0, -2.0, 0.0], dtype=torch.float16)),
    "neither": lambda: _PLAIN,
}


def _bytes(contents: CheckpointContents, row: StoredTensor, elements: int = 1000) -> bytes:
    with open_values(contents) as values:
        return b"".join(map(bytes, values.of(row).chunks(elements)))


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("name", _STORED)
def test_that_the_values_are_those_of_the_tensor(tmp_path: Path, name: str, zipped: bool) -> None:
    saved = _STORED[name]()
    torch.save({"x": saved}, tmp_path / "x.pt", _use_new_zipfile_serialization=zipped)
    contents = read_contents(tmp_path / "x.pt")
    (row,) = contents.tensors
    assert (row.conjugated, row.negated) == (saved.is_conj(), saved.is_neg())
    wanted = saved.detach().resolve_conj().resolve_neg().contiguous().numpy().tobytes()
    assert _bytes(contents, row) == _bytes(contents, row, 1) == wanted


def test_that_a_chunk_may_be_changed_by_who_asked_for_it(tmp_path: Path) -> None:
    torch.save({"x": _PLAIN.conj().imag}, tmp_path / "x.pt")
    contents = read_contents(tmp_path / "x.pt")
    with open_values(contents) as values:
        assert not any(chunk.readonly for chunk in values.of(contents.tensors[0]).chunks())


def test_that_a_part_of_it_has_its_signs_too(tmp_path: Path) -> None:
    torch.save({"x": _PLAIN.conj()}, tmp_path / "x.pt")
    contents = read_contents(tmp_path / "x.pt")
    with open_values(contents) as values:
        part = values.of(contents.tensors[0]).part(2, 5)
        assert b"".join(map(bytes, part.chunks())) == _PLAIN.conj().resolve_conj().flatten()[2:5].numpy().tobytes()


def test_that_negative_integers_are_refused(tmp_path: Path) -> None:
    torch.save({"x": torch._neg_view(torch.tensor([1, 2]))}, tmp_path / "x.pt")
    contents = read_contents(tmp_path / "x.pt")
    assert contents.tensors[0].broken == ""
    with pytest.raises(UnsupportedFormat, match="stored as the negative of itself"):
        _bytes(contents, contents.tensors[0])


@pytest.mark.parametrize(
    ("dtype", "conjugated", "negated", "mask"),
    [
        ("float32", False, False, ""),
        ("float32", True, False, ""),
        ("float32", False, True, "00000080"),
        ("bfloat16", False, True, "0080"),
        ("complex64", True, False, "0000000000000080"),
        ("complex64", False, True, "0000008000000080"),
        ("complex64", True, True, "0000008000000000"),
    ],
)
def test_that_the_mask_turns_the_right_signs(dtype: str, conjugated: bool, negated: bool, mask: str) -> None:
    row = StoredTensor("x", (1,), dtype, 8, conjugated=conjugated, negated=negated)
    assert sign_mask(row).hex() == mask


def test_that_turning_twice_is_turning_back() -> None:
    chunk, mask = memoryview(bytes(range(64))), bytes.fromhex("0000000000000080")
    once = with_signs(chunk, mask)
    assert once != chunk
    assert with_signs(once, mask) == chunk


@pytest.mark.parametrize("marks", [b"N", numbers((1, 2)), dictionary({"conj": text("yes")}), dictionary({"other": b"\x88"})])
def test_that_marks_that_are_none_change_nothing(tmp_path: Path, marks: bytes) -> None:
    hooks = call(named("collections", "OrderedDict"))
    rebuild = named("torch._utils", "_rebuild_tensor_v2")
    made = call(rebuild, storage(), b"K\x00", numbers((3, 4)), numbers((4, 1)), b"\x89", hooks, marks)
    (tmp_path / "x.pt").write_bytes(torch_zip(pickled(dictionary({"x": made}))))
    (row,) = read_contents(tmp_path / "x.pt").tensors
    assert (row.conjugated, row.negated, row.broken) == (False, False, "")


def test_that_a_part_of_a_distributed_tensor_is_right(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.distributed.checkpoint.save({"x": _PLAIN.conj()}, checkpoint_id=tmp_path / "d", no_dist=True)
    contents = read_contents(tmp_path / "d")
    marks = torch.load(next((tmp_path / "d").glob("*.distcp"))).is_conj()
    if not marks:
        assert _bytes(contents, contents.tensors[0]) == _PLAIN.conj().resolve_conj().numpy().tobytes()
        return
    with pytest.raises(UnsupportedFormat, match="as a conjugate or negative"):
        _bytes(contents, contents.tensors[0])
