"""The inert machine against the library's pickler: the same data in every protocol, and no more than data."""

import collections
import pickle
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checkpoints.making_files import number, text
from torchloupe.checkpoints.inert import Global, Group, Mapping, Record
from torchloupe.checkpoints.pickle_machine import PickleMachine
from torchloupe.checkpoints.pickle_opcodes import HANDLERS
from torchloupe.wire.errors import CheckpointError, CorruptFile

_PROTOCOLS = range(6)


def _run(data: bytes) -> object:
    machine = PickleMachine(data, "data.pkl")
    value = machine.run(HANDLERS, lambda done, total: None)
    assert machine.faults == []
    return value


def _plain(node: object) -> object:
    """The record as the live object that it stands for."""
    if type(node) is Mapping:
        flat = node.pairs
        return {_plain(key): _plain(value) for key, value in zip(flat[0::2], flat[1::2], strict=True)}
    if type(node) is Group:
        return frozenset(map(_plain, node.items))
    if type(node) in (list, tuple):
        return type(node)(map(_plain, node))
    return node


_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(1 << 400), 1 << 400)
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
)
_DATA = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text() | st.integers(), inner) | st.tuples(inner)
    ),
    max_leaves=25,
)


@settings(max_examples=150, deadline=None)
@given(value=_DATA, protocol=st.sampled_from([3, 4, 5]))
def test_that_plain_data_comes_out_as_it_went_in(value, protocol):
    assert _plain(_run(pickle.dumps(value, protocol))) == value


@settings(max_examples=100, deadline=None)
@given(value=_DATA.filter(lambda value: b"bytes" not in pickle.dumps(value, 0) and b"_codecs" not in pickle.dumps(value, 0)))
def test_that_the_old_protocols_read_the_same(value):
    for protocol in (0, 1, 2):
        assert _plain(_run(pickle.dumps(value, protocol))) == value


@pytest.mark.parametrize("protocol", _PROTOCOLS)
def test_that_bytes_of_every_protocol_are_bytes(protocol):
    assert _run(pickle.dumps(b"\x00\xffabc", protocol)) == b"\x00\xffabc"


@pytest.mark.parametrize("protocol", [4, 5])
def test_that_sets_keep_their_members(protocol):
    for value in ({1, 2}, frozenset(("a", "b"))):
        assert _plain(_run(pickle.dumps(value, protocol))) == value


@pytest.mark.parametrize("protocol", _PROTOCOLS)
def test_that_shared_and_circular_parts_keep_their_identity(protocol):
    shared = ["x"]
    value = [shared, shared]
    value.append(value)
    made = _run(pickle.dumps(value, protocol))
    assert made[0] is made[1]
    assert made[2] is made


class Thing:
    """A class that must never be made here."""

    def __init__(self):
        self.width = 5

    def __setstate__(self, state):
        raise AssertionError("it was run")


class Keeper(dict):
    """A dict with a class of its own."""


@pytest.mark.parametrize("protocol", _PROTOCOLS)
def test_that_objects_stay_records_with_their_attributes(protocol):
    made = _run(pickle.dumps(Thing(), protocol))
    assert type(made) is Record
    assert made.type_name == f"{Thing.__module__}.Thing"
    assert _plain(made.state) == {"width": 5}


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_that_items_of_dict_and_list_classes_are_kept(protocol):
    made = _run(pickle.dumps(Keeper(a=1), protocol))
    assert made.pairs == ["a", 1]
    assert _run(pickle.dumps(collections.deque([1, 2]), protocol)).items == [1, 2]


@pytest.mark.parametrize("protocol", _PROTOCOLS)
def test_that_names_are_collected_and_never_imported(protocol):
    machine = PickleMachine(pickle.dumps([collections.deque, Thing], protocol), "data.pkl")
    first, second = machine.run(HANDLERS, lambda done, total: None)
    assert (type(first), type(second)) == (Global, Global)
    assert first.text == "collections.deque"
    assert set(machine.globals) == {"collections.deque", f"{Thing.__module__}.Thing"}


def test_that_python_2_names_are_told_by_their_new_ones():
    assert _run(b"c__builtin__\neval\n.").text == "builtins.eval"
    assert _run(b"ccopy_reg\n_reconstructor\n.").text == "copyreg._reconstructor"


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"I01\n.", True),
        (b"I00\n.", False),
        (b"I12\n.", 12),
        (b"L12L\n.", 12),
        (b"F0.5\n.", 0.5),
        (b"S'a\\x41'\n.", "aA"),
        (b"S'\\xff'\n.", b"\xff"),
        (b"V\\u0041b\n.", "Ab"),
        (b"U\x02ab.", "ab"),
        (b"T\x02\0\0\0\xff\xfe.", b"\xff\xfe"),
        (b"N0I5\n.", 5),
        (b"I5\n(NNN1.", 5),
        (b"(0I5\n.", 5),
        (b"I5\n2\x86.", (5, 5)),
        (b"(I1\nI2\nl.", [1, 2]),
        (b"I7\np5\n0g5\n.", 7),
        (b"I7\nr\x05\0\0\x000j\x05\0\0\0.", 7),
        (b"\x95" + bytes(8) + b"N.", None),
        (b"J\xff\xff\xff\xff.", -1),
        (b"M\xff\xff.", 65535),
        (b"\x96\x03" + bytes(7) + b"abc.", b"abc"),
        (b"\x8a\x00.", 0),
        (b"\x8b\x01\0\0\0\xff.", -1),
    ],
)
def test_that_single_opcodes_mean_what_the_library_says(data, value):
    made = _run(data)
    assert made == value
    assert type(made) is type(value)


def test_that_the_dict_opcode_takes_all_since_the_mark():
    assert _run(b"(" + text("a") + number(1) + b"d.").pairs == ["a", 1]


def test_that_a_key_without_a_value_is_refused():
    with pytest.raises(CorruptFile, match="key without a value"):
        _run(b"(" + text("a") + b"d.")


def test_that_a_persistent_id_that_is_no_storage_is_a_record():
    for data in (b"Pabc\n.", text("abc") + b"Q."):
        assert _run(data).args == "abc"


def test_that_extensions_and_buffers_are_inert():
    for data in (b"\x82\x01.", b"\x83\x01\x02.", b"\x84\x01\x02\x03\x04."):
        assert _run(data).text.startswith("copyreg.extension_")
    assert type(_run(b"\x97\x98.")) is Record


def test_that_an_error_names_the_byte_where_it_is():
    with pytest.raises(CorruptFile, match=r"data\.pkl is damaged at byte 4: "):
        _run(b"\x80\x02N0R.")


@settings(max_examples=300, deadline=None)
@given(data=st.binary(max_size=200))
def test_that_any_bytes_give_a_value_or_an_error(data):
    with suppress(CheckpointError):
        PickleMachine(data, "data.pkl").run(HANDLERS, lambda done, total: None)
