"""Build a model only to see its keys and shapes: without data where that works, again and again, quietly."""

import contextlib
import io
import logging
from typing import Any, Callable, Dict, Iterator, Mapping, Optional, Tuple

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from .process_state import ProcessState
from .torch_compat import is_lazy

_LARGE = 1 << 16
_FACTORIES = ("empty", "zeros", "ones", "full", "rand", "randn", "empty_strided", "randint", "normal")


class ProbeBuilds:
    """Builds one constructor with many arguments. The way in which it can be built without data is found out once."""

    def __init__(self, make: Callable[..., Any]) -> None:
        self._make = make
        self._ways = [_no_data, _small_data, contextlib.nullcontext]
        self.failure: Optional[BaseException] = None

    def shapes(self, keywords: Mapping[str, Any]) -> Optional[Dict[str, Tuple[int, ...]]]:
        """Keys and shapes of the state_dict; None when it cannot be built (``failure`` then says why)."""
        for number, way in enumerate(self._ways):
            try:
                with _quietly(), way():
                    model = self._make(**keywords)
                    if not isinstance(model, nn.Module):
                        return None
                    found = _shapes_of(model)
            except (Exception, SystemExit) as error:
                self.failure = error
                if not _wants_data(error):
                    return None
                continue
            self._ways = self._ways[number:]
            return found
        return None


def _shapes_of(model: nn.Module) -> Dict[str, Tuple[int, ...]]:
    tensors = {key: value for key, value in model.state_dict().items() if isinstance(value, torch.Tensor)}
    return {key: tuple(value.shape) for key, value in tensors.items() if not is_lazy(value)}


def _wants_data(error: BaseException) -> bool:
    """Built on the meta device, a constructor failed that may work with numbers in its tensors."""
    text = str(error)
    return "meta" in text.lower() or isinstance(error, NotImplementedError) or "fake" in text.lower()


def _no_data() -> "contextlib.AbstractContextManager[Any]":
    return torch.device("meta")


class _small_data(TorchFunctionMode):
    """Large new tensors without data, small ones with: rates that are computed with torch stay numbers."""

    def __torch_function__(self, function: Any, kinds: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        if getattr(function, "__name__", "") in _FACTORIES and "device" not in kwargs and _elements(args, kwargs) >= _LARGE:
            kwargs["device"] = "meta"
        return function(*args, **kwargs)


def _elements(args: Any, kwargs: Mapping[str, Any]) -> int:
    sizes = kwargs.get("size", args[0] if len(args) == 1 and isinstance(args[0], (tuple, list, torch.Size)) else args)
    count = 1
    for size in sizes if isinstance(sizes, (tuple, list, torch.Size)) else (sizes,):
        if not isinstance(size, int):
            return 0
        count *= size
    return count


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """What a constructor prints and how it seeds is nobody's business while it is only probed."""
    state, level = ProcessState(), logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        logging.disable(level)
        state.restore()
