"""What the passes in train and eval mode mean: dropout that never rests, samples that see each other, what a pass leaves behind."""

from typing import List

from ...wire.problems import ERROR, INFO, WARNING, Fix, Problem
from .forward_facts import BatchDependence, ChangedInput, ChangedParameter, DropoutInEval, ForwardFacts, KeptGraph
from .forward_findings import edit_problem


def mode_problems(facts: ForwardFacts) -> List[Problem]:
    """One problem for each cause."""
    problems = [_dropout(dropout) for dropout in facts.dropouts]
    problems += [_changed_input(changed) for changed in facts.changed_inputs]
    problems += [_changed_parameter(changed) for changed in facts.changed_parameters]
    problems += [_kept(kept) for kept in facts.kept_graphs]
    return problems + ([_batch(facts.batch)] if facts.batch else [])


def _dropout(dropout: DropoutInEval) -> Problem:
    """Dropout in eval mode is an error; where the author wrote ``training=True`` (Monte Carlo dropout) it is what was meant."""
    name = dropout.operation
    data = {"probability": dropout.probability, "changes_output": dropout.changes_output}
    if dropout.is_spelled:
        severity, why = INFO, "always drops: `training=True` is spelled out"
    elif dropout.changes_output is False:
        severity, why = INFO, "drops in eval mode, too, though the output does not depend on it"
    elif dropout.is_module:
        severity, why = ERROR, "is made in forward, so that `model.eval()` never reaches it: it drops in eval mode, too"
    else:
        severity, why = (
            ERROR,
            "does not know the mode of the model: it drops in eval mode, too, and the same input gives other outputs",
        )
    if dropout.is_module:
        text = f"Make it in `__init__`: `self.dropout = nn.Dropout({dropout.probability:g})`."
    elif name == "scaled_dot_product_attention":
        text = "Write `dropout_p=self.p if self.training else 0.0`."
    else:
        text = "Add `training=self.training`."
    what = f"The {name}" if dropout.is_module else f"`{name}`"
    message = f"{what} with probability {dropout.probability:g} {why}."
    return edit_problem("dropout-ignores-eval", severity, message, text, dropout.used_at, module=dropout.module, data=data)


def _changed_input(changed: ChangedInput) -> Problem:
    by = f" by `{changed.operation}`" if changed.operation else ""
    message = (
        f"The forward pass changes its input `{changed.name}` in place{by}: whoever calls the model has other data afterwards."
    )
    text = "Work on a copy: use the operation without the trailing `_` (or `inplace=True`), or `x.clone()` first."
    return edit_problem(
        "forward-mutates", WARNING, message, text, changed.changed_at, module=changed.module, data={"input": changed.name}
    )


def _changed_parameter(changed: ChangedParameter) -> Problem:
    return Problem(
        "forward-mutates",
        f"The forward pass changes the parameter `{changed.key}` in place, at every call anew.",
        WARNING,
        "Change parameters in the optimizer step only, or make it a buffer.",
        module=changed.key.rpartition(".")[0],
        parameter=changed.key,
        file=changed.changed_at.file,
        line=changed.changed_at.line,
    )


def _kept(kept: KeptGraph) -> Problem:
    name = f"`{kept.owner}.{kept.attribute}`" if kept.owner else f"`{kept.attribute}`"
    only = "If only its values are wanted, keep" if kept.is_emptied and not kept.is_read else "Keep"
    detached = f"{only} `.detach()` of it in `self.{kept.attribute}`."
    if kept.is_read:
        severity = ERROR
        message = (
            f"{name} carries a result with its graph into the next call: the backward pass of the second batch fails, or runs through "
            "all earlier ones."
        )
    elif kept.grows and not kept.is_emptied:
        severity = WARNING
        message = f"{name} grows with every call and keeps the graph of each: memory fills up while training."
    else:
        severity = INFO
        message = f"{name} keeps the last result with its graph: the memory of that pass is freed only by the next."
    return edit_problem(
        "state-keeps-graph",
        severity,
        message,
        detached,
        kept.assigned_at,
        module=kept.owner,
        attribute=kept.attribute,
        data={"grows": kept.grows},
    )


def _batch(found: BatchDependence) -> Problem:
    data = {"difference": found.difference, "operation": found.operation, "call_line": found.used_at.line}
    if found.recurrent is not None and found.is_verified:
        fix = Fix(
            "set_argument",
            f"Set `batch_first=True` in `{found.recurrent}`.",
            found.recurrent,
            "batch_first",
            True,
            verified=True,
            outcome="each sample then has its own answer",
        )
        at = found.defined_at if found.defined_at.line else found.used_at
        return Problem(
            "batch-first",
            f"`{found.recurrent}` ({found.class_name}) reads the batch as time: without `batch_first=True` it wants (time, batch, "
            "features), and the answer for a sample depends on the other samples of the batch.",
            ERROR,
            fix.text,
            module=found.recurrent,
            file=at.file,
            line=at.line,
            fixes=(fix,),
            data=data,
        )
    message = (
        f"In eval mode the answer for a sample depends on the other samples of its batch; `{found.operation}` is the first operation "
        "that mixes them."
    )
    text = "Compute along the dimensions after the batch (dim=1 and up) here."
    return edit_problem("batch-dependence", WARNING, message, text, found.used_at, module=found.module, data=data)
