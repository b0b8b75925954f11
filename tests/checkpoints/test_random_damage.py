"""Good files with random damage: whatever comes of it, it is the contents or one of our errors."""

import io
import tempfile
import zipfile
from contextlib import suppress
from functools import cache
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save

from checkpoints.making_files import torch_members, with_zip64_end, zipped
from torchloupe.checkpoints import read_contents
from torchloupe.wire.contents import CheckpointContents
from torchloupe.wire.errors import CheckpointError


@cache
def _good(kind: str) -> bytes:
    layer = torch.nn.Linear(2, 3)
    if kind == "safetensors":
        return save(layer.state_dict(), {"a": "b"})
    if kind == "key list":
        return b'{"tensors": [{"key": "a", "shape": [2, 3], "dtype": "float32"}], "metadata": {"epoch": 3}}'
    stream = io.BytesIO()
    torch.save(layer if kind == "module" else {"model": layer.state_dict(), "epoch": 3, "lr": [0.1]}, stream)
    return stream.getvalue()


_DAMAGE = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=6)


@pytest.mark.parametrize("kind", ["training", "module", "safetensors", "key list"])
@settings(max_examples=150, deadline=None)
@given(keep=st.floats(0, 1) | st.just(1.0), flips=_DAMAGE)
def test_that_random_damage_never_surprises(kind, keep, flips):
    data = bytearray(_good(kind))
    for place, value in flips:
        data[int(place * len(data))] = value
    _contents_or_error(bytes(data[: int(len(data) * keep)]))


@settings(max_examples=150, deadline=None)
@given(flips=_DAMAGE.filter(bool))
def test_that_a_damaged_pickle_in_a_whole_zip_never_surprises(flips):
    # The zip is made anew, so that its own checks pass and the damage reaches the pickle machine.
    data = bytearray(_pickle_of_good())
    for place, value in flips:
        data[int(place * len(data))] = value
    _contents_or_error(with_zip64_end(zipped(torch_members(bytes(data)))))


@cache
def _pickle_of_good() -> bytes:
    with zipfile.ZipFile(io.BytesIO(_good("module"))) as archive:
        return archive.read("archive/data.pkl")


@settings(max_examples=100, deadline=None)
@given(data=st.binary(max_size=300), first=st.sampled_from([b"", b"PK\x03\x04", b"\x80\x02", b"{", b"\x10\0\0\0\0\0\0\0{"]))
def test_that_random_bytes_never_surprise(data, first):
    _contents_or_error(first + data)


def _contents_or_error(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "damaged.pt"
        path.write_bytes(data)
        with suppress(CheckpointError):
            contents = read_contents(path)
            assert type(contents) is CheckpointContents
            assert contents.bytes_read <= 2 * len(data) + 4096
