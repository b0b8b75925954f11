"""Messages to plain JSON and back, and what happens to everything that is no message."""

import contextlib
import dataclasses
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torchloupe.wire.codec import MESSAGES, decode, encode, from_plain, to_plain
from torchloupe.wire.contents import CheckpointContents, StoredTensor, StoredValue
from torchloupe.wire.errors import ProtocolError, WorkerError
from torchloupe.wire.modules import ModuleEntry, ModuleTree, ParameterEntry
from torchloupe.wire.problems import Fix, Problem
from torchloupe.wire.registration import Initialisation, RecognisedInitialisation
from torchloupe.wire.requests import (
    CallsFinished,
    Cancel,
    Failed,
    Hello,
    ListTargets,
    OpenedTarget,
    OpenTarget,
    Progress,
    RunForward,
)
from torchloupe.wire.tensors import TensorMeta, TensorStats
from torchloupe.wire.traces import ForwardReport, LayerCall
from wire.message_strategies import JSON_VALUES, messages_of

STATS = TensorStats(count=4, mean=0.5, std=None, min=-1.0, max=2.0, zeros=1, nan=1, inf=0, histogram=(1, 0, 2), sampled=3)
CALL = LayerCall(
    index=2,
    module="encoder.fc1",
    class_name="Linear",
    call_number=0,
    depth=2,
    inputs=(TensorMeta((2, 64), "float32", "cuda:0", "x"),),
    outputs=(TensorMeta((2, 10), "float32"), TensorMeta((), "int64")),
    stats=(STATS, None),
    seconds=0.25,
    file="model.py",
    line=31,
)
PROBLEM = Problem(
    code="linear-in-features",
    message="Linear wants 512 features and gets 2,048.",
    hint="Set in_features=2048.",
    module="encoder.fc1",
    call=2,
    file="model.py",
    line=31,
    fixes=(Fix("set_argument", "in_features=2048", "encoder.fc1", "in_features", 2048, verified=True),),
    data={"want": 512, "got": 2048, "loss": math.inf, "nested": {"ratio": [math.nan, 1.5]}},
)
TREE = ModuleTree(
    modules=(
        ModuleEntry("", "Net", 0, 0, 650, True),
        ModuleEntry("fc1", "Linear", 2, 650, 650, True, "in_features=64", "net.py", 9),
        ModuleEntry("fc2", "Linear", 2, 650, 650, True, hooks=("forward",), parametrized=("weight", "bias"), forward_line=3),
    ),
    parameters=(
        ParameterEntry("fc1.weight", "fc1", "parameter", (10, 64), "float32", "cpu", True, 640, 2560, ("head.weight",)),
        ParameterEntry("scale", "", "buffer", None, "float32", "cpu", True, 0, 0, shares_with=("a", "b"), stride=(1, 3), line=7),
    ),
)
EXAMPLES = (
    Hello(1, "3.11.7", "/usr/bin/python3", 4711, "2.13.0", devices=("cpu", "cuda:0"), abilities=("mmap",)),
    OpenTarget("model.py:Net", {"hidden": 32, "layers": [1, 2], "name": None}, "eval", "cpu", 3),
    OpenedTarget("model.py:Net", "model.py", "Net", "Net", {"hidden": 32}, "given", TREE, ("example_inputs",), (PROBLEM,)),
    ListTargets("package.model"),
    RunForward(("float32[2,3,28,28]", "mask=bool[2,28]"), shapes_only=True),
    CallsFinished((CALL,)),
    RecognisedInitialisation((Initialisation("fc1.weight", "zeros"),)),
    ForwardReport(CALL.inputs, "worked_out", CALL.outputs, 12, 0.5, "cpu", (PROBLEM,), state_restored=False),
    Progress(57, 161, "layer 57"),
    Failed((PROBLEM,), cancelled=True),
    Cancel(interrupt=True),
)


def over_the_pipe(message: Any) -> Any:
    """The message after encoding, real JSON text without NaN, and decoding."""
    return decode(json.loads(json.dumps(encode(message), allow_nan=False)))


