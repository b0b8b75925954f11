"""A report as the JSON object of the contract: only the parts that the command produced."""

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import torchloupe
from torchloupe.analysis.converted_export import ConvertedExport
from torchloupe.analysis.explained import explained
from torchloupe.analysis.fitting import fit_object
from torchloupe.analysis.state_dict_diff import KeyEntry, StateDictDiff
from torchloupe.wire.arguments import SolvedArguments
from torchloupe.wire.problems import Fix, Problem
from torchloupe.wire.values import ComparedValues, TensorDifference

from .earlier_run import difference_object
from .inspection import moved_object
from .json_calls import call_objects, forward_object, stats_object
from .json_checkpoint import metadata_object, tensor_objects
from .json_model import tree_objects
from .loading import loaded_object
from .mode_table import modes_object
from .operations import operation_objects
from .report import Exported, Report, ShownTensor, UsedTarget
from .reproducing import reproducer_object
from .shapes import shape_objects, strip_of
from .stepping import step_object
from .sweeping import sweep_object
from .trying import tried_object

SCHEMA = 1
Plain = dict[str, Any]


def report_object(report: Report) -> Plain:
    """The whole report as plain JSON values, without NaN and infinity."""
    parts: Plain = {"schema": SCHEMA, "torchloupe": torchloupe.__version__, "command": report.command}
    if report.target is not None:
        parts["target"] = _target(report.target)
    if report.solved is not None:
        parts["arguments"] = _arguments(report.solved)
    parts["problems"] = [_problem(problem) for problem in report.problems]
    if report.tree is not None:
        parts.update(tree_objects(report.tree, report.calls, report.initialised))
    if report.calls is not None:
        parts["calls"] = call_objects(report.calls, report.tree, report.forward, report.operations or ())
    if report.operations is not None:
        parts["operations"] = operation_objects(report.operations)
    if report.against is not None:
        parts["difference"] = difference_object(report.against)
    if report.forward is not None:
        parts["forward"] = forward_object(report.forward)
        if report.forward.assumed:
            parts["assumed"] = call_objects(report.forward.assumed, None, None, ())
        shapes = shape_objects(strip_of(report))
        parts.update({"shapes": shapes} if shapes else {})
    if report.diff is not None:
        parts["state_dict"] = _state_dict(report.diff, report.values or ())
    if report.also_fitting:
        parts["containers"] = {"compared": report.container, "fitting_too": report.also_fitting}
    if report.code is not None:
        parts["code"] = report.code
    if report.loaded is not None:
        parts["loaded"] = loaded_object(report, report.loaded)
    if report.contents is not None:
        parts["tensors"] = tensor_objects(report.contents)
        parts["metadata"] = metadata_object(report.contents)
    if report.shown is not None:
        parts["tensor"] = _shown(report.shown)
    if report.exported is not None:
        parts["written"] = _written(report.exported)
    if report.summary is not None:
        parts["summary"] = report.summary
    if report.fits is not None:
        parts["ranked"] = [fit_object(fit) for fit in report.fits]
    if report.moved is not None:
        parts["moved"] = moved_object(report.moved)
    if report.step is not None:
        parts["step"] = step_object(report.step)
    if report.modes is not None:
        parts["modes"] = modes_object(report.modes)
    if report.sweep is not None:
        parts["sweep"] = sweep_object(report.sweep)
    if report.tried is not None:
        parts["tried"] = tried_object(report.tried)
    if report.reproducer is not None:
        parts["reproducer"] = reproducer_object(*report.reproducer)
    if report.notes:
        parts["notes"] = report.notes
    if report.interpreters is not None:
        parts["interpreters"] = [asdict(each) for each in report.interpreters]
    parts["seconds"] = {stage: round(seconds, 6) for stage, seconds in report.seconds.items()}
    plain: Plain = _plain(parts)
    return plain


