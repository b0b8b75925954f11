"""The values of many tensors at one moment, to be compared bit for bit with those of another: small ones side by side in one piece."""

from typing import Any, Dict, List, Optional, Sequence, Set, Tuple

import torch
from torch import nn

_T: Any = torch.Tensor
_UTILS: Any = torch._utils
_SMALL = 4096
_SCATTER = -7046029254386353131
"""2**64 through the golden ratio, as a signed number."""
_ROW = 4099
"""Words in a row of a fingerprint: a prime, so that rows of weights do not fall together."""
_PLAIN = (nn.Parameter, torch.Tensor)
_DTYPES = {
    *(torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.bool),
    *(torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8),
}
_Kind = Tuple[torch.device, torch.dtype]


def is_small(tensor: torch.Tensor) -> bool:
    """Whether a tensor is one of the many that are looked at together: plain, in plain memory, of a few kilobytes."""
    return (
        type(tensor) in _PLAIN
        and tensor.numel() <= _SMALL
        and tensor.layout is torch.strided
        and tensor.dtype in _DTYPES
        and not tensor.is_meta
        and not tensor.is_inference()
    )


class Values:
    """Copies of small tensors. ``like`` was made of the same tensors when they had the shapes, dtypes and devices that they have now."""

    def __init__(self, tensors: Sequence[torch.Tensor], like: Optional["Values"] = None) -> None:
        self._shapes: List[torch.Size] = list(map(_T.shape.__get__, tensors)) if like is None else like._shapes
        self._numbers: Dict[_Kind, List[int]] = _by_kind(tensors) if like is None else like._numbers
        with torch.no_grad():
            self._flat = {kind: _side_by_side([tensors[number] for number in numbers]) for kind, numbers in self._numbers.items()}
        self._copies: Dict[int, torch.Tensor] = {}

    def copies(self) -> Dict[int, torch.Tensor]:
        """The copy of each tensor, by its number."""
        if not self._copies:
            for kind, numbers in self._numbers.items():
                sizes = [self._shapes[number].numel() for number in numbers]
                parts = torch.split(self._flat[kind], sizes)
                self._copies.update((number, part.view(self._shapes[number])) for number, part in zip(numbers, parts))
        return self._copies

    def differing(self, other: "Values") -> Set[int]:
        """The numbers of those that are not the same in both."""
        if self._numbers == other._numbers and all(_same_words(flat, other._flat[kind]) for kind, flat in self._flat.items()):
            return set() if self._shapes == other._shapes else self._differing_one_by_one(other)
        return self._differing_one_by_one(other)

    def _differing_one_by_one(self, other: "Values") -> Set[int]:
        theirs = other.copies()
        return {number for number, copy in self.copies().items() if not same_bits(copy, theirs[number])}


class Prints:
    """What tells whether the values of tensors changed: copies of the small ones, fingerprints of the others."""

    def __init__(self, tensors: Dict[str, torch.Tensor]) -> None:
        self._small = [key for key, tensor in tensors.items() if is_small(tensor)]
        self._values = Values([tensors[key] for key in self._small])
        self._large = {key: fingerprint(tensors[key]) for key in tensors.keys() - self._small}

    def differing(self, other: "Prints") -> Set[str]:
        """The keys of those that are not the same in both."""
        found = {key for key, print_ in self._large.items() if other._large.get(key) != print_}
        if self._small != other._small:
            return found | (set(self._small) ^ set(other._small))
        return found | {self._small[number] for number in self._values.differing(other._values)}


def fingerprint(tensor: torch.Tensor) -> Optional[Tuple[int, int]]:
    """Two wrapping 64-bit sums over a tensor's bytes; None for tensors without plain memory (meta, sparse).

    The words are laid out in rows. What each row and each column come to counts by its place: values that change places are seen.
    """
    words = _words(tensor)
    if words is None:
        return None
    whole = words.numel() // _ROW * _ROW
    rows = words[:whole].view(-1, _ROW)
    by_row = torch.cat([rows.sum(1), words[whole:].sum()[None]])
    by_column = torch.cat([rows.sum(0), words[whole:].to(torch.int64)])
    return _by_place(by_row), _by_place(by_column)


def _by_place(sums: torch.Tensor) -> int:
    """Odd factors: a single change cannot vanish. Scattered ones: nor can changes that are regular, as of all signs."""
    scattered = torch.arange(1, sums.numel() + 1, device=sums.device) * _SCATTER
    return int((sums * ((scattered ^ (scattered >> 32)) | 1)).sum())


def same_bits(one: torch.Tensor, other: torch.Tensor) -> bool:
    """Equal bit for bit, NaN included; tensors without plain memory count as equal."""
    if one.shape != other.shape or one.dtype != other.dtype:
        return False
    mine, theirs = _words(one), _words(other)
    return mine is None or theirs is None or bool(torch.equal(mine, theirs))


def _by_kind(tensors: Sequence[torch.Tensor]) -> Dict[_Kind, List[int]]:
    kinds: Dict[_Kind, List[int]] = {}
    for number, kind in enumerate(zip(map(_T.device.__get__, tensors), map(_T.dtype.__get__, tensors))):
        kinds.setdefault(kind, []).append(number)
    return kinds


def _side_by_side(tensors: List[torch.Tensor]) -> torch.Tensor:
    """One flat copy of all; torch makes none of a single one."""
    flat: torch.Tensor = _UTILS._flatten_dense_tensors(tensors)
    return flat.clone() if len(tensors) == 1 else flat


def _same_words(one: torch.Tensor, other: torch.Tensor) -> bool:
    """The same for flat tensors: most of it in large words."""
    if one.shape != other.shape:
        return False
    mine, theirs = one.view(torch.uint8), other.view(torch.uint8)
    whole = mine.numel() // 8 * 8
    words = torch.equal(mine[:whole].view(torch.int64), theirs[:whole].view(torch.int64))
    return words and torch.equal(mine[whole:], theirs[whole:])


def _words(tensor: torch.Tensor) -> Optional[torch.Tensor]:
    if tensor.layout is not torch.strided or tensor.device.type == "meta" or tensor.is_quantized:
        return None
    flat = tensor.detach().resolve_conj().resolve_neg().contiguous().reshape(-1)
    if flat.dtype is torch.bool:
        return flat.view(torch.uint8)
    if flat.numel() * flat.element_size() % 8:
        return flat.view(torch.uint8)
    aligned = flat if flat.storage_offset() * flat.element_size() % 8 == 0 else flat.clone()
    return aligned.view(torch.int64)
