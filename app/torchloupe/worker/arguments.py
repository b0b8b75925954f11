"""The arguments of a class or factory: what it asks for, and JSON values turned into what it expects."""

import ast
import dataclasses
import enum
import inspect
import sys
import textwrap
import types
import typing
from collections import abc
from dataclasses import dataclass
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Set, Tuple

import torch
from torch import nn

from ..analysis.argument_usage import Usage, argument_summaries, names_read, usages
from ..wire.arguments import ArgumentField, ArgumentForm
from ..wire.errors import UsageError
from .target import Target

_PLAIN = {int: "int", float: "float", bool: "bool", str: "str"}
_MISSING = inspect.Parameter.empty
_CONFIG_NAMES = ("config", "cfg", "conf", "args", "params", "hparams", "opt", "options", "settings")
_DEEPEST = 6


@dataclass(frozen=True)
class Argument:
    """One argument: how it is shown, and how a JSON value becomes what the constructor takes."""

    field: ArgumentField
    make: Callable[[Any], Any]


@dataclass(frozen=True)
class Constructor:
    """The arguments of one class or factory."""

    arguments: Tuple[Argument, ...]
    takes_any: bool
    summary: str

    @property
    def fields(self) -> Tuple[ArgumentField, ...]:
        """How they are shown."""
        return tuple(argument.field for argument in self.arguments)

    def keywords(self, values: Mapping[str, Any]) -> Dict[str, Any]:
        """What the constructor is called with, for JSON values. Raises ``UsageError`` for one that does not suit."""
        known = {argument.field.name: argument for argument in self.arguments}
        return {name: _made(known[name], value) if name in known else value for name, value in values.items()}

    def form(self, target: Target) -> ArgumentForm:
        """All of it, to be sent."""
        try:
            line: Optional[int] = inspect.getsourcelines(target.make)[1]
        except (OSError, TypeError):
            line = None
        return ArgumentForm(target.text, target.name, self.fields, self.summary, self.takes_any, target.file, line)


def _made(argument: Argument, value: Any) -> Any:
    try:
        return argument.make(value)
    except UsageError:
        raise
    except Exception as error:
        name = argument.field.name
        raise UsageError(
            f"The argument `{name}` cannot be made of {value!r}: {type(error).__name__}: {error}",
            f"It is {argument.field.annotation or argument.field.kind}.",
        ) from error


def constructor_of(target: Target) -> Constructor:
    """What the target's class or factory asks for; nothing when it is a finished model or has no signature."""
    make = target.make
    if isinstance(make, nn.Module) or not callable(make):
        return Constructor((), False, "")
    try:
        signature = inspect.signature(make)
    except (TypeError, ValueError):
        return Constructor((), True, "")
    documented = make.__init__ if isinstance(make, type) else make
    reader = _Reader(target.module, _source(target), _hints(documented))
    texts = {**argument_summaries(inspect.getdoc(make)), **argument_summaries(inspect.getdoc(documented))}
    parameters = list(signature.parameters.values())
    named = [one for one in parameters if one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)]
    named += _handed_on(target, parameters, {one.name for one in named})
    arguments = tuple(reader.argument(one.name, one.annotation, one.default, texts.get(one.name, "")) for one in named)
    summary = (inspect.getdoc(make) or "").partition("\n")[0] if "__doc__" in vars(make) else ""
    return Constructor(arguments, any(one.kind is one.VAR_KEYWORD for one in parameters), summary)


def _handed_on(target: Target, parameters: Sequence[inspect.Parameter], known: Set[str]) -> List[inspect.Parameter]:
    """Arguments of what ``**kwargs`` is handed on to, when that is a class or function of the same module or the base class."""
    caught = next((one.name for one in parameters if one.kind is one.VAR_KEYWORD), None)
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(target.make)))
    except (OSError, TypeError, SyntaxError):
        return []
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call) or not any(
            each.arg is None and isinstance(each.value, ast.Name) and each.value.id == caught for each in call.keywords
        ):
            continue
        taken = _taken_by(call, target)
        here = {each.arg for each in call.keywords} | {one.name for one in taken[: len(call.args)]}
        return [one.replace(kind=one.KEYWORD_ONLY) for one in taken if one.name not in here | known]
    return []


