"""The details of each kind of thing that can be selected: problem, call, module, parameter, tensor of the checkpoint."""

from collections.abc import Sequence
from dataclasses import replace

from torchloupe.analysis.axis_names import Axes
from torchloupe.analysis.depth_numbers import DepthPoint, percent_text
from torchloupe.analysis.loading_wording import values_text
from torchloupe.analysis.operation_wording import NOT_OBSERVED, is_direct_forward, operation_title
from torchloupe.analysis.state_dict_diff import DiffRow
from torchloupe.analysis.stored_facts import NO_FACTS, StoredFacts
from torchloupe.analysis.sure_wording import is_unsure, sure_reason, sure_text
from torchloupe.analysis.wording import (
    bytes_text,
    count_text,
    counted,
    describe_difference,
    describe_hidden,
    flops_text,
    seconds_text,
    shape_text,
)
from torchloupe.gui.axes import axis_names_of
from torchloupe.gui.details.facts import (
    ROOT,
    kind_text,
    module_entry,
    module_fact,
    statistics_facts,
    tensor_facts,
    value_facts,
)
from torchloupe.gui.details.model import Details, Fact, Section
from torchloupe.gui.details.problem import of_problem
from torchloupe.gui.details.step_facts import cause_place, step_sections, step_sentences
from torchloupe.gui.details.stored import optimizer_sections, own_facts
from torchloupe.gui.marks import CALL_MARKS, DIFF_MARKS, SEVERITY_MARKS
from torchloupe.gui.plain_text import plain_text
from torchloupe.gui.run_numbers import numbers_of
from torchloupe.gui.source_places import assigned_place, place
from torchloupe.gui.workbench import Workbench
from torchloupe.wire.contents import StoredTensor
from torchloupe.wire.modules import ModuleEntry
from torchloupe.wire.registration import HiddenPart
from torchloupe.wire.traces import ASSUMED, DONE, LayerCall, Operation

_ASSUMED = "The run did not come to this call. These are its shapes once the mismatches before it are repaired."


def details_of(workbench: Workbench, facts: StoredFacts = NO_FACTS) -> Details | None:
    """The details of what is selected; None when nothing is. ``facts`` are those of the open checkpoint."""
    here = workbench.selection
    if here.problem is not None:
        return of_problem(workbench, here.problem)
    if here.stored is not None:
        return of_stored(workbench, here.stored, facts)
    if here.hidden is not None:
        return of_hidden(workbench, here.hidden)
    if here.parameter is not None:
        return of_parameter(workbench, here.parameter)
    if here.operation is not None and here.operation in workbench.operations.found:
        return of_operation(workbench, workbench.operations.found[here.operation])
    call = workbench.call_at(here.call)
    if call is not None:
        return of_call(workbench, call)
    return of_module(workbench, here.module) if here.module is not None else None


def of_call(workbench: Workbench, call: LayerCall) -> Details:
    """Inputs, outputs with statistics, time, the place that called it."""
    mark = CALL_MARKS[call.status] if call.status != DONE else None
    module = module_entry(workbench, call.module)
    facts = [module_fact("Module", call.module), Fact("Class", call.class_name)]
    if module and module.settings:
        facts.append(Fact("Settings", module.settings))
    again = f", the {count_text(call.call_number + 1)}. of this module" if call.call_number else ""
    facts.append(Fact("Call", f"{call.index}{again}"))
    if call.seconds is not None:
        facts.append(Fact("Time", f"{seconds_text(call.seconds)}, its parts included"))
    numbers = numbers_of(workbench)
    facts += cost_facts(numbers.by_call.get(call.index))
    facts += [Fact("Stands out", each.reason) for each in numbers.outliers.get(call.index, ())]
    facts += [Fact("Called in", "train mode" if call.training else "eval mode")] if call.training is not None else []
    axes = axis_names_of(workbench)
    sections = [
        Section("", tuple(facts)),
        Section("Inputs", (*tensor_facts(call.inputs, axes.inputs(call)), *value_facts(call.values))),
        *output_sections(call, axes.outputs(call)),
    ]
    if call.status not in (DONE, ASSUMED):
        why = "It failed here." if call.status == "failed" else "One of its parts failed, or the run was cancelled."
        sections.append(Section("Output", (Fact("None", why, "error" if call.status == "failed" else "muted"),)))
    places = place("Called here", call.file, call.line)
    if module:
        sections += module_sections(workbench, module)
        places += place("Its class", module.file, module.line) + assigned_place(module)
    said = (_ASSUMED,) if call.status == ASSUMED else ()
    return Details(call.module or ROOT, call.class_name, mark, said, tuple(sections), places)


