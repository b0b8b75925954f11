"""How large the numbers in an index get, as far as the code itself says so: positions are counted, and looked up in a table that ends.

Without data nobody refuses an index. What ``arange`` made, and what was made of that, is known without its values.
"""

from typing import Any, Callable, Dict, Optional, Tuple

import torch
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

_MARK, _GIVEN = "_torchloupe_below", "_torchloupe_given"
_SAME = (
    *(
        "unsqueeze",
        "squeeze",
        "view",
        "reshape",
        "flatten",
        "expand",
        "expand_as",
        "repeat",
        "to",
        "long",
        "int",
        "clone",
        "type_as",
    ),
    *("contiguous", "transpose", "t", "permute", "detach", "type", "__getitem__", "tile", "repeat_interleave", "select"),
)
_SUMS = ("add", "__add__", "__radd__", "__iadd__", "add_")
_DIFFERENCES = ("sub", "__sub__", "__isub__", "sub_")
_PRODUCTS = ("mul", "__mul__", "__rmul__", "__imul__", "mul_")


class PastTheTable(IndexError):
    """A table is asked for a row that it does not have."""

    def __init__(self, table: torch.Tensor, index: int) -> None:
        self.table, self.rows, self.index = table, int(table.shape[0]), index
        super().__init__(f"index {index} is out of range for a table of {self.rows} rows")


def mark_as_given(tensor: torch.Tensor, number: int) -> None:
    """It is the input of this number: its values are ids, if a table is asked for them as they are."""
    setattr(tensor, _GIVEN, number)


class IndexRanges(TorchFunctionMode):
    """A mode in which a position past the end of its table is refused, with or without data. ``tables`` are those that are asked for the
    very numbers of an input, by its number."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: Dict[int, torch.Tensor] = {}

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Tuple[Any, ...] = (), kwargs: Optional[Dict[str, Any]] = None
    ) -> Any:
        """Call ``func`` when its index fits; raises ``PastTheTable``."""
        kwargs, name = kwargs or {}, getattr(func, "__name__", "")
        if func is F.embedding:
            given = (*args[:2], kwargs.get("input"), kwargs.get("weight"))
            index, table = [each for each in given if isinstance(each, torch.Tensor)][:2]
            _check(table, index)
            self._note(table, index)
        elif name == "__getitem__" and len(args) == 2 and isinstance(args[1], torch.Tensor):
            _check(args[0], args[1])
        result = func(*args, **kwargs)
        number = getattr(args[0], _GIVEN, None) if args and name in _SAME else None
        if number is not None and isinstance(result, torch.Tensor):
            mark_as_given(result, number)
        below = _below(name, args, kwargs, result)
        if below is not None and isinstance(result, torch.Tensor):
            setattr(result, _MARK, below)
        return result

    def _note(self, table: torch.Tensor, index: torch.Tensor) -> None:
        """The smallest table counts."""
        given = getattr(index, _GIVEN, None)
        if given is not None and (given not in self.tables or table.shape[0] < self.tables[given].shape[0]):
            self.tables[given] = table


def _check(table: Any, index: torch.Tensor) -> None:
    below = getattr(index, _MARK, None)
    if below is not None and isinstance(table, torch.Tensor) and table.dim() and below > table.shape[0]:
        raise PastTheTable(table, below - 1)


def _below(name: str, args: Tuple[Any, ...], kwargs: Dict[str, Any], result: Any) -> Optional[int]:
    """What every number in ``result`` is below; None where it is not known."""
    if name == "arange":
        return _counted(args, kwargs, result)
    if name in ("ne", "__ne__", "ones", "ones_like"):
        return 2
    first = _bound(args[0]) if args else None
    if first is None:
        return None
    if name in _SAME:
        return first
    if name == "cumsum":
        dimension = kwargs.get("dim", args[1] if len(args) > 1 else 0)
        return int((first - 1) * args[0].shape[dimension] + 1)
    if name in _DIFFERENCES and len(args) == 2 and type(args[1]) is int:
        return first - args[1]
    second = _bound(args[1]) if len(args) > 1 and name in _SUMS + _PRODUCTS else None
    if second is None:
        return None
    return first + second - 1 if name in _SUMS else (first - 1) * (second - 1) + 1


def _counted(args: Tuple[Any, ...], kwargs: Dict[str, Any], result: torch.Tensor) -> Optional[int]:
    """The numbers of ``arange`` with its usual step."""
    start = kwargs.get("start", args[0] if len(args) > 1 else 0)
    plain = isinstance(start, int) and len(args) < 3 and "step" not in kwargs and not result.is_floating_point()
    return start + int(result.shape[0]) if plain else None


def _bound(value: Any) -> Optional[int]:
    if isinstance(value, torch.Tensor):
        below: Optional[int] = getattr(value, _MARK, None)
        return below
    return value + 1 if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
