"""What a watched forward pass means: tensors that no registration knows, what was made too late, what was never called."""

import ast
from typing import Any, Dict, List, Tuple

from ...wire.problems import ERROR, INFO, WARNING, Fix, Problem
from ...wire.registration import HiddenPart
from ..source_edits import last_name
from ..wording import counted, shape_text
from .forward_facts import (
    ALONE,
    INDEX,
    MEETS,
    MOVED,
    ROLES,
    SCALAR,
    BornModule,
    BornParameter,
    DirectForward,
    ForeignParameter,
    ForeignTensor,
    ForwardFacts,
    GradientsInForward,
    LeavingTorch,
    Spot,
    UncalledModule,
)

_DRAWS = ("rand", "randn", "randint", "normal", "empty", "bernoulli")


def forward_problems(facts: ForwardFacts) -> List[Problem]:
    """One problem for each cause."""
    problems = [_foreign(group) for group in _by_attribute(facts.foreign)]
    problems += [_foreign_parameter(parameter) for parameter in facts.foreign_parameters]
    problems += [_born_module(module) for module in facts.modules]
    problems += [_born_parameter(parameter) for parameter in facts.parameters]
    problems += [_direct(call) for call in facts.direct]
    problems += [_uncalled(module) for module in facts.uncalled]
    problems += [_leaving(leaving) for leaving in facts.leaving]
    problems += [_gradients(gradients) for gradients in facts.gradients]
    return problems


def edit_problem(code: str, severity: str, message: str, text: str, at: Spot, **more: Any) -> Problem:
    """A problem whose repair is an edit of the source."""
    return Problem(code, message, severity, text, file=at.file, line=at.line, fixes=(Fix("edit_source", text),), **more)


def _by_attribute(foreign: Tuple[ForeignTensor, ...]) -> List[List[ForeignTensor]]:
    """The tensors of one attribute together, the most telling first.

    Those that meet no data, or that a move takes along, are fine; what was made from a Parameter is told of as one that is lost.
    """
    groups: Dict[Tuple[str, str], List[ForeignTensor]] = {}
    for each in foreign:
        if each.role != ALONE and each.stays and "Parameter(" not in each.assigned:
            groups.setdefault((each.part.owner, each.part.attribute), []).append(each)
    return [sorted(group, key=lambda each: -ROLES.index(each.role)) for group in groups.values()]


def _foreign(group: List[ForeignTensor]) -> Problem:
    """A plain tensor is a fault where a move of the model would break it; elsewhere it is worth knowing."""
    foreign = group[0]
    part = foreign.part
    is_meant = foreign.is_global or is_constant_weight(foreign) or is_placed(foreign)
    severity = ERROR if foreign.role == MEETS and not is_meant else INFO
    kind = "a global tensor:" if foreign.is_global else "a plain tensor:"
    if is_constant_weight(foreign):
        kind = "a constant weight: it is never trained, and as a plain tensor"
    others = f", like {counted(len(group) - 1, 'other tensor')} there," if len(group) > 1 else ""
    message = f"`{part.path}` ({shape_text(part.shape)} {part.dtype}){others} is {kind} {_misses(foreign)}"
    data: Dict[str, Any] = {"role": foreign.role, "operation": foreign.operation, "use_line": foreign.used_at.line}
    data["tensors"] = [each.part.path for each in group]
    at = Spot(part.file, part.line) if part.line else foreign.used_at
    text = _registering(part, part.name, foreign.is_global)
    return edit_problem(
        "tensor-should-be-buffer", severity, message, text, at, module=part.owner, attribute=part.attribute, data=data
    )


def _misses(foreign: ForeignTensor) -> str:
    use = f"`{foreign.operation}`" + (f" in line {foreign.used_at.line}" if foreign.used_at.line else "")
    if foreign.role == MEETS:
        move = ".to() leaves it behind" if foreign.part.dtype in _WHOLE else ".to() and .half() leave it behind"
        return f"{move}, so that {use} fails on another device, and state_dict() does not save it."
    if foreign.role == MOVED:
        return "state_dict() does not save it; forward moves it to the data itself."
    reason = {INDEX: "as an index it may stay on the CPU", SCALAR: "as a single number it goes with any device"}[foreign.role]
    return f"state_dict() does not save it, and .to() leaves it behind ({reason})."


_WHOLE = ("int8", "uint8", "int16", "int32", "int64", "bool")


def _registering(part: HiddenPart, name: str, is_global: bool) -> str:
    if is_global:
        return f'Register it in the constructor: `self.register_buffer("{name.lower()}", {name})`, and use that in forward.'
    if part.name != part.attribute:
        return f'Register each tensor of `{part.attribute}` with `self.register_buffer("{part.attribute}_0", ...)`.'
    return f'Write `self.register_buffer("{name}", ...)`; with `persistent=False` it moves along and is not saved.'


def is_constant_weight(foreign: ForeignTensor) -> bool:
    """Whether the author means a weight that is drawn once and never trained, rather than a table that was not registered.

    A table (positions, masks, filters, averages) is *computed*: the model is right only with these very numbers, and whoever loads
    or moves it needs them. Numbers that are drawn at random, assigned as they were drawn, and multiplied with as with a layer's
    weight stand for nothing else: that they stay fixed is the point of writing so (random projections, the textbooks' hidden layer
    with a constant weight). The same holds where ``requires_grad=False`` is spelled out for what plain tensors have anyhow. That it
    is not saved is said, as information.
    """
    try:
        value = ast.parse(foreign.assigned.strip(), mode="eval").body
    except SyntaxError:
        return False
    if not foreign.as_weight or not isinstance(value, ast.Call):
        return False
    name = last_name(value.func)
    spelled = [each.value for each in value.keywords if each.arg == "requires_grad"]
    return name in _DRAWS or any(isinstance(each, ast.Constant) and each.value is False for each in spelled)