def _plain(value: Any) -> Any:
    """JSON values only: tuples as lists, numbers that JSON cannot say as null, anything else as its text."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return str(value)


def _target(target: UsedTarget) -> Plain:
    plain: Plain = {"file": target.file, "name": target.name}
    if target.class_name is not None:
        plain.update({"class": target.class_name, "args": target.arguments, "args_source": target.arguments_source})
    if target.input_source:
        plain.update({"input": target.inputs, "input_source": target.input_source})
    return plain


def _arguments(solved: SolvedArguments) -> Plain:
    values = [{"name": each.name, "value": each.value, "source": each.source, "reason": each.reason} for each in solved.values]
    fit = {"exact": solved.exact, "matched": solved.matched, "wanted": solved.wanted, "unexpected": solved.unexpected}
    return {**fit, "builds": solved.builds, "values": values}


def _problem(problem: Problem) -> Plain:
    return {
        "code": problem.code,
        "severity": problem.severity,
        "module": problem.module,
        "parameter": problem.parameter,
        "attribute": problem.attribute,
        "call": problem.call,
        "file": problem.file,
        "line": problem.line,
        "message": problem.message,
        "hint": problem.hint,
        "fixes": [_fix(fix) for fix in problem.fixes],
        "data": problem.data,
        **({"details": problem.details} if problem.details else {}),
    }


def _fix(fix: Fix) -> Plain:
    plain: Plain = {"kind": fix.kind, "module": fix.module, "argument": fix.argument, "value": fix.value}
    outcome = {"outcome": fix.outcome} if fix.outcome else {}
    more = {name: text for name, text in (("patch", fix.patch), ("evidence", fix.evidence)) if text}
    return {**plain, "text": fix.text, "verified": fix.verified, **outcome, **more}


def _state_dict(diff: StateDictDiff, values: Sequence[ComparedValues]) -> Plain:
    differences = {each.expected: each.difference for each in values if each.difference is not None}
    rows = []
    for row in diff.rows:
        plain: Plain = {"status": row.status}
        if row.expected is not None:
            plain["expected"] = _key(row.expected)
        if row.found is not None:
            plain["found"] = _key(row.found)
        if row.expected is not None and row.found is not None:
            plain.update({"how": row.how, "confidence": row.confidence})
            plain.update({"cut": row.cut, "turned": row.turned} if row.cut else {})
            plain.update({"expert": row.expert} if row.expert is not None else {})
            if row.expected.key in differences:
                plain["values"] = _difference(differences[row.expected.key])
        rows.append(plain)
    told = {way: asdict(share) for way, share in explained(diff).ways.items()}
    return {"rows": rows, "mapping": diff.mapping, "counts": diff.counts, "explained": told}


def _difference(how: TensorDifference) -> Plain:
    return {
        "max_abs": how.max_abs,
        "relative": how.relative,
        "cosine": how.cosine,
        "changed": how.changed_fraction,
        "nan": how.nan,
        "norm": how.norm,
    }


def _shown(shown: ShownTensor) -> Plain:
    tensor, summary, values = shown.tensor, shown.summary, shown.values
    plain: Plain = {"key": tensor.key, "container": tensor.container, "shape": tensor.shape, "dtype": tensor.dtype}
    if summary is not None:
        plain["stats"] = stats_object(summary.stats)
        plain["quantiles"] = [{"part": each.part, "value": each.value} for each in summary.quantiles]
    if values is not None:
        plain["slice"] = {"index": values.index, "shape": values.shape, "values": values.values}
    if shown.singular is not None:
        found = shown.singular
        plain["singular_values"] = {
            "matrix": [found.rows, found.columns],
            "condition": found.condition,
            "effective_rank": found.effective_rank,
            "values": found.values,
        }
    if shown.saved is not None:
        plain["saved"] = {"file": shown.saved, "shape": shown.saved_shape, "dtype": shown.saved_dtype}
    return plain


def _written(exported: Exported) -> Plain:
    written, plan = exported.written, exported.plan
    fitted = {"how": plan.how, "dropped": plan.dropped, "missing": plan.missing} if isinstance(plan, ConvertedExport) else {}
    return {
        "file": written.path,
        "format": written.format,
        "tensors": written.tensors,
        "bytes": written.bytes,
        "container": exported.plan.container,
        "renamed": exported.plan.renamed,
        "shared": written.shared,
        "repeated": written.repeated,
        **fitted,
    }


def _key(entry: KeyEntry) -> Plain:
    return {"key": entry.key, "shape": entry.shape, "dtype": entry.dtype}
