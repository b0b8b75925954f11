"""Construct the model: call the class or factory with its arguments, under a seed."""

import inspect
from dataclasses import replace
from functools import partial
from typing import Any, Dict, List, Optional

import torch
from torch import nn

from ..wire.problems import Fix, Problem
from .arguments import constructor_of
from .explain import CouldNotRun, problem_of
from .missing_gpu import gpu_change
from .no_downloads import DownloadInsisted, no_downloads
from .target import Target
from .ways_without_data import built_without_data


def construct(
    target: Target, arguments: Optional[Dict[str, Any]], seed: int, allow_downloads: bool = False, device: Optional[str] = None
) -> nn.Module:
    """The model that the target makes, for the device ``meta`` without data where its constructor works without.

    Nothing is downloaded for it unless that is allowed. Raises ``CouldNotRun``.
    """
    if isinstance(target.make, nn.Module):
        return target.make
    keywords = dict(arguments or {})
    _check_arguments(target, keywords)
    keywords = constructor_of(target).keywords(keywords)
    torch.manual_seed(seed)
    make = partial(built_without_data, target.make) if device == "meta" else target.make
    with no_downloads(allow_downloads) as refusals:
        try:
            model = make(**keywords)
        except (Exception, SystemExit, DownloadInsisted) as error:
            refused = refusals.problem(error, "construct-failed", f"The constructor of `{target.name}`", target.places)
            raise CouldNotRun(refused or construct_problem(error, target)) from error
    if not isinstance(model, nn.Module):
        what = f"`{target.name}` returned {_a_kind(model)}, not an nn.Module"
        raise CouldNotRun(
            Problem(
                "construct-failed",
                f"{what}.",
                hint="Point at the class, or at a factory that returns the model.",
                file=target.file,
            )
        )
    if not hasattr(model, "_modules"):
        raise CouldNotRun(_missing_init(target, type(model).__name__, None))
    return model


def _check_arguments(target: Target, keywords: Dict[str, Any]) -> None:
    if not callable(target.make):
        what = f"`{target.name}` is {_a_kind(target.make)}, neither a class, a factory nor an nn.Module"
        raise CouldNotRun(Problem("construct-failed", f"{what}.", hint="Point at a Module class or a factory.", file=target.file))
    try:
        signature = inspect.signature(target.make)
    except (TypeError, ValueError):
        return
    missing = [name for name in _required(signature) if name not in keywords]
    takes_any = any(parameter.kind is parameter.VAR_KEYWORD for parameter in signature.parameters.values())
    unknown = [] if takes_any else [name for name in keywords if name not in signature.parameters]
    if not missing and not unknown:
        return
    shown = f"{target.name}{signature}"
    message = f"`{target.name}` " + (f"has no argument {_names(unknown)}." if unknown else f"needs {_names(missing)}.")
    example = "{" + ", ".join(f'"{name}": ...' for name in (missing or signature.parameters)) + "}"
    raise CouldNotRun(
        Problem(
            "construct-failed",
            message,
            hint=f"Give the constructor arguments, on the command line as --args '{example}'. It is {shown}.",
            file=target.file,
            line=_line_of(target.make),
            data={"missing": missing, "unknown": unknown, "signature": shown},
        )
    )


def _required(signature: inspect.Signature) -> List[str]:
    return [
        parameter.name
        for parameter in signature.parameters.values()
        if parameter.default is parameter.empty and parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
    ]


def construct_problem(error: BaseException, target: Target) -> Problem:
    """Why a constructor raised, and what to do."""
    if isinstance(error, AttributeError) and "before Module.__init__() call" in str(error):
        place = target.places.of_error(error)
        return _missing_init(target, _class_under_construction(error) or target.name, place[1] if place else None)
    problem = problem_of(error, "construct-failed", f"Constructing `{target.name}` failed", target.places)
    return replace(problem, **(gpu_change(error, f"The constructor of `{target.name}`") or {}))


def _class_under_construction(error: BaseException) -> Optional[str]:
    """The class whose ``__init__`` raised."""
    name, traceback = None, error.__traceback__
    while traceback is not None:
        frame = traceback.tb_frame
        if frame.f_code.co_name == "__init__" and isinstance(frame.f_locals.get("self"), nn.Module):
            name = type(frame.f_locals["self"]).__name__
        traceback = traceback.tb_next
    return name


def _missing_init(target: Target, class_name: str, line: Optional[int]) -> Problem:
    text = "Call `super().__init__()` first in `__init__`."
    return Problem(
        "missing-super-init",
        f"`{class_name}` puts modules or parameters into itself before `super().__init__()` has run.",
        hint=text,
        file=target.file,
        line=line or _line_of(target.make),
        module="",
        fixes=(Fix("edit_source", text),),
    )


def _line_of(value: Any) -> Optional[int]:
    try:
        return inspect.getsourcelines(value)[1]
    except (OSError, TypeError):
        return None


def _a_kind(value: Any) -> str:
    return "None" if value is None else f"a {type(value).__name__}"


def _names(names: List[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
