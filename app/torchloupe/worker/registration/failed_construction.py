"""A constructor raised because of how a class is written: ``super().__init__()`` forgotten, ``__init__`` misspelled, a name taken."""

import re
from types import FrameType
from typing import Any, Iterator, Optional, Type

from torch import nn

from ...analysis.registration.class_findings import ReservedName, misspelled_problems, reserved_problems
from ...analysis.registration.super_init import ForgottenInit, forgotten_init_problem
from ...wire.problems import Problem
from ..class_places import class_place
from ..error_words import words_of
from ..places import Place
from ..target import Target
from .class_facts import written_methods
from .class_source import constructors_of

_BEFORE_INIT = "before Module.__init__() call"
_TAKEN = re.compile(r"attribute '(\w+)' already exists")
_MEMBERS = {"add_module": "module", "register_module": "module", "register_buffer": "buffer", "register_parameter": "parameter"}


def problem_of_class(error: BaseException, target: Target) -> Optional[Problem]:
    """The mistake in a class that an exception out of a constructor stands for; None for any other."""
    text, place = words_of(error), target.places.of_error(error)
    if isinstance(error, AttributeError) and (_BEFORE_INIT in text or _lacks_registry(error)):
        kind = _class_under_construction(error)
        return forgotten_init(kind, target, place) if kind is not None else None
    if isinstance(error, TypeError) and "__init__() " in text:
        return _misspelled_init(error, target)
    taken = _TAKEN.search(text) if isinstance(error, KeyError) else None
    if taken is not None and hasattr(nn.Module, taken.group(1)):
        frames = [frame for frame in _frames(error) if frame.f_code.co_name in _MEMBERS]
        kind = _class_under_construction(error)
        member = _MEMBERS[frames[0].f_code.co_name] if frames else "part"
        name = kind.__name__ if kind is not None else target.name
        file, line = place or (target.file, None)
        return reserved_problems([ReservedName("", name, taken.group(1), member, "", file, line, refused=True)])[0]
    return None


def forgotten_init(kind: Type[Any], target: Target, place: Optional[Place] = None) -> Problem:
    """``Module.__init__`` never ran, or too late; ``place`` is the line that showed it."""
    misspelled = misspelled_problems([method for method in written_methods(kind) if not method.has_real_init])
    if misspelled:
        return misspelled[0]
    file, line = place or _class_line(kind) or (target.file, None)
    return forgotten_init_problem(ForgottenInit(kind.__name__, tuple(constructors_of(kind)), file, line))


def _class_line(kind: Type[Any]) -> Optional[Place]:
    """Where a class begins; asked of an empty object, since there may be no other."""
    constructors = constructors_of(kind)
    if constructors:
        return constructors[0].file, constructors[0].node.lineno
    return class_place(kind.__new__(kind)) if issubclass(kind, nn.Module) else None


def _misspelled_init(error: BaseException, target: Target) -> Optional[Problem]:
    """A class without a constructor of its own was given arguments."""
    name = words_of(error).partition(".__init__()")[0]
    for kind in _classes_of(target, name):
        methods = [method for method in written_methods(kind) if not method.has_real_init]
        found = [each for each in misspelled_problems(methods) if each.data["meant"] == "__init__"]
        if found:
            return found[0]
    return None


def _classes_of(target: Target, name: str) -> Iterator[Type[Any]]:
    for value in (target.make, *list(vars(target.module).values())):
        if isinstance(value, type) and issubclass(value, nn.Module) and (value.__name__ == name or name == "Module"):
            yield value


def _lacks_registry(error: AttributeError) -> bool:
    """``'Net' object has no attribute '_modules'``, in a method of nn.Module."""
    return re.search(r"no attribute '_(modules|parameters|buffers|forward_hooks|\w+_hooks)'", words_of(error)) is not None


def _class_under_construction(error: BaseException) -> Optional[Type[Any]]:
    """The class whose ``__init__`` raised: the innermost."""
    found = None
    for frame in _frames(error):
        value = frame.f_locals.get(frame.f_code.co_varnames[0]) if frame.f_code.co_varnames else None
        if frame.f_code.co_name == "__init__" and issubclass(type(value), nn.Module):
            found = type(value)
    return found


def _frames(error: BaseException) -> Iterator[FrameType]:
    traceback = error.__traceback__
    while traceback is not None:
        yield traceback.tb_frame
        traceback = traceback.tb_next
