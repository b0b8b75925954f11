"""The call that makes a tensor, in the form in which torch.save writes nearly all of them, taken in one step.

A large file repeats the same thirty opcodes for each tensor. What is recognised here does to the stack and the memo exactly what
these opcodes would do; whatever differs in anything is left to them.
"""

import re
import struct
from typing import Any, Callable, Dict, List, Optional, Tuple

from .inert import Global, Mapping
from .rebuilders import REBUILDERS

_GET = rb"h(.)"
_PUT = rb"r(?!.\x00{3})(.{4})"
"""Never to a place that ``_GET`` can name, so that all may be got before anything is put."""
_NUMBER = rb"(?:K.|M..|J.{4})"
_LENGTHS = rb"(\)|(?:%b){1,3}[\x85-\x87]|\((?:%b){0,64}t)(?:(?<=\))|%b)" % (_NUMBER, _NUMBER, _PUT)
_KEY = rb"(?:X(.)\x00{3}([0-9]{1,20})%b|(h.|j.{4}))" % _PUT
"""The storage's name: a new text, or one that is known because another tensor shares the storage."""
_STORAGE = rb"\(%b%b%b%b(%b)(N?)t%bQ" % (_GET, _GET, _KEY, _GET, _NUMBER, _PUT)
_CALL = re.compile(
    rb"\(%b(%b)%b%b([\x88\x89])%b\)R%bt%bR%b" % (_STORAGE, _NUMBER, _LENGTHS, _LENGTHS, _GET, _PUT, _PUT, _PUT), re.DOTALL
)
"""The arguments of ``_rebuild_tensor_v2``: storage, offset, shape, strides, requires_grad, hooks; then the call."""

_TENSOR = REBUILDERS["torch._utils._rebuild_tensor_v2"]
_HOOKS = REBUILDERS["collections.OrderedDict"]
_TRUE = b"\x88"
_SIGNED = {b"K": "<xB", b"M": "<xH", b"J": "<xi"}
_u32 = struct.Struct("<I").unpack


class _Numbers(Dict[bytes, int]):
    """The number that an opcode pushes; each is worked out once."""

    def __missing__(self, opcode: bytes) -> int:
        number: int = struct.unpack(_SIGNED[opcode[:1]], opcode)[0]
        self[opcode] = number
        return number


class _Lengths(Dict[bytes, Optional[Tuple[int, ...]]]):
    """The tuple of numbers that opcodes push, None when they leave more on the stack than it."""

    def __missing__(self, opcodes: bytes) -> Optional[Tuple[int, ...]]:
        numbers = tuple(_Numbers().__missing__(part) for part in re.findall(_NUMBER, opcodes, re.DOTALL))
        whole = opcodes[-1:] in (b")", b"t") or opcodes[-1] - 0x84 == len(numbers)
        self[opcodes] = found = numbers if whole else None
        return found


class TensorCalls:
    """Takes these calls in one pickle. ``persistent`` makes an object of each persistent id."""

    def __init__(self, data: bytes, memo: Dict[int, Any], persistent: Callable[[Any], Any]) -> None:
        self._data = data
        self._memo = memo
        self._persistent = persistent
        self._numbers = _Numbers()
        self._lengths = _Lengths()

    def take(self, pos: int, stack: List[Any]) -> int:
        """Make the tensor whose arguments begin at ``pos``, in place of the callable on top of the stack. The position after it;
        -1, with nothing changed, when there is no such call."""
        callee = stack[-1] if stack else None
        found = _CALL.match(self._data, pos) if type(callee) is Global and callee.rebuild is _TENSOR else None
        if found is None:
            return -1
        word, cls, length, text, text_put, known, location, count, none, id_put, *others = found.groups()
        offset, shape, shape_put, strides, strides_put, grad, hooks, hooks_put, arguments_put, put = others
        memo, numbers, lengths = self._memo, self._numbers, self._lengths[shape]
        steps = self._lengths[strides]
        try:
            key = text.decode() if text else memo[known[1] if len(known) == 2 else _u32(known[1:])[0]]
            identity: Tuple[Any, ...] = (memo[word[0]], memo[cls[0]], key, memo[location[0]], numbers[count])
            make_hooks = memo[hooks[0]]
        except KeyError:
            return -1
        known_hooks = type(make_hooks) is Global and make_hooks.rebuild is _HOOKS
        if lengths is None or steps is None or not known_hooks or (text and length[0] != len(text)):
            return -1
        if text:
            memo[_u32(text_put)[0]] = key
        memo[_u32(id_put)[0]] = identity = (*identity, None) if none else identity
        storage = self._persistent(identity)
        if shape_put:
            memo[_u32(shape_put)[0]] = lengths
        if strides_put:
            memo[_u32(strides_put)[0]] = steps
        memo[_u32(hooks_put)[0]] = no_hooks = Mapping("OrderedDict")
        arguments = (storage, numbers[offset], lengths, steps, grad == _TRUE, no_hooks)
        memo[_u32(arguments_put)[0]] = arguments
        memo[_u32(put)[0]] = stack[-1] = _TENSOR(arguments)
        return found.end()
