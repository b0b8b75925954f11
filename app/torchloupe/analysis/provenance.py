"""Where a size comes from: 3136 = 64 channels x 7 x 7, the output of `pool2` (line 19)."""

from dataclasses import dataclass
from typing import Optional, Sequence, Tuple

from ..wire.traces import DONE, LayerCall


@dataclass(frozen=True)
class Origin:
    """The call whose output holds a size: whole axes multiplied (``factors``) or one axis (a single factor)."""

    call: LayerCall
    factors: Tuple[int, ...]

    def text(self, size: int) -> str:
        """``1600 = 64 x 5 x 5, the output of `pool2` (line 19)``."""
        module = f"`{self.call.module}`" if self.call.module else "the model"
        line = f" (line {self.call.line})" if self.call.line else ""
        if len(self.factors) == 1:
            return f"{size} comes from {module}{line}"
        return f"{size} = {' x '.join(map(str, self.factors))}, the output of {module}{line}"


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
