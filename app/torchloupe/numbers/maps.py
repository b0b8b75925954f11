"""Maps of an activation as small images: one for each channel, head or sample."""

from collections.abc import Sequence

import numpy as np

from ..wire.values import FilterTiles
from .decode import Numbers
from .reduction import codes_of, robust_limit


def map_tiles(maps: Numbers, numbers: Sequence[int], count: int, own_scale: bool = False) -> FilterTiles:
    """Maps (number, row, column) on one scale around zero, or each on its own; ``count`` is how many there are in all."""
    shared = 0.0 if own_scale else robust_limit(maps)
    nan, inf = np.isnan(maps), np.isinf(maps)
    images = tuple(
        codes_of(each, shared or robust_limit(each), nan[at], inf[at])
        for at, each in enumerate(maps.astype(np.float64, copy=False))
    )
    return _tiles(maps, numbers, count, images, False, shared, int(nan.sum()), int(inf.sum()))


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
