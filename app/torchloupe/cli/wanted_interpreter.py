"""A model that lacks a module, or a newer Python: the report says which interpreter of this machine has it."""

from pathlib import Path

from torchloupe.analysis.package_names import wanted_python, with_holders
from torchloupe.wire.problems import Problem

from .report import Report


def tell_holders(report: Report, interpreter: str | None) -> None:
    """Look for what the problems of a report ask of another interpreter. On a far side nothing is known of that."""
    if all(wanted_python(problem) is None for problem in report.problems):
        return
    from torchloupe.session.interpreters import command_words  # here, because hardly any command needs it

    if not command_words(interpreter or ""):
        file = report.target.file if report.target else None
        near = Path(file).absolute().parent if file else Path.cwd()
        report.problems = [_told(problem, near) for problem in report.problems]


def _told(problem: Problem, near: Path) -> Problem:
    from torchloupe.session.wanted_python import interpreters_with

    wanted = wanted_python(problem)
    return problem if wanted is None else with_holders(problem, wanted, interpreters_with(wanted, near))
