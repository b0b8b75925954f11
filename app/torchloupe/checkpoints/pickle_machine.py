"""A pickle machine that cannot run anything: it reads opcodes and builds inert records.

It is our own loop because the library's unpickler trusts lengths that a file claims, and calls what the file names. Nothing
here recurses, and every limit below bounds memory and time. ``pickle_opcodes`` holds the opcodes that are rare in checkpoints.
"""

import struct
from typing import Any, Callable, Dict, List, Tuple

from ..wire.errors import CorruptFile
from .inert import Global, Mapping
from .rebuilders import REBUILDERS, storage_from
from .tensor_calls import TensorCalls

MAX_OPCODES = 50_000_000
MAX_HELD = 10_000_000
"""Most entries of the stack, and of the memo."""
_OPCODES_PER_ROUND = 1 << 14
_FAULTS_KEPT = 50
_LONGEST_PLAIN_OPCODE = 9
"""An opcode with a number of eight bytes; nearer than this to the end one can be cut in two."""

_u16 = struct.Struct("<H").unpack_from
_u32 = struct.Struct("<I").unpack_from

_MODULES_OF_PYTHON_2 = {"__builtin__": "builtins", "copy_reg": "copyreg", "exceptions": "builtins", "cPickle": "pickle"}

Handler = Callable[["PickleMachine", int], int]
STOPPED = -1
"""What a handler returns in place of the next position when the pickle ended."""


class Malformed(Exception):
    """The pickle breaks its own rules at the present opcode; the text says how."""


class RanOut(Malformed):
    """What the present opcode needs lies beyond the end of the data."""


class Unreadable(Malformed):
    """What follows is no pickle; what came before can be kept."""