@pytest.mark.parametrize("message", [pytest.param(message, id=type(message).__name__) for message in EXAMPLES])
def test_that_a_message_comes_back_equal(message: Any) -> None:
    if not isinstance(message, (OpenedTarget, ForwardReport, Failed)):
        assert over_the_pipe(message) == message
    assert repr(over_the_pipe(message)) == repr(message)


@given(st.sampled_from(sorted(MESSAGES)).flatmap(lambda name: messages_of(MESSAGES[name])))
def test_that_any_message_comes_back_equal(message: Any) -> None:
    assert over_the_pipe(message) == message


@pytest.mark.parametrize("name", sorted(MESSAGES))
def test_that_every_message_says_its_name(name: str) -> None:
    assert MESSAGES[name].__name__ == name
    assert MESSAGES[name].__doc__


def test_that_what_is_no_message_by_itself_is_no_part_of_the_union() -> None:
    assert not {"Problem", "Fix", "TensorStats", "TensorMeta", "ModuleTree", "StoredTensor"} & MESSAGES.keys()


def test_that_every_message_and_part_is_frozen() -> None:
    parts = (TensorMeta, TensorStats, Problem, Fix, ModuleEntry, ModuleTree, ParameterEntry, LayerCall, StoredTensor, StoredValue)
    for kind in (*MESSAGES.values(), *parts, CheckpointContents):
        assert kind.__dataclass_params__.frozen, kind  # type: ignore[attr-defined]


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_that_a_non_finite_number_survives_in_a_float_field(number: float) -> None:
    call = dataclasses.replace(CALL, stats=(dataclasses.replace(STATS, mean=number, max=number),))
    back = over_the_pipe(CallsFinished((call,))).calls[0].stats[0]
    assert repr(back.mean) == repr(number)
    assert repr(back.max) == repr(number)


def test_that_non_finite_numbers_survive_anywhere_in_free_data() -> None:
    data = over_the_pipe(Failed((PROBLEM,))).problems[0].data
    assert data["loss"] == math.inf
    assert math.isnan(data["nested"]["ratio"][0])
    assert data["nested"]["ratio"][1] == 1.5


def test_that_a_plain_form_is_valid_json_even_with_nan() -> None:
    json.dumps(to_plain(PROBLEM), allow_nan=False)


@given(JSON_VALUES)
def test_that_free_data_comes_back_as_it_was_sent(value: Any) -> None:
    message = OpenTarget("model.py", {"value": value})
    assert over_the_pipe(message) == message


def test_that_a_field_left_out_takes_its_default() -> None:
    assert decode({"is": "OpenTarget", "target": "model.py"}) == OpenTarget("model.py")


def test_that_an_optional_part_may_be_none_or_filled() -> None:
    assert over_the_pipe(CallsFinished((CALL,))).calls[0].stats == (STATS, None)
    lazy = dataclasses.replace(TREE.parameters[0], shape=None)
    assert from_plain(ParameterEntry, to_plain(lazy)) == lazy


def test_that_tuples_come_back_as_tuples_and_not_as_lists() -> None:
    back = over_the_pipe(CallsFinished((CALL,))).calls[0]
    assert isinstance(back.inputs, tuple)
    assert isinstance(back.inputs[0].shape, tuple)
    assert isinstance(back.stats[0].histogram, tuple)


def test_that_checkpoint_contents_go_to_plain_and_back() -> None:
    contents = CheckpointContents(
        "model.pt",
        "torch zip",
        1000,
        100,
        (StoredTensor("fc1.weight", (10, 64), "float32", 2560, "model_state_dict", strides=(64, 1)),),
        (StoredValue("epoch", "int", 3), StoredValue("best", "float", math.nan)),
        ("argparse.Namespace",),
        (PROBLEM,),
    )
    assert repr(from_plain(CheckpointContents, to_plain(contents))) == repr(contents)


# what is not in the protocol