def _taken_by(call: ast.Call, target: Target) -> List[inspect.Parameter]:
    if ast.unparse(call.func) == "super().__init__" and isinstance(target.make, type):
        function: Any = target.make.__mro__[1]
    else:
        function = vars(target.module).get(ast.unparse(call.func))
    if function is None or function is nn.Module:
        return []
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return []
    return [one for one in parameters if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)]


def _source(target: Target) -> str:
    try:
        return inspect.getsource(target.module)
    except (OSError, TypeError):
        return ""


def _hints(function: Any) -> Dict[str, Any]:
    try:
        return typing.get_type_hints(function)
    except Exception:  # names that exist for type checkers only
        return {}


class _Reader:
    """Reads signatures in one module."""

    def __init__(self, module: types.ModuleType, source: str, hints: Mapping[str, Any], depth: int = 0) -> None:
        self._module, self._source, self._hints, self._depth = module, source, hints, depth
        self._usages = usages(source)

    def argument(self, name: str, annotation: Any, default: Any, summary: str = "") -> Argument:
        """One argument by its annotation, its default, and what the source does with it."""
        hint = self._hints.get(name, annotation)
        hint, optional = _without_none(hint)
        kind, choices, make = self._kind(name, hint, default)
        fields: Tuple[ArgumentField, ...] = ()
        config = self._config(name, hint, default) if kind == "other" else None
        if config is not None:
            kind, fields, make = "config", tuple(each.field for each in config.parts), config.made
        plain = _plain(default)
        shown = "" if default is _MISSING else default.__name__ if _is_class(default) else repr(default)
        field = ArgumentField(
            name=name,
            kind=kind,
            annotation=_annotation_text(annotation),
            has_default=default is not _MISSING,
            default=default.__name__ if _is_class(default) else plain,
            default_text=shown[:200],
            choices=choices,
            optional=optional or default is None,
            summary=summary,
            fields=fields,
        )
        return Argument(field, lambda value: None if value is None else make(value))

    def _kind(self, name: str, hint: Any, default: Any) -> Tuple[str, Tuple[str, ...], Callable[[Any], Any]]:
        usage = self._usages.get(name, Usage())
        if isinstance(hint, type) and issubclass(hint, enum.Enum):
            return _enumerated(hint)
        if typing.get_origin(hint) is typing.Literal:
            return _literal(typing.get_args(hint))
        if isinstance(default, enum.Enum):
            return _enumerated(type(default))
        if hint is torch.dtype or isinstance(default, torch.dtype):
            return "other", (), _dtype
        if _is_class_hint(hint) or _is_class(default) or (usage.is_called and not _known_kind(hint, default)):
            return "class", self._classes(default), self._class
        kind = _known_kind(hint, default)
        if kind is None and default is _MISSING and usage.is_sequence and not usage.keys and not usage.attributes:
            kind = "list"
        if kind is None and usage.words and default in (_MISSING, None):
            kind = "str"
        if kind is None and default is None:
            kind = "int"
        if kind == "str":
            words = tuple(dict.fromkeys([*([default] if isinstance(default, str) else []), *usage.words]))
            return "str", words if len(words) > 1 or default is _MISSING else (), _same
        if kind in ("list", "dict"):
            return kind, (), _sequence_maker(hint, default) if kind == "list" else _same
        return kind or "other", (), self._dotted if kind is None else _same

    def _classes(self, default: Any) -> Tuple[str, ...]:
        """Module classes that the file itself defines, and the default."""
        own = [
            name
            for name, value in vars(self._module).items()
            if isinstance(value, type) and issubclass(value, nn.Module) and value.__module__ == self._module.__name__
        ]
        first = [default.__name__] if _is_class(default) else []
        return tuple(dict.fromkeys([*first, *own]))

    def _class(self, value: Any) -> Any:
        return self._named(value) if isinstance(value, str) else value

    def _dotted(self, value: Any) -> Any:
        return self._named(value) if isinstance(value, str) and "." in value else value

    def _named(self, value: Any) -> Any:
        """``BasicBlock`` of the file, or ``torch.nn.GELU``; anything that names nothing stays what it is."""
        if not isinstance(value, str):
            return value
        for root in (self._module, nn, sys.modules.get(value.partition(".")[0])):
            found: Any = root
            for part in value.split(".")[1 if isinstance(found, types.ModuleType) and found.__name__ == value.split(".")[0] else 0 :]:
                found = getattr(found, part, None)
            if found is not None and found is not root:
                return found
        return value

    # configuration objects

    def _config(self, name: str, hint: Any, default: Any) -> "Optional[_Config]":
        if self._depth >= _DEEPEST:
            return None
        kind = hint if _is_config(hint) else type(default) if _is_config(type(default)) else None
        usage = self._usages.get(name, Usage())
        read = [each for each in names_read(usage)]
        if kind is None and hint in (_MISSING, dict, Any) and (name in _CONFIG_NAMES or (read and not usage.is_called)):
            kind = self._config_class(read)
        if kind is not None:
            return _Config(kind, self._parts_of(kind, default))
        if default is _MISSING and read and (name in _CONFIG_NAMES or (usage.keys and not usage.attributes) or self._depth):
            maker: Any = dict if usage.keys else types.SimpleNamespace
            self._depth += 1
            parts = tuple(self.argument(each, _MISSING, _MISSING) for each in read if each != name)
            self._depth -= 1
            return _Config(maker, parts)
        return None

    def _config_class(self, read: Sequence[str]) -> Optional[type]:
        """The class of this module whose fields are what is read of the argument."""
        found: List[Tuple[int, str, type]] = []
        for name, value in vars(self._module).items():
            if isinstance(value, type) and _is_config(value):
                fields = {each.name for each in dataclasses.fields(value)} if dataclasses.is_dataclass(value) else set(_parameters(value))
                common = len(fields & set(read))
                if common:
                    found.append((common, name, value))
        return max(found, key=lambda each: each[0])[2] if found else None

    def _parts_of(self, kind: type, default: Any) -> Tuple[Argument, ...]:
        module = sys.modules.get(kind.__module__, self._module)
        try:
            source = self._source if module is self._module else inspect.getsource(module)
        except (OSError, TypeError):
            source = ""
        inner = _Reader(module, self._source + "\n" + source if source != self._source else source, _hints(kind.__init__), self._depth + 1)
        inner._hints = {**_hints(kind), **inner._hints}
        held = default if isinstance(default, kind) else None
        parts = []
        for name, parameter in _parameters(kind).items():
            value = getattr(held, name, parameter.default) if held is not None else parameter.default
            parts.append(inner.argument(name, parameter.annotation, _factory_value(kind, name, value)))
        return tuple(parts)


