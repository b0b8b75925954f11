"""Do the weights that were loaded belong here? Names and shapes fit by now; this judges the values, from facts that the worker gathers.

The bounds were found on networks that were trained, run on their own data and on noise, and then broken: two tensors of one shape
exchanged, a square one transposed, statistics of two layers exchanged, a layer made anew. What is said of siblings is said only where
all others agree far better with each other than the odd one does with them.
"""

from dataclasses import dataclass
from statistics import median
from typing import Dict, Iterator, List, Optional, Sequence, Tuple

from ..wire.problems import ERROR, INFO, WARNING, Problem
from .mapping.rules import template_of
from .wording import counted, shape_text

NOT_FINITE, INITIAL, STATISTICS, SIBLINGS = (
    "checkpoint-not-finite",
    "checkpoint-initial-values",
    "checkpoint-statistics",
    "checkpoint-unlike-siblings",
)
DEFAULTS = ("kaiming_uniform default", "uniform default")
"""What torch's own layers are filled with. Weights that were trained are not spread evenly up to a bound."""
_LARGE = 1024
_TRAINED, _NEARLY_ALL = 3, 0.75
_NAMED = 3

_WRONG = ((0.35, 4.0), (0.25, 8.0))
"""How far the means of a layer's channels are off, in standard deviations, when it is wrong; and how often as far as in any before it.
Of layers that are right none was more than 0.25 off and more than 3.8 times as far as all before it."""
_AGREES = 0.25
"""The log of the ratio of variances up to which a layer before it counts as one that agrees: on noise none does."""
_NOT_NORMALISED = 5.0
_SAMPLES, _UPDATES = 64, 5.0
"""Numbers in a channel, and how often the statistics were renewed, below which they say nothing."""

_SERIES, _TIGHT, _CLEAR, _ALIKE = 6, 6.0, 0.4, 0.35
"""Layers in a list, how much tighter the others are than what sets the odd one apart, what is worth seeing, how well it is mirrored."""


@dataclass(frozen=True)
class WeightLook:
    """What the values of a loaded tensor look like. ``looks`` is how it was initialised, if that still shows.

    ``scale`` is the log of its standard deviation, ``turn`` the log of how much more its rows differ in length than its columns; None
    for what is no matrix.
    """

    key: str
    shape: Tuple[int, ...]
    is_parameter: bool = True
    is_trainable: bool = True
    looks: str = ""
    nan: int = 0
    inf: int = 0
    scale: Optional[float] = None
    turn: Optional[float] = None


@dataclass(frozen=True)
class NormLook:
    """What arrives at a BatchNorm on the sample data, beside what it has stored, in execution order: by channel, the median.

    ``off`` is the distance of the means in standard deviations, ``wider`` the absolute log of the ratio of the variances. ``samples`` is
    how many numbers a channel had, ``updates`` how often the statistics were renewed in terms of their memory (None: not known).
    ``between`` are the layers that ran since the BatchNorm before.
    """

    path: str
    off: float
    wider: float
    samples: int
    updates: Optional[float] = None
    between: Tuple[str, ...] = ()


def loaded_value_problems(weights: Sequence[WeightLook], norms: Sequence[NormLook], path: str) -> Tuple[Problem, ...]:
    """Everything that is odd about the values; ``path`` is the checkpoint's."""
    name = path.replace("\\", "/").rstrip("/").rpartition("/")[2]
    found = [*_not_finite(weights, name), *_initial(weights, name), *_siblings(weights)]
    return (*found, *_statistics(norms))


def _not_finite(weights: Sequence[WeightLook], name: str) -> Iterator[Problem]:
    """NaN anywhere, infinity in a parameter. A buffer may be a mask."""
    bad = [each for each in weights if each.nan or (each.inf and each.is_parameter)]
    if not bad:
        return
    first = bad[0]
    words = [counted(first.nan, "NaN", "NaN")] if first.nan else []
    words += [counted(first.inf, "infinity", "infinities")] if first.inf else []
    more = f", and {counted(len(bad) - 1, 'more tensor has such values', 'more tensors have such values')}" if bad[1:] else ""
    text = f"{first.key} of {name} has {' and '.join(words)}{more}."
    hint = "Whatever they touch becomes NaN. The training that wrote the file had diverged: take an earlier checkpoint."
    yield _problem(NOT_FINITE, text, hint, first.key, ERROR, [each.key for each in bad])


