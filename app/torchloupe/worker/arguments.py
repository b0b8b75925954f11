"""The arguments of a class or factory: what it asks for, and JSON values turned into what it expects."""

import dataclasses
import enum
import inspect
import sys
import types
import typing
from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

import torch
from torch import nn

from ..analysis.argument_usage import Usage, argument_summaries, names_read, usages
from ..analysis.module_arguments import module_arguments
from ..wire.arguments import ArgumentField, ArgumentForm
from ..wire.errors import UsageError
from .argument_kinds import (
    COMMON_LAYERS,
    MISSING,
    Kind,
    Make,
    annotation_text,
    dtype_named,
    enumerated,
    factory_value,
    is_class,
    is_class_hint,
    is_config,
    is_module_hint,
    known_kind,
    literal,
    may_be_named,
    parameters_of,
    plain,
    reached,
    same,
    sequence_maker,
    without_none,
)
from .keyword_arguments import handed_on
from .target import Target

_CONFIG_NAMES = ("config", "cfg", "conf", "args", "params", "hparams", "opt", "options", "settings")
_DEEPEST = 6
MODULE_HINT = 'Name a class of the file or a layer of torch, with its arguments when it needs some: {"Encoder": {"width": 64}}.'


@dataclass(frozen=True)
class Argument:
    """One argument: how it is shown, and how a JSON value becomes what the constructor takes."""

    field: ArgumentField
    make: Make


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
        hint = MODULE_HINT if argument.field.kind == "module" else f"It is {argument.field.annotation or argument.field.kind}."
        what = f"The argument `{name}` cannot be made of {value!r}: {type(error).__name__}: {error}"
        raise UsageError(what, hint) from error


def class_form(target: Target, name: str) -> ArgumentForm:
    """What the Module class asks for that an argument of the target names. Raises ``UsageError``."""
    found = _Reader(target.module, _source(target), {}).module_class(name, nn.Module)
    parts = _Reader(target.module, _source(target), {}).parts_of(found, MISSING)
    summary = inspect.cleandoc(vars(found).get("__doc__") or "").partition("\n")[0]
    return ArgumentForm(target.text, name, tuple(part.field for part in parts), summary)


def constructor_of(target: Target) -> Constructor:
    """What the target's class or factory asks for; nothing when it is a finished model or has no signature."""
    make = target.make
    if isinstance(make, nn.Module) or not callable(make):
        return Constructor((), False, "")
    try:
        signature = inspect.signature(make)
    except (TypeError, ValueError):
        return Constructor((), True, "")
    documented = _initialiser(make)
    reader = _Reader(target.module, _source(target), _hints(documented), own=make)
    texts = {**argument_summaries(inspect.getdoc(make)), **argument_summaries(inspect.getdoc(documented))}
    parameters = list(signature.parameters.values())
    named = [one for one in parameters if one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)]
    named += handed_on(target, parameters, {one.name for one in named})
    arguments = tuple(reader.argument(one.name, one.annotation, one.default, texts.get(one.name, "")) for one in named)
    summary = (inspect.getdoc(make) or "").partition("\n")[0] if "__doc__" in vars(make) else ""
    return Constructor(arguments, any(one.kind is one.VAR_KEYWORD for one in parameters), summary)


def _initialiser(make: Any) -> Any:
    """What the annotations stand on."""
    return getattr(make, "__init__", make) if isinstance(make, type) else make


