"""A forward pass raised: find the layer or operation, and have ``analysis`` say why."""

from dataclasses import replace
from types import GeneratorType
from typing import Any, Dict, List, Optional, Sequence, Tuple

import torch
from torch import nn

from ..analysis.failed_operations import FailedOperation, explain_operation
from ..analysis.layer_contracts import LAYER_SETTINGS
from ..analysis.mismatches import FailedLayer, explain_layer
from ..wire.problems import WARNING, Fix, Problem
from ..wire.tensors import TensorMeta
from ..wire.traces import LayerCall
from .class_places import class_place
from .definitions import definition_place
from .error_words import words_of
from .explain import details_of, is_out_of_memory, problem_of
from .operations import FailingOperation
from .places import Places
from .plain_failures import told_apart
from .repairs import try_fixes
from .repetition import Repetition
from .tensor_facts import dtype_name
from .trace import OpenFailure
from .without_data import data_needed


class ForwardFailure:
    """One failed forward pass: the exception, the innermost open call, and the calls before it.

    ``at_once`` is why, where that is known without another pass; its fixes are not tried. ``returned_nothing`` are calls that gave None.
    """

    def __init__(
        self,
        error: BaseException,
        model: nn.Module,
        opened: Optional[OpenFailure],
        calls: Sequence[LayerCall],
        places: Places,
        returned_nothing: Sequence[LayerCall] = (),
        blameless: bool = False,
    ) -> None:
        self._error = error
        self._model = model
        self._opened = opened
        self._calls = calls
        self._places = places
        self._is_of_layer = False
        self.at_once = self._known_at_once(returned_nothing, blameless)

    def _known_at_once(self, returned_nothing: Sequence[LayerCall], blameless: bool) -> Optional[Problem]:
        if blameless:
            return data_needed(self._plain(), self._opened.call.module if self._opened else "")
        if is_out_of_memory(self._error) or isinstance(self._error, (SystemExit, RecursionError)):
            return self._plain()
        problem = layer_problem(self._error, self._model, self._opened, self._calls) if self._opened else None
        self._is_of_layer = problem is not None
        return problem or self._of_nothing(returned_nothing)

    def problem(self, repetition: Repetition) -> Problem:
        """What went wrong. The pass is repeated to see an operation outside of torch's layers, and to try each fix."""
        if self.at_once is not None and self._is_of_layer and self._opened is not None:
            return try_fixes(self.at_once, self._opened.module, repetition)
        if self.at_once is not None:
            return self.at_once
        plain = self._of_operation(repetition) or self._plain()
        is_plain = "operation" not in plain.data
        return told_apart(plain, self._error, self._opened, repetition, self._places) if is_plain else plain

    def seen_again(self, problem: Problem) -> Optional[Problem]:
        """The problem of another pass as that of this one; None where it is of another line."""
        place = self._places.of_error(self._error)
        if self.at_once is not None or place is None or place != (problem.file, problem.line):
            return None
        return replace(problem, details=details_of(self._error))

    def _of_nothing(self, returned_nothing: Sequence[LayerCall]) -> Optional[Problem]:
        """A module returned None and the next one choked on it."""
        if not returned_nothing or "NoneType" not in str(self._error):
            return None
        return replace(no_return_problem(self._model, returned_nothing[-1]), details=details_of(self._error))

    def _of_operation(self, repetition: Repetition) -> Optional[Problem]:
        seen = FailingOperation(self._places)
        repetition.run(within=seen)
        return operation_problem(self._error, seen, self._opened, self._places)

    def _plain(self) -> Problem:
        call = self._opened.call if self._opened else None
        what = f"`{call.module}` ({call.class_name}) failed" if call and call.module else "The forward pass failed"
        problem = problem_of(self._error, "forward-failed", what, self._places)
        if call is None:
            return replace(problem, module="")
        data: Dict[str, Any] = {"input_shapes": [list(meta.shape) for meta in call.inputs]}
        defined = definition_place(self._model, call.module)
        if defined:
            data["definition_file"], data["definition_line"] = defined
        return replace(problem, module=call.module, call=call.index, data=data)


