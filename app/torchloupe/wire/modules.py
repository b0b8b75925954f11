"""The module tree: modules, parameters and buffers of one constructed model."""

from dataclasses import dataclass
from typing import Optional, Tuple

from .registration import HiddenPart

PARAMETER = "parameter"
BUFFER = "buffer"
MOST_SHARING = 16


@dataclass(frozen=True)
class ModuleEntry:
    """One registered module.

    ``path`` is its module path (``""`` is the root), ``class_name`` its class, ``parameter_count`` how many parameter tensors it
    owns itself, ``numel`` the elements in those, ``total_numel`` the elements of it and everything below, each tensor once.
    ``settings`` is its ``extra_repr``. ``file`` and ``line`` point at its class in the user's code, when it is the user's.
    ``same_as`` is the first path under which this very module was met, when it is registered several times.

    ``bytes`` are those of its own parameters and buffers, ``total_bytes`` of it and everything below, shared memory once.
    ``trainable_numel`` is the part of ``total_numel`` that requires a gradient. ``dtype`` and ``device`` are those of the tensors in
    it and below, several joined by ``, ``; counters and masks (int64 and bool buffers) are left out where there is anything else.
    ``hooks`` are the kinds of hooks on it, without those that its class puts there itself. ``parametrized`` names its tensors that
    are computed from others (``torch.nn.utils.parametrize``, ``weight_norm``, ``spectral_norm``, pruning). ``is_lazy``: some tensor
    of its own has no shape yet. ``defined_file`` and ``defined_line`` are where it is assigned (``self.fc1 = ...``),
    ``forward_file`` and ``forward_line`` where the forward of its class begins.
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
    bytes: int = 0
    total_bytes: int = 0
    trainable_numel: int = 0
    dtype: str = ""
    device: str = ""
    hooks: Tuple[str, ...] = ()
    parametrized: Tuple[str, ...] = ()
    is_lazy: bool = False
    defined_file: Optional[str] = None
    defined_line: Optional[int] = None
    forward_file: Optional[str] = None
    forward_line: Optional[int] = None


@dataclass(frozen=True)
class ParameterEntry:
    """One parameter or buffer, under the key that it has in the state_dict.

    ``owner`` is the module path of its module. ``shape`` is None while the parameter is lazy (not initialised). ``tied_to`` are
    the other keys of the very same tensor. ``persistent`` is False for a buffer that the state_dict leaves out.

    ``shares_with`` are keys of other tensors in the same memory, at most ``MOST_SHARING`` of them. ``stride`` is None for a tensor that
    lies in memory as its shape says. ``file`` and ``line`` are where the class of its owner assigns it; None for a layer of torch,
    whose own definition stands for it.
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
    shares_with: Tuple[str, ...] = ()
    stride: Optional[Tuple[int, ...]] = None
    file: Optional[str] = None
    line: Optional[int] = None


@dataclass(frozen=True)
class ModuleTree:
    """All modules (parents before children, in registration order), all parameters and buffers of a model, and what it holds
    without having registered it."""

    modules: Tuple[ModuleEntry, ...]
    parameters: Tuple[ParameterEntry, ...]
    hidden: Tuple[HiddenPart, ...] = ()
