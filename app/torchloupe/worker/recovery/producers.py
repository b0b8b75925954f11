"""The other way to repair a mismatch: let the layer before it give the size that is wanted."""

from typing import Any, List, Optional, Sequence

from torch import nn

from ...analysis.mismatch_chain import changes_asked
from ...analysis.wording import at_line
from ...wire.problems import Fix, Problem
from ...wire.traces import DONE, LayerCall
from ..definitions import definition_place

_MOST = 2
_TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
_GIVES = ("out_features", "out_channels", "embedding_dim", "hidden_size")


def changes_before(problem: Problem, call: int, calls: Sequence[LayerCall], model: nn.Module) -> List[Fix]:
    """Changes of one argument of an earlier layer with which the sizes would meet. Layers that give just this size come first, and
    of them the nearest."""
    wanted = [(path, wrong, right) for path in _before(call, calls) for wrong, right in changes_asked(problem)]
    found = [
        (fix, right)
        for path, wrong, right in wanted
        for fix in [_change(model, path, wrong, right, problem.file)]
        if fix is not None
    ]
    found.sort(key=lambda pair: pair[0].value != pair[1])
    state = _state(problem)
    return ([state] if state else [fix for fix, _ in found])[:_MOST]


def layers_before(problem: Problem, call: int, calls: Sequence[LayerCall], model: nn.Module) -> List[Fix]:
    """Changes of the stride or padding of the layers that gave two maps of another side: for a skip connection, or a sum of branches."""
    shapes = [tuple(shape) for shape in problem.data.get("shapes", ())]
    if len(shapes) != 2 or len(shapes[0]) != len(shapes[1]) or len(shapes[0]) < 3 or shapes[0][2:] == shapes[1][2:]:
        return []
    small, large = sorted(shapes, key=lambda shape: shape[2:])
    before = [each for each in reversed(calls) if each.status == DONE and each.index < call and not _is_inside(each.module)]
    done = [each for each in before if each.inputs and each.outputs]
    found: List[Fix] = []
    for each in done:
        layer, shape = model.get_submodule(each.module), tuple(each.outputs[0].shape)
        gap, ratio = large[-1] - small[-1], large[-1] // small[-1]
        if shape[2:] == small[2:] and isinstance(layer, _TRANSPOSED) and gap < _one(layer.stride):
            found.append(_spatial(model, each.module, "output_padding", gap, problem.file))
        elif shape[2:] == small[2:] and isinstance(layer, _CONVOLUTIONS) and _one(layer.stride) > 1:
            found.append(_spatial(model, each.module, "stride", 1, problem.file))
        elif (
            shape[2:] == large[2:]
            and isinstance(layer, _CONVOLUTIONS)
            and _one(layer.stride) == 1
            and ratio * small[-1] == large[-1]
        ):
            found.append(_spatial(model, each.module, "stride", ratio, problem.file))
    return found[: 2 * _MOST]


def _one(value: Any) -> int:
    return int(value[0] if isinstance(value, tuple) else value)


def _spatial(model: nn.Module, path: str, argument: str, value: int, beside: Optional[str]) -> Fix:
    layer, where = type(model.get_submodule(path)).__name__, at_line(definition_place(model, path), beside)
    return Fix("set_argument", f"Set `{argument}={value}` of `{path}` ({layer}){where}.", path, argument, value)


def _before(call: int, calls: Sequence[LayerCall]) -> List[str]:
    done = [each.module for each in calls if each.status == DONE and each.index < call and not _is_inside(each.module)]
    return list(dict.fromkeys(reversed(done)))


def _is_inside(path: str) -> bool:
    """A parametrization is part of its layer, and gone where that was made anew."""
    return "parametrizations" in path.split(".")


def _change(model: nn.Module, path: str, wrong: int, right: int, beside: Optional[str]) -> Optional[Fix]:
    """That the layer gives as much less, or more, as there is too much, or missing: its output may be one of several joined."""
    layer = model.get_submodule(path)
    argument = next((name for name in _GIVES if isinstance(getattr(layer, name, None), int)), None)
    both_ways = 2 if getattr(layer, "bidirectional", False) else 1
    value, odd = divmod(getattr(layer, argument) * both_ways - wrong + right, both_ways) if argument else (0, 0)
    if argument is None or value < 1 or odd:
        return None
    where = at_line(definition_place(model, path), beside)
    text = f"Set `{argument}={value}` of `{path}` ({type(layer).__name__}){where}."
    return Fix("set_argument", text, module=path, argument=argument, value=value)


def _state(problem: Problem) -> Optional[Fix]:
    """A state of another width may be the width that is meant."""
    expected, got = problem.data.get("expected"), problem.data.get("got")
    if problem.code != "rnn-state-shape" or not expected or not got or expected[-1] == got[-1]:
        return None
    text = f"Set `hidden_size={got[-1]}` of `{problem.module}` ({problem.data.get('layer')})."
    return Fix("set_argument", text, module=problem.module, argument="hidden_size", value=got[-1])