@pytest.mark.parametrize("plain", [None, 7, "RunForward", [], {}, {"is": "Explode"}, {"is": None}, {"target": "model.py"}])
def test_that_an_unknown_message_is_refused(plain: Any) -> None:
    with pytest.raises(ProtocolError, match="Unknown message"):
        decode(plain)


@pytest.mark.parametrize("plain", [{"is": ["RunForward"]}, {"is": {}}])
def test_that_a_name_that_is_no_text_is_refused(plain: Any) -> None:
    with pytest.raises(ProtocolError, match="Unknown message"):
        decode(plain)


def test_that_an_unknown_field_is_refused_by_its_name() -> None:
    with pytest.raises(ProtocolError, match="RunForward has no field 'speed'"):
        decode({"is": "RunForward", "speed": 9})


def test_that_an_unknown_field_of_a_part_is_refused_by_its_name() -> None:
    plain = encode(Failed((PROBLEM,)))
    plain["problems"][0]["mood"] = "bad"
    with pytest.raises(ProtocolError, match="Problem has no field 'mood'"):
        decode(plain)


def test_that_a_missing_field_is_refused_by_its_name() -> None:
    with pytest.raises(ProtocolError, match=r"OpenTarget.*'target'"):
        decode({"is": "OpenTarget", "seed": 1})


def test_that_a_missing_field_of_a_part_is_refused_by_its_name() -> None:
    plain = encode(CallsFinished((CALL,)))
    del plain["calls"][0]["outputs"], plain["calls"][0]["class_name"]
    with pytest.raises(ProtocolError, match=r"LayerCall.*'class_name'"):
        decode(plain)


@pytest.mark.parametrize("part", [3, "fc1", ["fc1"], None])
def test_that_a_part_that_is_no_object_is_refused(part: Any) -> None:
    with pytest.raises(ProtocolError, match="LayerCall must be an object"):
        decode({"is": "CallsFinished", "calls": [part]})


@pytest.mark.parametrize("value", [object(), {1, 2}, b"raw", 1j, Hello])
def test_that_what_json_cannot_say_is_refused_before_it_is_sent(value: Any) -> None:
    with pytest.raises(ProtocolError, match="cannot cross the pipe"):
        encode(OpenTarget("model.py", {"value": value}))


@pytest.mark.parametrize("message", [PROBLEM, "hello", None, {"is": "Hello"}, Hello])
def test_that_only_messages_are_encoded(message: Any) -> None:
    with pytest.raises(ProtocolError, match="no message of the protocol"):
        encode(message)


def test_that_a_stranger_with_the_name_of_a_message_is_not_encoded() -> None:
    @dataclasses.dataclass(frozen=True)
    class Cancel:
        interrupt: bool = False

    with pytest.raises(ProtocolError, match="no message of the protocol"):
        encode(Cancel())


def test_that_a_protocol_error_is_an_error_of_the_worker_with_a_code() -> None:
    assert issubclass(ProtocolError, WorkerError)
    assert ProtocolError("What?").code == "protocol-error"


@given(JSON_VALUES)
def test_that_nothing_but_a_protocol_error_comes_out_of_strange_json(plain: Any) -> None:
    with pytest.raises(ProtocolError):
        decode(plain)


@given(st.sampled_from(sorted(MESSAGES)), st.dictionaries(st.text(max_size=8), JSON_VALUES, min_size=1, max_size=3))
def test_that_strange_fields_of_a_known_message_are_a_protocol_error(name: str, fields: Any) -> None:
    known = {field.name for field in dataclasses.fields(MESSAGES[name])}
    with pytest.raises(ProtocolError):
        decode({"is": name, **{key: value for key, value in fields.items() if key not in known | {"is"}}, "?": 1})


@given(st.data(), st.sampled_from(sorted(MESSAGES)))
def test_that_known_fields_with_strange_values_are_read_or_a_protocol_error(data: st.DataObject, name: str) -> None:
    fields = {field.name: data.draw(JSON_VALUES | st.just({"$float": "much"})) for field in dataclasses.fields(MESSAGES[name])}
    with contextlib.suppress(ProtocolError):
        assert type(decode({"is": name, **fields})) is MESSAGES[name]
