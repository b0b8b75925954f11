"""One training step, run in this process: what moved, what did not and why, and that nothing stays of it."""

import pytest

from torchloupe.wire.requests import OpenTarget
from torchloupe.wire.steps import RunStep
from torchloupe.worker.handlers import open_target, training_step
from worker.step_zoo import CLEAN, HARMLESS, HEAD, MISTAKES, Mistake


@pytest.fixture
def step(context, tmp_path):
    """Write a file, open it, train it: ``step(source, lr=0.1)``."""

    def step(source, name="", **request):
        file = tmp_path / "model.py"
        file.write_text(source if source.startswith("import") else HEAD + source, encoding="utf-8")
        open_target(context, OpenTarget(f"{file}:{name}" if name else str(file)))
        return training_step(context, RunStep(**request))

    return step


def told(report, reason):
    """The problems with a reason."""
    return [problem for problem in report.problems if problem.data.get("reason") == reason]


@pytest.mark.parametrize("mistake", [*MISTAKES, *HARMLESS], ids=str)
def test_that_each_reason_is_named_with_its_line_and_its_parameters(step, mistake: Mistake) -> None:
    report = step(mistake.text)
    rows = {row.key: row for row in report.parameters}
    assert {rows[key].reason for key in mistake.keys} == {mistake.reason}, [(p.code, p.message) for p in report.problems]
    problems = told(report, mistake.reason)
    assert {problem.severity for problem in problems} == {mistake.severity}
    assert {key for problem in problems for key in problem.data["parameters"]} == set(mistake.keys)
    if mistake.lines:
        assert {problem.line for problem in problems} <= mistake.lines
        assert {rows[key].line for key in mistake.keys} <= mistake.lines
    others = [problem for problem in report.problems if problem not in problems and problem.severity != "info"]
    assert not others, others


@pytest.mark.parametrize("name", CLEAN)
def test_that_a_step_that_is_right_moves_everything_without_a_word(step, name: str) -> None:
    report = step(CLEAN[name])
    assert report.problems == ()
    assert all(row.moved and not row.reason and row.update_norm for row in report.parameters)
