"""The opcodes of pickle protocols 0 to 5, each as a function from the position after it to the position of the next one."""

import codecs
import struct
from typing import Any, Callable, List, Tuple

from .inert import Global, Group, Mapping, Record
from .pickle_machine import STOPPED, Handler, Malformed, PickleMachine, RanOut, Unreadable

_MAX_NUMBER = 1024
"""Longest integer that is read, in bytes or digits: longer ones cost more than they can mean."""
_MAX_LINE = 1 << 20

_TEXT = "utf-8"
_u32 = struct.Struct("<I").unpack_from
_SIZES = {1: "<B", 2: "<H", 4: "<I", 8: "<Q"}


def _constant(value: Any) -> Handler:
    def handler(machine: PickleMachine, pos: int) -> int:
        machine.stack.append(value)
        return pos

    return handler


def _fresh(make: Callable[[], Any]) -> Handler:
    def handler(machine: PickleMachine, pos: int) -> int:
        machine.stack.append(make())
        return pos

    return handler


def _tuple_of(count: int) -> Handler:
    def handler(machine: PickleMachine, pos: int) -> int:
        stack = machine.stack
        if len(stack) < count:
            raise IndexError
        stack[-count:] = [tuple(stack[-count:])]
        return pos

    return handler


def _number(form: str) -> Handler:
    unpack, size = struct.Struct(form).unpack_from, struct.calcsize(form)

    def handler(machine: PickleMachine, pos: int) -> int:
        machine.stack.append(unpack(machine.data, pos)[0])
        return pos + size

    return handler


def _counted(width: int, make: Callable[[bytes], Any], longest: int = 1 << 62) -> Handler:
    """An opcode with a length of ``width`` bytes and that many bytes after it."""
    unpack = struct.Struct(_SIZES[width]).unpack_from

    def handler(machine: PickleMachine, pos: int) -> int:
        length: int = unpack(machine.data, pos)[0]
        start, after = pos + width, pos + width + length
        if after > len(machine.data):
            raise RanOut(f"it claims {length:,} bytes, more than the rest of it has")
        if length > longest:
            raise Malformed(f"it claims a number of {length:,} bytes")
        machine.stack.append(make(machine.data[start:after]))
        return after

    return handler


def _line(machine: PickleMachine, pos: int, longest: int = _MAX_LINE) -> Tuple[bytes, int]:
    end = machine.data.find(b"\n", pos, pos + longest + 1)
    if end < 0:
        fault = RanOut if pos + longest >= len(machine.data) else Malformed
        raise fault("a line in it does not end")
    return machine.data[pos:end], end + 1


def _lined(make: Callable[[bytes], Any], longest: int = _MAX_LINE) -> Handler:
    """An opcode whose argument is the rest of the line."""

    def handler(machine: PickleMachine, pos: int) -> int:
        line, after = _line(machine, pos, longest)
        machine.stack.append(make(line))
        return after

    return handler


def _text(data: bytes) -> str:
    return str(data, _TEXT, "surrogatepass")


def _old_text(data: bytes) -> Any:
    """A Python 2 string: text when it is ASCII, else bytes."""
    try:
        return str(data, "ascii")
    except UnicodeDecodeError:
        return data


def _quoted(line: bytes) -> Any:
    line = line.strip()
    if len(line) < 2 or line[:1] != line[-1:] or line[:1] not in (b"'", b'"'):
        raise Malformed("a text in it is not quoted")
    return _old_text(codecs.escape_decode(line[1:-1])[0])


def _decimal(line: bytes) -> Any:
    if line in (b"00", b"01"):
        return line == b"01"
    return int(line)


def _long_decimal(line: bytes) -> int:
    return int(line[:-1] if line.endswith(b"L") else line)


def _long(data: bytes) -> int:
    return int.from_bytes(data, "little", signed=True)


def _proto(machine: PickleMachine, pos: int) -> int:
    if machine.data[pos] > 5:
        raise Unreadable(f"protocol {machine.data[pos]} is not known")
    return pos + 1


def _frame(machine: PickleMachine, pos: int) -> int:
    del machine
    return pos + 8


def _pop(machine: PickleMachine, pos: int) -> int:
    if machine.marks and machine.marks[-1] == len(machine.stack):
        machine.marks.pop()
    else:
        machine.stack.pop()
    return pos


