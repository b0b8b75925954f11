"""Construct the model: call the class or factory with its arguments, under a seed."""

import inspect
from dataclasses import replace
from typing import Any, Dict, List, Optional

import torch
from torch import nn

from ..wire.arguments import ArgumentField
from ..wire.errors import UsageError
from ..wire.problems import Problem
from .arguments import constructor_of
from .explain import CouldNotRun, details_of, problem_of
from .missing_gpu import gpu_change
from .no_downloads import DownloadInsisted, no_downloads
from .registration.failed_construction import forgotten_init, problem_of_class
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
    constructor = constructor_of(target)

    def make() -> Any:
        return target.make(**constructor.keywords(keywords))  # arguments may be modules, that are constructed for it

    torch.manual_seed(seed)
    with no_downloads(allow_downloads) as refusals:
        try:
            model = built_without_data(make) if device == "meta" else make()
        except (Exception, SystemExit, DownloadInsisted) as error:
            refused = refusals.problem(error, "construct-failed", f"The constructor of `{target.name}`", target.places)
            if refused is None and isinstance(error, UsageError):
                raise
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
        raise CouldNotRun(forgotten_init(type(model), target))
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
    values = {field.name: _example_of(field) for field in constructor_of(target).fields}
    example = "{" + ", ".join(f'"{name}": {values.get(name, "...")}' for name in (missing or signature.parameters)) + "}"
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


def _example_of(field: ArgumentField) -> str:
    """How a value is written; what has to be thought of is left open."""
    return f'{{"{field.choices[0]}": {{...}}}}' if field.kind == "module" and field.choices else "..."


def _required(signature: inspect.Signature) -> List[str]:
    return [
        parameter.name
        for parameter in signature.parameters.values()
        if parameter.default is parameter.empty and parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
    ]


def construct_problem(error: BaseException, target: Target) -> Problem:
    """Why a constructor raised, and what to do."""
    known = problem_of_class(error, target)
    if known is not None:
        return replace(known, details=details_of(error))
    problem = problem_of(error, "construct-failed", f"Constructing `{target.name}` failed", target.places)
    return replace(problem, **(gpu_change(error, f"The constructor of `{target.name}`") or {}))


def _line_of(value: Any) -> Optional[int]:
    try:
        return inspect.getsourcelines(value)[1]
    except (OSError, TypeError):
        return None


def _a_kind(value: Any) -> str:
    return "None" if value is None else f"a {type(value).__name__}"


def _names(names: List[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