def _initial(weights: Sequence[WeightLook], name: str) -> Iterator[Problem]:
    """Weights that look as torch's layers make them, among others that were trained."""
    large = [each for each in weights if each.is_parameter and each.is_trainable and _is_matrix(each) and _size(each) >= _LARGE]
    fresh = [each for each in large if each.looks in DEFAULTS or each.looks.endswith(DEFAULTS)]
    trained = [each for each in large if not _initialised(each)]
    if not fresh:
        return
    keys = [each.key for each in fresh]
    if len(fresh) >= _NEARLY_ALL * len(large):  # of a thousand right ones one or two are not recognised
        whose = f"{len(fresh)} of {counted(len(large), 'weight matrix', 'weight matrices')}"
        text = f"{whose} of {name} look{'s' if len(fresh) == 1 else ''} like torch's default initialisation."
        hint = "The file was saved before training, or what was trained is not what was saved."
        yield _problem(INITIAL, text, hint, keys[0], INFO, keys)
    elif len(trained) >= max(_TRAINED, len(fresh)):
        shown = ", ".join(keys[:_NAMED]) + (f" and {len(keys) - _NAMED} more" if len(keys) > _NAMED else "")
        verb = "looks" if len(keys) == 1 else "look"
        text = f"{shown} of {name} still {verb} like torch's default initialisation; {len(trained)} others were trained."
        hint = "The file was saved with a layer that was new and never trained, or trained under another name."
        yield _problem(INITIAL, text, hint, keys[0], WARNING, keys)


def _initialised(look: WeightLook) -> bool:
    return bool(look.looks.replace("loaded", "").strip(", "))


def _is_matrix(look: WeightLook) -> bool:
    return len(look.shape) > 1


def _size(look: WeightLook) -> int:
    size = 1
    for each in look.shape:
        size *= each
    return size


# siblings: the same weight of equal layers


def _siblings(weights: Sequence[WeightLook]) -> Iterator[Problem]:
    lists = _lists_of_layers(weights)
    seen = set()
    for layers in lists.values():
        place = mirrored([look.turn for look in layers])
        if place is not None and _stays_itself([look.scale for look in layers], place):
            look = layers[place]
            seen.add(look.key)
            text = f"{look.key} {shape_text(look.shape)} is likely transposed: its rows differ in length as its siblings' columns do."
            hint = f"All {len(layers) - 1} others in the list agree, and the shape says nothing here. Look where it came from."
            yield _problem(SIBLINGS, text, hint, look.key, _sure(place, layers), [look.key])
    for one, other in _exchangeable(lists):
        for of in ("scale", "turn"):
            pairs = list(zip(lists[one], lists[other]))
            series = [_difference(getattr(a, of), getattr(b, of)) for a, b in pairs]
            place = mirrored(series)
            if place is None or not {pairs[place][0].key, pairs[place][1].key}.isdisjoint(seen):
                continue
            a, b = pairs[place]
            seen.update((a.key, b.key))
            text = f"{a.key} and {b.key} {shape_text(a.shape)} are likely exchanged: each looks like the other one of all other layers."
            hint = "Their shapes are equal, so nothing refuses it. Compare with where the file came from."
            yield _problem(SIBLINGS, text, hint, a.key, _sure(place, lists[one]), [a.key, b.key])


def _sure(place: int, layers: Sequence[WeightLook]) -> str:
    """The first and the last layer of a list may well be unlike the others."""
    return WARNING if 0 < place < len(layers) - 1 else INFO


