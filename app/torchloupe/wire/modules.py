"""The module tree: modules, parameters and buffers of one constructed model."""

from dataclasses import dataclass
from typing import Optional, Tuple

PARAMETER = "parameter"
BUFFER = "buffer"


@dataclass(frozen=True)
class ModuleEntry:
    """One registered module.

    ``path`` is its module path (``""`` is the root), ``class_name`` its class, ``parameter_count`` how many parameter tensors it
    owns itself, ``numel`` the elements in those, ``total_numel`` the elements of it and everything below, each tensor once.
    ``settings`` is its ``extra_repr``. ``file`` and ``line`` point at its class in the user's code, when it is the user's.
    ``same_as`` is the first path under which this very module was met, when it is registered several times.
    """

    path: str
    class_name: str
    parameter_count: int
    numel: int
    total_numel: int
    training: bool
    settings: str = ""
    file: Optional[str] = None
    line: Optional[int] = None
    same_as: Optional[str] = None


@dataclass(frozen=True)
class ParameterEntry:
    """One parameter or buffer, under the key that it has in the state_dict.

    ``owner`` is the module path of its module. ``shape`` is None while the parameter is lazy (not initialised). ``tied_to`` are
    the other keys of the very same tensor. ``persistent`` is False for a buffer that the state_dict leaves out.
    """

    key: str
    owner: str
    kind: str
    shape: Optional[Tuple[int, ...]]
    dtype: str
    device: str
    requires_grad: bool
    numel: int
    bytes: int
    tied_to: Tuple[str, ...] = ()
    persistent: bool = True


@dataclass(frozen=True)
class ModuleTree:
    """All modules (parents before children, in registration order) and all parameters and buffers of a model."""

    modules: Tuple[ModuleEntry, ...]
    parameters: Tuple[ParameterEntry, ...]
