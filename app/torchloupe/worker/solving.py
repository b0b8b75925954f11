"""Constructor arguments: described for a form, and worked out from the keys and shapes of a checkpoint."""

import os
from dataclasses import replace
from typing import Any, Dict, Optional, Tuple

from ..analysis.argument_solving import Solution, solve_arguments
from ..wire.arguments import ArgumentForm, DescribeArguments, SolveArguments, SolvedArguments
from ..wire.errors import UsageError
from .archive_target import is_archive
from .arguments import Constructor, class_form, constructor_of
from .clean_slate import slate_of
from .construct import construct_problem
from .context import Context
from .explain import CouldNotRun
from .no_downloads import no_downloads
from .probe_builds import ProbeBuilds
from .target import Target, import_target, target_folder

Shapes = Dict[str, Tuple[int, ...]]


def describe_arguments(context: Context, request: DescribeArguments) -> ArgumentForm:
    """The form of a target."""
    if is_archive(request.target):
        return ArgumentForm(request.target, os.path.basename(request.target), ())
    with slate_of(context).visited(target_folder(request.target), *request.import_folders):
        target = import_target(request.target, request.import_folders)
        if request.module_class:
            return class_form(target, request.module_class)
        return constructor_of(target).form(target)


def solved_arguments(context: Context, request: SolveArguments) -> SolvedArguments:
    """Build it without data until keys and shapes are the wanted ones."""
    with slate_of(context).visited(target_folder(request.target), *request.import_folders), no_downloads():
        return _solved_for(context, request)


def _solved_for(context: Context, request: SolveArguments) -> SolvedArguments:
    target = import_target(request.target, request.import_folders)
    constructor = constructor_of(target)
    if not constructor.arguments:
        raise UsageError(f"`{target.name}` takes no arguments.", "Open it as it is.")
    wanted = {tensor.key: tensor.shape for tensor in request.wanted}
    best: Optional[Solution] = None
    while wanted:
        solution = _solved(context, target, constructor, request, wanted)
        if solution is not None and (best is None or solution.matched > best.matched):
            best = solution
        if best is not None and best.matched:
            break
        wanted = _without_first_name(wanted)
    if best is None:
        raise UsageError(f"`{target.name}` takes no arguments that can be worked out.", "The checkpoint holds no tensors.")
    return SolvedArguments(
        target=request.target,
        arguments=best.arguments,
        values=best.values,
        matched=best.matched,
        wanted=len(request.wanted),
        unexpected=best.unexpected,
        exact=best.cost == 0,
        builds=best.builds,
    )


def _solved(
    context: Context, target: Target, constructor: Constructor, request: SolveArguments, wanted: Shapes
) -> Optional[Solution]:
    probes = ProbeBuilds(lambda **arguments: target.make(**constructor.keywords(arguments)))
    count = 0

    def build(arguments: Dict[str, Any]) -> Optional[Shapes]:
        nonlocal count
        count += 1
        context.cancel.raise_if_requested()
        context.progress(count, 0, f"trying arguments of {target.name}")
        return probes.shapes(arguments)

    solution = solve_arguments(constructor.fields, wanted, request.stored, request.given, build)
    if solution is None and isinstance(probes.failure, UsageError):
        raise probes.failure  # a value that is given does not suit, and the error says what would
    if solution is None and probes.failure is not None:
        problem = construct_problem(probes.failure, target)
        hint = "Give the arguments that it needs, and the others are worked out. " + problem.hint
        raise CouldNotRun(replace(problem, hint=hint.strip())) from probes.failure
    return solution


def _without_first_name(wanted: Shapes) -> Shapes:
    """The keys without the one name that all of them begin with; nothing when there is none."""
    firsts = {key.partition(".")[0] for key in wanted}
    if len(firsts) != 1 or not all("." in key for key in wanted):
        return {}
    return {key.partition(".")[2]: shape for key, shape in wanted.items()}
