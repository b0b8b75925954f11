"""The table of element types against the torch that is installed."""

import pytest
import torch

from torchloupe.checkpoints.dtypes import BITS, SAFETENSORS, STORAGE_CLASSES, bytes_of, storage_dtype, torch_dtype

_PACKED = {"quint4x2", "quint2x4"}


def test_that_every_dtype_of_torch_is_known_with_its_size():
    for name in dir(torch):
        dtype = getattr(torch, name)
        if isinstance(dtype, torch.dtype):
            canonical = str(dtype).removeprefix("torch.")
            assert torch_dtype(name) in (canonical, name)
            assert torch_dtype(canonical) == canonical
            if canonical not in _PACKED:
                assert BITS[canonical] == 8 * dtype.itemsize, name


@pytest.mark.filterwarnings("ignore")
def test_that_every_storage_class_of_torch_is_known():
    for name in dir(torch):
        if name.endswith("Storage") and name != "Storage" and hasattr(getattr(torch, name), "dtype"):
            assert STORAGE_CLASSES[name] == str(getattr(torch, name).dtype).removeprefix("torch.")
    assert storage_dtype("UntypedStorage") == ""
    assert storage_dtype("SecretStorage") is None


def test_that_every_safetensors_type_has_a_size():
    assert set(SAFETENSORS.values()) <= set(BITS)


def test_that_halves_of_bytes_are_rounded_up():
    assert bytes_of(3, "quint4x2") == 2
    assert bytes_of(3, "float32") == 12
    assert bytes_of(3, "?") == 0


def test_that_other_names_of_torch_are_no_dtypes():
    assert torch_dtype("load") is None
