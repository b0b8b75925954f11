"""What a pickle builds here instead of live objects: records that do nothing, hash nothing and compare nothing.

Lists, tuples, strings, numbers, bytes, True, False and None stay what they are. Everything else becomes one of these.
"""

from typing import Any, Callable, List, Optional, Tuple


class Global:
    """An importable name that the pickle mentions. It is never imported.

    ``rebuild`` is our own function for the few calls whose meaning is known, None for all others.
    """

    __slots__ = ("module", "name", "rebuild", "text")

    def __init__(self, module: str, name: str, rebuild: Optional[Callable[[Any], Any]] = None) -> None:
        self.module = module
        self.name = name
        self.text = f"{module}.{name}"
        self.rebuild = rebuild


class Record:
    """An object of some class, or the result of some call: what was called, with what, and what was set on it afterwards."""

    __slots__ = ("args", "callee", "items", "pairs", "state")

    def __init__(self, callee: Any, args: Any) -> None:
        self.callee = callee
        self.args = args
        self.state: Any = None
        self.items: Optional[List[Any]] = None
        self.pairs: Optional[List[Any]] = None

    @property
    def type_name(self) -> str:
        """The dotted name of the class or function."""
        callee = self.callee
        if type(callee) is Global:
            first = self.args[0] if type(self.args) is tuple and self.args else None
            # Protocols 0 and 1 make objects by a call that has the class as its first argument.
            if callee.text == "copyreg._reconstructor" and type(first) is Global:
                return first.text
            return callee.text
        return "object"


class Mapping:
    """A dict. ``pairs`` is flat: key, value, key, value; ``source`` is a list of pairs that came as the constructor's argument."""

    __slots__ = ("kind", "pairs", "source", "state")

    def __init__(self, kind: str = "dict", source: Any = None) -> None:
        self.kind = kind
        self.pairs: List[Any] = []
        self.source = source
        self.state: Any = None


class Group:
    """A set or frozenset: its members, unhashed."""

    __slots__ = ("items", "kind")

    def __init__(self, kind: str, items: Any) -> None:
        self.kind = kind
        self.items = items


class Storage:
    """Where tensors' bytes lie. ``dtype`` is ``""`` for an untyped storage, whose ``numel`` counts bytes, and None when unknown.

    ``view`` says which part of the stored bytes it is, as files from before torch 1.6 spell it; None is all.
    """

    __slots__ = ("class_name", "dtype", "key", "location", "numel", "view")

    def __init__(self, class_name: str, dtype: Optional[str], key: Any, location: Any, numel: Any) -> None:
        self.class_name = class_name
        self.dtype = dtype
        self.key = key
        self.location = location
        self.numel = numel
        self.view: Any = None


class PickledTensor:
    """A tensor as a pickle declares it; nothing of it has been checked yet. ``flips`` are torch's marks ``conj`` and ``neg``."""

    __slots__ = ("dtype", "flips", "is_parameter", "note", "offset", "requires_grad", "shape", "storage", "stride")

    def __init__(self, storage: Any, offset: Any, shape: Any, stride: Any, requires_grad: Any, dtype: Optional[str]) -> None:
        self.storage = storage
        self.offset = offset
        self.shape = shape
        self.stride = stride
        self.requires_grad = requires_grad
        self.dtype = dtype
        self.is_parameter = False
        self.note = ""
        self.flips: Tuple[str, ...] = ()


SCALARS = frozenset((str, int, float, bool, complex, type(None), bytes, Global))
"""Types that have nothing inside."""
