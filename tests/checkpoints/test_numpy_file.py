"""numpy arrays and archives, as numpy writes them."""

import io
import zipfile

import numpy
import pytest

from checkpoints.stored_values import array_of, values_of
from torchloupe.checkpoints import read_contents

_DTYPES = [
    "bool", "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float16", "float32", "float64", "complex64",
    "complex128",
]  # fmt: skip


@pytest.mark.parametrize("dtype", _DTYPES)
def test_that_an_array_of_every_type_has_torchs_name_for_it(tmp_path, dtype):
    array = numpy.arange(6).reshape(2, 3).astype(dtype)
    numpy.save(tmp_path / "weights.npy", array)
    contents = read_contents(tmp_path / "weights.npy")
    (row,) = contents.tensors
    assert (contents.format, contents.problems) == ("numpy", ())
    assert (row.key, row.shape, row.dtype, row.bytes) == ("weights", (2, 3), dtype, array.nbytes)
    assert numpy.array_equal(values_of(tmp_path / "weights.npy", row), array)


def test_that_order_and_byte_order_are_kept(tmp_path):
    array = numpy.asfortranarray(numpy.arange(12, dtype=">f4").reshape(3, 4))
    numpy.save(tmp_path / "a.npy", array)
    (row,) = read_contents(tmp_path / "a.npy").tensors
    assert (row.strides, row.big_endian) == ((1, 3), True)
    assert numpy.array_equal(values_of(tmp_path / "a.npy", row), array)


@pytest.mark.parametrize("shape", [(), (0,), (3, 0, 2), (1,) * 30])
def test_that_odd_shapes_are_read(tmp_path, shape):
    numpy.save(tmp_path / "a.npy", numpy.zeros(shape))
    (row,) = read_contents(tmp_path / "a.npy").tensors
    assert (row.shape, row.broken) == (shape, "")


@pytest.mark.parametrize("save", [numpy.savez, numpy.savez_compressed])
def test_that_an_archive_lists_its_arrays(tmp_path, save):
    arrays = {"encoder/weight": numpy.arange(6.0).reshape(2, 3), "bias": numpy.arange(3), "step": numpy.int64(7)}
    save(tmp_path / "a.npz", **arrays)
    contents = read_contents(tmp_path / "a.npz")
    assert (contents.format, contents.problems) == ("numpy archive", ())
    assert [(row.key, row.shape) for row in contents.tensors] == [("encoder/weight", (2, 3)), ("bias", (3,)), ("step", ())]
    with zipfile.ZipFile(tmp_path / "a.npz") as archive:
        for row in contents.tensors:
            stream = io.BytesIO(archive.read(row.stored_at))
            numpy.lib.format.read_magic(stream)
            numpy.lib.format.read_array_header_1_0(stream)
            assert numpy.array_equal(array_of(stream.read(), row), arrays[row.key])


def test_that_little_of_a_large_archive_is_read(tmp_path):
    numpy.savez(tmp_path / "a.npz", **{f"layer{n}": numpy.zeros(100_000) for n in range(20)})
    contents = read_contents(tmp_path / "a.npz")
    assert contents.file_bytes > 16_000_000
    assert contents.bytes_read < 20_000


def test_that_arrays_of_objects_are_named_and_never_loaded(tmp_path):
    class Payload:
        def __reduce__(self):
            return (eval, (f"open({str(tmp_path / 'pwned')!r}, 'w')",))

    numpy.savez(tmp_path / "a.npz", good=numpy.zeros(2), bad=numpy.array([Payload()], dtype=object))
    good, bad = read_contents(tmp_path / "a.npz").tensors
    assert (good.broken, bad.dtype, bad.shape) == ("", "object", (1,))
    assert "never loaded" in bad.broken
    assert not (tmp_path / "pwned").exists()


def test_that_records_and_texts_are_listed_and_marked(tmp_path):
    records = numpy.zeros(3, dtype=[("a", "f4"), ("b", "i8")])
    numpy.savez(tmp_path / "a.npz", records=records, names=numpy.array(["x", "yy"]), when=numpy.zeros(2, "datetime64[s]"))
    rows = {row.key: row for row in read_contents(tmp_path / "a.npz").tensors}
    assert "records of several fields" in rows["records"].broken
    assert "is not one of a tensor" in rows["names"].broken
    assert "is not one of a tensor" in rows["when"].broken


def test_that_a_header_longer_than_usual_is_read(tmp_path):
    records = numpy.zeros(2, dtype=[(f"field{number}", "f4") for number in range(150)])
    numpy.savez(tmp_path / "a.npz", records=records)
    (row,) = read_contents(tmp_path / "a.npz").tensors
    assert (row.shape, "several fields" in row.broken) == ((2,), True)


def test_that_what_is_no_array_in_an_archive_is_said_to_be_left_out(tmp_path):
    numpy.savez(tmp_path / "a.npz", w=numpy.zeros(2))
    with zipfile.ZipFile(tmp_path / "a.npz", "a") as archive:
        archive.writestr("readme.txt", "x")
    contents = read_contents(tmp_path / "a.npz")
    assert [row.key for row in contents.tensors] == ["w"]
    assert "1 of its members are no arrays" in contents.problems[0].message
