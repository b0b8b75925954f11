"""Ways to build a model whose tensors have shapes and no data, from the cheapest on."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any, Callable, Mapping, Tuple

import torch
from torch.overrides import TorchFunctionMode

from .error_words import words_of

_LARGE = 1 << 16
_FACTORIES = ("empty", "zeros", "ones", "full", "rand", "randn", "empty_strided", "randint", "normal")


def no_data() -> "AbstractContextManager[Any]":
    """Every new tensor is without data."""
    return torch.device("meta")


class SmallData(TorchFunctionMode):
    """Large new tensors without data, small ones with: rates that are computed with torch stay numbers."""

    def __torch_function__(self, function: Any, kinds: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Call ``function``, on the meta device when it makes a large tensor and was told no other."""
        kwargs = dict(kwargs or {})
        made = getattr(function, "__name__", "") in _FACTORIES and kwargs.get("device") is None
        if made and _elements(args, kwargs) >= _LARGE:
            kwargs["device"] = "meta"
        return function(*args, **kwargs)


WAYS: Tuple[Callable[[], "AbstractContextManager[Any]"], ...] = (no_data, SmallData, nullcontext)
"""No data, little data, all of it: each for the constructors that the one before cannot serve."""


def wants_data(error: BaseException) -> bool:
    """Built on the meta device, a constructor failed that may work with numbers in its tensors."""
    text = words_of(error)
    return "meta" in text.lower() or isinstance(error, NotImplementedError) or "fake" in text.lower()


def built_without_data(make: Callable[..., Any], /, **keywords: Any) -> Any:
    """What ``make`` makes, in the first way in which it can be built."""
    for way in WAYS[:-1]:
        try:
            with way():
                return make(**keywords)
        except (Exception, SystemExit) as error:
            if not wants_data(error):
                raise
    return make(**keywords)


def _elements(args: Any, kwargs: Mapping[str, Any]) -> int:
    sizes = kwargs.get("size", args[0] if len(args) == 1 and isinstance(args[0], (tuple, list, torch.Size)) else args)
    count = 1
    for size in sizes if isinstance(sizes, (tuple, list, torch.Size)) else (sizes,):
        if not isinstance(size, int):
            return 0
        count *= size
    return count