def _pop_mark(machine: PickleMachine, pos: int) -> int:
    machine.cut()
    return pos


def _dup(machine: PickleMachine, pos: int) -> int:
    machine.stack.append(machine.stack[-1])
    return pos


def _memoize(machine: PickleMachine, pos: int) -> int:
    machine.memo[len(machine.memo)] = machine.stack[-1]
    return pos


def _put_line(machine: PickleMachine, pos: int) -> int:
    line, after = _line(machine, pos, _MAX_NUMBER)
    machine.memo[int(line)] = machine.stack[-1]
    return after


def _get_line(machine: PickleMachine, pos: int) -> int:
    line, after = _line(machine, pos, _MAX_NUMBER)
    machine.stack.append(machine.memo[int(line)])
    return after


def _get_long(machine: PickleMachine, pos: int) -> int:
    machine.stack.append(machine.memo[_u32(machine.data, pos)[0]])
    return pos + 4


def _list_from_mark(machine: PickleMachine, pos: int) -> int:
    machine.stack.append(machine.cut())
    return pos


def _dict_from_mark(machine: PickleMachine, pos: int) -> int:
    made = Mapping()
    _put_pairs(machine, made, machine.cut())
    machine.stack.append(made)
    return pos


def _frozenset_from_mark(machine: PickleMachine, pos: int) -> int:
    machine.stack.append(Group("frozenset", machine.cut()))
    return pos


def _put_pairs(machine: PickleMachine, target: Any, pairs: List[Any]) -> None:
    if len(pairs) % 2:
        raise Malformed("a dict in it has a key without a value")
    if type(target) is Mapping:
        target.pairs.extend(pairs)
    elif type(target) is Record:
        if target.pairs is None:
            target.pairs = []
        target.pairs.extend(pairs)
    else:
        machine.fault(f"it sets an item on a {type(target).__name__}, which is left out")


def _put_items(machine: PickleMachine, target: Any, items: List[Any]) -> None:
    if type(target) is list:
        target.extend(items)
    elif type(target) is Record:
        if target.items is None:
            target.items = []
        target.items.extend(items)
    elif type(target) is Group and type(target.items) is list:
        target.items.extend(items)
    else:
        machine.fault(f"it appends to a {type(target).__name__}, which is left out")


def _set_item(machine: PickleMachine, pos: int) -> int:
    value, key = machine.stack.pop(), machine.stack.pop()
    _put_pairs(machine, machine.stack[-1], [key, value])
    return pos


def _set_items(machine: PickleMachine, pos: int) -> int:
    pairs = machine.cut()
    _put_pairs(machine, machine.stack[-1], pairs)
    return pos


def _append(machine: PickleMachine, pos: int) -> int:
    item = machine.stack.pop()
    _put_items(machine, machine.stack[-1], [item])
    return pos


def _appends(machine: PickleMachine, pos: int) -> int:
    items = machine.cut()
    _put_items(machine, machine.stack[-1], items)
    return pos


def _global(machine: PickleMachine, pos: int) -> int:
    module, after = _line(machine, pos)
    name, after = _line(machine, after)
    machine.stack.append(machine.mention(_text(module), _text(name)))
    return after


def _stack_global(machine: PickleMachine, pos: int) -> int:
    name, module = machine.stack.pop(), machine.stack.pop()
    if type(name) is not str or type(module) is not str:
        raise Malformed("it names something to import with what is no text")
    machine.stack.append(machine.mention(module, name))
    return pos


def _extension(width: int) -> Handler:
    unpack = struct.Struct(_SIZES[width]).unpack_from

    def handler(machine: PickleMachine, pos: int) -> int:
        machine.stack.append(machine.mention("copyreg", f"extension_{unpack(machine.data, pos)[0]}"))
        return pos + width

    return handler


def _call(machine: PickleMachine, callee: Any, args: Any) -> None:
    try:
        made = callee.rebuild(args) if type(callee) is Global and callee.rebuild else Record(callee, args)
    except (TypeError, ValueError, IndexError, AttributeError):
        name = callee.text if type(callee) is Global else "it"
        machine.fault(f"{name} is called with arguments that it cannot have")
        made = Record(callee, args)
    machine.stack.append(made)


