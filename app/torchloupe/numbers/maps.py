"""Maps of an activation as small images: one for each channel, head or sample."""

from collections.abc import Sequence

import numpy as np

from ..wire.values import FilterTiles
from .decode import Numbers
from .reduction import codes_of, robust_limit

SHARED, OWN, RANGE = "shared", "own", "range"
"""The colours of all maps reach as far, or those of each as far as its values, or they go from its lowest to its highest value."""


def map_tiles(maps: Numbers, numbers: Sequence[int], count: int, scale: str = SHARED) -> FilterTiles:
    """Maps (number, row, column) in the colours of a scale around zero; ``count`` is how many there are in all."""
    shared = robust_limit(maps) if scale == SHARED else 0.0
    nan, inf = np.isnan(maps), np.isinf(maps)
    drawn = np.stack([_stretched(each) for each in maps]) if scale == RANGE else maps
    images = tuple(
        codes_of(each, _limit(each, shared, scale), nan[at], inf[at])
        for at, each in enumerate(drawn.astype(np.float64, copy=False))
    )
    return _tiles(maps, numbers, count, images, False, shared, int(nan.sum()), int(inf.sum()))


def _limit(values: Numbers, shared: float, scale: str) -> float:
    return 1.0 if scale == RANGE else shared or robust_limit(values)


def _stretched(values: Numbers) -> Numbers:
    """From 0 for the lowest finite value to 1 for the highest."""
    finite = values[np.isfinite(values)].astype(np.float64)
    if not finite.size or finite.min() == finite.max():
        return np.where(np.isfinite(values), 0.0, values)
    stretched: Numbers = (values - finite.min()) / (finite.max() - finite.min())
    return stretched


def picture_tiles(pictures: Numbers, numbers: Sequence[int], count: int) -> FilterTiles:
    """Pictures (number, channel, row, column) of one or three channels, each stretched to its own range; what is not finite is zero."""
    finite = np.isfinite(pictures)
    plain = np.where(finite, pictures, 0).astype(np.float64)
    low, high = plain.min(axis=(1, 2, 3), keepdims=True), plain.max(axis=(1, 2, 3), keepdims=True)
    colors = np.rint((plain - low) / np.where(high > low, high - low, 1) * 255).astype(np.uint8)
    colors = np.broadcast_to(colors, (len(colors), 3, *colors.shape[2:]))
    images = tuple(np.ascontiguousarray(each.transpose(1, 2, 0)).tobytes() for each in colors)
    nan = int(np.isnan(pictures).sum())
    return _tiles(pictures, numbers, count, images, True, 0.0, nan, int((~finite).sum()) - nan)


def _tiles(
    values: Numbers, numbers: Sequence[int], count: int, images: tuple[bytes, ...], is_rgb: bool, limit: float, nan: int, inf: int
) -> FilterTiles:
    flat = np.where(np.isfinite(values), values, 0).reshape(len(values), -1).astype(np.float64)
    norms = tuple(np.sqrt(np.square(flat).sum(axis=1)).tolist())
    return FilterTiles(count, values.shape[-2], values.shape[-1], tuple(numbers), norms, images, is_rgb, limit, nan, inf)