def is_placed(foreign: ForeignTensor) -> bool:
    """Whether its author says on which device it is to be, by a variable: whoever makes the model so does not move it afterwards."""
    try:
        nodes = list(ast.walk(ast.parse(foreign.assigned.strip(), mode="eval")))
    except SyntaxError:
        return False
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    places = [each.value for call in calls for each in call.keywords if each.arg == "device"]
    places += [call.args[0] for call in calls if isinstance(call.func, ast.Attribute) and call.func.attr == "to" and call.args]
    return any(not isinstance(place, ast.Constant) and not _is_dtype(place) for place in places)


def _is_dtype(value: ast.expr) -> bool:
    """``torch.float16``, ``x.dtype``."""
    text = ast.unparse(value)
    return text.startswith("torch.") or text.endswith("dtype")


def _foreign_parameter(parameter: ForeignParameter) -> Problem:
    kind = "unregistered-module" if parameter.class_name else "unregistered-parameter"
    whose = f"the {parameter.class_name} `{parameter.name}`" if parameter.class_name else f"the Parameter `{parameter.name}`"
    message = f"forward computes with {whose}, a global variable: it is not in the model, so that it is neither trained, moved nor saved."
    text = f"Assign it in the constructor: `self.{parameter.name.lower()} = {parameter.name}`, and use that in forward."
    return edit_problem(kind, ERROR, message, text, parameter.used_at, module="", attribute=parameter.name)


def _born_module(born: BornModule) -> Problem:
    data = {"parameters": [f"{born.path}.{name}" if born.path else name for name in born.parameters], "registered_as": born.path}
    if born.path and not born.each_call:
        message = (
            f"`{born.path}` ({born.class_name}) appears only in the first forward pass: an optimizer that was made before does not "
            "have its parameters, and a checkpoint has no place to load them into."
        )
        text = f"Make it in `__init__`, or use a lazy layer ({_lazy(born.class_name)}) and run one batch before making the optimizer."
        return edit_problem(
            "module-registered-late", ERROR, message, text, born.made_at, module=born.owner, attribute=_last(born.path), data=data
        )
    message = (
        f"forward makes a new {born.class_name} at every call: its weights are new random numbers each time and never trained."
    )
    return edit_problem(
        "module-created-in-forward",
        ERROR,
        message,
        "Make it once in `__init__` and call it here.",
        born.made_at,
        module=born.owner,
        data=data,
    )


def _lazy(class_name: str) -> str:
    known = class_name == "Linear" or class_name.startswith(("Conv", "BatchNorm", "InstanceNorm"))
    return f"nn.Lazy{class_name}" if known else "nn.LazyLinear"


def _last(path: str) -> str:
    return path.rpartition(".")[2]


def _born_parameter(born: BornParameter) -> Problem:
    message = "forward makes a new Parameter at every call: no optimizer knows it, and it starts anew each time."
    text = "Make it once in `__init__`: `self.weight = nn.Parameter(...)`."
    name = _last(born.path) if born.path else None
    return edit_problem("parameter-created-in-forward", ERROR, message, text, born.made_at, module=born.owner, attribute=name)


def _direct(call: DirectForward) -> Problem:
    passed = f": its {' and '.join(call.hooks)} did not run" if call.hooks else ", so that its hooks would not run"
    message = f"`{call.module}` ({call.class_name}) is run with `.forward(...)`, past its `__call__`{passed}."
    return edit_problem(
        "forward-called-directly",
        ERROR if call.hooks else WARNING,
        message,
        "Leave out `.forward`: call the module itself.",
        call.called_at,
        module=call.module,
        data={"hooks": list(call.hooks)},
    )


def _uncalled(module: UncalledModule) -> Problem:
    """Weights that take no part are trained by nobody and hide a missing line; a layer without weights costs nothing."""
    weights = f" with {counted(module.numel, 'element')} in {counted(module.parameter_count, 'parameter')}"
    message = (
        f"`{module.path}` ({module.class_name}){weights if module.numel else ''} is never called, in train nor in eval mode."
    )
    return edit_problem(
        "unused-module",
        WARNING if module.numel else INFO,
        message,
        f"Call it in forward, or delete it: no line outside of the constructor reads `{_last(module.path)}`.",
        module.defined_at,
        module=module.path,
        attribute=_last(module.path),
    )


def _leaving(leaving: LeavingTorch) -> Problem:
    name = {"__float__": "float()", "__array__": "numpy()"}.get(leaving.operation, f".{leaving.operation}()")
    message = f"`{name}` takes a value that depends on the weights out of torch: no gradient comes back, and a compiled graph breaks here."
    text = "Stay in torch: the function of the same name there does the same and keeps the gradient. For a log it is fine."
    return edit_problem(
        "numpy-in-forward", INFO, message, text, leaving.used_at, module=leaving.module, data={"operation": leaving.operation}
    )


def _gradients(gradients: GradientsInForward) -> Problem:
    done = "runs `.backward()`" if gradients.operation == "backward" else "writes to `.grad`"
    message = f"forward {done}: autograd computes the gradients after the loss, and these are added to or overwritten."
    text = "Take it out of forward; what needs a gradient as a value calls `torch.autograd.grad`."
    return edit_problem("grad-set-in-forward", WARNING, message, text, gradients.used_at, module=gradients.module)
