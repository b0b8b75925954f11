"""safetensors files as the library writes them, and what is said about their layout."""

import struct

import pytest
import torch
from safetensors.torch import load_file, save_file

from checkpoints.making_files import entry, safetensors
from torchloupe.checkpoints import read_contents

_DTYPES = [
    torch.bool, torch.uint8, torch.int8, torch.int16, torch.uint16, torch.int32, torch.uint32, torch.int64, torch.uint64, torch.float16,
    torch.bfloat16, torch.float32, torch.float64, torch.complex64, torch.float8_e4m3fn, torch.float8_e5m2,
]  # fmt: skip


def _written(tmp_path, data: bytes):
    (tmp_path / "a.safetensors").write_bytes(data)
    return read_contents(tmp_path / "a.safetensors")


def test_that_a_file_is_read_as_the_library_reads_it(tmp_path):
    state = torch.nn.TransformerDecoderLayer(16, 2, 32).state_dict()
    save_file(state, tmp_path / "a.safetensors", metadata={"format": "pt", "by": "me"})
    contents = read_contents(tmp_path / "a.safetensors")
    loaded = load_file(tmp_path / "a.safetensors")
    assert {row.key: (row.shape, row.dtype, row.strides) for row in contents.tensors} == {
        key: (tuple(value.shape), "float32", value.stride()) for key, value in loaded.items()
    }
    assert (contents.format, contents.problems, contents.globals) == ("safetensors", (), ())
    assert {value.path: value.value for value in contents.values} == {"__metadata__.format": "pt", "__metadata__.by": "me"}


@pytest.mark.parametrize("dtype", _DTYPES, ids=str)
def test_that_every_dtype_has_torchs_name(tmp_path, dtype):
    save_file({"a": torch.zeros(4, dtype=dtype)}, tmp_path / "a.safetensors")
    (row,) = read_contents(tmp_path / "a.safetensors").tensors
    assert (row.dtype, row.bytes, row.broken) == (str(dtype).removeprefix("torch."), 4 * dtype.itemsize, "")


def test_that_packed_halves_of_bytes_have_the_shape_that_torch_gave_them(tmp_path):
    save_file({"a": torch.zeros(2, 4, dtype=torch.uint8).view(torch.float4_e2m1fn_x2)}, tmp_path / "a.safetensors")
    (row,) = read_contents(tmp_path / "a.safetensors").tensors
    assert (row.dtype, row.shape, row.bytes, row.broken) == ("float4_e2m1fn_x2", (2, 4), 8, "")


def test_that_the_place_of_a_tensor_is_its_range_in_the_file(tmp_path):
    save_file({"a": torch.arange(4.0)}, tmp_path / "a.safetensors")
    (row,) = read_contents(tmp_path / "a.safetensors").tensors
    begin, end = map(int, row.stored_at.split(":"))
    assert (tmp_path / "a.safetensors").read_bytes()[begin:end] == struct.pack("<4f", 0, 1, 2, 3)


def test_that_only_the_header_of_a_large_file_is_read(tmp_path):
    header = {f"k{index}": entry(index * (1 << 30), (index + 1) * (1 << 30), (1 << 28,)) for index in range(200)}
    data = safetensors(header)
    with open(tmp_path / "a.safetensors", "wb") as stream:
        stream.write(data)
        stream.truncate(len(data) + (200 << 30))
    contents = read_contents(tmp_path / "a.safetensors")
    assert len(contents.tensors) == 200
    assert contents.problems == ()
    assert contents.bytes_read <= len(data) + 1024


def test_that_the_order_of_the_header_is_kept(tmp_path):
    contents = _written(tmp_path, safetensors({"z": entry(16, 32), "a": entry(0, 16)}, bytes(32)))
    assert [row.key for row in contents.tensors] == ["z", "a"]
    assert contents.problems == ()


def test_that_both_tensors_of_an_overlap_are_marked(tmp_path):
    contents = _written(tmp_path, safetensors({"a": entry(0, 16), "b": entry(8, 24), "c": entry(24, 40)}, bytes(40)))
    assert {row.key: row.broken for row in contents.tensors} == {
        "a": "It overlaps with 'b'.",
        "b": "It overlaps with 'a'.",
        "c": "",
    }


def test_that_a_cut_file_still_lists_its_keys(tmp_path):
    contents = _written(tmp_path, safetensors({"a": entry(0, 16), "b": entry(16, 32)}, bytes(20)))
    assert [bool(row.broken) for row in contents.tensors] == [False, True]
    (warning,) = [problem for problem in contents.problems if problem.code == "checkpoint-broken-tensor"]
    assert warning.data == {"keys": ["b"], "count": 1}


def test_that_spaces_around_the_header_are_allowed(tmp_path):
    raw = b'   {"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}   '
    assert _written(tmp_path, safetensors(raw, bytes(16))).problems == ()


def test_that_a_file_with_another_name_is_recognised(tmp_path):
    (tmp_path / "model.bin").write_bytes(safetensors({"a": entry()}, bytes(16)))
    assert read_contents(tmp_path / "model.bin").format == "safetensors"