def cost_facts(point: DepthPoint | None) -> list[Fact]:
    """What a call took."""
    if point is None:
        return []
    parts = "" if point.is_leaf else ", its parts included"
    facts = [Fact("Own time", f"{percent_text(point.share)} of the run")] if point.share is not None else []
    facts += [Fact("Computes", f"{flops_text(point.all_flops)}{parts}")] if point.all_flops else []
    facts += [Fact("Kept", f"{bytes_text(point.all_kept)} for the backward pass{parts}")] if point.all_kept else []
    return facts


def of_operation(workbench: Workbench, operation: Operation) -> Details:
    """Operands, what came out with statistics, the line; of a module that was called past ``__call__`` what that means."""
    direct = is_direct_forward(operation)
    call = workbench.calls.get(operation.call) if operation.call is not None else None
    facts = [module_fact("Module" if direct else "In", operation.module)]
    if call:
        facts.append(Fact("Inside call", f"{call.index}, {call.module or ROOT}", link=f"call:{call.index}"))
    if operation.seconds is not None:
        facts.append(Fact("Time", seconds_text(operation.seconds)))
    axes = axis_names_of(workbench)
    operands = (*tensor_facts(operation.inputs, tuple(map(axes.of, operation.inputs))), *value_facts(operation.values))
    sections = [Section("", tuple(facts)), Section("Operands", operands)]
    sections += output_sections(operation, tuple(map(axes.of, operation.outputs)))
    if operation.status != DONE:
        sections.append(Section("Output", (Fact("None", "It failed here.", "error"),)))
    return Details(
        operation_title(operation),
        "not observed" if direct else "operation",
        CALL_MARKS[operation.status] if operation.status != DONE else None,
        (NOT_OBSERVED,) if direct else (),
        tuple(section for section in sections if section.facts),
        place("Runs here", operation.file, operation.line),
    )


def output_sections(step: LayerCall | Operation, axes: Sequence[Axes]) -> list[Section]:
    """What came out, each with its statistics."""
    sections = []
    for number, fact in enumerate(tensor_facts(step.outputs, axes, "Tensor")):
        stats = step.stats[number] if number < len(step.stats) else None
        title = "Output" if len(step.outputs) == 1 else f"Output {number}"
        sections.append(Section(title, (fact, *(statistics_facts(stats) if stats else ()))))
    return sections


def of_module(workbench: Workbench, path: str) -> Details | None:
    """Class, settings, parameters, calls, the place of its class."""
    module = module_entry(workbench, path)
    if module is None:
        return None
    facts = [Fact("Class", module.class_name)]
    facts += [Fact("Settings", module.settings)] if module.settings else []
    if workbench.report is not None:
        facts.append(Fact("Calls", "none in the last run"))
    sections = (Section("", tuple(facts)), *module_sections(workbench, module))
    places = place("Its class", module.file, module.line) + assigned_place(module)
    return Details(path or ROOT, module.class_name, sections=sections, places=places)


def of_hidden(workbench: Workbench, part: HiddenPart) -> Details:
    """Something that a module holds without having registered it: what that means, what it is, the problem about it."""
    about = [each for each in workbench.problems if each.attribute == part.attribute and part in workbench.index.about(each)]
    mark = SEVERITY_MARKS[about[0].severity if about else "info"]
    facts = [
        Fact("Held by", part.held_by or "a plain attribute"),
        module_fact("Module", part.owner),
        Fact("Attribute", part.attribute),
    ]
    if part.parameter_count:
        facts.append(Fact("Holds", f"{counted(part.parameter_count, 'parameter')}, {counted(part.numel, 'number')}"))
    if part.shape is not None:
        facts.append(Fact("Tensor", f"{shape_text(part.shape)} {part.dtype} {part.device}".rstrip()))
    complaints = [Fact(each.code, plain_text(each.message), link=f"problem:{workbench.problems.index(each)}") for each in about]
    hints = tuple(dict.fromkeys(each.hint for each in about if each.hint))
    return Details(
        part.path,
        part.class_name,
        replace(mark, word="not registered"),
        (describe_hidden(part), *hints),
        tuple(section for section in (Section("", tuple(facts)), Section("Problem", tuple(complaints))) if section.facts),
        place("Assigned here", part.file, part.line),
        tuple(fix for each in about for fix in each.fixes),
    )


