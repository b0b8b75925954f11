"""Tensors taken in one step are what their opcodes say one by one."""

import struct

import pytest
import torch

from checkpoints.making_files import named, number, pickled, text
from torchloupe.checkpoints import read_contents
from torchloupe.checkpoints.inert import Mapping, PickledTensor, Record, Storage
from torchloupe.checkpoints.pickle_machine import PickleMachine
from torchloupe.checkpoints.pickle_opcodes import HANDLERS
from torchloupe.checkpoints.tensor_calls import TensorCalls

_BASE = torch.arange(100_000.0)
_STATES = {
    "matrices": lambda n: torch.zeros(n + 1, 3),
    "scalars": lambda n: torch.tensor(n),
    "vectors": lambda n: torch.zeros(n),
    "three dimensions": lambda n: torch.zeros(2, n, 3),
    "five dimensions": lambda n: torch.zeros(1, 2, 3, 1, n),
    "views of one storage": lambda n: _BASE[n * 300 : n * 300 + 4 * n],
    "transposed": lambda n: torch.zeros(3, n + 1).t(),
    "large numbers": lambda n: _BASE[70_000:].view(300, 100)[:, : n + 1],
    "of several types": lambda n: torch.zeros(n, dtype=(torch.bfloat16, torch.int64, torch.bool, torch.uint16)[n % 4]),
    "parameters": lambda n: torch.nn.Parameter(torch.zeros(n, 2)),
    "that want a gradient": lambda n: torch.zeros(n, 2, requires_grad=True),
}


@pytest.fixture
def taken(monkeypatch):
    """Where each call that was taken in one step began."""
    places = []
    take = TensorCalls.take

    def noted(self, pos, stack):
        after = take(self, pos, stack)
        if after >= 0:
            places.append(pos)
        return after

    monkeypatch.setattr(TensorCalls, "take", noted)
    return places


def _plain(node):
    """Anything that a machine makes, as something that can be compared."""
    if type(node) in (tuple, list):
        return [_plain(part) for part in node]
    if isinstance(node, (Mapping, PickledTensor, Record, Storage)):
        return [type(node).__name__, *(_plain(getattr(node, name)) for name in type(node).__slots__)]
    return getattr(node, "text", node)


def _ran(data: bytes):
    machine = PickleMachine(data, "data.pkl")
    root = machine.run(HANDLERS, lambda done, total: None)
    return _plain(root), {place: _plain(made) for place, made in machine.memo.items()}, machine.pos, machine.globals