@dataclass(frozen=True)
class _Config:
    """A configuration object: what makes it, and its fields."""

    kind: Any
    parts: Tuple[Argument, ...]

    def made(self, value: Any) -> Any:
        """The object for a mapping; anything else is one already."""
        if not isinstance(value, Mapping):
            return value
        known = {part.field.name: part for part in self.parts}
        return self.kind(**{name: _made(known[name], each) if name in known else each for name, each in value.items()})


def _parameters(kind: type) -> Dict[str, inspect.Parameter]:
    """Keywords of a class; where it takes any, those of its base classes, too."""
    found: Dict[str, inspect.Parameter] = {}
    for base in kind.__mro__[:-1]:
        try:
            parameters = list(inspect.signature(kind if base is kind else base.__init__).parameters.values())
        except (TypeError, ValueError):
            break
        for one in parameters:
            if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY) and one.name != "self":
                found.setdefault(one.name, one)
        if not any(one.kind is one.VAR_KEYWORD for one in parameters):
            break
    return found


def _factory_value(kind: type, name: str, value: Any) -> Any:
    """A dataclass field made by a factory: its value, so that it can be shown."""
    if dataclasses.is_dataclass(kind) and type(value).__name__ == "_HAS_DEFAULT_FACTORY_CLASS":
        factory = next(each.default_factory for each in dataclasses.fields(kind) if each.name == name)
        return factory() if callable(factory) else value
    return value


