"""How far a tensor moved, and how large a gradient is: exact sums over pieces that fit into the cache, without a second copy."""

import math
from typing import Any, Dict, Iterable, Iterator, List, NamedTuple, Optional, Tuple

import torch

from ..statistics.native_way import NativeWay
from ..statistics.ways import chosen_way

_CHUNK = 1 << 17


class Motion(NamedTuple):
    """``weight_norm`` is that of the weight before, ``changed`` counts the elements that are another number now."""

    weight_norm: float
    update_norm: float
    changed: int


class Gradient(NamedTuple):
    """The gradient of one parameter at one moment: ``identity`` and ``version`` tell whether it is still the same."""

    norm: float
    identity: int
    version: int

    @property
    def is_zero(self) -> bool:
        """Every element is exactly zero."""
        return self.norm == 0.0

    @property
    def is_finite(self) -> bool:
        """No NaN and no infinity in it."""
        return math.isfinite(self.norm)


def motion_between(before: torch.Tensor, after: torch.Tensor) -> Motion:
    """What lies between two values of a dense tensor of one shape."""
    way = chosen_way()
    known = way.motion(before.detach(), after.detach()) if isinstance(way, NativeWay) else None
    return _told(known) or _pieced(before, after)


def motion_undone(before: torch.Tensor, after: torch.Tensor) -> Optional[Motion]:
    """The same, and ``after`` is ``before`` again, at the price of the look alone. None, and nothing done, where that cannot be."""
    way = chosen_way()
    if not isinstance(way, NativeWay) or before.dtype is not torch.float32:  # whose squares all have room in a double
        return None
    known = way.motion(before.detach(), after.detach(), undo=True)
    return None if known is None else Motion(math.sqrt(known[1]), math.sqrt(known[2]), known[0])


def _told(known: Optional[Tuple[int, float, float]]) -> Optional[Motion]:
    """None also where the squares are too large or too small for a double."""
    if known is None:
        return None
    changed, weight, update = known
    is_told = weight - weight == update - update == 0.0 and (update or not changed)
    return Motion(math.sqrt(weight), math.sqrt(update), changed) if is_told else None


def _pieced(before: torch.Tensor, after: torch.Tensor) -> Motion:
    weight = update = 0.0
    changed = 0
    with torch.no_grad():
        room = torch.empty(0)
        for old, new in zip(_pieces(before), _pieces(after.to(before.device))):
            if room.shape != old.shape or room.dtype != old.dtype:
                room = torch.empty_like(old)
            weight += _quick_square(old)
            torch.sub(new, old, out=room)
            if not math.isfinite(float(room.sum())):  # what is infinite or NaN and stays so has not changed
                room.masked_fill_((old == new) | ((old != old) & (new != new)), 0.0)
            differing = int(torch.count_nonzero(torch.view_as_complex(room.view(-1, 2)) if before.is_complex() else room))
            if differing:
                changed += differing
                update += _square(room)
    return Motion(math.sqrt(weight), math.sqrt(update), changed)


def gradients_of(parameters: Iterable[torch.Tensor]) -> Dict[int, Gradient]:
    """The gradients that are there, by the identity of their parameter."""
    found: Dict[int, Gradient] = {}
    together: Dict[Any, List[Tuple[torch.Tensor, torch.Tensor]]] = {}
    for parameter in parameters:
        gradient = parameter.grad
        if gradient is None:
            continue
        if type(gradient) is torch.Tensor and gradient.layout is torch.strided and gradient.dtype is torch.float32:
            together.setdefault(gradient.device, []).append((parameter, gradient))
        else:
            found[id(parameter)] = Gradient(_norm(gradient), id(gradient), gradient._version)
    for pairs in together.values():
        norms = torch.stack(torch._foreach_norm([gradient for _, gradient in pairs])).tolist()
        for (parameter, gradient), norm in zip(pairs, norms):
            exact = norm if 0.0 < norm < math.inf else _norm(gradient)
            found[id(parameter)] = Gradient(exact, id(gradient), gradient._version)
    return found


def is_same_gradient(parameter: torch.Tensor, known: Optional[Gradient]) -> bool:
    """Whether nobody wrote into the gradient since it was looked at."""
    gradient = parameter.grad
    if gradient is None or known is None:
        return gradient is None and known is None
    return id(gradient) == known.identity and gradient._version == known.version


def norm_of(tensor: torch.Tensor) -> float:
    """The norm of all elements, whatever the layout."""
    return _norm(tensor)


def _norm(tensor: torch.Tensor) -> float:
    """Neither tiny nor huge elements are lost: squared in float64."""
    with torch.no_grad():
        return math.sqrt(sum(_square(piece) for piece in _pieces(tensor))) if tensor.numel() else 0.0


def _square(piece: torch.Tensor) -> float:
    return float(torch.linalg.vector_norm(piece, dtype=torch.float64)) ** 2


def _quick_square(piece: torch.Tensor) -> float:
    """To six digits; exactly where single precision would lose it."""
    norm = float(torch.linalg.vector_norm(piece))
    return norm * norm if 1e-15 < norm < 1e15 else _square(piece)


def _pieces(tensor: torch.Tensor) -> Iterator[torch.Tensor]:
    """Flat parts of the stored elements, floating and of at least single precision."""
    plain = tensor.detach()
    plain = plain.dequantize() if plain.is_quantized else plain
    if plain.layout in (torch.sparse_coo, torch.sparse_csr):
        plain = plain.coalesce().values() if plain.layout is torch.sparse_coo else plain.values()
    if plain.is_complex():
        plain = torch.view_as_real(plain.resolve_conj())
    pieces: Tuple[torch.Tensor, ...] = torch.split(plain.reshape(-1), _CHUNK)
    for piece in pieces:
        yield piece if piece.dtype in (torch.float32, torch.float64) else piece.float()
