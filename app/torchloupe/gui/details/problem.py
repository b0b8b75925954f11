"""The details of a problem, also of one that a trial did away with."""

from typing import Any

from torchloupe.analysis.fixes_to_try import tried_sentence
from torchloupe.analysis.wording import count_text, number_text, shape_text
from torchloupe.gui.details.facts import ROOT, module_entry, module_fact, tensor_fact
from torchloupe.gui.details.gradient import gradient_section
from torchloupe.gui.details.model import Details, Fact, Section
from torchloupe.gui.marks import REPAIRED, SEVERITY_MARKS
from torchloupe.gui.source_places import problem_places
from torchloupe.gui.workbench import Workbench
from torchloupe.wire.problems import Problem

_PLACE_DATA = {"definition_file", "definition_line", "made_file", "made_line"}
_HOW_FOUND = {"way", "confirmed", "used"}
_DATA_NAMES = {"expected": "Built for", "got": "Arrived", "weight_shape": "Weight", "input_shape": "Input", "layer": "Layer"}
_DATA_NAMES |= {"parameter_count": "Parameters", "numel": "Numbers", "owners": "Modules"}
SHOWN_KEYS = 12


def of_problem(workbench: Workbench, problem: Problem) -> Details:
    """Message, hint, what arrived and what it was built for, place, fixes, traceback."""
    repaired = _is_repaired(workbench, problem)
    mark = REPAIRED if repaired else SEVERITY_MARKS.get(problem.severity, SEVERITY_MARKS["info"])
    call = workbench.call_at(problem.call)
    module = module_entry(workbench, problem.module)
    where = [module_fact("Module", problem.module)] if problem.module is not None else []
    if module and module.settings:
        where.append(Fact("Built as", f"{module.class_name}({module.settings})"))
    if problem.parameter:
        where.append(Fact("Parameter", problem.parameter, link=f"parameter:{problem.parameter}"))
    if problem.attribute:
        where.append(Fact("Attribute", problem.attribute))
    if call:
        where.append(Fact("Call", f"{call.index}", link=f"call:{call.index}"))
    arrived = [tensor_fact(tensor, f"Input {number}") for number, tensor in enumerate(call.inputs)] if call else []
    follow = tuple(follow_fact(row) for row in problem.data.get("consequences", ()))
    hidden = (
        _PLACE_DATA
        | _HOW_FOUND
        | {
            "before_call",
            "consequences",
            "origin_module",
            "factors",
            "notes",
            "evidence",
            "kind",
            "gradient_path",
            "patch_of_all",
        }
        | ({"input_shape", "layer"} if call else set())
    )
    hidden |= {"owners"} if len(problem.data.get("owners", ())) < 2 else set()
    told = {name: value for name, value in problem.data.items() if name not in hidden and value not in (None, "", [], {})}
    facts = [data_fact(name, value) for name, value in told.items()]
    sections = [Section("", tuple(where)), Section("What arrived", tuple(arrived)), Section("Facts", tuple(facts))]
    sections += [gradient_section(problem), Section("What follows from it", follow)]
    return Details(
        problem.message,
        problem.code,
        mark,
        _problem_lines(workbench, problem, repaired),
        tuple(section for section in sections if section.facts),
        problem_places(problem),
        problem.fixes,
        problem.details,
    )


def _is_repaired(workbench: Workbench, problem: Problem) -> bool:
    """The run on screen was made with repairs, and does not meet it any more."""
    there = any(
        (each.code, each.module, each.line) == (problem.code, problem.module, problem.line) for each in workbench.problems
    )
    return bool(workbench.tried) and not workbench.running and not there


def _problem_lines(workbench: Workbench, problem: Problem, repaired: bool) -> tuple[str, ...]:
    if repaired:
        return (f"It is gone in the run on screen, which tried: {tried_sentence(workbench.tried)}.",)
    return (problem.hint,) if problem.hint and problem.hint not in {fix.text for fix in problem.fixes} else ()


def follow_fact(row: dict[str, Any]) -> Fact:
    """A mismatch that is gone with the cause of another one."""
    module, line = row.get("module"), row.get("line")
    where = f"`{row['operation']}`, line {line}" if row.get("operation") else module or ROOT
    return Fact("Because of it", where.replace("`", ""), "muted", f"module:{module}" if module is not None else "")


def data_fact(name: str, value: Any) -> Fact:
    """A fact behind a problem. Long lists are cut, and say so."""
    title = _DATA_NAMES.get(name, name.replace("_", " ").capitalize())
    if isinstance(value, (list, tuple)):
        if name.endswith("shape") or all(isinstance(each, int) for each in value):
            return Fact(title, shape_text(value))
        more = f" and {count_text(len(value) - SHOWN_KEYS)} more" if len(value) > SHOWN_KEYS else ""
        return Fact(title, ", ".join(map(_item_text, value[:SHOWN_KEYS])) + more)
    if isinstance(value, dict):
        return Fact(title, ", ".join(f"{key}: {item}" for key, item in value.items()))
    if isinstance(value, bool):
        return Fact(title, "yes" if value else "no")
    return Fact(title, count_text(value) if isinstance(value, int) else str(value))


def _item_text(item: Any) -> str:
    """Of a list: a tensor as ``[2, 3] float16, 64 to 89.56``."""
    if not isinstance(item, dict):
        return str(item)
    shape, low, high = item.get("shape"), item.get("min"), item.get("max")
    words = [str(item.get("name") or ""), "" if shape is None else shape_text(shape), str(item.get("dtype") or "")]
    between = "" if low is None or high is None else f", {number_text(low)} to {number_text(high)}"
    return " ".join(word for word in words if word) + between
