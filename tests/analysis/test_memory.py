"""Bytes of tensors from their shapes and dtypes."""

import re

import pytest
import torch

from torchloupe.analysis.memory import element_bytes, output_bytes, tensor_bytes
from torchloupe.wire.tensors import TensorMeta
from torchloupe.wire.traces import LayerCall

DTYPES = [value for value in vars(torch).values() if isinstance(value, torch.dtype)]
PACKED = re.compile(r"x[24]$|x[24]_|int[1-7]$|bits([124]|2x4)")


@pytest.mark.parametrize("dtype", [dtype for dtype in dict.fromkeys(DTYPES) if not PACKED.search(str(dtype))], ids=str)
def test_that_every_dtype_of_torch_with_whole_bytes_has_its_size(dtype):
    assert element_bytes(str(dtype).removeprefix("torch.")) == dtype.itemsize


def test_that_an_unknown_dtype_counts_as_nothing():
    assert element_bytes("opaque") == 0


def test_that_a_tensor_counts_all_elements_and_no_ragged_ones():
    assert tensor_bytes(TensorMeta((2, 3), "float32")) == 24
    assert tensor_bytes(TensorMeta((), "int64")) == 8
    assert tensor_bytes(TensorMeta((2, -1), "float32")) == 0


def test_that_a_call_counts_all_that_it_returned():
    two = (TensorMeta((2, 3), "bfloat16"), TensorMeta((4,), "bool"))
    assert output_bytes(LayerCall(0, "", "Net", 0, 0, (), two)) == 16
    assert output_bytes(LayerCall(0, "", "Net", 0, 0, ())) == 0
