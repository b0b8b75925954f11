"""Everything that was found, as one document: what was looked at, the problems, and the tables behind them."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Iterator, List, Mapping, Optional, Sequence, Tuple

from ...wire.contents import CheckpointContents
from ...wire.modules import ModuleTree
from ...wire.problems import ERROR, INFO, WARNING, Problem
from ...wire.steps import ParameterMotion, StepReport
from ...wire.sweeps import SizesSwept
from ...wire.traces import ASSUMED, DONE, FAILED, ForwardReport, LayerCall
from ..fixes_to_try import patch_of_all
from ..shape_strip import cell_text, fold_text, shape_strip
from ..source_notes import excerpt
from ..state_dict_diff import StateDictDiff
from ..step.motion_series import MEANT, MOVED, STILL, state_of
from ..step.wording import group_text, moved_text, percent_text, step_lines, why_text
from ..tree_rows import ROOT, TreeView
from ..wording import ABSENT, count_text, counted, fix_text, number_text, place_text, read_text, seconds_text, shape_text
from .diff_section import diff_section
from .document import Block, Bullets, Cell, Code, Document, Facts, Figure, Name, Section, Table, Text
from .drawing import step_figure
from .sizes_section import sizes_section

AROUND = 6
"""So many calls before and behind a failure are told."""
MOST_CELLS, CELLS_AROUND = 40, 3
_WORST_FIRST = {ERROR: 0, WARNING: 1, INFO: 2}
_STATES = {STILL: "✖", MEANT: "–", MOVED: "✓"}


@dataclass(frozen=True)
class Findings:
    """What a report is about; a part that was not looked at is None or empty.

    ``versions`` are those of what ran; ``opened`` says what was opened: target, arguments, input, each with its value. ``sides`` are what
    the two sides of the ``diff`` are called. ``figures`` are the plots that are on the screen. ``initialised`` and ``unfolded`` are as
    in ``TreeView``.
    """

    title: str
    versions: Sequence[Tuple[str, str]] = ()
    opened: Sequence[Tuple[str, str]] = ()
    problems: Sequence[Problem] = ()
    contents: Optional[CheckpointContents] = None
    tree: Optional[ModuleTree] = None
    calls: Optional[Sequence[LayerCall]] = None
    forward: Optional[ForwardReport] = None
    diff: Optional[StateDictDiff] = None
    sides: Tuple[str, str] = ("the model", "the checkpoint")
    step: Optional[StepReport] = None
    sweep: Optional[SizesSwept] = None
    figures: Sequence[Figure] = ()
    initialised: Mapping[str, str] = field(default_factory=dict)
    unfolded: bool = False
    notes: Sequence[str] = ()


def report_document(found: Findings) -> Document:
    """All of it, what matters most first."""
    blocks: List[Block] = [Text(_verdict(found)), *_about(found)]
    problems = sorted(found.problems, key=lambda each: _WORST_FIRST.get(each.severity, 3))
    blocks.append(Section("Problems", tuple(map(problem_section, problems)) or (Text("None found."),)))
    sections = (
        _patch(problems),
        _strip(found),
        _calls(found),
        sizes_section(found.sweep) if found.sweep is not None else None,
        _step(found.step, not found.figures) if found.step is not None else None,
        Section("Plots", tuple(found.figures)) if found.figures else None,
        diff_section(found.diff, found.sides) if found.diff is not None else None,
        _modules(found),
        Section("Notes", (Bullets(tuple(found.notes)),)) if found.notes else None,
    )
    return Document(found.title, (*blocks, *(section for section in sections if section is not None)))


def _verdict(found: Findings) -> str:
    counts = Counter(problem.severity for problem in found.problems)
    said = [counted(counts[severity], severity) for severity in (ERROR, WARNING) if counts[severity]]
    said += [counted(counts[INFO], "remark")] if counts[INFO] else []
    parts = [counted(len(found.tree.modules), "module")] if found.tree is not None else []
    parts += [counted(len(found.calls), "call")] if found.calls else []
    parts += [counted(len(found.contents.tensors), "stored tensor")] if found.contents is not None else []
    looked = f" in {', '.join(parts)}" if parts else ""
    return f"{', '.join(said) or 'No problems'}{looked}."


def _about(found: Findings) -> Iterator[Block]:
    rows: List[Tuple[str, str]] = list(found.opened)
    if found.contents is not None:
        rows += [("checkpoint", f"{read_text(found.contents)}: {found.contents.path}")]
    if found.forward is not None:
        restored = "" if found.forward.state_restored else "; the model is not bit for bit what it was before"
        rows += [("run", f"{seconds_text(found.forward.seconds)} on {found.forward.device}{restored}")]
    rows += found.versions
    if rows:
        yield Facts(tuple(rows))


def problem_section(problem: Problem) -> Section:
    """One problem: what, where, the line with its shapes over it, what to do, and the change that does it."""
    place = place_text(problem)
    blocks: List[Block] = [Text(problem.message)]
    lines = excerpt(problem)
    blocks += [Code("\n".join(lines), "python")] if lines else []
    blocks += [Text(problem.hint)] if problem.hint else []
    told = [f"fix: {fix_text(fix)}" for fix in problem.fixes if fix_text(fix) != problem.hint]
    blocks += [Bullets(tuple(told))] if told else []
    for number, fix in enumerate(problem.fixes):
        if fix.patch:
            blocks.append(Code(fix.patch, "diff", f"As a patch: {fix.text}" if number else ""))
    blocks += [Code(problem.details, about="What Python reported")] if problem.details else []
    return Section(f"`{problem.code}`" + (f" at {place}" if place else ""), tuple(blocks), problem.severity)


def _patch(problems: Sequence[Problem]) -> Optional[Section]:
    """The first fixes of all mismatches at once."""
    patch = patch_of_all(problems)
    return Section("All of these fixes as one patch", (Code(patch, "diff"),)) if patch else None


def _strip(found: Findings) -> Optional[Section]:
    """The run as a line of shapes, where it breaks somewhere; far from the breaks only how much there is."""
    if not found.calls or found.forward is None:
        return None
    cells = shape_strip(found.calls, found.forward.assumed, found.problems, found.forward.inputs)
    breaks = [at for at, cell in enumerate(cells) if cell.is_break]
    near = {at + by for at in breaks[:MOST_CELLS] for by in range(-CELLS_AROUND, CELLS_AROUND + 1)} | {0, len(cells) - 1}
    lines: List[str] = []
    left: List[int] = []
    for at, cell in enumerate(cells):
        if at not in near:
            left.append(at)
            continue
        lines += [fold_text([cells[each] for each in left])] if left else []
        left = []
        lines.append(cell_text(cell).replace("`", ""))
    return Section("Shapes that do not meet", (Code("\n".join(lines)),)) if breaks else None


def _calls(found: Findings) -> Optional[Section]:
    """The calls around each that failed, and what would come behind."""
    if not found.calls or all(call.status == DONE for call in found.calls):
        return None
    behind = {call.index: call for call in (found.forward.assumed if found.forward is not None else ())}
    every = [call for _, call in sorted({**behind, **{call.index: call for call in found.calls}}.items())]
    failed = [at for at, call in enumerate(every) if call.status == FAILED] or [len(found.calls) - 1]
    near = sorted({at + by for at in failed for by in range(-AROUND, AROUND + 1) if 0 <= at + by < len(every)})
    rows = tuple(_call_row(every[at]) for at in near)
    about = f"{counted(len(rows), 'call')} around the failure, of {count_text(len(every))}"
    titles = ("#", "module", "class", "status", "input", "output")
    return Section("Calls around the failure", (Table(about, titles, rows, right=(0,)),))


def _call_row(call: LayerCall) -> Tuple[Cell, ...]:
    shapes = [", ".join(shape_text(meta.shape) for meta in metas) or ABSENT for metas in (call.inputs, call.outputs)]
    marks = {DONE: "✓", FAILED: "✖", ASSUMED: "◌"}
    name = Name(call.module or ROOT, call.depth)
    return (str(call.index), name, call.class_name, f"{marks.get(call.status, '–')} {call.status}", *shapes)


def _step(report: StepReport, is_drawn: bool) -> Section:
    titles = ("parameter", "moved", "weight", "gradient", "update", "changed", "group", "why")
    order = list(_STATES)
    still = sorted(report.parameters, key=lambda each: order.index(state_of(each)))
    table = Table(counted(len(still), "parameter"), titles, tuple(map(_motion_row, still)), right=(2, 3, 4, 5))
    figure = step_figure(report) if is_drawn else None  # else it is among the plots of the screen
    return Section("Training step", (Bullets(tuple(step_lines(report))), *([figure] if figure else []), table))


def _motion_row(each: ParameterMotion) -> Tuple[Cell, ...]:
    norms = (number_text(each.weight_norm), number_text(each.grad_norm), number_text(each.update_norm))
    why = " ".join(text for text in (why_text(each), each.proof) if text)
    mark = _STATES[state_of(each)]
    return (Name(each.key), f"{mark} {moved_text(each)}", *norms, percent_text(each.changed_fraction), group_text(each), why)


def _modules(found: Findings) -> Optional[Section]:
    if found.tree is None:
        return None
    view = TreeView(found.tree, found.calls, found.initialised, found.unfolded)
    rows = tuple((Name(row.name, row.depth), row.in_full, *row.numbers, ", ".join(row.notes)) for row in view.rows())
    titles = ("module", "class or shape", "own", "total", "bytes", "notes")
    table = Table(counted(len(found.tree.modules), "module"), titles, rows, right=(2, 3, 4))
    return Section("Modules", (Bullets(tuple(view.totals())), table))
