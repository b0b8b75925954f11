"""Which layer or function made a tensor, and from what: kept while a pass runs, to say where a size that does not fit comes from."""

import sys
import weakref
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

import torch

from ...analysis.provenance import Maker
from ...wire.traces import LayerCall
from ..call_record import CallRecord
from ..failure import torch_layer
from ..nested import tensors_in
from ..operation_names import spoken
from ..operations import short_name
from ..places import Places

_RESHAPES = {"view", "reshape", "flatten", "unflatten", "unsqueeze", "squeeze", "contiguous", "permute", "transpose", "t"}
_MAKES_A_SIZE = ("linear", "conv", "embedding", "matmul", "bmm", "einsum", "lstm", "gru", "rnn", "bilinear", "attention")


class Makers:
    """The makers of the tensors of one pass."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._known: Dict[int, Tuple[Any, Maker]] = {}

    def note(
        self, func: Callable[..., Any], args: Tuple[Any, ...], kwargs: Dict[str, Any], result: Any, within: Sequence[CallRecord]
    ) -> None:
        """The operation ``func`` gave ``result`` while the calls ``within`` were open."""
        tensors = [
            each for each in (result if isinstance(result, (tuple, list)) else (result,)) if isinstance(each, torch.Tensor)
        ]
        if not tensors:
            return
        name, source = short_name(func), self._source(args)
        makes = name.startswith(_MAKES_A_SIZE)
        layer = within[-1] if within and torch_layer(within[-1].part) is not None else None
        for tensor in tensors:
            shape = tuple(tensor.shape)
            is_same = source is not None and source.shape == shape and not makes
            said, (file, line) = self._said(func, args, kwargs, layer)
            maker = Maker(said, line, shape, source, name in _RESHAPES or is_same, makes, file)
            self._known[id(tensor)] = (weakref.ref(tensor), maker)

    def note_call(self, result: Any, call: LayerCall) -> None:
        """The layer of ``call`` was to give ``result``."""
        for _, tensor in tensors_in(result):
            maker = Maker(f"`{call.module}`", call.line, tuple(tensor.shape), file=call.file)
            self._known[id(tensor)] = (weakref.ref(tensor), maker)

    def of(self, tensor: Any) -> Optional[Maker]:
        """What made it; None for an input or a parameter."""
        reference, maker = self._known.get(id(tensor), (None, None))
        return maker if reference is not None and reference() is tensor else None

    def of_each(self, tensors: Sequence[torch.Tensor]) -> List[Optional[Maker]]:
        """The same for several."""
        return [self.of(tensor) for tensor in tensors]

    def _source(self, args: Tuple[Any, ...]) -> Optional[Maker]:
        first = next((each for each in args if isinstance(each, (torch.Tensor, tuple, list))), None)
        first = first[0] if isinstance(first, (tuple, list)) and first else first
        return self.of(first) if isinstance(first, torch.Tensor) else None

    def _said(
        self, func: Callable[..., Any], args: Tuple[Any, ...], kwargs: Dict[str, Any], layer: Optional[CallRecord]
    ) -> Tuple[str, Tuple[Optional[str], Optional[int]]]:
        """Its name, file and line. What runs in a layer of torch is that layer's."""
        if layer is not None and layer.module:
            return f"`{layer.module}`", layer.place or (None, None)
        known, here = spoken(func), self._places.of_caller(sys._getframe(3))
        written = known.written(args, kwargs) if known is not None else short_name(func)
        return f"`{written}`", here or (None, None)
