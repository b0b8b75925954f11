"""A step that fails in the backward of a function that the user wrote."""

import pytest
import torch

from torchloupe.wire.requests import OpenTarget
from torchloupe.wire.steps import RunStep
from torchloupe.worker.handlers import open_target, training_step
from worker.step_zoo import HEAD, LOSS, net

MODEL = """
class Own(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, weight):
        ctx.save_for_backward(x, weight)
        return FORWARD

    @staticmethod
    def backward(ctx, grad):
        x, weight = ctx.saved_tensors
        return BACKWARD


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 5)
        self.weight = nn.Parameter(torch.randn(5, 3))

    def forward(self, x):
        return Own.apply(self.first(x), WEIGHT)


def example_inputs():
    return (torch.rand(6, 4),)
"""
RETURN = HEAD.count("\n") + MODEL[: MODEL.index("return BACKWARD")].count("\n") + 1


@pytest.fixture
def failed(context, tmp_path):
    """The one problem of a step with such a function."""

    def run(backward, forward="x @ weight", weight="self.weight"):
        source = MODEL.replace("BACKWARD", backward).replace("FORWARD", forward).replace("WEIGHT", weight)
        (tmp_path / "net.py").write_text(HEAD + source + LOSS)
        open_target(context, OpenTarget(f"{tmp_path / 'net.py'}:Net"))
        report = training_step(context, RunStep())
        assert report.state_restored
        return report.problems

    return run


@pytest.mark.parametrize(
    ("backward", "message", "hint"),
    [
        (
            "grad @ weight.t(), grad.t() @ x",
            "a gradient of [3, 5] for `weight`, which has the shape [5, 3]",
            "`(...).t()`, in place 2",
        ),
        (
            "(grad @ weight.t()).t().flatten(), x.t() @ grad",
            "a gradient of [30] for `x`, which has the shape [6, 5]",
            "reshape(6, 5)",
        ),
        ("grad @ weight.t(), grad", "a gradient of [6, 3] for `weight`", "of the shape of that input"),
        (
            "grad @ weight.t()",
            "returns 1 gradient, and forward takes 2 arguments: `x`, `weight`",
            "`None` for what needs no gradient",
        ),
    ],
)
def test_that_wrong_gradients_are_told_with_the_argument_and_the_line_that_returns_them(failed, backward, message, hint) -> None:
    (problem,) = failed(backward)
    assert problem.code == "own-backward"
    assert problem.message.startswith("`Own.backward` returns")
    assert message in problem.message
    assert hint in problem.hint
    assert problem.line == RETURN
    assert problem.data["function"] == "Own"
    assert "Traceback" in problem.details


def test_that_a_mismatch_inside_is_told_as_anywhere_else(failed) -> None:
    (problem,) = failed("grad @ weight, x.t() @ grad")
    assert problem.code == "matmul-mismatch"
    assert problem.message.startswith("In `Own.backward`: `matmul` multiplies [6, 3] and [5, 3]")
    assert problem.line == RETURN
    own = next(kind for kind in reversed(torch.autograd.Function.__subclasses__()) if kind.__name__ == "Own")
    assert own.backward.__code__.co_filename == problem.file


def test_that_another_error_inside_keeps_its_words_and_its_line(failed) -> None:
    (problem,) = failed("grad @ missing, x.t() @ grad")
    assert problem.code == "step-failed"
    assert "missing" in problem.message
    assert problem.line == RETURN


def test_that_a_backward_that_is_right_is_no_problem(failed) -> None:
    assert failed("grad @ weight.t(), x.t() @ grad") == ()


def test_that_a_failure_elsewhere_is_told_as_ever(failed) -> None:
    (problem,) = failed("grad @ weight.t(), x.t() @ grad", weight="self.weight.t()")
    assert problem.code != "own-backward"
    assert "Own.backward" not in problem.message


def test_that_a_gradient_that_is_made_nan_by_hand_is_an_error(failed) -> None:
    (problem,) = failed("grad @ weight.t() * float('nan'), x.t() @ grad")
    assert (problem.code, problem.severity) == ("nan-origin", "error")
    assert set(problem.data["parameters"]) == {"first.weight", "first.bias"}
    assert problem.message == "The loss is finite, but the gradient that `Own.backward` gives is not."
    assert problem.line


def test_that_the_return_of_the_backward_itself_is_named(failed) -> None:
    (problem,) = failed("(lambda: (None, None))() if grad is None else (grad @ weight.t(), grad)")
    assert problem.line == RETURN


@pytest.mark.parametrize(
    ("backward", "still", "words"),
    [
        ("None, x.t() @ grad", {"first.weight", "first.bias"}, "`Own.backward` gives no gradient back"),
        ("(grad @ weight.t()) * 0, x.t() @ grad", {"first.weight", "first.bias"}, "`Own.backward` gives back nothing but zeros"),
    ],
)
def test_that_a_backward_that_gives_nothing_is_named(failed, context, backward, still, words) -> None:
    (problem,) = failed(backward)
    assert set(problem.data["parameters"]) == still
    assert words in problem.message
    assert problem.severity == "error"
    assert problem.line


def test_that_a_result_that_is_marked_as_without_derivative_is_no_fault_of_no_grad(context, tmp_path) -> None:
    marked = MODEL.replace("return FORWARD", "made = x @ weight\n        ctx.mark_non_differentiable(made)\n        return made")
    marked = marked.replace("BACKWARD", "grad, grad").replace(
        "Own.apply(self.first(x), WEIGHT)", "self.last(Own.apply(self.first(x), self.weight))"
    )
    marked = marked.replace("self.weight = ", "self.last = nn.Linear(3, 2)\n        self.weight = ")
    (tmp_path / "net.py").write_text(HEAD + marked + LOSS)
    open_target(context, OpenTarget(f"{tmp_path / 'net.py'}:Net"))
    report = training_step(context, RunStep())
    still = {each.key: (each.reason, each.text) for each in report.parameters if not each.moved}
    assert set(still) == {"first.weight", "first.bias", "weight"}
    assert set(still.values()) == {("nondifferentiable-op", "`Own` has no derivative: no gradient comes back")}


def test_that_what_a_function_of_ones_own_passes_on_is_no_cut(failed) -> None:
    (problem,) = failed("grad @ weight.t(), x.t() @ grad", weight="self.weight.detach()")
    assert problem.data["parameters"] == ["weight"]
    assert problem.data["reason"] == "detached"


def test_that_a_gradient_that_a_hook_makes_nan_is_an_error(context, tmp_path) -> None:
    text = HEAD + net("h = self.a(x)\nh.register_hook(lambda g: g * float('nan'))\nreturn self.b(h)") + LOSS
    (tmp_path / "net.py").write_text(text)
    open_target(context, OpenTarget(f"{tmp_path / 'net.py'}:Net"))
    (problem,) = training_step(context, RunStep()).problems
    assert (problem.code, problem.severity) == ("nan-origin", "error")
