"""The filters of a convolution as small images."""

from collections.abc import Iterable, Sequence

import numpy as np

from ..wire.values import FilterTiles
from .decode import Numbers
from .reduction import codes_of, robust_limit

RGB_CHANNELS = 3
SAMPLE = 1 << 20
"""About so many values say how far the colours reach."""


def filter_norms(chunks: Iterable[Numbers], filters: int, elements: int) -> Numbers:
    """The L2 norm of each filter of so many elements, from values that come in chunks of any length; over the finite ones."""
    squares, at = np.zeros(filters), 0
    for chunk in chunks:
        sizes = np.square(np.where(np.isfinite(chunk), chunk, 0).astype(np.float64))
        first = at // elements
        edges = np.arange(first * elements, at + sizes.size, elements) - at
        squares[first : first + len(edges)] += np.add.reduceat(sizes, np.maximum(edges, 0))
        at += sizes.size
    return np.sqrt(squares)


def shown_order(norms: Numbers, by_norm: bool, first: int, count: int) -> tuple[int, ...]:
    """The numbers of the filters on a page: by index, or the largest norm first."""
    order = np.argsort(-norms, kind="stable") if by_norm else np.arange(len(norms))
    return tuple(int(number) for number in order[first : first + count])


def gray_tiles(chunks: Iterable[Numbers], numbers: Sequence[int], norms: Numbers, shape: tuple[int, int]) -> FilterTiles:
    """The chosen ones of all filters, of which one input channel comes in chunks; all on one scale around zero."""
    shown, sample = _chosen(chunks, numbers, len(norms), shape[0] * shape[1])
    scale, nan, inf = robust_limit(sample), np.isnan(shown), np.isinf(shown)
    images = tuple(codes_of(shown[at], scale, nan[at], inf[at]) for at in range(len(numbers)))
    return _tiles(images, numbers, norms, shape, False, scale, int(nan.sum()), int(inf.sum()))


def rgb_tiles(chunks: Iterable[Numbers], numbers: Sequence[int], norms: Numbers, shape: tuple[int, int]) -> FilterTiles:
    """Three input channels as red, green and blue, each filter stretched to its own range; what is not finite is drawn as zero."""
    shown, _ = _chosen(chunks, numbers, len(norms), RGB_CHANNELS * shape[0] * shape[1])
    shown = shown.reshape(len(numbers), RGB_CHANNELS, shape[0] * shape[1]).astype(np.float64)
    plain = np.where(np.isfinite(shown), shown, 0)
    low, high = plain.min(axis=(1, 2), keepdims=True), plain.max(axis=(1, 2), keepdims=True)
    colors = np.rint((plain - low) / np.where(high > low, high - low, 1) * 255).astype(np.uint8)
    images = tuple(each.T.tobytes() for each in colors)
    return _tiles(images, numbers, norms, shape, True, 0.0, int(np.isnan(shown).sum()), int(np.isinf(shown).sum()))


def _chosen(chunks: Iterable[Numbers], numbers: Sequence[int], filters: int, elements: int) -> tuple[Numbers, Numbers]:
    """The filters with these numbers, a row each, and the values of all filters: an even sample of them when they are many."""
    step, at = max(1, filters * elements // SAMPLE), 0
    shown = np.zeros((len(numbers), elements))
    sample = []
    for chunk in chunks:
        if not at:
            shown = shown.astype(chunk.dtype)
        sample.append(chunk[-at % step :: step].copy())
        for row, number in zip(shown, numbers, strict=True):
            begin = number * elements - at
            first, last = max(0, begin), min(chunk.size, begin + elements)
            if first < last:
                row[first - begin : last - begin] = chunk[first:last]
        at += chunk.size
    return shown, np.concatenate(sample)


def _tiles(
    images: tuple[bytes, ...],
    numbers: Sequence[int],
    norms: Numbers,
    shape: tuple[int, int],
    is_rgb: bool,
    limit: float,
    nan: int,
    inf: int,
) -> FilterTiles:
    shown = tuple(float(norms[number]) for number in numbers)
    return FilterTiles(len(norms), shape[0], shape[1], tuple(numbers), shown, images, is_rgb, limit, nan, inf)
