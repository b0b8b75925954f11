"""Good files with random damage: whatever comes of it, it is the contents or one of our errors."""

import io
import json
import tempfile
import zipfile
from contextlib import suppress
from functools import cache
from pathlib import Path

import numpy
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save

from checkpoints.hostile_folders import good_distributed
from checkpoints.hostile_others import array_of_kind, field, gguf, onnx_model, onnx_tensor, setting, text_of
from checkpoints.making_files import torch_members, with_zip64_end, zipped
from checkpoints.making_legacy import torch_tar
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
    if kind == "old":
        torch.save({"model": layer.state_dict(), "lr": [0.1]}, stream, _use_new_zipfile_serialization=False)
        return stream.getvalue()
    if kind in ("npy", "npz"):
        (numpy.save if kind == "npy" else numpy.savez_compressed)(stream, numpy.zeros((2, 3)))
        return stream.getvalue()
    if kind == "pt2":
        meta = {"dtype": 7, "sizes": [{"as_int": 4}], "strides": [{"as_int": 1}], "storage_offset": {"as_int": 0}}
        config = json.dumps({"config": {"w": {"path_name": "weight_0", "tensor_meta": meta}}}).encode()
        return zipped(
            [
                ("m/archive_format", b"pt2"),
                ("m/data/weights/model_weights_config.json", config),
                ("m/data/weights/weight_0", bytes(16)),
            ]
        )
    if kind == "gguf":
        return gguf(settings=[setting("a", 9, array_of_kind(8, 2, text_of("x") * 2)), setting("b", 4, bytes(4))])
    if kind == "onnx":
        return onnx_model(
            onnx_tensor(), onnx_tensor(field(14, 1), field(13, field(1, b"location") + field(2, b"w.bin")), raw=None)
        )
    if kind == "tar":
        return torch_tar()
    torch.save(layer if kind == "module" else {"model": layer.state_dict(), "epoch": 3, "lr": [0.1]}, stream)
    return stream.getvalue()


_DAMAGE = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=6)


@pytest.mark.parametrize(
    "kind", ["training", "module", "safetensors", "key list", "old", "tar", "npy", "npz", "gguf", "onnx", "pt2"]
)
@settings(max_examples=150, deadline=None)
@given(keep=st.floats(0, 1) | st.just(1.0), flips=_DAMAGE)
def test_that_random_damage_never_surprises(kind, keep, flips):
    data = bytearray(_good(kind))
    for place, value in flips:
        data[int(place * len(data))] = value
    _contents_or_error(bytes(data[: int(len(data) * keep)]))


@pytest.mark.parametrize("kind", ["training", "safetensors", "old", "tar", "npy", "npz", "gguf", "onnx", "pt2"])
def test_that_a_file_cut_anywhere_never_surprises(kind):
    data = _good(kind)
    for length in range(0, len(data), 64):
        _contents_or_error(data[:length])


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


@cache
def _good_in_folder(name: str) -> bytes:
    if name == ".metadata":
        with tempfile.TemporaryDirectory() as folder:
            return (good_distributed(Path(folder)) / name).read_bytes()
    return b'{"metadata": {"total_size": 16}, "weight_map": {"a": "m.safetensors", "b": "n.bin"}}'


@pytest.mark.parametrize("name", [".metadata", "model.safetensors.index.json"])
@settings(max_examples=100, deadline=None)
@given(keep=st.floats(0, 1) | st.just(1.0), flips=_DAMAGE)
def test_that_a_damaged_index_of_a_folder_never_surprises(name, keep, flips):
    data = bytearray(_good_in_folder(name))
    for place, value in flips:
        data[int(place * len(data))] = value
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        (folder / name).write_bytes(bytes(data[: int(len(data) * keep)]))
        (folder / "m.safetensors").write_bytes(_good("safetensors"))
        (folder / "__0_0.distcp").write_bytes(bytes(16))
        with suppress(CheckpointError):
            assert type(read_contents(folder)) is CheckpointContents


def _contents_or_error(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "damaged.pt"
        path.write_bytes(data)
        with suppress(CheckpointError):
            contents = read_contents(path)
            assert type(contents) is CheckpointContents
            assert contents.bytes_read <= 2 * len(data) + 4096
