"""Where the first NaN or Inf of a run comes from - of a forward pass, a loss, a backward pass - as a problem, its repair tried."""

from contextlib import AbstractContextManager, ExitStack, nullcontext
from typing import Any, Callable, Dict, Optional

from torch import nn

from ...analysis.numerics.origin_findings import failure_problem, gradient_problem, origin_problems
from ...wire.problems import INFO, Problem
from ..module_tree import tensors_of, walk_modules
from ..nested import tensors_in
from ..places import Places
from ..registration.call_watch import CallWatch
from ..torch_compat import uncompiled
from .behind_failure import FailedRun
from .gradient_watch import GradientWatch
from .tried_repairs import with_tried_fix
from .value_watch import ValueWatch, is_finite, module_names


def nan_problem(
    model: nn.Module,
    places: Places,
    run: Callable[[], Any],
    put_back: Callable[[], object],
    check: Callable[[], None] = lambda: None,
) -> Optional[Problem]:
    """The origin of the first NaN or Inf when ``run`` runs; None when there is none that matters.

    ``run`` calls the model, computes a loss, and may call ``backward`` and make a step. What is bad matters when it is in the result of
    ``run``, in a loss, or in the gradient of a parameter, or when ``run`` fails on it. ``put_back`` brings the model to the state
    before; it is called before and after each run.
    """
    problem = _looked(model, places, run, put_back, check)
    if problem is None or problem.severity == INFO:
        return None

    def is_finite(within: "AbstractContextManager[Any]") -> bool:
        left = _looked(model, places, run, put_back, check, within)
        return left is None or left.severity == INFO

    return with_tried_fix(problem, places, is_finite)


def _looked(
    model: nn.Module,
    places: Places,
    run: Callable[[], Any],
    put_back: Callable[[], object],
    check: Callable[[], None],
    repaired: "Optional[AbstractContextManager[Any]]" = None,
) -> Optional[Problem]:
    """What is there, also ``repaired``; a run that fails with a repair says nothing of it, and raises what it raises."""
    walked = list(walk_modules(model))
    paths: Dict[int, str] = {id(module): path for path, module in reversed(walked)}
    names, calls = module_names(walked), CallWatch(check)
    gradients = GradientWatch(places, calls, names, paths)
    values = ValueWatch(places, calls, names, paths)
    put_back()
    try:
        with ExitStack() as inside:
            for each in (uncompiled(), repaired or nullcontext(), calls, gradients, values):
                inside.enter_context(each)
            result = run()
        outputs = [tensor for _, tensor in tensors_in(result)] + gradients.roots
        births = values.births_reaching(outputs)
        backward = gradients.birth()
        if backward is not None:
            put_back()
            sick = {names.get(id(each), "") for each in tensors_of(model) if not is_finite(each)}
            spoiled = [
                each for each in births if not each.function and each.operands[0].name and each.operands[0].name not in sick
            ]
            if not any(birth.reaches_output for birth in births if birth not in spoiled):
                return gradient_problem(backward)  # the weights that are NaN in the next step come from it
        return next((each for each in origin_problems(births, (), in_loss=True) if each.severity != INFO), None)
    except (Exception, SystemExit) as error:
        if repaired is not None:
            raise
        failed = FailedRun(model, places, lambda _fill: run(), put_back, check)
        cause = failed.cause_among(values.births, error)
        return failure_problem(cause) if cause is not None else None
    finally:
        put_back()
