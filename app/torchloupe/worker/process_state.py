"""What a model can change in the process around it, saved before and put back after: modes, defaults, folders, handlers, dice."""

import os
import random
import signal
import sys
import threading
import warnings
from typing import Any, Dict, List, Tuple

import torch
from torch.nn.modules import module as torch_module

from .torch_compat import autocast_modes, cuda_is_initialized, default_device, set_autocast_mode, set_default_device

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class ProcessState:
    """Global settings of torch, Python and the system at one moment, random number generators included."""

    def __init__(self) -> None:
        self._torch = _TorchSettings()
        self._python = _PythonSettings()
        self._random = _RandomState()

    def restore(self) -> None:
        """Put everything back that differs."""
        self._torch.restore()
        self._python.restore()
        self._random.restore()


class _TorchSettings:
    """Defaults, modes and hooks that hold for every module and tensor."""

    def __init__(self) -> None:
        self._device = default_device()
        self._dtype = torch.get_default_dtype()
        self._grad = torch.is_grad_enabled()
        self._autocast = autocast_modes()
        self._anomaly = (torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled())
        self._deterministic = _deterministic()
        self._threads = torch.get_num_threads()
        self._hooks = [(hooks, list(hooks.items())) for hooks in _hooks_of_all_modules()]

    def restore(self) -> None:
        if default_device() != self._device:
            set_default_device(self._device)
        if torch.get_default_dtype() != self._dtype:
            torch.set_default_dtype(self._dtype)
        torch.set_grad_enabled(self._grad)
        for kind, enabled in self._autocast.items():
            set_autocast_mode(kind, enabled)
        if (torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled()) != self._anomaly:
            torch.autograd.set_detect_anomaly(*self._anomaly)
        if _deterministic() != self._deterministic:
            torch.use_deterministic_algorithms(self._deterministic[0], warn_only=self._deterministic[1])
        if torch.get_num_threads() != self._threads:
            torch.set_num_threads(self._threads)
        for hooks, before in self._hooks:
            if len(hooks) != len(before):
                hooks.clear()
                hooks.update(before)


class _PythonSettings:
    """Search path, command line, environment, folder, standard streams, warnings, handlers of signals."""

    def __init__(self) -> None:
        self._path, self._words = list(sys.path), list(sys.argv)
        self._environment = dict(os.environ)
        self._folder = _current_folder()
        self._streams = (sys.stdout, sys.stderr)
        self._filters = list(warnings.filters)
        self._recursion = sys.getrecursionlimit()
        self._handlers = {number: signal.getsignal(number) for number in _SIGNALS}

    def restore(self) -> None:
        if sys.path != self._path:
            sys.path[:] = self._path
        sys.argv[:] = self._words
        if os.environ != self._environment:
            os.environ.clear()
            os.environ.update(self._environment)
        if self._folder and _current_folder() != self._folder and os.path.isdir(self._folder):
            os.chdir(self._folder)
        sys.stdout, sys.stderr = self._streams
        if list(warnings.filters) != self._filters:
            # Nobody but the module itself may take another list: Python's own code keeps a reference to this one.
            kept: Any = warnings.filters
            kept[:] = self._filters
        if sys.getrecursionlimit() != self._recursion:
            sys.setrecursionlimit(self._recursion)
        if threading.current_thread() is threading.main_thread():
            for number, handler in self._handlers.items():
                if handler is not None and signal.getsignal(number) != handler:
                    signal.signal(number, handler)


class _RandomState:
    """The random number generators of torch, Python and numpy."""

    def __init__(self) -> None:
        self._torch = torch.get_rng_state()
        self._python = random.getstate()
        numpy = sys.modules.get("numpy")
        self._numpy: Any = numpy.random if numpy is not None and hasattr(numpy, "random") else None
        self._numpy_state = self._numpy.get_state() if self._numpy is not None else None
        self._cuda = torch.cuda.get_rng_state_all() if cuda_is_initialized() else None

    def restore(self) -> None:
        torch.set_rng_state(self._torch)
        random.setstate(self._python)
        if self._numpy is not None:
            self._numpy.set_state(self._numpy_state)
        if self._cuda is not None:
            torch.cuda.set_rng_state_all(self._cuda)


def _hooks_of_all_modules() -> List[Dict[Any, Any]]:
    return [value for name, value in vars(torch_module).items() if name.startswith("_global_") and isinstance(value, dict)]


def _deterministic() -> Tuple[bool, bool]:
    return torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()


def _current_folder() -> str:
    """Where the process is; empty when somebody deleted that folder."""
    try:
        return os.getcwd()
    except OSError:
        return ""
