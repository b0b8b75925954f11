"""How things that are no tensors are written in one line."""

import pytest

from torchloupe.checkpoints.inert import Global, Group, Mapping, PickledTensor, Record, Storage
from torchloupe.checkpoints.plain_values import plain_value, short_text, type_text


def _dtype(code: str, order: str = "<") -> Record:
    record = Record(Global("numpy", "dtype"), (code, False, True))
    record.state = (3, order, None, None, None, -1, -1, 0)
    return record


def _scalar(code: str, data: bytes, order: str = "<") -> Record:
    return Record(Global("numpy.core.multiarray", "scalar"), (_dtype(code, order), data))


def _nested(levels: int) -> object:
    made: object = ()
    for _ in range(levels):
        made = (made,)
    return made


@pytest.mark.parametrize(
    ("node", "text"),
    [
        (5, "5"),
        ("a", "a"),
        (None, "None"),
        (b"abc", "3 bytes"),
        ([], "[]"),
        ((1, "a", None), "(1, 'a', None)"),
        ([1, [2, [3, [4]]]], "[1, [2, [3, 1 item]]]"),
        (list(range(20)), "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, …]"),
        (list(range(100)), "100 items: 0, 1, 2, …"),
        (Group("set", [1, 2]), "{1, 2}"),
        (Mapping(), "0 items"),
        (Mapping("OrderedDict", [("a", 1)]), "1 item"),
        (Global("torch", "half"), "float16"),
        (Global("my.project", "Config"), "my.project.Config"),
        (Record(Global("torch", "device"), ("cuda", 0)), "cuda:0"),
        (Record(Global("pathlib", "PosixPath"), ("/", "a")), "PosixPath('/', 'a')"),
        (Record(Record(None, ()), (1,)), "object(1)"),
        (PickledTensor(None, 0, (2, 3), None, False, "int8"), "int8 [2, 3]"),
        (PickledTensor(None, 0, None, None, False, None), "? ?"),
        (Storage("FloatStorage", "float32", "0", "cpu", 12), "12 elements"),
        (Storage("UntypedStorage", "", "0", "cpu", 12), "12 bytes"),
        (_scalar("f8", b"\0\0\0\0\0\0\xe0\x3f"), "0.5"),
        (_scalar("i4", b"\0\0\0\x02", ">"), "2"),
        (_nested(100_000), "(((1 item)))"),
    ],
)
def test_that_everything_fits_in_one_line(node, text):
    assert short_text(node) == text


def test_that_types_have_the_names_that_people_know():
    array = Record(Global("numpy._core.multiarray", "_reconstruct"), (Global("numpy", "ndarray"), (0,), b"b"))
    array.state = (1, (3, 4), _dtype("f4"), False, b"")
    assert (type_text(array), short_text(array)) == ("numpy.ndarray", "float32 [3, 4]")
    assert type_text(Global("torch", "bool")) == "torch.dtype"
    assert type_text(Global("os", "system")) == "name"
    assert type_text(Storage("HalfStorage", "float16", "0", "cpu", 1)) == "torch.HalfStorage"
    assert type_text(Group("frozenset", [])) == "frozenset"
    old = Record(Global("copyreg", "_reconstructor"), (Global("my", "Config"), Global("builtins", "object"), None))
    assert type_text(old) == "my.Config"


def test_that_a_numpy_number_is_a_number():
    assert plain_value("best", _scalar("f4", b"\0\0\0\x3f")).value == 0.5
    assert plain_value("flag", _scalar("b1", b"\x01")).value is True


@pytest.mark.parametrize("node", [_scalar("f8", b"abc"), _scalar("V3", b"abc"), _scalar("f8", "text")])  # type: ignore[arg-type]
def test_that_a_damaged_numpy_number_is_a_line_and_no_error(node):
    assert type(plain_value("best", node).value) is str


def test_that_numbers_stay_numbers_within_64_bits():
    assert plain_value("a", (1 << 64) - 1).value == (1 << 64) - 1
    assert plain_value("a", 1 << 64).value == "65 bit integer"
    assert plain_value("a", True).value is True


def test_that_numpy_arrays_with_odd_states_do_not_fail():
    for state in (None, (), (1, 2, 3), (1, None, None, None), (1, (2,), "f8")):
        record = Record(Global("numpy.core.multiarray", "_reconstruct"), ())
        record.state = state
        assert type(plain_value("a", record).value) is str
