"""Build a model only to see its keys and shapes: without data where that works, again and again, quietly."""

import contextlib
import io
import logging
from typing import Any, Callable, Dict, Iterator, Mapping, Optional, Tuple

import torch
from torch import nn

from .process_state import ProcessState
from .torch_compat import is_lazy
from .ways_without_data import WAYS, wants_data


class ProbeBuilds:
    """Builds one constructor with many arguments. The way in which it can be built without data is found out once."""

    def __init__(self, make: Callable[..., Any]) -> None:
        self._make = make
        self._ways = WAYS
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
                if not wants_data(error):
                    return None
                continue
            self._ways = self._ways[number:]
            return found
        return None


def _shapes_of(model: nn.Module) -> Dict[str, Tuple[int, ...]]:
    tensors = {key: value for key, value in model.state_dict().items() if isinstance(value, torch.Tensor)}
    return {key: tuple(value.shape) for key, value in tensors.items() if not is_lazy(value)}


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
