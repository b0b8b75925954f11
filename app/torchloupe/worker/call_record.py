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
from .tensor_facts import device_name, dtype_name

Sizes = Tuple[Any, ...]
"""Shape, dtype, device and memory format of one tensor."""
_FIELDS = [field.name for field in fields(LayerCall)]


class CallRecord:
    """A call in the making, of a ``part`` of the model. It has the fields of a ``LayerCall``, filled in one by one, and is told in the
    place of one: to make another object of it would cost as much as all that is noted.

    ``inputs`` and ``outputs`` are the ``Sizes`` of a single tensor until it is told, unless they are metas from the beginning.
    ``stack`` are the calls that are open in its thread, ``place`` is ``file`` and ``line``,
    ``nodes`` and ``nodes_after`` are how many nodes autograd had made when it began and when it ended.
    """

    index: int
    module: str
    class_name: str
    call_number: int
    depth: int
    inputs: Any = ()
    outputs: Any = ()
    stats: Tuple[Optional[TensorStats], ...] = ()
    seconds: Optional[float] = None
    status: str = DONE
    file: Optional[str] = None
    line: Optional[int] = None
    training: Optional[bool] = None
    values: Tuple[PlainValue, ...] = ()
    part: nn.Module
    args: Tuple[Any, ...]
    kwargs: Dict[str, Any]
    place: Optional[Place]
    stack: List["CallRecord"]
    nodes: int
    overhead: float
    began: float
    nodes_after = 0
    failed = False


class CallTeller:
    """Makes records ready to be told. What many calls have in common is made once: names of arguments, metas of equal tensors."""

    def __init__(self) -> None:
        self._names: Dict[type, Tuple[str, ...]] = {}
        self._metas: Dict[Tuple[Sizes, str], TensorMeta] = {}

    def told(self, record: CallRecord) -> CallRecord:
        """The record, with metas in place of sizes."""
        inputs, outputs, place = record.inputs, record.outputs, record.place
        if inputs and type(inputs[0]) is not TensorMeta:
            record.inputs = self._meta(inputs, (self.names(record.part) or ("[0]",))[0])
        if outputs and type(outputs[0]) is not TensorMeta:
            record.outputs = self._meta(outputs, "")
        if place is not None:
            record.file, record.line = place
        return record

    def call(self, record: CallRecord) -> LayerCall:
        """A ``LayerCall`` that stays what it is."""
        told: Any = self.told(record)
        return LayerCall(*[getattr(told, name) for name in _FIELDS])

    def _meta(self, sizes: Sizes, name: str) -> Tuple[TensorMeta]:
        meta = self._metas.get((sizes, name))
        if meta is None:
            shape, dtype, device, lies = sizes
            meta = TensorMeta(tuple(shape), dtype_name(dtype), device_name(device), name, lies)
            self._metas[sizes, name] = meta
        return (meta,)

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
