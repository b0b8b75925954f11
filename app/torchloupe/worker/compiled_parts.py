"""A pass whose parts run as ``torch.compile`` makes them, each by itself, so that a run can be laid beside one without: the first part
that differs is the one to look into.
"""

import sys
from contextlib import ExitStack
from typing import Any, Collection, Dict, List, Optional, Tuple

import torch
from torch import nn

from ..wire.errors import UsageError
from ..wire.problems import ERROR, Problem
from ..wire.requests import RunForward
from .error_words import words_of
from .module_facts import attributes_of, members_of

FEW_PARTS = 4
MOST_RECOMPILED = 256
"""How often the code that all modules share is compiled for another one; torch's own limit of 8 falls back to what is not compiled."""
_COMPILED = "_compiled_call_impl"


class CompiledParts:
    """A context in which ``parts`` of ``model``, by module path, run compiled with ``backend``. Raises ``UsageError``."""

    def __init__(self, model: nn.Module, backend: str) -> None:
        if not hasattr(nn.Module, "compile"):
            raise UsageError(f"torch {torch.__version__} cannot compile a module by itself.", "Use torch 2.2 or newer.")
        compiler: Any = __import__("torch._dynamo", fromlist=["list_backends"])
        usual = {"eager", "aot_eager", *compiler.list_backends()}
        if backend not in usual and backend not in compiler.list_backends(exclude_tags=()):
            raise UsageError(f"`{backend}` is no backend of torch.compile here.", f"Use {', '.join(sorted(usual))}.")
        self._backend = backend
        self.parts: Dict[str, nn.Module] = dict(parts_of(model))
        self._inside = ExitStack()

    def __enter__(self) -> "CompiledParts":
        with ExitStack() as started:
            started.enter_context(_settings())
            for part in {id(part): part for part in self.parts.values()}.values():
                own = attributes_of(part)
                before: Any = own.get(_COMPILED, self)
                part.compile(backend=self._backend)
                started.callback(_put_back, own, before, before is not self)
            self._inside = started.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._inside.close()
        compiler: Any = sys.modules["torch._dynamo"]
        compiler.reset()  # what was compiled would stay in memory for as long as the worker lives

    @property
    def identities(self) -> Collection[int]:
        """Those of the parts."""
        return frozenset(map(id, self.parts.values()))


def compiled_parts(model: nn.Module, request: RunForward) -> Optional[CompiledParts]:
    """What ``request`` wants compiled, None when that is nothing. Raises ``UsageError``."""
    if request.compile is None:
        return None
    if request.shapes_only or request.operations:
        what = "operations inside a compiled part" if request.operations else "shapes without data"
        raise UsageError(f"A compiled run does not show {what}.", "Run it without the one or the other.")
    return CompiledParts(model, request.compile)


def parts_of(model: nn.Module) -> List[Tuple[str, nn.Module]]:
    """The model taken apart until there are a few parts: blocks, not single layers. Lists and sequences are opened, as their members
    are called one by one."""
    parts: List[Tuple[str, nn.Module]] = _opened("", model) or [("", model)]
    while len(parts) < FEW_PARTS:
        largest = max(parts, key=lambda part: _numel(part[1]))
        inside = _opened(*largest)
        if not inside:
            break
        at = parts.index(largest)
        parts[at : at + 1] = inside
    return parts


def _opened(path: str, module: nn.Module) -> List[Tuple[str, nn.Module]]:
    """The children, those of lists and sequences in their place."""
    prefix = path + "." if path else ""
    found: List[Tuple[str, nn.Module]] = []
    for name, child in members_of(module, "_modules"):
        if isinstance(child, (nn.ModuleList, nn.ModuleDict, nn.Sequential)):
            found += _opened(prefix + name, child)
        elif isinstance(child, nn.Module):
            found.append((prefix + name, child))
    return found


def compile_problem(error: BaseException, backend: str) -> Optional[Problem]:
    """The compiler gave up: that is no failure of the model. None for any other error."""
    compiler: Any = sys.modules.get("torch._dynamo.exc")
    if compiler is None or not isinstance(error, compiler.TorchDynamoException):
        return None
    said = " ".join(line.strip() for line in words_of(error).splitlines()[:3] if line.strip()) or type(error).__name__
    message = f"torch.compile with `{backend}` gave up: {said[:200]}"
    hint = "The model runs without it. The details are what the compiler says; `aot_eager` tells whether it is the backend."
    return Problem("compile-failed", message, ERROR, hint, details=words_of(error))


def _settings() -> Any:
    compiler: Any = __import__("torch._dynamo", fromlist=["config"])
    settings = {name: MOST_RECOMPILED for name in ("recompile_limit", "cache_size_limit") if hasattr(compiler.config, name)}
    inductor: Any = __import__("torch._inductor", fromlist=["config"])
    stack = ExitStack()
    stack.enter_context(compiler.config.patch(**settings))
    stack.enter_context(inductor.config.patch(fallback_random=True))  # the same random numbers as without it
    return stack


def _put_back(own: Dict[str, Any], before: Any, was_there: bool) -> None:
    if was_there:
        own[_COMPILED] = before
    else:
        own.pop(_COMPILED, None)


def _numel(module: nn.Module) -> int:
    return sum(tensor.numel() for tensor in module.parameters())
