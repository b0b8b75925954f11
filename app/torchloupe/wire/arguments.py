"""The arguments of a constructor: what it asks for, and what they must be for a checkpoint to fit."""

from dataclasses import dataclass, field
from typing import Any, Dict, Optional, Tuple

from .problems import Problem


@dataclass(frozen=True)
class ArgumentField:
    """One argument of a constructor, or one field of a configuration object.

    ``kind`` is ``int``, ``float``, ``bool``, ``str``, ``choice`` (one of ``choices``), ``list``, ``dict``, ``config`` (an object
    whose ``fields`` are set one by one), ``class`` (a Module class by name, one of ``choices``), ``module`` (a module, made of a class:
    its name, such as one of ``choices``, or ``{name: keywords}``) or ``other`` (nothing that can be written down). ``default`` is a
    JSON value; ``default_text`` shows one that is none. ``optional``: None may be given.
    """

    name: str
    kind: str
    annotation: str = ""
    has_default: bool = False
    default: Any = None
    default_text: str = ""
    choices: Tuple[str, ...] = ()
    optional: bool = False
    summary: str = ""
    fields: Tuple["ArgumentField", ...] = ()


@dataclass(frozen=True)
class DescribeArguments:
    """What does the class or factory of ``target`` ask for? The target is imported. Answer: ``ArgumentForm``.

    ``module_class`` names, as an argument of kind ``module`` does, another class that is meant.
    """

    target: str
    import_folders: Tuple[str, ...] = ()
    module_class: str = ""


@dataclass(frozen=True)
class ArgumentForm:
    """The arguments of ``name``, in the order of its signature. ``takes_any`` says that it takes other keywords, too."""

    target: str
    name: str
    fields: Tuple[ArgumentField, ...]
    summary: str = ""
    takes_any: bool = False
    file: Optional[str] = None
    line: Optional[int] = None


@dataclass(frozen=True)
class WantedTensor:
    """A key of the checkpoint's state_dict and its shape."""

    key: str
    shape: Tuple[int, ...]


@dataclass(frozen=True)
class SolveArguments:
    """With which arguments does ``target`` have exactly these keys and shapes? Answer: ``SolvedArguments``.

    ``stored`` are values that the checkpoint holds under their names (hyper-parameters, a configuration beside the file), as a
    nested mapping; ``given`` are arguments that stay as they are.
    """

    target: str
    wanted: Tuple[WantedTensor, ...]
    stored: Dict[str, Any] = field(default_factory=dict)
    given: Dict[str, Any] = field(default_factory=dict)
    import_folders: Tuple[str, ...] = ()


@dataclass(frozen=True)
class SolvedArgument:
    """One value that was worked out. ``name`` is dotted inside a configuration object.

    ``source`` is ``given``, ``stored`` (it stands in the checkpoint), ``shapes`` (the shapes tell it), ``default``, or ``guess``
    (it must be given, and no shape tells it). ``reason`` is a sentence: from which tensor, or why nothing tells it.
    """

    name: str
    value: Any
    source: str
    reason: str = ""


@dataclass(frozen=True)
class SolvedArguments:
    """Arguments, and how well the model that they make fits: ``matched`` of ``wanted`` keys have the wanted shape.

    ``exact`` is true when keys and shapes are all the same, seen by building it. ``builds`` is how often it was built.
    """

    target: str
    arguments: Dict[str, Any]
    values: Tuple[SolvedArgument, ...]
    matched: int
    wanted: int
    unexpected: int
    exact: bool
    builds: int
    problems: Tuple[Problem, ...] = ()
