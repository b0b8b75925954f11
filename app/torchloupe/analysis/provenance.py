"""Where a size comes from: 3136 = 64 channels x 7 x 7, the output of `pool2` (line 19)."""

from dataclasses import dataclass
from typing import Optional, Sequence, Tuple

from ..wire.traces import DONE, LayerCall
from .wording import line_text


@dataclass(frozen=True)
class Origin:
    """The call whose output holds a size: whole axes multiplied (``factors``) or one axis (a single factor)."""

    call: LayerCall
    factors: Tuple[int, ...]

    def text(self, size: int, beside: Optional[str] = None) -> str:
        """``1600 = 64 x 5 x 5, the output of `pool2` (line 19)``, with the file where that is not the one ``beside``."""
        module = f"`{self.call.module}`" if self.call.module else "the model"
        line = f" ({line_text(self.call.file, self.call.line, beside)})" if self.call.line else ""
        if len(self.factors) == 1:
            return f"{size} comes from {module}{line}"
        return f"{size} = {' x '.join(map(str, self.factors))}, the output of {module}{line}"


@dataclass(frozen=True)
class Maker:
    """What gave a tensor of ``shape``: a layer or a function (``name``, in backticks) at ``line`` of ``file``, from the result of
    ``source``.

    ``hands_on``: it only reshaped what it got, or kept its sizes. ``makes``: its features are its own, whatever their number.
    """

    name: str
    line: Optional[int]
    shape: Tuple[int, ...]
    source: "Optional[Maker]" = None
    hands_on: bool = False
    makes: bool = False
    file: Optional[str] = None


def made_text(size: int, maker: Optional[Maker], beside: Optional[str] = None) -> str:
    """``9216 = 64 x 12 x 12, the output of `F.max_pool2d` (line 19)``; empty where it is not known. Lines of another file than that
    ``beside`` have its name."""
    while maker is not None and maker.hands_on:
        maker = maker.source
    if maker is None:
        return ""
    factors = made_factors(size, maker)
    if len(factors) == 1:
        return f"{size} comes from {_where(_first_with(size, maker), beside)}"
    return f"{size} = {' x '.join(map(str, factors))}, the output of {_where(maker, beside)}" if factors else ""


def made_factors(size: int, maker: Optional[Maker]) -> Tuple[int, ...]:
    """The axes of what was made whose product a size is, ``(64, 12, 12)``, or the one axis that it is."""
    while maker is not None and maker.hands_on:
        maker = maker.source
    if maker is None or size in maker.shape[1:]:
        return (size,) if maker is not None else ()
    found = (maker.shape[start:] for start in (1, 2, 0))
    return next((factors for factors in found if len(factors) > 1 and product(factors) == size), ())


def _first_with(size: int, maker: Maker) -> Maker:
    """The first on the way that had an axis of this size: a pooling keeps the channels that a convolution made."""
    axis = maker.shape.index(size, 1)
    from_end = axis - len(maker.shape)
    while not maker.makes and maker.source is not None:
        shape = maker.source.shape
        if size not in (shape[axis : axis + 1] + shape[from_end : from_end + 1 or None]):
            break
        maker = maker.source
    return maker


def _where(maker: Maker, beside: Optional[str]) -> str:
    return f"{maker.name} ({line_text(maker.file, maker.line, beside)})" if maker.line else maker.name


def shape_made_text(shape: Tuple[int, ...], maker: Optional[Maker], beside: Optional[str] = None) -> str:
    """``[2, 8, 24, 24] from `up` (line 14)``; empty where it is not known."""
    if maker is None:
        return ""
    while maker.hands_on and maker.source is not None and maker.source.shape == shape:
        maker = maker.source
    return f"{list(shape)} from {_where(maker, beside)}"


def origin_of(size: int, before: int, calls: Sequence[LayerCall]) -> Optional[Origin]:
    """The nearest finished call before call ``before`` whose output has ``size`` as an axis or as a product of its axes.

    Only the outputs nearest to the failure are asked, the nearest first; a container that merely passes its last part's output
    on gives way to that part.
    """
    done = [call for call in calls if call.status == DONE and call.index < before and call.outputs]
    for call in _nearest_first(done)[:12]:
        shape = call.outputs[0].shape
        if size in shape[1:]:
            return Origin(call, (size,))
        for start in (1, 2, 0):
            factors = shape[start:]
            if len(factors) > 1 and product(factors) == size:
                return Origin(call, factors)
    return None


def _nearest_first(done: Sequence[LayerCall]) -> Sequence[LayerCall]:
    """By when they ended (the order in which they were reported), leaves before the containers that hold them."""
    return [call for call in reversed(done) if not any(_is_last_part(other, call) for other in done)]


def _is_last_part(part: LayerCall, whole: LayerCall) -> bool:
    return (
        part.index > whole.index
        and part.depth > whole.depth
        and part.outputs[:1] == whole.outputs[:1]
        and _inside(part.module, whole.module)
    )


def _inside(path: str, container: str) -> bool:
    return path != container and (not container or path.startswith(container + "."))


def product(sizes: Sequence[int]) -> int:
    """All sizes multiplied."""
    result = 1
    for size in sizes:
        result *= size
    return result


def square_side(numel: int, channels: int) -> Optional[int]:
    """The side of a square map of ``channels`` that has ``numel`` elements: 3136 over 64 channels is 7."""
    if channels <= 0 or numel % channels:
        return None
    side = round((numel // channels) ** 0.5)
    return side if side > 1 and side * side * channels == numel else None
