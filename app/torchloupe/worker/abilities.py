"""The hello: which Python and torch this is, which devices it has, what this torch offers - by looking, never by version number."""

import importlib
import importlib.util
import inspect
import os
import platform
import sys
from dataclasses import replace
from typing import Any, Callable, Dict, List, Tuple

from ..wire.requests import PROTOCOL, Hello

HOOKS = "hooks"
"""Forward hooks that see keyword arguments and also run when the module failed; without them nothing can be watched."""


def introduce() -> Hello:
    """The hello of this interpreter. Imports torch; whatever goes wrong with that is said in ``torch_error``."""
    hello = Hello(protocol=PROTOCOL, python=platform.python_version(), executable=sys.executable, pid=os.getpid())
    try:
        torch: Any = importlib.import_module("torch")
        return replace(hello, torch=str(torch.__version__), devices=devices(torch), abilities=abilities(torch))
    except (Exception, SystemExit) as error:
        return replace(hello, torch_error=_reason(error))


def devices(torch: Any) -> Tuple[str, ...]:
    """Every device this torch can run on now, ``cpu`` first."""
    names: List[str] = ["cpu"]
    for kind in ("cuda", "xpu"):
        backend = getattr(torch, kind, None)
        if backend is not None and _works(backend.is_available):
            names += [f"{kind}:{index}" for index in range(backend.device_count())]
    if _works(lambda: torch.backends.mps.is_available()):
        names.append("mps")
    return tuple(names)


def abilities(torch: Any) -> Tuple[str, ...]:
    """Names of what this torch offers, sorted."""
    return tuple(sorted(name for name, is_there in _probes(torch).items() if _works(is_there)))


def _probes(torch: Any) -> Dict[str, Callable[[], bool]]:
    return {
        HOOKS: lambda: _takes(torch.nn.Module.register_forward_hook, "with_kwargs", "always_call"),
        "accelerator": lambda: hasattr(torch, "accelerator"),
        "assign": lambda: _takes(torch.nn.Module.load_state_dict, "assign"),
        "dispatch-mode": lambda: _exists("torch.utils._python_dispatch"),
        "fake-tensor": lambda: _exists("torch._subclasses.fake_tensor"),
        "float8": lambda: hasattr(torch, "float8_e4m3fn"),
        "flop-counter": lambda: _exists("torch.utils.flop_counter"),
        "load-mmap": lambda: _takes(torch.load, "mmap"),
        "meta-device": lambda: hasattr(torch.device, "__enter__"),
        "numpy": lambda: _exists("numpy"),
        "torchinfo": lambda: _exists("torchinfo"),
        "weights-only": lambda: _takes(torch.load, "weights_only"),
    }


def _takes(function: Callable[..., Any], *arguments: str) -> bool:
    return set(arguments) <= set(inspect.signature(function).parameters)


def _exists(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


def _works(question: Callable[[], bool]) -> bool:
    """The answer; no when asking fails, as it does with half-installed drivers and cut-down builds."""
    try:
        return bool(question())
    except Exception:
        return False


def _reason(error: BaseException) -> str:
    if isinstance(error, ModuleNotFoundError) and error.name == "torch":
        return "torch is not installed there."
    return f"{type(error).__name__}: {error}"