def layer_problem(error: BaseException, model: nn.Module, opened: OpenFailure, calls: Sequence[LayerCall]) -> Optional[Problem]:
    """Why a layer of torch refused what arrived; None for other modules, and when its input is not why."""
    layer = torch_layer(opened.module)
    if layer is None:
        return None
    failed = FailedLayer(
        call=opened.call,
        layer=layer,
        settings=_settings(opened.module),
        weight=_weight(opened.module),
        index_range=_index_range(opened.inputs),
        defined_at=definition_place(model, opened.call.module),
        details=details_of(error),
    )
    return explain_layer(failed, calls)


def operation_problem(
    error: BaseException, seen: FailingOperation, opened: Optional[OpenFailure], places: Places
) -> Optional[Problem]:
    """Why the operation that was ``seen`` to raise did so; None when its shapes do not explain it."""
    if seen.name is None:
        return None
    place = seen.place or places.of_error(error)
    call = opened.call if opened else None
    return explain_operation(
        FailedOperation(
            name=seen.name,
            operands=seen.operands,
            arguments=seen.arguments,
            contiguous=seen.contiguous,
            module=call.module if call else "",
            call=call.index if call else None,
            file=place[0] if place else None,
            line=place[1] if place else None,
            error=words_of(error),
            details=details_of(error),
        )
    )


def no_return_problem(model: nn.Module, call: LayerCall) -> Problem:
    """A module's forward returned None."""
    module = model.get_submodule(call.module)
    place = class_place(module)
    forward = getattr(type(module), "forward", None)
    code = getattr(forward, "__code__", None)
    text = "Add `return` with the result as the last line of its forward."
    return Problem(
        "forward-returns-none",
        f"The forward of {f'`{call.module}` ({call.class_name})' if call.module else f'`{call.class_name}`'} returns None.",
        hint=text,
        module=call.module,
        call=call.index,
        file=place[0] if place else call.file,
        line=code.co_firstlineno if code and place else call.line,
        fixes=(Fix("edit_source", text),),
        data={"forward_last_line": _last_line(code)} if code and place else {},
    )


def is_own_generator(output: Any, model: nn.Module) -> bool:
    """Whether it is the forward of the model, not begun yet."""
    forward = getattr(getattr(type(model), "forward", None), "__code__", None)
    return isinstance(output, GeneratorType) and output.gi_code is forward


def generator_problem(model: nn.Module, call: LayerCall) -> Problem:
    """The model gave a generator: nothing behind its first ``yield`` ran, and what came before it did not either."""
    place = class_place(model)
    code = getattr(getattr(type(model), "forward", None), "__code__", None)
    return Problem(
        "forward-is-generator",
        f"The forward of `{call.class_name}` has a `yield`: it gives a generator, and none of its lines ran.",
        WARNING,
        "Give the results back with `return`, as a list where they are several.",
        module=call.module,
        call=call.index,
        file=place[0] if place else call.file,
        line=code.co_firstlineno if code and place else call.line,
    )


def _last_line(code: Any) -> int:
    return max(line for _, _, line in code.co_lines() if line) if hasattr(code, "co_lines") else int(code.co_firstlineno)


def torch_layer(module: nn.Module) -> Optional[str]:
    """The torch.nn class that a module is (or is derived from without a forward of its own); None for other modules."""
    for kind in type(module).__mro__:
        if kind.__module__.startswith("torch.nn.modules"):
            return kind.__name__
        if "forward" in vars(kind):
            return None
    return None


def _settings(module: nn.Module) -> Dict[str, Any]:
    settings = {name: getattr(module, name) for name in LAYER_SETTINGS if hasattr(module, name)}
    return {**settings, "training": module.training}


def _weight(module: nn.Module) -> Optional[TensorMeta]:
    for parameter in module.parameters(recurse=False):
        return TensorMeta(tuple(parameter.shape), dtype_name(parameter.dtype), str(parameter.device))
    return None


def _index_range(inputs: List[torch.Tensor]) -> Optional[Tuple[int, int]]:
    if not inputs or inputs[0].is_floating_point() or inputs[0].is_complex() or not inputs[0].numel():
        return None
    try:
        return int(inputs[0].min()), int(inputs[0].max())
    except RuntimeError:
        # Fake and meta tensors, and a GPU after a failed assertion, have no values to look at.
        return None