class PickleMachine:
    """Runs one pickle in ``data``, which begins at ``start``. ``persistent`` makes an object of each persistent id.

    After ``run``: ``pos`` is where it ended; ``globals`` maps each importable name that was mentioned to the offset where that was
    first, and ``faults`` are sentences about what was wrong without ending the reading; ``ran_out`` is true when more data could
    have changed the outcome, ``unfinished`` when it ended in the middle.
    """

    def __init__(self, data: bytes, name: str, persistent: Callable[[Any], Any] = storage_from, start: int = 0) -> None:
        self.data = data
        self.name = name
        self.pos = start
        self.persistent = persistent
        self.ran_out = False
        self.unfinished = False
        self.stack: List[Any] = []
        self.marks: List[int] = []
        self.memo: Dict[int, Any] = {}
        self.globals: Dict[str, int] = {}
        self.faults: List[str] = []
        self._known: Dict[Tuple[str, str], Global] = {}
        self._tensor_calls = TensorCalls(data, self.memo, persistent)

    def run(self, handlers: Tuple[Handler, ...], progress: Callable[[int, int], None]) -> Any:
        """The value that the pickle describes; raises CorruptFile, with the offset, when its opcodes make no sense."""
        try:
            for _ in range(0, MAX_OPCODES, _OPCODES_PER_ROUND):
                if self._round(handlers, _OPCODES_PER_ROUND):
                    return self.stack.pop()
                if max(len(self.stack), len(self.memo), len(self.marks)) > MAX_HELD:
                    break
                progress(self.pos, len(self.data))
            raise Malformed("it holds more objects than are read here")
        except Unreadable as error:
            self.fault(f"{error}; what came before is shown")
            return self.so_far()
        except Malformed as error:
            self.ran_out = isinstance(error, RanOut)
            raise self._corrupt(str(error)) from None
        except KeyError:
            raise self._corrupt("it uses an object that it never stored") from None
        except (IndexError, struct.error):
            self.ran_out = self.pos + _LONGEST_PLAIN_OPCODE > len(self.data)
            if self.pos >= len(self.data):
                self.fault("it ends without its last opcode; what came before is shown")
                return self.so_far()
            raise self._corrupt("it takes an object where there is none, or ends inside an opcode") from None
        except (ValueError, OverflowError) as error:
            raise self._corrupt(str(error)) from None

    def mention(self, module: str, name: str) -> Global:
        """The record of an importable name; the same one each time."""
        found = self._known.get((module, name))
        if found is None:
            module_now = _MODULES_OF_PYTHON_2.get(module, module)
            found = Global(module_now, name, REBUILDERS.get(f"{module_now}.{name}"))
            self._known[module, name] = found
        self.globals.setdefault(found.text, self.pos)
        return found

    def fault(self, text: str) -> None:
        """Note that the present opcode is wrong in a way that does not end the reading."""
        if len(self.faults) < _FAULTS_KEPT:
            self.faults.append(f"{self.name}, byte {self.pos:,}: {text}")

    def cut(self) -> List[Any]:
        """Take everything above the last mark off the stack."""
        start = self.marks.pop()
        items = self.stack[start:]
        del self.stack[start:]
        return items

    def so_far(self) -> Any:
        """The value so far: what waits on the stack is put into the dict or list that it was meant for."""
        self.unfinished = True
        while self.marks:
            items = self.cut()
            holder = self.stack[-1] if self.stack else None
            if type(holder) is Mapping:
                holder.pairs.extend(items[: len(items) // 2 * 2])
            elif type(holder) is list:
                holder.extend(items)
            else:
                self.stack.append(tuple(items))
        if not self.stack:
            return ()
        first, waiting = self.stack[0], self.stack[1:]
        if type(first) is Mapping:
            first.pairs.extend(waiting[: len(waiting) // 2 * 2])
            return first
        return tuple(self.stack) if waiting else first

    def _corrupt(self, why: str) -> CorruptFile:
        return CorruptFile(
            f"{self.name} is damaged at byte {self.pos:,}: {why}.",
            "Get the file again from where it came from; if it is always like this, save it again with torch.save.",
        )

    def _round(self, handlers: Tuple[Handler, ...], count: int) -> bool:
        """Run at most ``count`` opcodes; true when the pickle ended. The opcodes that fill a state_dict are written out here."""
        data, stack, memo, marks, pos = self.data, self.stack, self.memo, self.marks, self.pos
        push, end, persistent, take_tensor = stack.append, len(data), self.persistent, self._tensor_calls.take
        try:
            for _ in range(count):
                op = data[pos]
                if op == 114:  # LONG_BINPUT
                    memo[_u32(data, pos + 1)[0]] = stack[-1]
                    pos += 5
                elif op == 113:  # BINPUT
                    memo[data[pos + 1]] = stack[-1]
                    pos += 2
                elif op == 104:  # BINGET
                    push(memo[data[pos + 1]])
                    pos += 2
                elif op == 75:  # BININT1
                    push(data[pos + 1])
                    pos += 2
                elif op == 40:  # MARK
                    if data.startswith(b"((", pos):
                        after = take_tensor(pos, stack)
                        if after >= 0:
                            pos = after
                            continue
                    marks.append(len(stack))
                    pos += 1
                elif op == 116:  # TUPLE
                    start = marks.pop()
                    stack[start:] = (tuple(stack[start:]),)
                    pos += 1
                elif op == 88:  # BINUNICODE
                    begin = pos + 5
                    pos = begin + _u32(data, pos + 1)[0]
                    if pos > end:
                        pos = begin - 5
                        raise RanOut("it claims a text longer than the rest")
                    push(str(data[begin:pos], "utf-8", "surrogatepass"))
                elif op == 81:  # BINPERSID
                    stack[-1] = persistent(stack[-1])
                    pos += 1
                elif op == 133:  # TUPLE1
                    stack[-1] = (stack[-1],)
                    pos += 1
                elif op == 77:  # BININT2
                    push(_u16(data, pos + 1)[0])
                    pos += 3
                else:
                    self.pos = pos
                    pos = handlers[op](self, pos + 1)
                    if pos == STOPPED:
                        pos = self.pos
                        return True
            return False
        finally:
            self.pos = pos
