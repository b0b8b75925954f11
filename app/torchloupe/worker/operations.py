"""Which operation of the user's own forward failed, and on what: a second look, only after a failure."""

import sys
from typing import Any, Callable, Dict, List, Optional, Tuple

import torch
from torch.overrides import TorchFunctionMode, resolve_name

from ..wire.tensors import TensorMeta
from .nested import metas_of, tensors_in
from .places import Places


class FailingOperation(TorchFunctionMode):
    """A mode that remembers the first torch function that raised: its name, operands, other arguments and line."""

    def __init__(self, places: Places) -> None:
        super().__init__()
        self._places = places
        self.name: Optional[str] = None
        self.operands: Tuple[TensorMeta, ...] = ()
        self.tensors: List[torch.Tensor] = []
        self.arguments: Tuple[Any, ...] = ()
        self.contiguous = True
        self.place: Optional[Tuple[str, int]] = None

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Tuple[Any, ...] = (), kwargs: Optional[Dict[str, Any]] = None
    ) -> Any:
        try:
            return func(*args, **(kwargs or {}))
        except Exception:
            if self.name is None:
                self.remember(func, args, kwargs or {})
            raise

    def remember(self, func: Callable[..., Any], args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> None:
        """Note what a function is called with, and from where."""
        self.name = short_name(func)
        found: List[Tuple[str, torch.Tensor]] = []
        for value in (*args, *kwargs.values()):
            found += tensors_in(value)
        self.tensors = [tensor for _, tensor in found]
        self.operands = metas_of(found)
        self.arguments = tuple(_plain(value) for value in args if _plain(value) is not None) + tuple(
            f"{key}={value}" for key, value in kwargs.items() if _plain(value) is not None
        )
        self.contiguous = all(tensor.is_contiguous() for tensor in self.tensors)
        self.place = self._places.of_caller(sys._getframe(1))


def short_name(func: Callable[..., Any]) -> str:
    """The name by which people know a torch function: ``matmul``, ``+``."""
    name = resolve_name(func) or getattr(func, "__name__", "an operation")
    name = str(name).rpartition(".")[2].strip("_")
    return {"add": "+", "iadd": "+=", "radd": "+", "sub": "-", "rsub": "-", "mul": "*", "rmul": "*", "truediv": "/"}.get(
        name, name
    )


def _plain(value: Any) -> Any:
    """A number, text or tuple of numbers, else None."""
    if isinstance(value, (int, float, str)):
        return value
    if isinstance(value, (list, tuple)) and value and all(isinstance(item, int) for item in value):
        return tuple(value)
    return None
