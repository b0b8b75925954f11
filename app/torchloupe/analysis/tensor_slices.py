"""Finding one tensor of a checkpoint by what a person writes, and the part of it that an index such as ``0, 2:5, :`` means."""

from dataclasses import dataclass, replace
from itertools import product
from typing import Iterator, List, Optional, Sequence, Tuple

from ..wire.contents import CheckpointContents, StoredTensor
from ..wire.errors import UsageError
from .containers import model_container
from .wording import counted, shape_text

_MOST_COMPARED = 20_000
_HINT = 'Write an index as in Python: "0", "2:5, :", "..., 0".'


def find_tensor(contents: CheckpointContents, text: str) -> StoredTensor:
    """The tensor with this key: in the model's state_dict, else in any container, else with its container in front.

    Raises UsageError that names the choices.
    """
    found = [tensor for tensor in contents.tensors if tensor.key == text]
    model = model_container(contents) if len(found) > 1 else ""
    chosen = [tensor for tensor in found if tensor.container == model] or found
    chosen = chosen or [tensor for tensor in contents.tensors if f"{tensor.container}.{tensor.key}" == text]
    if not chosen:
        names = [_full_name(tensor) for tensor in contents.tensors[:_MOST_COMPARED]]
        names += [tensor.key for tensor in contents.tensors[:_MOST_COMPARED]]
        import difflib  # only for a key that is not there

        close = difflib.get_close_matches(text, names, 1)
        hint = f"Did you mean {close[0]}?" if close else "torchloupe show without --tensor lists them."
        raise UsageError(f"There is no tensor {text} in the checkpoint.", hint)
    if len(chosen) > 1:
        names = [_full_name(tensor) for tensor in chosen[:5]]
        raise UsageError(f"{counted(len(chosen), 'tensor')} have the key {text}.", f"Give one of {', '.join(names)}.")
    return chosen[0]


@dataclass(frozen=True)
class IndexPart:
    """What an index takes of one dimension: ``count`` places from ``begin``, ``step`` apart; ``count`` None is one place, and the
    dimension is gone."""

    begin: int
    count: Optional[int] = None
    step: int = 1

    def __str__(self) -> str:
        if self.count is None:
            return str(self.begin)
        step = f":{self.step}" if self.step > 1 else ""
        return f"{self.begin}:{self.begin + (self.count - 1) * self.step + 1 if self.count else self.begin}{step}"


def sliced(tensor: StoredTensor, text: str) -> StoredTensor:
    """The part of the tensor that an index means, as a view of its storage. Raises UsageError."""
    if len(tensor.strides) != len(tensor.shape):
        raise UsageError(f"{tensor.key} does not lie in the file as one block.", "Choose another tensor.")
    shape: List[int] = []
    strides: List[int] = []
    offset = tensor.offset
    for part, stride in zip(index_parts(tensor.shape, text), tensor.strides):
        offset += part.begin * stride if part.count != 0 else 0
        if part.count is not None:
            shape.append(part.count)
            strides.append(stride * part.step)
    return replace(tensor, shape=tuple(shape), strides=tuple(strides), offset=offset)


def index_parts(shape: Sequence[int], text: str) -> List[IndexPart]:
    """An index as one part for every dimension of a tensor of this shape. Raises UsageError that says what is wrong with it."""
    parts = []
    for part, length in zip(_parts(shape, text), shape):
        if ":" not in part:
            parts.append(IndexPart(_index(part, length, text)))
            continue
        begin, end, step = _bounds(part, length, text)
        parts.append(IndexPart(begin, max(0, -(-(end - begin) // step)), step))
    return parts


def index_text(parts: Sequence[IndexPart]) -> str:
    """The index that these parts are: ``0, 2:5``."""
    return ", ".join(str(part) for part in parts)


def blocks_of(parts: Sequence[IndexPart], elements: int) -> Iterator[List[IndexPart]]:
    """An index as several, each of at most so many elements, in row-major order."""
    ranges = [number for number, part in enumerate(parts) if part.count is not None]
    inner = 1
    while ranges and inner * (parts[ranges[-1]].count or 0) <= elements:
        inner *= parts[ranges.pop()].count or 0
        if not inner:
            return
    if not ranges:
        yield list(parts)
        return
    cut, step = ranges[-1], max(1, elements // inner)
    for place in product(*(range(parts[number].count or 0) for number in ranges[:-1])):
        outer = list(parts)
        for number, at in zip(ranges[:-1], place):
            outer[number] = _range(parts[number], at, 1)
        for first in range(0, parts[cut].count or 0, step):
            outer[cut] = _range(parts[cut], first, min(step, (parts[cut].count or 0) - first))
            yield list(outer)


def _range(part: IndexPart, first: int, count: int) -> IndexPart:
    """Some of a part's places."""
    return replace(part, begin=part.begin + first * part.step, count=count)


def corner(shape: Sequence[int], rows: int, columns: int) -> str:
    """The index of the first rows and columns of the last two dimensions, 0 in the others."""
    ends = [f":{min(columns, length)}" for length in shape[-1:]]
    ends = [f":{min(rows, length)}" for length in shape[-2:-1]] + ends
    return ", ".join(["0"] * (len(shape) - len(ends)) + ends)


def _full_name(tensor: StoredTensor) -> str:
    return f"{tensor.container}.{tensor.key}" if tensor.container else tensor.key


def _parts(shape: Sequence[int], text: str) -> List[str]:
    """One part for every dimension."""
    parts = [part.strip() for part in text.strip().strip("[]").split(",")] if text.strip().strip("[]") else []
    if parts and not parts[-1]:
        parts.pop()
    missing = len(shape) - len([part for part in parts if part != "..."])
    if missing < 0 or parts.count("...") > 1:
        raise UsageError(f"{text!r} has too many parts for a tensor of shape {shape_text(shape)}.", _HINT)
    if "..." not in parts:
        parts.append("...")
    at = parts.index("...")
    return parts[:at] + [":"] * missing + parts[at + 1 :]


def _index(part: str, length: int, text: str) -> int:
    number = _number(part, text)
    if not -length <= number < length:
        raise UsageError(f"{number} in {text!r} is outside a dimension of {length:,}.", _HINT)
    return number % length


def _bounds(part: str, length: int, text: str) -> Tuple[int, int, int]:
    words = part.split(":")
    if len(words) > 3:
        raise UsageError(f"{part!r} in {text!r} is no range.", _HINT)
    begin, end, step = (_number(word, text) if word.strip() else None for word in (*words, "")[:3])
    if step is not None and step < 1:
        raise UsageError(f"{part!r} in {text!r} goes backwards.", _HINT)
    return slice(begin, end, step).indices(length)


def _number(word: str, text: str) -> int:
    try:
        return int(word)
    except ValueError:
        raise UsageError(f"{word.strip()!r} in {text!r} is no whole number.", _HINT) from None