def _maker_name(make: Any) -> str:
    """The class whose ``__init__`` runs, or the factory."""
    made_by = next((base for base in make.__mro__ if "__init__" in vars(base)), make) if isinstance(make, type) else make
    return getattr(made_by, "__name__", "")


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

    def __init__(
        self,
        module: types.ModuleType,
        source: str,
        hints: Mapping[str, Any],
        depth: int = 0,
        own: Any = None,
        around: Tuple[types.ModuleType, ...] = (),
    ) -> None:
        """``own`` is the class that is constructed, ``around`` are the modules in which the class of ``module`` was named."""
        self._module, self._source, self._hints, self._depth = module, source, hints, depth
        self._own, self._around = own, (module, *around)
        self._usages = usages(source)
        self._modules = {argument for maker, argument in module_arguments(source) if maker == _maker_name(own)}

    def argument(self, name: str, annotation: Any, default: Any, summary: str = "") -> Argument:
        """One argument by its annotation, its default, and what the source does with it."""
        hint = self._hints.get(name, annotation)
        hint, optional = without_none(hint)
        kind, choices, make = self._kind(name, hint, default)
        fields: Tuple[ArgumentField, ...] = ()
        config = self._config(name, hint, default) if kind == "other" else None
        if config is not None:
            kind, fields, make = "config", tuple(each.field for each in config.parts), config.made
        value = plain(default)
        shown = "" if default is MISSING else default.__name__ if is_class(default) else repr(default)
        field = ArgumentField(
            name=name,
            kind=kind,
            annotation=annotation_text(annotation),
            has_default=default is not MISSING,
            default=default.__name__ if is_class(default) else value,
            default_text=shown[:200],
            choices=choices,
            optional=optional or default is None,
            summary=summary,
            fields=fields,
        )
        return Argument(field, lambda value: None if value is None else make(value))

    def _kind(self, name: str, hint: Any, default: Any) -> Kind:
        usage = self._usages.get(name, Usage())
        if is_module_hint(hint):
            return "module", self._layers(hint), lambda value: self._made_module(value, hint)
        is_kept = name in self._modules and not usage.words and (default is MISSING or default is None)
        if is_kept and known_kind(hint, default) is None:
            return "module", self._layers(nn.Module), lambda value: self._made_module(value, nn.Module, is_guess=True)
        if isinstance(hint, type) and issubclass(hint, enum.Enum):
            return enumerated(hint)
        if typing.get_origin(hint) is typing.Literal:
            return literal(typing.get_args(hint))
        if isinstance(default, enum.Enum):
            return enumerated(type(default))
        if hint is torch.dtype or isinstance(default, torch.dtype):
            return "other", (), dtype_named
        if is_class_hint(hint) or is_class(default) or (usage.is_called and not known_kind(hint, default)):
            return "class", self._classes(default), self._class
        kind = known_kind(hint, default)
        if kind is None and default is MISSING and usage.is_sequence and not usage.keys and not usage.attributes:
            kind = "list"
        if kind is None and usage.words and default in (MISSING, None):
            kind = "str"
        if kind is None and default is None and hint in (MISSING, Any):
            kind = "int"
        if kind == "str":
            words = tuple(dict.fromkeys([*([default] if isinstance(default, str) else []), *usage.words]))
            return "str", words if len(words) > 1 or default is MISSING else (), same
        if kind in ("list", "dict"):
            return kind, (), sequence_maker(hint, default) if kind == "list" else same
        return kind or "other", (), self._dotted if kind is None else same

    def _classes(self, default: Any) -> Tuple[str, ...]:
        """Module classes that the file itself defines, and the default."""
        own = [
            name
            for name, value in vars(self._module).items()
            if isinstance(value, type) and issubclass(value, nn.Module) and value.__module__ == self._module.__name__
        ]
        first = [default.__name__] if is_class(default) else []
        return tuple(dict.fromkeys([*first, *own]))

    def _layers(self, base: type) -> Tuple[str, ...]:
        """Classes of the project that the file knows, and common ones of torch."""
        project = [
            name
            for name, value in vars(self._module).items()
            if is_module_hint(value) and value is not self._own and not value.__module__.startswith("torch.")
        ]
        names = dict.fromkeys([*project, *COMMON_LAYERS])
        return tuple(name for name in names if is_module_hint(self._named(name), base))

    def module_class(self, name: Any, base: type) -> Any:
        """The Module class of this name. Raises ``UsageError``."""
        found = self._named(name)
        if not is_module_hint(found, base):
            raise UsageError(f"`{name}` is no class of {base.__name__} that is known here.", MODULE_HINT)
        return found

    def _made_module(self, value: Any, base: type, is_guess: bool = False) -> Any:
        """A module of ``Encoder`` or ``{"Encoder": {"width": 64}}``; a function of torch, such as an activation, is as good. Where it is
        a guess that a module is wanted, what names none stays what it is.
        """
        named = isinstance(value, dict) and len(value) == 1
        name, given = next(iter(value.items())) if named else (value, {})
        there = self._named(name)
        if not is_module_hint(there):
            if base is nn.Module and not named and (callable(there) and "." in str(name)):
                return there
            if is_guess:
                return value
        found = self.module_class(name, base)
        parts = {part.field.name: part for part in self.parts_of(found, MISSING)}
        keywords = {key: _made(parts[key], each) if key in parts else each for key, each in dict(given or {}).items()}
        return found(**keywords)

    def _class(self, value: Any) -> Any:
        return self._named(value) if isinstance(value, str) else value

    def _dotted(self, value: Any) -> Any:
        return self._named(value) if isinstance(value, str) and "." in value else value

    def _named(self, value: Any) -> Any:
        """``BasicBlock`` of the file, or ``torch.nn.GELU``; anything that names nothing that may be named stays what it is."""
        if not isinstance(value, str):
            return value
        words = value.split(".")
        for root in (*self._around, nn, sys.modules.get(words[0])):
            is_itself = len(words) > 1 and isinstance(root, types.ModuleType) and root.__name__ == words[0]
            found = reached(root, words[is_itself:])
            if may_be_named(found, self._around[-1]):  # the target's own module
                return found
        return value

    # configuration objects

    def _config(self, name: str, hint: Any, default: Any) -> "Optional[_Config]":
        if self._depth >= _DEEPEST:
            return None
        kind = hint if is_config(hint) else type(default) if is_config(type(default)) else None
        usage = self._usages.get(name, Usage())
        read = list(names_read(usage))
        if kind is None and hint in (MISSING, dict, Any) and (name in _CONFIG_NAMES or (read and not usage.is_called)):
            kind = self._config_class(read)
        if kind is not None:
            return _Config(kind, self.parts_of(kind, default), default if isinstance(default, kind) else None)
        if default is MISSING and read and (name in _CONFIG_NAMES or (usage.keys and not usage.attributes) or self._depth):
            maker: Any = dict if usage.keys else types.SimpleNamespace
            self._depth += 1
            parts = tuple(self.argument(each, MISSING, MISSING) for each in read if each != name)
            self._depth -= 1
            return _Config(maker, parts)
        return None

    def _config_class(self, read: Sequence[str]) -> Optional[type]:
        """The class of this module whose fields are what is read of the argument."""
        found: List[Tuple[int, str, type]] = []
        for name, value in vars(self._module).items():
            if isinstance(value, type) and is_config(value):
                fields = (
                    {each.name for each in dataclasses.fields(value)}
                    if dataclasses.is_dataclass(value)
                    else set(parameters_of(value))
                )
                common = len(fields & set(read))
                if common:
                    found.append((common, name, value))
        return max(found, key=lambda each: each[0])[2] if found else None

    def parts_of(self, kind: type, default: Any) -> Tuple[Argument, ...]:
        """The arguments of another class that is constructed for this one."""
        module = sys.modules.get(kind.__module__, self._module)
        try:
            source = self._source if module is self._module else inspect.getsource(module)
        except (OSError, TypeError):
            source = ""
        inner = _Reader(
            module,
            self._source + "\n" + source if source != self._source else source,
            _hints(_initialiser(kind)),
            self._depth + 1,
            own=kind,
            around=self._around,
        )
        inner._hints = {**_hints(kind), **inner._hints}
        held = default if isinstance(default, kind) else None
        parts = []
        for name, parameter in parameters_of(kind).items():
            value = getattr(held, name, parameter.default) if held is not None else parameter.default
            parts.append(inner.argument(name, parameter.annotation, factory_value(kind, name, value)))
        return tuple(parts)


@dataclass(frozen=True)
class _Config:
    """A configuration object: what makes it, and its fields."""

    kind: Any
    parts: Tuple[Argument, ...]
    default: Any = None

    def made(self, value: Any) -> Any:
        """The object for a mapping; anything else is one already."""
        if not isinstance(value, Mapping):
            return value
        known = {part.field.name: part for part in self.parts}
        held = {name: getattr(self.default, name) for name in known if hasattr(self.default, name)}
        given = {name: _made(known[name], each) if name in known else each for name, each in value.items()}
        return self.kind(**{**held, **given})
