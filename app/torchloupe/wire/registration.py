"""What a model holds without having registered it, and what a closer look at its registration and its forward pass found."""

from dataclasses import dataclass
from typing import Optional, Tuple

from .problems import Problem

MODULE = "module"
PARAMETER = "parameter"
TENSOR = "tensor"


@dataclass(frozen=True)
class HiddenPart:
    """A module, Parameter or tensor that a registered module holds and PyTorch does not see.

    ``owner`` is the module path of the registered module, ``attribute`` the attribute of it under which the part is reached,
    ``name`` how it is reached from there, as Python writes it (``layers[0]``, ``heads['a']``, ``trunk.fc1``). ``kind`` is
    ``module``, ``parameter`` or ``tensor``; ``held_by`` the type that keeps it from being registered (``list``, ``dict``,
    ``function``, ``Trunk``), empty for a plain attribute. A module counts the elements of its parameters in ``numel`` and the
    parameters in ``parameter_count``; a tensor has ``shape``, ``dtype`` and ``device``. ``from_parameter``: it is the result of an
    operation on a Parameter. ``file`` and ``line`` are where the attribute is assigned.
    """

    owner: str
    attribute: str
    name: str
    kind: str
    class_name: str
    held_by: str = ""
    parameter_count: int = 0
    numel: int = 0
    shape: Optional[Tuple[int, ...]] = None
    dtype: str = ""
    device: str = ""
    requires_grad: bool = False
    from_parameter: bool = False
    file: Optional[str] = None
    line: Optional[int] = None

    @property
    def path(self) -> str:
        """Where it hangs in the tree of modules: the owner's path and its own name."""
        return f"{self.owner}.{self.name}" if self.owner else self.name


@dataclass(frozen=True)
class InspectModel:
    """Look closer at the registration of the open model: run it on shapes alone (with data where shapes do not suffice), watch every
    tensor that enters an operation and every module that is made; then its modes, on data. Answer: ``InspectedModel``.

    ``inputs``, ``device``, ``mode`` and ``seed`` are those of ``RunForward``. With ``shapes_only`` no data flows. With ``values`` the
    numbers that flow are looked at, too, in a pass of their own.
    """

    inputs: Tuple[str, ...] = ()
    device: Optional[str] = None
    mode: Optional[str] = None
    seed: int = 0
    shapes_only: bool = False
    values: bool = True


@dataclass(frozen=True)
class InspectedModel:
    """What the closer look found. ``notes`` say in a sentence each what could not be looked at, and why."""

    problems: Tuple[Problem, ...] = ()
    notes: Tuple[str, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True)
class MoveModel:
    """What if the open model were moved: ``.to(device)`` and ``.to(dtype)`` on a copy without data. Answer: ``MovedModel``.

    ``device`` and ``dtype`` (``float16``) are None where nothing is to change. The device need not exist here.
    """

    device: Optional[str] = None
    dtype: Optional[str] = None


@dataclass(frozen=True)
class LeftBehind:
    """A tensor that the move would not reach. ``path`` is its place (``encoder.pe``, ``layers[0].weight``), ``reason`` a sentence.

    ``expected`` says what it would be were it registered: ``cuda:0 float16``.
    """

    path: str
    owner: str
    shape: Tuple[int, ...]
    dtype: str
    device: str
    expected: str
    reason: str
    file: Optional[str] = None
    line: Optional[int] = None


@dataclass(frozen=True)
class MovedModel:
    """What would stay behind; ``moved`` counts the tensors that come along."""

    left_behind: Tuple[LeftBehind, ...]
    moved: int


@dataclass(frozen=True)
class RecogniseInitialisation:
    """How the parameters and buffers of the open model were initialised, judged by their values. Answer: ``RecognisedInitialisation``.

    Without ``keys`` all of them are looked at.
    """

    keys: Tuple[str, ...] = ()


@dataclass(frozen=True)
class Initialisation:
    """The initialisation that the values of one tensor fit: ``kaiming_uniform default``, ``zeros``, ``ones``, ``constant 0.02``,
    ``identity``, ``orthogonal``, ``xavier_uniform``, ``uniform``, ``normal std 0.02``; empty when none was recognised. For values of a
    checkpoint it is ``loaded``, and behind a comma what they look like: ``loaded, ones``."""

    key: str
    name: str = ""


@dataclass(frozen=True)
class RecognisedInitialisation:
    """What was recognised, a tensor each, in the order of the model."""

    found: Tuple[Initialisation, ...] = ()