def _is_config(kind: Any) -> bool:
    """A class whose objects only hold settings: a dataclass, or one with ``config`` in its name and a keyword constructor."""
    if not isinstance(kind, type) or issubclass(kind, (nn.Module, enum.Enum, torch.Tensor)):
        return False
    if dataclasses.is_dataclass(kind):
        return True
    return kind.__name__.lower().endswith(("config", "args", "params", "settings", "options")) and bool(_parameters(kind))


def _without_none(hint: Any) -> Tuple[Any, bool]:
    """``Optional[int]`` gives ``int`` and True; of a union, its first plain member."""
    if typing.get_origin(hint) is typing.Union or type(hint).__name__ == "UnionType":
        parts = [part for part in typing.get_args(hint) if part is not type(None)]
        plain = [part for part in parts if part in _PLAIN]
        return (plain or parts or [Any])[0], len(parts) < len(typing.get_args(hint))
    return hint, False


def _known_kind(hint: Any, default: Any) -> Optional[str]:
    origin = typing.get_origin(hint) or hint
    if isinstance(default, bool):
        return "bool"
    if isinstance(origin, type):
        if origin in _PLAIN:
            return _PLAIN[origin]
        if issubclass(origin, (list, tuple, set)) or origin in (abc.Sequence, abc.Iterable, abc.Collection):
            return "list"
        if issubclass(origin, (dict, abc.Mapping)):
            return "dict"
    for kind, name in _PLAIN.items():
        if isinstance(default, kind):
            return name
    if isinstance(default, (list, tuple)):
        return "list"
    return "dict" if isinstance(default, dict) and default else None


def _is_class_hint(hint: Any) -> bool:
    return hint is type or typing.get_origin(hint) is type


def _enumerated(kind: Any) -> Tuple[str, Tuple[str, ...], Callable[[Any], Any]]:
    """Members by their value when that is a text, else by name."""
    by_text = {_member_text(member): member for member in kind}
    return "choice", tuple(by_text), lambda value: by_text[value] if value in by_text else kind[value]


def _member_text(member: Any) -> str:
    return member.value if isinstance(member.value, str) else str(member.name)


def _literal(values: Tuple[Any, ...]) -> Tuple[str, Tuple[str, ...], Callable[[Any], Any]]:
    if all(isinstance(value, str) for value in values):
        return "choice", tuple(values), _same
    by_text = {str(value): value for value in values}
    return "choice", tuple(by_text), lambda value: by_text.get(str(value), value)


def _sequence_maker(hint: Any, default: Any) -> Callable[[Any], Any]:
    origin = typing.get_origin(hint) or hint
    if isinstance(default, tuple) or (isinstance(origin, type) and issubclass(origin, tuple)):
        return lambda value: tuple(tuple(item) if isinstance(item, list) else item for item in value) if isinstance(value, list) else value
    return _same


def _dtype(value: Any) -> Any:
    return getattr(torch, value.rpartition(".")[2]) if isinstance(value, str) else value


def _same(value: Any) -> Any:
    return value


def _is_class(value: Any) -> bool:
    return isinstance(value, type) and value is not _MISSING


def _annotation_text(annotation: Any) -> str:
    if annotation is _MISSING:
        return ""
    return annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)


def _plain(value: Any) -> Any:
    """A JSON value, or None for what is none."""
    if isinstance(value, enum.Enum):
        return _member_text(value)
    if value is _MISSING or not isinstance(value, (int, float, str, bool, list, tuple, dict)):
        return None
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    return value
