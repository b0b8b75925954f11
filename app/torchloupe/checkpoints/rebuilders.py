"""The calls in torch's pickles whose meaning is known here: they make tensors, dicts and sizes. All others stay records."""

from typing import Any, Callable, Dict, Optional, Tuple

from .dtypes import storage_dtype, torch_dtype
from .inert import Global, Group, Mapping, PickledTensor, Record, Storage

Rebuild = Callable[[Any], Any]

_LONGEST_BYTES = 4096
_MOST_MARKS = 16


def dtype_name(value: Any) -> Optional[str]:
    """The element type when ``value`` is a mention of ``torch.<dtype>``, else None."""
    if type(value) is Global and value.module == "torch":
        return torch_dtype(value.name)
    return None


def storage_from(persistent_id: Any) -> Any:
    """What a persistent id stands for: a Storage when it has torch's form, else a record that shows it."""
    if type(persistent_id) is tuple and len(persistent_id) >= 5 and persistent_id[0] == "storage":
        cls = persistent_id[1]
        if type(cls) is Global:
            return Storage(cls.name, storage_dtype(cls.name), persistent_id[2], persistent_id[3], persistent_id[4])
    return Record(Global("persistent", "id"), persistent_id)


def _tensor_v2(args: Any) -> PickledTensor:
    storage = args[0]
    tensor = PickledTensor(storage, args[1], args[2], args[3], args[4], storage.dtype if type(storage) is Storage else None)
    if len(args) > 6:
        tensor.flips = _flips(args[6])
    return tensor


def _tensor_v3(args: Any) -> PickledTensor:
    tensor = PickledTensor(args[0], args[1], args[2], args[3], args[4], dtype_name(args[6]))
    if len(args) > 7:
        tensor.flips = _flips(args[7])
    return tensor


def _flips(marks: Any) -> Tuple[str, ...]:
    pairs = marks.pairs[: 2 * _MOST_MARKS] if type(marks) is Mapping else []
    return tuple(name for name, value in zip(pairs[::2], pairs[1::2]) if type(name) is str and value is True)


def _quantized(args: Any) -> PickledTensor:
    tensor = _tensor_v2((args[0], args[1], args[2], args[3], args[5]))
    scheme = args[4][0]
    tensor.note = f"quantized, {scheme.name}" if type(scheme) is Global else "quantized"
    return tensor


def _parameter(args: Any) -> Any:
    tensor = args[0]
    if type(tensor) is not PickledTensor:
        return Record(Global("torch._utils", "_rebuild_parameter"), args)
    # The wrapped tensor may also be mentioned bare elsewhere, so it is not marked itself.
    parameter = PickledTensor(tensor.storage, tensor.offset, tensor.shape, tensor.stride, args[1], tensor.dtype)
    parameter.is_parameter = True
    parameter.note, parameter.flips = tensor.note, tensor.flips
    return parameter


def _sparse(args: Any) -> PickledTensor:
    layout, parts = args
    layout_text = layout.args[0] if type(layout) is Record and layout.args else "sparse"
    coordinate = str(layout_text).endswith("sparse_coo")
    values, shape = (parts[1], parts[2]) if coordinate else (parts[2], parts[3])
    tensor = PickledTensor(None, 0, shape, None, False, values.dtype if type(values) is PickledTensor else None)
    tensor.note = str(layout_text).replace("torch.", "")
    return tensor


def _without_storage(args: Any) -> PickledTensor:
    tensor = PickledTensor(None, 0, args[1], args[2], args[3], dtype_name(args[0]))
    tensor.note = "meta"
    return tensor


def _subclass(args: Any) -> PickledTensor:
    tensor = PickledTensor(None, 0, args[2], args[3], args[7], dtype_name(args[1]))
    tensor.note = args[0].text if type(args[0]) is Global else "subclass"
    return tensor


def _from_other_device(args: Any) -> PickledTensor:
    inner = args[0]
    if type(inner) is PickledTensor:
        moved = PickledTensor(inner.storage, inner.offset, inner.shape, inner.stride, args[3], inner.dtype)
        moved.flips = inner.flips
        return moved
    tensor = PickledTensor(None, 0, None, None, args[3], dtype_name(args[1]))
    tensor.note = "numpy"
    return tensor


def _with_type(args: Any) -> Any:
    """A tensor with attributes, or of a subclass: the inner call is made, the attributes are not needed."""
    function, cls, inner = args[0], args[1], args[2]
    made = function.rebuild(inner) if type(function) is Global and function.rebuild else None
    if type(made) is PickledTensor:
        made.is_parameter = made.is_parameter or (type(cls) is Global and cls.text == "torch.nn.parameter.Parameter")
        return made
    return Record(cls, args)


def _mapping(kind: str, position: int = 0) -> Rebuild:
    def make(args: Any) -> Any:
        return Mapping(kind, args[position] if len(args) > position else None)

    return make


def _encoded(args: Any) -> Any:
    """Bytes, as protocol 2 writes them. Long ones stay a record: one text can be mentioned a million times."""
    text, encoding = args
    if type(text) is str and len(text) <= _LONGEST_BYTES and encoding == "latin1":
        return text.encode("latin1")
    return Record(Global("_codecs", "encode"), args)


def _sequence(args: Any) -> Any:
    return args[0] if args else ()


def _group(kind: str) -> Rebuild:
    return lambda args: Group(kind, args[0] if args else [])


REBUILDERS: Dict[str, Rebuild] = {
    "torch._utils._rebuild_tensor": lambda args: _tensor_v2((*args[:4], False)),
    "torch._utils._rebuild_tensor_v2": _tensor_v2,
    "torch._utils._rebuild_tensor_v3": _tensor_v3,
    "torch._utils._rebuild_parameter": _parameter,
    "torch._utils._rebuild_parameter_with_state": _parameter,
    "torch._utils._rebuild_qtensor": _quantized,
    "torch._utils._rebuild_sparse_tensor": _sparse,
    "torch._utils._rebuild_sparse_csr_tensor": _sparse,
    "torch._utils._rebuild_meta_tensor_no_storage": _without_storage,
    "torch._utils._rebuild_wrapper_subclass": _subclass,
    "torch._utils._rebuild_device_tensor_from_cpu_tensor": _from_other_device,
    "torch._utils._rebuild_device_tensor_from_numpy": _from_other_device,
    "torch._utils._rebuild_xla_tensor": _from_other_device,
    "torch._tensor._rebuild_from_type": lambda args: _with_type((args[0], args[1], args[2])),
    "torch._tensor._rebuild_from_type_v2": _with_type,
    "torch.Size": _sequence,
    "_codecs.encode": _encoded,
    "collections.OrderedDict": _mapping("OrderedDict"),
    "collections.defaultdict": _mapping("defaultdict", 1),
    "collections.Counter": _mapping("Counter"),
    "builtins.set": _group("set"),
    "builtins.frozenset": _group("frozenset"),
}
"""By dotted name; each takes the tuple of arguments. Of arguments that the call cannot have they make TypeError, ValueError,
IndexError or AttributeError."""
