"""The calls in torch's pickles that have a meaning here, and what they make of arguments that make no sense."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from torchloupe.checkpoints.inert import Global, Group, Mapping, PickledTensor, Record, Storage
from torchloupe.checkpoints.rebuilders import REBUILDERS, dtype_name, storage_from

_FLOATS = Global("torch", "FloatStorage")
_STORAGE = Storage("FloatStorage", "float32", "0", "cpu", 12)
_V2 = (_STORAGE, 2, (3,), (1,), True, None)


def _made(name: str, *args: object) -> object:
    return REBUILDERS[name](args)


def _facts(tensor: object) -> tuple:
    assert type(tensor) is PickledTensor
    return tensor.shape, tensor.dtype, tensor.offset, tensor.stride, tensor.requires_grad, tensor.is_parameter


def test_that_the_second_rebuilder_takes_the_type_of_its_storage():
    assert _facts(_made("torch._utils._rebuild_tensor_v2", *_V2)) == ((3,), "float32", 2, (1,), True, False)
    assert _facts(_made("torch._utils._rebuild_tensor", *_V2[:4])) == ((3,), "float32", 2, (1,), False, False)


def test_that_the_third_rebuilder_has_its_own_type():
    untyped = Storage("UntypedStorage", "", "0", "cpu", 48)
    made = _made("torch._utils._rebuild_tensor_v3", untyped, 0, (24,), (1,), False, None, Global("torch", "uint16"))
    assert _facts(made)[1] == "uint16"


def test_that_a_parameter_does_not_mark_the_tensor_it_wraps():
    inner = _made("torch._utils._rebuild_tensor_v2", *_V2)
    parameter = _made("torch._utils._rebuild_parameter", inner, False, None)
    assert _facts(parameter) == ((3,), "float32", 2, (1,), False, True)
    assert not inner.is_parameter
    assert type(_made("torch._utils._rebuild_parameter", "nonsense", True, None)) is Record


def test_that_a_tensor_with_attributes_is_its_tensor():
    call = Global("torch._utils", "_rebuild_tensor_v2", REBUILDERS["torch._utils._rebuild_tensor_v2"])
    made = _made("torch._tensor._rebuild_from_type_v2", call, Global("torch", "Tensor"), _V2, Mapping())
    assert _facts(made)[:2] == ((3,), "float32")
    parameter = _made("torch._tensor._rebuild_from_type_v2", call, Global("torch.nn.parameter", "Parameter"), _V2, Mapping())
    assert parameter.is_parameter
    unknown = _made("torch._tensor._rebuild_from_type_v2", Global("my", "rebuild"), Global("my", "Tensor"), _V2, Mapping())
    assert unknown.type_name == "my.Tensor"


def test_that_tensors_without_bytes_keep_shape_and_type():
    floats = Global("torch", "float16")
    assert _facts(_made("torch._utils._rebuild_meta_tensor_no_storage", floats, (2,), (1,), True))[:2] == ((2,), "float16")
    wrapper = _made(
        "torch._utils._rebuild_wrapper_subclass", Global("my", "Sharded"), floats, (8, 2), (2, 1), 0, None, "cpu", False
    )
    assert _facts(wrapper)[:2] == ((8, 2), "float16")
    assert wrapper.note == "my.Sharded"


def test_that_tensors_of_other_devices_are_read_from_their_copy():
    inner = _made("torch._utils._rebuild_tensor_v2", *_V2)
    made = _made("torch._utils._rebuild_device_tensor_from_cpu_tensor", inner, Global("torch", "float32"), "xla:0", True)
    assert _facts(made)[:2] == ((3,), "float32")
    array = _made("torch._utils._rebuild_xla_tensor", Record(None, ()), Global("torch", "int8"), "xla:0", False)
    assert (array.shape, array.dtype) == (None, "int8")


def test_that_sizes_sets_and_dicts_become_what_they_are():
    assert _made("torch.Size", (2, 3)) == (2, 3)
    assert _made("torch.Size") == ()
    assert (_made("builtins.set", [1]).kind, _made("builtins.frozenset").items) == ("set", [])
    ordered = _made("collections.OrderedDict", [("a", 1)])
    assert (type(ordered), ordered.kind, ordered.source) == (Mapping, "OrderedDict", [("a", 1)])
    assert _made("collections.defaultdict", Global("builtins", "list")).source is None
    assert type(_made("collections.Counter", Mapping()).source) is Mapping


def test_that_short_bytes_are_bytes_and_long_ones_stay_a_record():
    assert _made("_codecs.encode", "a\xff", "latin1") == b"a\xff"
    assert type(_made("_codecs.encode", "a" * 5000, "latin1")) is Record
    assert type(_made("_codecs.encode", "a", "rot13")) is Record


def test_that_a_persistent_id_is_a_storage_only_in_its_form():
    made = storage_from(("storage", _FLOATS, "7", "cuda:0", 5))
    assert (made.dtype, made.key, made.location, made.numel) == ("float32", "7", "cuda:0", 5)
    assert storage_from(("storage", Global("my", "SecretStorage"), "7", "cpu", 5)).dtype is None
    for other in ("7", (), ("module", _FLOATS, "7", "cpu", 5), ("storage", "text", "7", "cpu", 5), ("storage", _FLOATS)):
        assert type(storage_from(other)) is Record


def test_that_only_mentions_of_torch_are_dtypes():
    assert dtype_name(Global("torch", "long")) == "int64"
    assert dtype_name(Global("numpy", "float32")) is None
    assert dtype_name("float32") is None


_ANYTHING = st.recursive(
    st.sampled_from([None, 5, -1, "text", b"raw", (), _STORAGE, _FLOATS, Mapping(), Group("set", []), Record(_FLOATS, ())]),
    lambda inner: st.lists(inner, max_size=4) | st.lists(inner, max_size=8).map(tuple),
    max_leaves=12,
)


@pytest.mark.parametrize("name", sorted(REBUILDERS))
@settings(max_examples=60, deadline=None)
@given(args=st.lists(_ANYTHING, max_size=9).map(tuple))
def test_that_arguments_that_make_no_sense_raise_only_what_is_promised(name, args):
    try:
        made = REBUILDERS[name](args)
    except (TypeError, ValueError, IndexError, AttributeError):
        return
    assert type(made) in (PickledTensor, Record, Mapping, Group, bytes) or name == "torch.Size"
