"""A loss whose output and target do not go together: the line written otherwise, as a patch."""

import pytest

from torchloupe.wire.problems import Problem
from torchloupe.worker.places import Places
from torchloupe.worker.step.loss_patches import with_loss_patches


@pytest.fixture
def mended(tmp_path):
    """The first fix of a problem of this line, and the line that its patch gives."""

    def run(line, operation, output, target, code="loss-target-shape"):
        file = tmp_path / "train.py"
        file.write_text(f"def loss_fn(output):\n    target = made()\n    {line}\n")
        data = {"operation": operation, "output": output, "target": target}
        problem = Problem(code, "", file=str(file), line=3, data=data)
        (found,) = with_loss_patches([problem], Places(str(tmp_path)))
        added = [each[1:].strip() for fix in found.fixes for each in fix.patch.splitlines() if each.startswith("+ ")]
        return found.fixes, added

    return run


@pytest.mark.parametrize(
    ("line", "operation", "output", "target", "after"),
    [
        (
            "return F.cross_entropy(output, target)",
            "cross_entropy",
            [15, 3],
            [15, 1],
            "return F.cross_entropy(output, target.squeeze(1))",
        ),
        (
            "return F.nll_loss(output, target)",
            "nll_loss",
            [4, 25, 40],
            [4, 25],
            "return F.nll_loss(output.transpose(1, 2), target)",
        ),
        ("return (output - target).abs().mean()", "-", [32, 1], [32], "return (output.squeeze(1) - target).abs().mean()"),
        ("return F.mse_loss(output, target)", "mse_loss", [32], [32, 1], "return F.mse_loss(output, target.squeeze(1))"),
    ],
)
def test_that_the_line_is_written_so_that_both_go_together(mended, line, operation, output, target, after):
    (fix,), added = mended(line, operation, output, target)
    assert added == [after]
    assert fix.verified
    assert fix.text == f"Write `{fix.value}` in line 3."


@pytest.mark.parametrize(
    ("line", "output", "target"),
    [
        ("return F.cross_entropy(output, target)", [15, 3], [7]),  # other samples
        ("return F.cross_entropy(output, target) + F.cross_entropy(output, target)", [15, 3], [15, 1]),  # which of them?
        ("return loss(output, target)", [15, 3], [15, 1]),  # it stands elsewhere
    ],
)
def test_that_nothing_is_offered_where_nobody_knows(mended, line, output, target):
    fixes, _ = mended(line, "cross_entropy", output, target)
    assert fixes == ()


def test_that_other_problems_and_other_files_are_left_alone(tmp_path):
    other = Problem("missing-zero-grad", "", file="x.py", line=1)
    data = {"operation": "-", "output": [4, 1], "target": [4]}
    foreign = Problem("silent-broadcast", "", file=pytest.__file__, line=3, data=data)
    assert with_loss_patches([other, foreign], Places(str(tmp_path))) == [other, foreign]
