"""A convolution or pooling without a margin eats the edge of its map: with one, as much may arrive at the layer behind it as that wants."""

from functools import partial
from typing import Any, Callable, Iterator, Optional, Tuple

from torch import nn

from ...analysis.wording import at_line
from ...wire.problems import Fix, Problem
from ..definitions import definition_place
from ..quiet import quiet
from ..repairs import make_changes
from ..repetition import Repetition

_SLIDING = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d, nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d)
_MOST = 8


def margin_that_fits(first: Problem, repetition: Repetition, may_go_on: Callable[[], bool]) -> Optional[Fix]:
    """The margin of one layer with which the whole model runs, where a flatten gives too little."""
    expected, got = first.data.get("expected"), first.data.get("got")
    is_small = isinstance(expected, int) and isinstance(got, int) and got < expected
    if first.data.get("layer") != "Linear" or len(first.data.get("factors", ())) < 3 or not is_small:
        return None
    for number, (path, margin) in enumerate(_without_margin(repetition.model)):
        if number >= _MOST or not may_go_on():
            break
        where = at_line(definition_place(repetition.model, path), first.file)
        text = f"Set `padding={margin}` of `{path}` ({type(repetition.model.get_submodule(path)).__name__}){where}."
        fix = Fix("set_argument", text, path, "padding", margin, verified=True, outcome=repetition.reached)
        if repetition.run(within=quiet(), prepare=partial(make_changes, repetition.model, [fix])) is None:
            return fix
    return None


def _without_margin(model: nn.Module) -> Iterator[Tuple[str, int]]:
    """Layers with a window of an odd size and no margin for it, the last ones first, with the margin that keeps the size."""
    for path, layer in reversed(list(model.named_modules())):
        if isinstance(layer, _SLIDING) and not isinstance(layer.padding, str):
            sizes, margins = _numbers(layer.kernel_size), _numbers(layer.padding)
            if len(set(sizes)) == 1 and sizes[0] % 2 and sizes[0] > 1 and not any(margins):
                yield path, sizes[0] // 2


def _numbers(value: Any) -> Tuple[int, ...]:
    return tuple(value) if isinstance(value, tuple) else (value,)
