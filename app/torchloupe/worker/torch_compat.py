"""What differs between versions of torch, or is untyped in it, in one place."""

import sys
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Callable, Dict, Iterator, Optional

import torch
from torch import nn
from torch.nn import parameter as torch_parameter

_UNINITIALIZED: Any = vars(torch_parameter)["UninitializedTensorMixin"]


def is_lazy(tensor: torch.Tensor) -> bool:
    """Whether a parameter or buffer of a lazy module has no shape yet: asking for it would raise."""
    return isinstance(tensor, _UNINITIALIZED)


def has_sizes(tensor: torch.Tensor) -> bool:
    """Whether it says how large each of its axes is: a lazy parameter does not yet, a nested tensor never."""
    return not is_lazy(tensor) and not tensor.is_nested


def without_torch_function() -> "AbstractContextManager[Any]":
    """Inside, a subclass of Tensor is asked as the tensor that it is, not by its own words."""
    disabled: Any = vars(torch._C)["DisableTorchFunctionSubclass"]
    inside: AbstractContextManager[Any] = disabled()
    return inside


def cuda_is_initialized() -> bool:
    """Whether this process has touched the GPU; asking must not be what touches it."""
    check: Any = torch.cuda.is_initialized
    return torch.cuda.is_available() and bool(check())


def default_device() -> Optional[torch.device]:
    """The device that new tensors get without asking; None for the usual one."""
    modes: Any = sys.modules.get("torch.utils._device")  # loaded by the first who sets one
    device: Any = getattr(modes, "CURRENT_DEVICE", None)
    return None if device is None else torch.device(device)


def set_default_device(device: Optional[torch.device]) -> None:
    """The opposite of ``default_device``."""
    change: Any = torch.set_default_device
    change(device)


def autocast_modes() -> Dict[str, bool]:
    """Whether autocast is on, for each kind of device that has it."""
    ask: Any = torch.is_autocast_enabled
    try:
        return {kind: bool(ask(kind)) for kind in ("cpu", "cuda")}
    except TypeError:  # before torch 2.4 each kind had a function of its own
        on_cpu: Any = torch.is_autocast_cpu_enabled
        return {"cpu": bool(on_cpu()), "cuda": bool(ask())}


def set_autocast_mode(kind: str, enabled: bool) -> None:
    """Turn autocast on or off, when it is not so already."""
    if autocast_modes()[kind] == enabled:
        return
    change: Any = torch.set_autocast_enabled
    try:
        change(kind, enabled)
    except TypeError:
        before: Any = torch.set_autocast_cpu_enabled if kind == "cpu" else change
        before(enabled)
    torch.clear_autocast_cache()


def uncompiled() -> "AbstractContextManager[Any]":
    """Inside, what ``torch.compile`` made runs as plain Python, so that its layers can be watched."""
    compiler: Any = getattr(torch, "compiler", None)
    stance = getattr(compiler, "set_stance", None)  # torch 2.6
    return nullcontext() if stance is None else _Uncompiled(stance)


class _Uncompiled:
    """Loads the compiler (seconds) only where something was compiled."""

    def __init__(self, stance: Any) -> None:
        self._stance = stance
        self._inside: Any = nullcontext()

    def __enter__(self) -> None:
        self._inside = self._stance("force_eager") if "torch._dynamo" in sys.modules else nullcontext()
        self._inside.__enter__()

    def __exit__(self, *raised: Any) -> None:
        self._inside.__exit__(*raised)


@contextmanager
def every_layer_by_itself() -> Iterator[None]:
    """Inside, an encoder of transformers calls its parts one by one, as it does in training, and not all of itself as one operation."""
    mha: Any = getattr(torch.backends, "mha", None)
    before = mha is not None and mha.get_fastpath_enabled()
    if before:
        mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        if before:
            mha.set_fastpath_enabled(True)


nodes_so_far: Callable[[], int] = getattr(torch.autograd, "_get_sequence_nr", lambda: 0)
"""How many nodes autograd has made in this thread; always 0 where torch does not tell."""


def set_version(tensor: torch.Tensor, version: int) -> None:
    """Make a tensor's count of changes in place what it was, where torch lets one."""
    change: Any = getattr(torch._C._autograd, "_unsafe_set_version_counter", None)
    try:
        change((tensor,), (version,))
    except TypeError:  # not there, or of one tensor in an older torch
        if change is not None:
            change(tensor, version)


_MODULE: Any = nn.Module


def what_calls_modules() -> Any:
    """What calls a module, of whatever class, at present: the one place through which all of them go."""
    return _MODULE.__call__


def call_modules_by(function: Any) -> None:
    """Have every module called by this. Whoever does puts back what was there."""
    _MODULE.__call__ = function


function_modes_are_on: Callable[[], bool] = getattr(torch._C, "_is_torch_function_mode_enabled", lambda: True)
"""Whether every torch function, and every question to a tensor, goes through a mode now; true where torch does not tell."""
past_function_modes: "Callable[[], AbstractContextManager[Any]]" = vars(torch._C)["DisableTorchFunction"]
"""Inside, none does."""