def module_sections(workbench: Workbench, module: ModuleEntry) -> list[Section]:
    """What a module has: numbers, mode, parameters and buffers."""
    facts = [Fact("Numbers", f"{count_text(module.total_numel)} in and below it, {count_text(module.numel)} in it alone")]
    if module.trainable_numel < module.total_numel:
        facts.append(Fact("Learn", f"{count_text(module.trainable_numel)} of them"))
    facts += [Fact("Size", f"{bytes_text(module.total_bytes)}, buffers too")] if module.total_bytes else []
    facts += [Fact("Tensors", f"{module.dtype}, {module.device}")] if module.dtype else []
    facts += [Fact("Hooks", ", ".join(module.hooks))] if module.hooks else []
    facts += [Fact("Computed", f"{', '.join(module.parametrized)} (parametrized)")] if module.parametrized else []
    facts += [Fact("Lazy", "has no shape yet; the first run gives it one", "warning")] if module.is_lazy else []
    facts += [module_fact("Same as", module.same_as)] if module.same_as is not None else []
    facts.append(Fact("Mode", "train" if module.training else "eval"))
    calls = [call.module for call in workbench.calls.values()].count(module.path)
    facts += [Fact("Calls", count_text(calls))] if calls > 1 else []
    parameters = tuple(
        Fact(
            entry.key.rpartition(".")[2],
            f"{shape_text(entry.shape)} {entry.dtype}{kind_text(entry)}",
            link=f"parameter:{entry.key}",
        )
        for entry in workbench.index.owned.get(module.path, ())
    )
    return [Section("The module", tuple(facts))] + ([Section("Parameters and buffers", parameters)] if parameters else [])


def of_parameter(workbench: Workbench, key: str) -> Details | None:
    """Its facts, its partner in the checkpoint, and what the last step did to it."""
    entry = workbench.index.parameters.get(key)
    if entry is None:
        return None
    facts = [
        module_fact("Module", entry.owner),
        Fact("Shape", shape_text(entry.shape)),
        Fact("Dtype", entry.dtype),
        Fact("Device", entry.device),
        Fact("Kind", entry.kind + ("" if entry.persistent else ", left out of the state_dict")),
        Fact("Learns", "yes, requires_grad" if entry.requires_grad else "no, requires_grad is False"),
        Fact("Size", f"{counted(entry.numel, 'number')}, {bytes_text(entry.bytes)}"),
    ]
    facts += [Fact("Tied to", other, link=f"parameter:{other}") for other in entry.tied_to]
    facts += [Fact("Same memory as", other, link=f"parameter:{other}") for other in entry.shares_with]
    facts += [Fact("Stride", shape_text(entry.stride))] if entry.stride else []
    loaded = workbench.weights.loaded
    facts += [Fact("Values", values_text(loaded, key))] if loaded else []
    row = diff_row(workbench, expected=key)
    motion = workbench.steps.motions.get(key)
    sections = [Section("", tuple(facts)), *step_sections(motion)]
    sections += [Section("In the checkpoint", partner_facts(row, "found"))] if row else []
    places = cause_place(motion) + assigned_place(entry)
    return Details(key, entry.kind, sentences=step_sentences(motion), sections=tuple(sections), places=places)


def of_stored(workbench: Workbench, tensor: StoredTensor, facts: StoredFacts = NO_FACTS) -> Details:
    """Its facts, its partner in the model, and what the optimizer has to do with it."""
    row = diff_row(workbench, found=tensor.key) if tensor.container == workbench.container else None
    sections = [Section("", own_facts(tensor, facts))]
    sections += [Section("In the model", partner_facts(row, "expected"))] if row else []
    sections += optimizer_sections(tensor, facts)
    mark = SEVERITY_MARKS["error"] if tensor.broken else None
    return Details(tensor.key, "tensor of the checkpoint", mark, sections=tuple(sections))


def partner_facts(row: DiffRow, side: str) -> tuple[Fact, ...]:
    """The other side of a diff row: ``side`` is ``found`` (the checkpoint) or ``expected`` (the model)."""
    mark = DIFF_MARKS[row.status]
    partner = row.found if side == "found" else row.expected
    facts = [Fact("Status", mark.text, mark.role)]
    if partner:
        link = f"stored:{partner.key}" if side == "found" else f"parameter:{partner.key}"
        facts += [Fact("Key", partner.key, link=link), Fact("Shape", shape_text(partner.shape)), Fact("Dtype", partner.dtype)]
    facts.append(Fact("Difference", describe_difference(row)))
    sure = sure_text(row)
    facts += [Fact("Sure", f"{sure}: {sure_reason(row)}", "warning" if is_unsure(row) else "")] if sure else []
    return tuple(facts)


def diff_row(workbench: Workbench, expected: str | None = None, found: str | None = None) -> DiffRow | None:
    """The row of the diff with this key on its side."""
    for row in workbench.diff.rows if workbench.diff else ():
        if expected is not None and row.expected and row.expected.key == expected:
            return row
        if found is not None and row.found and row.found.key == found:
            return row
    return None
