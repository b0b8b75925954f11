"""The text at the beginning of a numpy array."""

import io

import numpy
import pytest

from checkpoints.hostile.other_files import npy
from torchloupe.checkpoints.npy_header import bytes_after, header_end, read_header
from torchloupe.wire.errors import CorruptFile


def _written(array, version: tuple[int, int] | None = None) -> bytes:
    stream = io.BytesIO()
    numpy.lib.format.write_array(stream, array, version)
    return stream.getvalue()


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_that_every_version_is_read(version):
    data = _written(numpy.zeros((2, 3), "float32"), version)
    header = read_header(data, "a")
    assert (header.shape, header.dtype, header.strides, header.itemsize, header.broken) == ((2, 3), "float32", (3, 1), 4, "")
    assert header.begin + bytes_after(header) == len(data)
    assert header_end(data) == header.begin


@pytest.mark.parametrize("order", ["<", ">"])
def test_that_byte_order_is_told(order):
    assert read_header(_written(numpy.zeros(2, order + "i4")), "a").big_endian is (order == ">")


def test_that_single_bytes_have_no_order():
    for kind in ("int8", "uint8", "bool"):
        header = read_header(_written(numpy.zeros(2, kind)), "a")
        assert (header.dtype, header.itemsize, header.big_endian) == (kind, 1, False)


def test_that_columns_may_come_first():
    assert read_header(_written(numpy.zeros((2, 3, 4), order="F")), "a").strides == (1, 2, 6)


def test_that_long_integers_of_python_2_are_read():
    header = read_header(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (4L, 2L), }"), "a")
    assert (header.shape, header.broken) == ((4, 2), "")


@pytest.mark.parametrize("descr", ["'<U5'", "'|S3'", "'<M8[s]'", "'|V16'", "''", "'<'"])
def test_that_types_that_no_tensor_has_are_marked(descr):
    header = read_header(npy(f"{{'descr': {descr}, 'fortran_order': False, 'shape': (2,)}}"), "a")
    assert "is not one of a tensor" in header.broken
    assert header.itemsize == 0


@pytest.mark.parametrize("head", [b"", b"\x93NUMPY", b"\x93NUMPX\x01\x00\x10\x00", b"nothing at all"])
def test_that_what_is_no_header_has_no_end(head):
    assert header_end(head) == 0
    with pytest.raises(CorruptFile, match="no numpy header"):
        read_header(head, "a")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "5",
        "[]",
        "{}",
        "{'descr': '<f4'}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': 4}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': [4]}",
        "{**{}, 'descr': 1}",
        "lambda: 1",
        "f'{1}'",
        "{'descr': open('x', 'w'), 'fortran_order': False, 'shape': (4,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (x for x in (1,))}",
        "{[]: 1}",
        "{'descr'",
        "'" * 5,
        "\t\n",
    ],
)
def test_that_what_is_no_dict_of_a_header_is_refused(text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CorruptFile, match="is no whole numpy array"):
        read_header(npy(text), "a")
    assert list(tmp_path.iterdir()) == []
