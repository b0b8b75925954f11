"""GGUF files as the library of llama.cpp writes them."""

import struct

import gguf
import numpy
import pytest

from checkpoints.stored_values import values_of
from torchloupe.checkpoints import read_contents
from torchloupe.checkpoints.gguf_types import TYPES


def _written(path, tensors, settings=None, **how):
    writer = gguf.GGUFWriter(path, "llama", **how)
    (settings or (lambda _: None))(writer)
    for name, data, kind in tensors:
        writer.add_tensor(name, data, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return read_contents(path)


def test_that_tensors_have_torchs_shape_and_their_place(tmp_path):
    array = numpy.arange(24, dtype="float32").reshape(2, 3, 4)
    contents = _written(tmp_path / "a.gguf", [("blk.0.weight", array, None), ("half", array.astype("float16"), None)])
    assert (contents.format, contents.problems) == ("GGUF", ())
    assert [(row.key, row.shape, row.dtype) for row in contents.tensors] == [
        ("blk.0.weight", (2, 3, 4), "float32"),
        ("half", (2, 3, 4), "float16"),
    ]
    for row in contents.tensors:
        assert numpy.array_equal(values_of(tmp_path / "a.gguf", row), array)


def test_that_settings_of_every_type_are_values(tmp_path):
    def settings(writer):
        writer.add_uint32("llama.block_count", 32)
        writer.add_float32("rope", 0.5)
        writer.add_bool("flag", True)
        writer.add_int64("long", -(1 << 40))
        writer.add_string("general.name", "tiny")
        writer.add_array("tokenizer.ggml.tokens", [f"t{n}" for n in range(5000)])
        writer.add_array("scores", [0.25] * 5000)
        writer.add_array("short", [1, 2, 3])

    contents = _written(tmp_path / "a.gguf", [("w", numpy.zeros(4, "float32"), None)], settings)
    values = {value.path: value.value for value in contents.values}
    assert (values["general.architecture"], values["llama.block_count"], values["rope"]) == ("llama", 32, 0.5)
    assert (values["flag"], values["long"], values["general.name"], values["short"]) == (True, -(1 << 40), "tiny", "[1, 2, 3]")
    assert values["tokenizer.ggml.tokens"] == "5,000 items: 't0', 't1', 't2', …"
    assert values["scores"] == "5,000 items: 0.25, 0.25, 0.25, …"


@pytest.mark.parametrize("kind", ["Q4_0", "Q8_0", "Q5_1", "BF16", "TQ1_0"])
def test_that_quantized_tensors_have_their_size(tmp_path, kind):
    quant = gguf.GGMLQuantizationType[kind]
    data = gguf.quants.quantize(numpy.ones((4, 256), "float32"), quant)
    (row,) = _written(tmp_path / "a.gguf", [("w", data, quant)]).tensors
    assert (row.shape, row.bytes, row.broken) == ((4, 256), data.nbytes, "")
    assert row.dtype == {"BF16": "bfloat16"}.get(kind, kind.lower())


def test_that_every_type_of_the_library_is_known():
    for kind in gguf.GGMLQuantizationType:
        assert (TYPES[kind].elements, TYPES[kind].bytes) == gguf.GGML_QUANT_SIZES[kind], kind.name


def test_that_a_big_endian_file_is_read(tmp_path):
    array = numpy.arange(6, dtype="float32").reshape(2, 3)
    contents = _written(tmp_path / "a.gguf", [("w", array, None)], endianess=gguf.GGUFEndian.BIG)
    (row,) = contents.tensors
    assert (row.shape, row.big_endian) == ((2, 3), True)
    assert numpy.array_equal(values_of(tmp_path / "a.gguf", row), array)
    assert [problem.code for problem in contents.problems] == ["checkpoint-byte-order"]


def test_that_another_alignment_is_kept_to(tmp_path):
    array = numpy.arange(3, dtype="float32")
    contents = _written(
        tmp_path / "a.gguf", [("a", array, None), ("b", array, None)], lambda writer: writer.add_custom_alignment(256)
    )
    assert all(int(row.stored_at.split(":")[0]) % 256 == 0 for row in contents.tensors)
    assert values_of(tmp_path / "a.gguf", contents.tensors[1]).tolist() == [0, 1, 2]


def test_that_only_the_front_of_a_large_file_is_read(tmp_path):
    contents = _written(tmp_path / "a.gguf", [(f"blk.{n}.weight", numpy.zeros(500_000, "float32"), None) for n in range(10)])
    assert contents.file_bytes > 20_000_000
    assert contents.bytes_read < 300_000


def test_that_the_first_version_of_the_format_is_read(tmp_path):
    entry = struct.pack("<I1sIIIIQ", 1, b"w", 2, 3, 2, 0, 0)
    head = b"GGUF" + struct.pack("<III", 1, 1, 0) + entry
    (tmp_path / "a.gguf").write_bytes(head.ljust(64, b"\0") + numpy.arange(6, dtype="float32").tobytes())
    (row,) = read_contents(tmp_path / "a.gguf").tensors
    assert (row.key, row.shape) == ("w", (2, 3))
    assert values_of(tmp_path / "a.gguf", row).tolist() == [[0, 1, 2], [3, 4, 5]]