def _lists_of_layers(weights: Sequence[WeightLook]) -> Dict[str, List[WeightLook]]:
    """Square matrices by their names without numbers, where there are enough of a shape."""
    lists: Dict[str, List[WeightLook]] = {}
    for look in weights:
        if look.turn is not None and look.scale is not None and len(look.shape) == 2 and look.is_parameter:
            lists.setdefault(template_of(look.key), []).append(look)
    square = {
        name: held for name, held in lists.items() if len({each.shape for each in held}) == 1 and len(set(held[0].shape)) == 1
    }
    return {name: held for name, held in square.items() if len(held) >= _SERIES}


def _exchangeable(lists: Dict[str, List[WeightLook]]) -> Iterator[Tuple[str, str]]:
    names = list(lists)
    for number, one in enumerate(names):
        for other in names[number + 1 :]:
            if len(lists[one]) == len(lists[other]) and lists[one][0].shape == lists[other][0].shape:
                yield one, other


def _difference(one: Optional[float], other: Optional[float]) -> Optional[float]:
    return one - other if one is not None and other is not None else None


def mirrored(series: Sequence[Optional[float]]) -> Optional[int]:
    """The place of the one value that is the others' with the other sign, where all others agree closely; None where there is no such."""
    values = [value for value in series if value is not None]
    if len(values) < _SERIES or len(values) < len(series):
        return None
    middle = median(values)
    odd = [place for place, value in enumerate(values) if abs(value + middle) <= _ALIKE * abs(middle)]
    if len(odd) != 1 or abs(middle) < _CLEAR:
        return None
    others = [value for place, value in enumerate(values) if place != odd[0]]
    spread = max(abs(value - median(others)) for value in others)
    return odd[0] if 2 * abs(middle) >= _TIGHT * spread else None


def _stays_itself(series: Sequence[Optional[float]], place: int) -> bool:
    """A matrix that was only turned around has the spread of its siblings still."""
    values = [value for value in series if value is not None]
    others = [value for at, value in enumerate(values) if at != place]
    spread = max(abs(value - median(others)) for value in others)
    return abs(values[place] - median(others)) <= 1.5 * spread + 0.05


# what arrives at BatchNorm


def _statistics(norms: Sequence[NormLook]) -> Iterator[Problem]:
    """The first layer whose statistics do not fit what arrives, when all before it fit."""
    told = [each for each in norms if each.samples >= _SAMPLES and (each.updates is None or each.updates >= _UPDATES)]
    if not told:
        return
    first = told[0]
    if first.off >= _NOT_NORMALISED:
        text = (
            f"What arrives at {first.path}, the first BatchNorm, is {first.off:.2g} standard deviations from what it has stored."
        )
        hint = "The input is not normalised as it was in training, or the layers before it have other weights."
        yield _problem(STATISTICS, text, hint, "", WARNING, [first.path], first.path)
        return
    for place, look in enumerate(told):
        before = told[:place]
        if any(each.wider > _AGREES for each in before):
            return
        highest = max((each.off for each in before), default=0.0)
        if before and any(look.off >= off and look.off >= times * highest for off, times in _WRONG):
            yield _wrong_layer(look, before, highest)
            return


def _wrong_layer(look: NormLook, before: Sequence[NormLook], highest: float) -> Problem:
    layers = f" ({', '.join(look.between[:_NAMED])})" if look.between else ""
    agree = "the one BatchNorm before it agrees" if len(before) == 1 else f"the {len(before)} BatchNorm layers before it agree"
    text = (
        f"What arrives at {look.path} on the sample data is not what its stored statistics say: the means of its channels are "
        f"{look.off:.2g} standard deviations off, where {agree} to {max(highest, 0.01):.2g}."
    )
    hint = (
        f"The weights between {before[-1].path} and {look.path}{layers} are not those that the statistics were gathered with, or the "
        "statistics are another layer's. The names and shapes of such weights fit all the same."
    )
    return _problem(STATISTICS, text, hint, "", WARNING, [look.path, *look.between], look.path)


def _problem(
    code: str, text: str, hint: str, key: str, severity: str, keys: Sequence[str], module: Optional[str] = None
) -> Problem:
    owner = module if module is not None else key.rpartition(".")[0]
    return Problem(
        code, text, severity, hint, owner, parameter=key or None, data={"keys": list(keys[:20]), "key_count": len(keys)}
    )
