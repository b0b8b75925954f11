"""What a module says of itself: its members, its hooks, its settings, and what of it is parametrized."""

from functools import lru_cache
from operator import itemgetter
from typing import Any, Callable, Dict, Iterable, Tuple

import torch
from torch import nn

attributes_of: Callable[[nn.Module], Dict[str, Any]] = vars(nn.Module)["__dict__"].__get__
"""What lies in a module itself, whatever its class makes of ``__dict__``."""

_MAX_SETTINGS = 200
_HOOKS = {
    "_forward_pre_hooks": "forward pre",
    "_forward_hooks": "forward",
    "_backward_pre_hooks": "backward pre",
    "_backward_hooks": "backward",
    "_state_dict_pre_hooks": "state_dict pre",
    "_state_dict_hooks": "state_dict",
    "_load_state_dict_pre_hooks": "load_state_dict pre",
    "_load_state_dict_post_hooks": "load_state_dict",
}
_all_hooks = itemgetter(*_HOOKS)
_NONE: Tuple[Tuple[str, ...], Tuple[str, ...]] = ((), ())
_OF_TORCH = ("torch.nn.modules.", "torch.nn.utils.")


def marks_of(module: nn.Module) -> Tuple[Tuple[str, ...], Tuple[str, ...]]:
    """``hooks_of`` and ``parametrized`` in one: nearly every module has neither."""
    own = attributes_of(module)
    try:
        if not any(_all_hooks(own)) and "parametrizations" not in own["_modules"]:
            return _NONE
    except (KeyError, TypeError):
        pass  # the two know what that may mean
    return hooks_of(module), parametrized(module)


def hooks_of(module: nn.Module) -> Tuple[str, ...]:
    """The kinds of hooks on a module. Those of lazy layers and of ``torch.nn.utils`` are left out: they are told as what they do."""
    own = attributes_of(module)
    try:
        attached = any(_all_hooks(own))
    except KeyError:  # a scripted module, or one whose ``super().__init__()`` was never called
        return ()
    if not attached:
        return ()
    return tuple(
        kind for name, kind in _HOOKS.items() if any(not _origin(hook).startswith(_OF_TORCH) for hook in own[name].values())
    )


def _origin(hook: Any) -> str:
    inner = vars(hook).get("hook", hook) if type(hook).__name__ == "_WrappedHook" else hook
    return str(getattr(inner, "__module__", ""))


def parametrized(module: nn.Module) -> Tuple[str, ...]:
    """Names of the tensors of a module that are computed from others before each use."""
    own = attributes_of(module)
    hooks, children = own.get("_forward_pre_hooks"), own.get("_modules")
    if not hooks and "parametrizations" not in (children or ()):
        return ()
    names = []
    inside = children["parametrizations"] if isinstance(children, dict) and "parametrizations" in children else None
    if isinstance(inside, nn.ModuleDict):
        names += [name for name, child in inside._modules.items() if type(child).__module__ == "torch.nn.utils.parametrize"]
    for hook in (hooks or {}).values():
        if _origin(hook).startswith("torch.nn.utils."):
            facts = vars(hook)
            names.append(str(facts.get("name") or facts.get("_tensor_name")))  # weight_norm and spectral_norm, or pruning
    return tuple(names)


def settings_of(module: nn.Module) -> str:
    """Its ``extra_repr`` in one line, empty when that raises."""
    try:
        text = module.extra_repr()
    except (Exception, SystemExit):
        # An extra_repr that raises must not hide the module.
        return ""
    return _one_line(str(text))


@lru_cache(maxsize=1024)
def _one_line(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _MAX_SETTINGS else text[: _MAX_SETTINGS - 3] + "..."


def members_of(module: nn.Module, kind: str) -> Iterable[Tuple[str, Any]]:
    """Names and members of ``_modules``, ``_parameters`` or ``_buffers``; none where ``super().__init__()`` was never called."""
    found: Any = attributes_of(module).get(kind)
    if found is None:  # a scripted module has them elsewhere
        found = getattr(module, kind) if isinstance(module, torch.jit.ScriptModule) else {}
    items: Iterable[Tuple[str, Any]] = found.items()
    return items
