"""What is declared about a tensor against what the file has."""

import pytest

from torchloupe.checkpoints.inert import PickledTensor, Storage
from torchloupe.checkpoints.tensor_rows import broken_tensors, checked_shape, row_of, rows_of
from torchloupe.checkpoints.unfold import Placed
from torchloupe.wire.contents import StoredTensor


def _tensor(shape=(3, 4), stride=(4, 1), offset=0, dtype="float32", numel=12, storage_dtype="float32") -> PickledTensor:
    return PickledTensor(Storage("FloatStorage", storage_dtype, "0", "cpu", numel), offset, shape, stride, False, dtype)


def _row(tensor: PickledTensor, size: int = 48, fault: str = "") -> StoredTensor:
    return row_of(Placed("model", "w", tensor), lambda storage: (f"data/{storage.key}", size, fault))


def test_that_a_sound_tensor_is_not_broken():
    assert _row(_tensor()) == StoredTensor("w", (3, 4), "float32", 48, "model", None, "data/0", 0, (4, 1), False, False, "")


def test_that_a_row_is_a_real_frozen_value():
    row = _row(_tensor())
    assert hash(row) == hash(StoredTensor("w", (3, 4), "float32", 48, "model", None, "data/0", 0, (4, 1)))
    with pytest.raises(AttributeError):
        row.key = "x"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ({"offset": 1}, "reaches to byte 52"),
        ({"shape": (4, 4)}, "reaches to byte 64"),
        ({"stride": (100, 1)}, "reaches to byte"),
        ({"numel": 13}, "claims 52 bytes; the file has 48"),
        ({"dtype": "float64"}, "reaches to byte 96"),
        ({"stride": (4,)}, "not stored as numbers"),
        ({"stride": None}, "not stored as numbers"),
        ({"stride": (4, "1")}, "not stored as numbers"),
        ({"offset": "0"}, "not stored as numbers"),
        ({"offset": -1}, "offset is negative"),
        ({"stride": (-4, 1)}, "strides is negative"),
        ({"numel": None}, "not stored as numbers"),
        ({"numel": -1}, "negative size"),
        ({"shape": (3.0, 4)}, "list of numbers"),
        ({"shape": "34"}, "list of numbers"),
        ({"shape": (True, 4)}, "list of numbers"),
        ({"dtype": None, "storage_dtype": None}, "element type is not known"),
    ],
)
def test_that_each_false_claim_has_its_sentence(how, says):
    row = _row(_tensor(**how))
    assert says in row.broken
    assert row.broken.endswith(".")
    assert type(row.offset) is int
    assert all(type(number) is int for number in (*row.shape, *row.strides))


@pytest.mark.parametrize(
    "how",
    [
        {"shape": (0, 4), "offset": 12},
        {"shape": (), "stride": ()},
        {"shape": [3, 4]},
        {"stride": (0, 0), "shape": (10**6, 10**6)},
        {"dtype": "int16", "storage_dtype": "", "numel": 24},
        {"dtype": "uint8", "shape": (48,), "stride": (1,), "storage_dtype": "", "numel": 48},
        {"dtype": "quint4x2", "storage_dtype": "quint4x2", "numel": 6},
    ],
)
def test_that_unusual_but_sound_tensors_are_accepted(how):
    assert _row(_tensor(**how)).broken == ""


def test_that_the_fault_of_a_record_is_the_fault_of_its_tensors():
    assert _row(_tensor(), fault="Its record is encrypted.").broken == "Its record is encrypted."


def test_that_a_tensor_without_storage_needs_a_reason():
    bare = PickledTensor(None, 0, (2,), (1,), False, "float32")
    assert _row(bare).broken == "Its values are not in this file as a storage."
    bare.note = "meta"
    assert _row(bare).broken == ""


def test_that_shapes_are_tuples_of_possible_numbers():
    assert checked_shape([2, 3]) == ((2, 3), "")
    assert checked_shape((1,) * 64)[1] == ""
    assert len(checked_shape((1,) * 65)[0]) == 64
    assert "64 at most" in checked_shape((1,) * 65)[1]
    assert "64 bits" in checked_shape((1 << 63,))[1]
    assert "64 bits" in checked_shape((1 << 40, 0, 1 << 40))[1]
    assert checked_shape((0, 5)) == ((0, 5), "")


def test_that_the_broken_tensors_make_one_problem():
    rows = rows_of(
        [Placed("", "a", _tensor(offset=-1)), Placed("m", "b", _tensor(numel=99)), Placed("", "c", _tensor())],
        lambda storage: ("data/0", 48, ""),
    )
    (problem,) = broken_tensors(rows)
    assert problem.message == "2 tensors cannot be read as declared. 'a': Its offset is negative."
    assert problem.data == {"keys": ["a", "m.b"], "count": 2}
    assert broken_tensors(rows[2:]) == []
