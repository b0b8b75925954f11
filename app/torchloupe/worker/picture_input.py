"""A picture given as the input: its colours and its size as the model takes them, and what was done to it said."""

import math
import os
from dataclasses import replace
from typing import Callable, Dict, Iterator, Mapping, Optional, Sequence, Tuple, Union

from torch import nn

from ..analysis.input_specs import InputSpec, format_input_spec
from ..wire.problems import INFO, Problem
from .explain import CouldNotRun
from .input_values import SampleInput, input_of
from .pictures import ADAPTED, CHANNELS, Picture, Size, is_picture, read_picture

Slot = Union[int, str]
"""Where a picture goes: the number of a positional argument, or a keyword."""
Form = Tuple[int, Size]
"""Channels and size."""


def fit_pictures(
    specs: Sequence[InputSpec],
    given: SampleInput,
    model: nn.Module,
    runs: Callable[[SampleInput], bool],
    work_out: Callable[[], Sequence[InputSpec]],
) -> SampleInput:
    """The input with its pictures as the model takes them: in the colours of its first convolution, and, where it does not run on
    their own size, of the size that is worked out for it - if it runs on that. ``runs`` tries an input on shapes alone."""
    places = _slots(specs)
    pictures = {
        slot: read_picture(os.path.expanduser(spec.file)) for slot, spec in places.items() if spec.file and is_picture(spec.file)
    }
    if not pictures:
        return given
    channels = _first_channels(model)
    own: Dict[Slot, Form] = dict.fromkeys(pictures, (channels, None))
    as_they_are = _filled(given, pictures, own)
    if runs(as_they_are):
        return as_they_are
    try:
        found = tuple(work_out())
    except CouldNotRun:
        return as_they_are
    wanted = {slot: form for slot, spec in _slots(found).items() if (form := _form_of(spec))}
    for forms in [wanted] if wanted else [dict.fromkeys(pictures, square) for square in _squares(model)]:
        better = _filled(given, pictures, {**own, **forms})
        if runs(better):
            return better
    if not runs(input_of(found, "worked_out", ())):
        return as_they_are  # it is not for the picture that the model does not run
    fitting = " ".join(format_input_spec(spec) for spec in found)
    text = f"The model does not run on {' and '.join(os.path.basename(each.path) for each in pictures.values())} as it is."
    hint = f"It runs on {fitting}: save a tensor like that with torch.save, and give that file."
    return replace(as_they_are, notes=(*as_they_are.notes, Problem(ADAPTED, text, INFO, hint)))


def _slots(specs: Sequence[InputSpec]) -> Dict[Slot, InputSpec]:
    positional = [spec for spec in specs if spec.keyword is None]
    return {**dict(enumerate(positional)), **{spec.keyword: spec for spec in specs if spec.keyword is not None}}


def _filled(given: SampleInput, pictures: Mapping[Slot, Picture], forms: Mapping[Slot, Form]) -> SampleInput:
    """The input with these pictures in it, each with so many channels and of that size, and what is said of them."""
    made = {slot: picture.tensor(*forms[slot]) for slot, picture in pictures.items()}
    notes = tuple(note for slot, picture in pictures.items() for note in picture.said(*forms[slot]))
    positional = tuple(made.get(number, value) for number, value in enumerate(given.positional))
    keywords = {name: made.get(name, value) for name, value in given.keywords.items()}
    return replace(given, positional=positional, keywords=keywords, notes=(*given.notes, *notes))


def _form_of(spec: InputSpec) -> Optional[Form]:
    """Channels and size of a picture in place of this input; None when it takes no pictures."""
    if len(spec.shape) != 4 or spec.shape[1] not in CHANNELS or not spec.dtype.startswith(("float", "bfloat")):
        return None
    return spec.shape[1], (spec.shape[2], spec.shape[3])


def _squares(model: nn.Module) -> Iterator[Form]:
    """Pictures whose pixels are as many as the first layer takes, of a model without convolutions."""
    layers = [each for each in model.modules() if isinstance(each, (nn.Linear, nn.Conv2d))]
    if layers and isinstance(layers[0], nn.Linear):
        for channels in (1, 3):
            side = math.isqrt(layers[0].in_features // channels)
            if channels * side * side == layers[0].in_features and side > 3:
                yield channels, (side, side)


def _first_channels(model: nn.Module) -> int:
    first = next((each.in_channels for each in model.modules() if isinstance(each, nn.Conv2d)), 3)
    return first if first in CHANNELS else 3