def _one_by_one(data: bytes, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(TensorCalls, "take", lambda self, pos, stack: -1)
        return _ran(data)


def _pickle_of(path) -> bytes:
    import zipfile

    with zipfile.ZipFile(path) as archive:
        return archive.read(next(name for name in archive.namelist() if name.endswith("data.pkl")))


@pytest.mark.parametrize("name", _STATES)
@pytest.mark.parametrize("zipped", [True, False])
def test_that_nothing_differs_from_opcode_after_opcode(tmp_path, monkeypatch, name, zipped, taken):
    state = {f"layers.{n}.weight": _STATES[name](n) for n in range(60)}
    torch.save(state, tmp_path / "a.pt", _use_new_zipfile_serialization=zipped)
    contents = read_contents(tmp_path / "a.pt")
    # The first few have names that are new, in short opcodes; uint16 is told by another call.
    assert len(taken) >= (15 if name != "of several types" else 5)
    assert [(row.key, row.shape, row.strides, row.offset) for row in contents.tensors] == [
        (key, tuple(value.shape), value.stride(), value.storage_offset()) for key, value in state.items()
    ]
    assert contents.problems == ()
    with monkeypatch.context() as patch:
        patch.setattr(TensorCalls, "take", lambda self, pos, stack: -1)
        assert read_contents(tmp_path / "a.pt") == contents
    if zipped:
        data = _pickle_of(tmp_path / "a.pt")
        assert _ran(data) == _one_by_one(data, monkeypatch)


def _put(place: int) -> bytes:
    return b"r" + struct.pack("<I", place)


def _front() -> bytes:
    """What a pickle mentions before: the rebuilder, the words and the classes, in places 0 to 4, nothing left on the stack."""
    parts = [named("torch._utils", "_rebuild_tensor_v2"), text("storage"), named("torch", "FloatStorage"), text("cpu")]
    parts.append(named("collections", "OrderedDict"))
    return b"".join(part + b"q" + bytes((place,)) + b"0" for place, part in enumerate(parts))


def _call(**changed: bytes) -> bytes:
    """A tensor as torch writes it, with some of its parts ``changed``."""
    parts = {
        "callee": b"h\x00",
        "word": b"((h\x01",
        "kind": b"h\x02",
        "key": text("7") + _put(300),
        "location": b"h\x03",
        "numel": number(12) + b"t" + _put(301) + b"Q",
        "offset": number(0),
        "shape": number(3) + number(4) + b"\x86" + _put(302),
        "strides": number(4) + number(1) + b"\x86" + _put(303),
        "grad": b"\x89",
        "hooks": b"h\x04)R" + _put(304) + b"t" + _put(305) + b"R" + _put(306),
    }
    assert set(changed) <= set(parts)
    return b"".join({**parts, **changed}.values())


def test_that_the_plain_call_is_taken(taken):
    root, memo, _, _ = _ran(pickled(_front(), _call()))
    assert len(taken) == 1
    assert root[0] == "PickledTensor"
    assert sorted(memo) == [0, 1, 2, 3, 4, 300, 301, 302, 303, 304, 305, 306]
    assert memo[306] == root
    assert memo[302] == [3, 4]


@pytest.mark.parametrize(
    "changed",
    [
        {"callee": b"h\x02"},
        {"callee": b"h\x01"},
        {"word": b"((h\x63"},
        {"kind": b"h\x01"},
        {"key": b"X\x02\x00\x00\x007" + _put(300)},
        {"key": text("7") + b"q\x03"},
        {"key": text("7") + _put(3)},
        {"key": b"h\x03"},
        {"key": b"j\x03\x00\x00\x00"},
        {"key": b"j\x63\x00\x00\x00"},
        {"location": b"h\x63"},
        {"numel": number(12) + b"Nt" + _put(301) + b"Q"},
        {"numel": number(12) + b"t" + _put(4) + b"Q"},
        {"numel": number(-1) + b"t" + _put(301) + b"Q"},
        {"offset": number(1 << 40)},
        {"offset": number(-5)},
        {"shape": number(9) + number(3) + number(4) + b"\x86" + _put(302)},
        {"shape": number(4) + b"\x86" + _put(302)},
        {"shape": b"(" + number(3) + number(4) + b"\x86" + _put(302)},
        {"shape": b"(t" + _put(302)},
        {"shape": b")"},
        {"shape": b"N"},
        {"strides": number(1) + b"\x85" + _put(302)},
        {"grad": b"\x88"},
        {"grad": b"N"},
        {"hooks": b"h\x02)R" + _put(304) + b"t" + _put(305) + b"R" + _put(306)},
        {"hooks": b"h\x04)Rt" + _put(305) + b"R" + _put(306)},
        {"hooks": b"h\x04)R" + _put(304) + b"t" + _put(304) + b"R" + _put(304)},
        {"hooks": b"h\x04)R" + _put(304) + b"h\x04t" + _put(305) + b"R" + _put(306)},
        {"hooks": b"h\x04)R" + _put(304)},
    ],
    ids=repr,
)
def test_that_an_odd_call_means_what_its_opcodes_mean(monkeypatch, changed):
    def outcome(run, *more):
        try:
            return run(pickled(_front(), _call(**changed)), *more)
        except Exception as error:
            return str(error)

    assert outcome(_ran) == outcome(_one_by_one, monkeypatch)


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_that_a_call_that_is_cut_means_what_its_opcodes_mean(monkeypatch, cut):
    data = pickled(_front(), _call())[:-cut]

    def outcome(run, *more):
        try:
            return run(data, *more)
        except Exception as error:
            return str(error)

    assert outcome(_ran) == outcome(_one_by_one, monkeypatch)
