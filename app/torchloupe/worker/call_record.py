"""What is noted of a call while the model runs, as little as can be, and how it becomes a ``LayerCall`` when it is told."""

import inspect
from dataclasses import fields
from typing import Any, Dict, List, Optional, Tuple

import torch
from torch import nn

from ..wire.tensors import TensorMeta, TensorStats
from ..wire.traces import DONE, LayerCall, PlainValue
from .nested import tensors_in
from .places import Place
from .statistics import Measured
from .tensor_facts import device_name, dtype_name

Sizes = Tuple[torch.Size, torch.dtype, torch.device]
"""What a plain tensor that lies in memory as its shape says is."""
NEVER = -1
"""The mark of what no clock saw."""
_FIELDS = [field.name for field in fields(LayerCall)]


class CallRecord:
    """A call in the making, of a ``part`` of the model. It has the fields of a ``LayerCall``, filled in one by one, and is told in the
    place of one: to make another object of it would cost as much as all that is noted.

    ``measured`` becomes ``stats`` when it is told. ``stack`` are the calls that are open in its thread, ``place`` is ``file`` and ``line``,
    ``nodes`` and ``nodes_after`` are how many nodes autograd had made when it began and when it ended, ``mark`` and ``mark_after`` what a
    clock had come to.
    """

    index: int
    module: str
    class_name: str
    call_number: int
    depth: int
    inputs: Tuple[TensorMeta, ...] = ()
    outputs: Tuple[TensorMeta, ...] = ()
    stats: Tuple[Optional[TensorStats], ...] = ()
    seconds: Optional[float] = None
    status: str = DONE
    file: Optional[str] = None
    line: Optional[int] = None
    training: Optional[bool] = None
    values: Tuple[PlainValue, ...] = ()
    compiled: bool = False

    measured: Optional[Measured] = None
    part: nn.Module
    args: Tuple[Any, ...]
    kwargs: Dict[str, Any]
    place: Optional[Place]
    stack: List["CallRecord"]
    nodes: int
    overhead: float
    began: float
    nodes_after = 0
    mark = mark_after = NEVER
    failed = False

    def as_call(self) -> LayerCall:
        """A ``LayerCall`` that stays what it is."""
        return LayerCall(*[getattr(self, name) for name in _FIELDS])


class PlainTensor(Dict[str, Tuple[TensorMeta]]):
    """What is known of plain tensors of one shape, dtype and device, which lie in memory as their shape says: ``elements``, and the meta of
    one under each name that it goes by. Each is made once: equal ones are the same object."""

    __slots__ = ("_device", "_dtype", "_shape", "elements")

    def __init__(self, shape: torch.Size, dtype: str, device: str) -> None:
        super().__init__()
        self._shape = tuple(shape)
        self._dtype = dtype
        self._device = device
        self.elements = shape.numel()

    def __missing__(self, name: str) -> Tuple[TensorMeta]:
        made = self[name] = (TensorMeta(self._shape, self._dtype, self._device, name),)
        return made


class PlainTensors(Dict[torch.dtype, "_OfDtype"]):
    """All plain tensors of a pass. Those on the CPU stand under their dtype and their shape, so that a device, which takes long to be
    looked up, need not be asked for."""

    def __init__(self) -> None:
        super().__init__()
        self._elsewhere: Dict[Sizes, PlainTensor] = {}

    def __missing__(self, dtype: torch.dtype) -> "_OfDtype":
        made = self[dtype] = _OfDtype(dtype_name(dtype))
        return made

    def elsewhere(self, tensor: torch.Tensor) -> PlainTensor:
        """One on another device."""
        sizes = tensor.shape, tensor.dtype, tensor.device
        made = self._elsewhere.get(sizes)
        if made is None:
            shape, dtype, device = sizes
            made = self._elsewhere[sizes] = PlainTensor(shape, dtype_name(dtype), device_name(device))
        return made


class _OfDtype(Dict[torch.Size, PlainTensor]):
    def __init__(self, dtype: str) -> None:
        super().__init__()
        self._dtype = dtype

    def __missing__(self, shape: torch.Size) -> PlainTensor:
        made = self[shape] = PlainTensor(shape, self._dtype, "cpu")
        return made


class Arguments:
    """What goes into the calls: names of arguments, once for each class."""

    def __init__(self) -> None:
        self._names: Dict[type, Tuple[str, ...]] = {}

    def first_name(self, module: nn.Module) -> str:
        """That of the first argument."""
        names = self.names(module)
        return names[0] if names else "[0]"

    def tensors(self, record: CallRecord) -> List[Tuple[str, torch.Tensor]]:
        """The tensors of a call's arguments with their names."""
        names = self.names(record.part)
        found: List[Tuple[str, torch.Tensor]] = []
        for number, value in enumerate(record.args):
            found += tensors_in(value, names[number] if number < len(names) else f"[{number}]")
        for name, value in record.kwargs.items():
            found += tensors_in(value, name)
        return found

    def names(self, module: nn.Module) -> Tuple[str, ...]:
        """Names of the positional arguments of its forward; none where it does not say."""
        kind = type(module)
        if kind not in self._names:
            try:
                parameters = inspect.signature(kind.forward).parameters.values()
                self._names[kind] = tuple([each.name for each in parameters if each.kind is not each.VAR_POSITIONAL][1:])
            except Exception:
                # Scripted modules and odd descriptors raise whatever they like; calls without names are still calls.
                self._names[kind] = ()
        return self._names[kind]