def _reduce(machine: PickleMachine, pos: int) -> int:
    args = machine.stack.pop()
    _call(machine, machine.stack.pop(), args)
    return pos


def _new_object_with_keywords(machine: PickleMachine, pos: int) -> int:
    keywords, args = machine.stack.pop(), machine.stack.pop()
    made = Record(machine.stack.pop(), args)
    made.state = keywords if type(keywords) is Mapping and keywords.pairs else None
    machine.stack.append(made)
    return pos


def _instance(machine: PickleMachine, pos: int) -> int:
    module, after = _line(machine, pos)
    name, after = _line(machine, after)
    args = tuple(machine.cut())
    _call(machine, machine.mention(_text(module), _text(name)), args)
    return after


def _object(machine: PickleMachine, pos: int) -> int:
    items = machine.cut()
    _call(machine, items[0], tuple(items[1:]))
    return pos


def _build(machine: PickleMachine, pos: int) -> int:
    state = machine.stack.pop()
    target = machine.stack[-1]
    if type(target) in (Record, Mapping):
        target.state = state
    elif type(target) in (list, tuple, str, int, float, bytes):
        machine.fault(f"it sets attributes on a {type(target).__name__}, which is left out")
    return pos


def _persistent_line(machine: PickleMachine, pos: int) -> int:
    line, after = _line(machine, pos)
    machine.stack.append(machine.persistent(_old_text(line)))
    return after


def _keep(machine: PickleMachine, pos: int) -> int:
    del machine
    return pos


def _stop(machine: PickleMachine, pos: int) -> int:
    if not machine.stack:
        raise IndexError
    machine.pos = pos
    return STOPPED


def _unknown(machine: PickleMachine, pos: int) -> int:
    raise Unreadable(f"0x{machine.data[pos - 1]:02x} is no opcode")


_TABLE = {
    b"\x80": _proto,
    b"\x95": _frame,
    b".": _stop,
    b"0": _pop,
    b"1": _pop_mark,
    b"2": _dup,
    b"\x94": _memoize,
    b"p": _put_line,
    b"g": _get_line,
    b"N": _constant(None),
    b"\x88": _constant(True),
    b"\x89": _constant(False),
    b")": _constant(()),
    b"]": _fresh(list),
    b"}": _fresh(Mapping),
    b"\x8f": _fresh(lambda: Group("set", [])),
    b"\x86": _tuple_of(2),
    b"\x87": _tuple_of(3),
    b"l": _list_from_mark,
    b"d": _dict_from_mark,
    b"\x91": _frozenset_from_mark,
    b"s": _set_item,
    b"u": _set_items,
    b"a": _append,
    b"e": _appends,
    b"\x90": _appends,
    b"G": _number(">d"),
    b"J": _number("<i"),
    b"j": _get_long,
    b"F": _lined(float, _MAX_NUMBER),
    b"I": _lined(_decimal, _MAX_NUMBER),
    b"L": _lined(_long_decimal, _MAX_NUMBER),
    b"\x8a": _counted(1, _long),
    b"\x8b": _counted(4, _long, _MAX_NUMBER),
    b"V": _lined(lambda line: str(line, "raw-unicode-escape")),
    b"S": _lined(_quoted),
    b"U": _counted(1, _old_text),
    b"T": _counted(4, _old_text),
    b"C": _counted(1, bytes),
    b"B": _counted(4, bytes),
    b"\x8e": _counted(8, bytes),
    b"\x96": _counted(8, bytes),
    b"\x8c": _counted(1, _text),
    b"\x8d": _counted(8, _text),
    b"c": _global,
    b"\x93": _stack_global,
    b"\x82": _extension(1),
    b"\x83": _extension(2),
    b"\x84": _extension(4),
    b"R": _reduce,
    b"\x81": _reduce,
    b"\x92": _new_object_with_keywords,
    b"i": _instance,
    b"o": _object,
    b"b": _build,
    b"P": _persistent_line,
    b"\x97": _fresh(lambda: Record(Global("pickle", "out_of_band_buffer"), ())),
    b"\x98": _keep,
}

HANDLERS: Tuple[Handler, ...] = tuple(_TABLE.get(bytes((code,)), _unknown) for code in range(256))
"""By opcode. The opcodes that ``PickleMachine`` runs itself never come here."""
