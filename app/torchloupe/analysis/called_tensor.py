"""Which tensor of a run a person means: ``stem.1``, ``stem.1#2:1``, ``7:input``, ``attn:output.attentions``."""

import difflib
import re
from typing import Optional, Sequence, Tuple

from ..wire.activations import INPUT, OUTPUT
from ..wire.errors import UsageError
from ..wire.tensors import TensorMeta
from ..wire.traces import LayerCall
from .wording import counted, shape_text

FORM = "Write the number of a call or the path of a module, #2 for its second call, :1, :input or :input.NAME for another tensor."
_WORDS = re.compile(r"(?P<call>.*?)(#(?P<number>\d+))?(:(?P<side>input|output)?\.?(?P<which>[^:]*))?")


def find_call_tensor(calls: Sequence[LayerCall], text: str) -> Tuple[LayerCall, str, int]:
    """The call, the side (``input`` or ``output``) and the place there. Raises UsageError that names the choices."""
    words = _WORDS.fullmatch(text.strip())
    assert words is not None
    call = _call(calls, words["call"].strip(), int(words["number"]) if words["number"] else None)
    side = words["side"] or OUTPUT
    return call, side, _place(call, side, (words["which"] or "").strip())


def _call(calls: Sequence[LayerCall], name: str, number: Optional[int]) -> LayerCall:
    if name.isdigit() and number is None:
        found = [call for call in calls if call.index == int(name)]
    else:
        path = "" if name == "(model)" else name
        found = [call for call in calls if call.module == path and call.call_number == (number or 1) - 1]
    if found:
        return found[0]
    times = sum(call.module == name for call in calls)
    if times:
        raise UsageError(f"`{name}` was called {counted(times, 'time')}, not {number}.", FORM)
    close = difflib.get_close_matches(name, sorted({call.module for call in calls}), 3)
    did_mean = f"Did you mean {' or '.join(f'`{each}`' for each in close)}?" if close else FORM
    raise UsageError(f"The run has no call `{name}`: it has {counted(len(calls), 'call')}, from 0.", did_mean)


def _place(call: LayerCall, side: str, which: str) -> int:
    tensors = call.inputs if side == INPUT else call.outputs
    names = [_bare(tensor) for tensor in tensors]
    number = int(which) if which.isdigit() else (names.index(which.strip(".[]'\"")) if which.strip(".[]'\"") in names else -1)
    if not which and tensors:
        return 0
    if 0 <= number < len(tensors) and which:
        return number
    there = ", ".join(
        f"{at}{f' ({name})' if name else ''} {shape_text(tensor.shape)}" for at, (name, tensor) in enumerate(zip(names, tensors))
    )
    asked = f" `{which}`" if which else ""
    raise UsageError(f"`{call.module or '(model)'}` has no {side}{asked}. There: {there or 'no tensor'}.", FORM)


def _bare(tensor: TensorMeta) -> str:
    return tensor.name.strip(".[]'\"")
