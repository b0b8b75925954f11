"""What one pass with watched values shows: a small model for each fault, look-alikes without any, nothing left behind."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from torchloupe.wire.errors import UsageError
from torchloupe.wire.numerics import LookAtValues
from torchloupe.wire.problems import ERROR, INFO, WARNING
from torchloupe.wire.registration import InspectModel
from torchloupe.wire.requests import OpenTarget
from torchloupe.worker.handlers import HANDLERS
from torchloupe.worker.input_values import SampleInput
from torchloupe.worker.model_state import ModelState
from torchloupe.worker.numerics import look
from torchloupe.worker.places import Places
from worker.value_looks import Calls, line_of, looked, only, problems

X = torch.linspace(-2.0, 2.0, 12).reshape(3, 4)


# the first NaN


def root(self, x):
    return self.out(torch.sqrt(self.fc(x)))


def test_that_the_first_nan_is_told_with_its_operation_line_and_operand_and_the_repair_is_tried():
    problem = only(Calls(root, fc=nn.Linear(4, 4), out=nn.Linear(4, 2)), X)
    assert (problem.code, problem.severity, problem.module) == ("nan-origin", ERROR, "")
    assert line_of(problem) == "return self.out(torch.sqrt(self.fc(x)))"
    assert problem.message.startswith("The first NaN comes out of `sqrt`: the root of -")
    assert "a negative number" in problem.message
    assert problem.data["operation"] == "sqrt"
    assert problem.data["operands"][0]["shape"] == [3, 4]
    assert problem.data["operands"][0]["value"] < 0
    assert problem.fixes[0].verified
    assert problem.fixes[0].outcome == "every value is finite then"


FAULTS = {
    "logarithm of a negative number": (lambda self, x: torch.log(x) + 1, "nan-origin", "the logarithm of -2", True),
    "zero over zero": (lambda self, x: x.relu() / x.relu(), "nan-origin", "0 divided by 0", True),
    "outside of the circle": (lambda self, x: torch.acos(x), "nan-origin", "is outside of -1 to 1", True),
    "broken power": (lambda self, x: x**0.5, "nan-origin", "to the power of 0.5", True),
    "empty mean": (lambda self, x: x + x[x > 9].mean(), "nan-origin", "the mean over nothing is NaN", False),
    "inf minus inf": (lambda self, x: masked(x) - masked(x), "nan-origin", "inf minus inf is NaN", False),
    "zero times inf": (lambda self, x: x + (x > 9) * float("inf"), "nan-origin", "0 times inf is NaN", False),
    "all masked": (lambda self, x: masked(x, 1).softmax(-1) + x, "nan-origin", "row 1 is -inf in all places", True),
    "division by zero": (lambda self, x: x / x.relu().sum(1, keepdim=True), "inf-origin", "a division by 0", True),
    "exponential": (lambda self, x: torch.exp(x * 100), "inf-origin", "the exponential of 200", False),
    "one over zero": (lambda self, x: torch.reciprocal(x.relu()), "inf-origin", "one divided by 0", True),
    "one over a root": (lambda self, x: torch.rsqrt(x.relu()), "inf-origin", "one divided by the root of 0", True),
    "negative power": (lambda self, x: x.relu() ** -1, "inf-origin", "0 to the power of -1", True),
    "garbage": (lambda self, x: x + uninitialised(x), "nan-origin", "holds NaN before the pass begins", False),
    "another function": (lambda self, x: torch.lgamma(x.relu() - 1).sin(), "inf-origin", "comes out of `lgamma`", False),
}


def masked(x, row=0):
    """A row of -inf."""
    rows = torch.arange(3)[:, None] == row
    return x.masked_fill(rows, float("-inf"))


HOLDS = {"nan": torch.full((3, 4), float("nan"))}


def uninitialised(x):
    return HOLDS["nan"]


@pytest.mark.parametrize("name", FAULTS)
def test_that_each_way_to_nan_or_inf_is_explained(name):
    function, code, why, is_repaired = FAULTS[name]
    problem = only(Calls(function), X)
    assert (problem.code, problem.severity) == (code, ERROR)
    assert why in problem.message
    assert problem.hint
    assert bool(problem.fixes and problem.fixes[0].verified) == is_repaired


def test_that_an_inf_from_which_the_nan_comes_is_the_one_that_is_told():
    def late(self, x):
        grown = torch.exp(x * 100)
        return grown - grown.flip(1)

    problem = only(Calls(late), X)
    assert problem.code == "inf-origin"
    assert line_of(problem) == "grown = torch.exp(x * 100)"
    assert "`-` in line" in problem.message


def test_that_the_operation_that_turns_inf_into_nan_is_named_as_well():
    def attention(self, x):
        scores = torch.exp(x * 100)
        return scores.softmax(-1)

    problem = only(Calls(attention), X)
    assert problem.code == "inf-origin"
    assert "`softmax` in line" in problem.message
    assert problem.data["then"] == "softmax"


def test_that_overflow_of_float16_is_told_and_float32_is_tried():
    def scores(self, x):
        return (self.q(x) @ self.q(x).t()).softmax(-1)

    model = Calls(scores, q=nn.Linear(64, 64, bias=False)).half()
    nn.init.constant_(model.q.weight, 2.0)
    problem = only(model, torch.ones(3, 64).half())
    assert (problem.code, problem.severity) == ("inf-origin", ERROR)
    assert "beyond 65504, the largest number of float16" in problem.message
    assert problem.fixes[0].verified


def test_that_overflow_of_float16_that_does_not_reach_the_answer_is_a_warning():
    problem = only(Calls(lambda self, x: (x * 60000).clamp(-1, 1)), X.half())
    assert (problem.code, problem.severity) == ("inf-origin", WARNING)


def test_that_inf_in_a_weight_is_told_as_such():
    model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 2))
    with torch.no_grad():
        model[1].weight[0, 0] = math.inf
    problem = only(model, X)
    assert (problem.code, problem.module, problem.parameter) == ("inf-origin", "1", "1.weight")


def test_that_nan_in_a_weight_is_told_as_such():
    model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 2))
    with torch.no_grad():
        model[1].bias[1] = math.nan
    problem = only(model, X)
    assert problem.code == "nan-origin"
    assert problem.parameter == "1.bias"
    assert problem.message.startswith("`1.bias` holds NaN before the pass begins: 1 of 2 values")


def test_that_nan_in_the_input_is_told_first_with_its_place():
    given = X.clone()
    given[1, 2] = math.nan
    problem = only(Calls(lambda self, x: torch.sqrt(x)), given)
    assert (problem.code, problem.severity) == ("nan-in-input", ERROR)
    assert problem.message.startswith("`x[1, 2]` of the input is NaN: 1 of 12 values are.")
    assert problem.data["index"] == [1, 2]


def test_that_nan_in_an_input_that_the_model_replaces_is_a_remark():
    given = X.clone()
    given[0, 0] = math.nan
    problem = only(Calls(lambda self, x: torch.nan_to_num(x)), given)
    assert (problem.code, problem.severity) == ("nan-in-input", INFO)


def test_that_nan_that_does_not_reach_the_answer_is_a_remark():
    problem = only(Calls(lambda self, x: torch.where(x > 0, torch.sqrt(x), torch.zeros_like(x))), X)
    assert (problem.code, problem.severity) == ("nan-origin", INFO)
    assert "does not reach the model's answer" in problem.message


def test_that_minus_inf_as_an_answer_is_a_warning_for_it_may_be_meant():
    problem = only(Calls(lambda self, x: torch.log(x.relu() * 0.5)), X)
    assert (problem.code, problem.severity) == ("inf-origin", WARNING)


def written(self, x):
    mask = torch.zeros(4)
    mask[2:] = float("-inf")
    return x + mask


def in_place(self, x):
    x = x.clone()
    x[0] = math.nan
    x[0] = 1.0
    return x * 2


def filled_later(self, x):
    out = torch.full_like(x, math.nan)
    out.copy_(x)
    return out


def lowest(x):
    return torch.zeros(3, 4).masked_fill(torch.ones(3, 4).triu(1).bool(), torch.finfo(x.dtype).min)


FINE = {
    "causal mask": lambda self, x: (x + torch.full((3, 4), float("-inf")).triu(1)).softmax(-1),
    "mask as an answer": lambda self, x: x.masked_fill(x > 0, float("-inf")),
    "mask of ones and zeros": lambda self, x: x + (x > -9).float().log(),
    "lowest number twice": lambda self, x: (x + lowest(x) + lowest(x)).softmax(-1),
    "written by index": written,
    "mended in place": in_place,
    "filled after it was made": filled_later,
    "division by inf": lambda self, x: 1.0 / (x.abs() + math.inf),
    "complex numbers": lambda self, x: torch.fft.fft(x).abs(),
    "whole numbers": lambda self, x: x.long() // 3,
    "where of a mask": lambda self, x: torch.where(x > -1.2, x, torch.tensor(-math.inf)).softmax(-1),
}


@pytest.mark.parametrize("name", FINE)
def test_that_what_is_meant_is_left_alone(name):
    assert problems(Calls(FINE[name]), X) == []


# units, norms and inputs


def hidden(self, x):
    return self.out(F.relu(self.fc(x)))


def dead_model(bias=-20.0, dead=24):
    model = Calls(hidden, fc=nn.Linear(16, 40), out=nn.Linear(40, 2))
    with torch.no_grad():
        model.fc.bias[:dead] = bias
    return model


def test_that_units_that_cannot_fire_are_told_with_the_layer_whose_bias_it_is():
    problem = only(dead_model(), torch.randn(32, 16))
    assert (problem.code, problem.severity, problem.module) == ("dead-units", WARNING, "fc")
    assert line_of(problem) == "return self.out(F.relu(self.fc(x)))"
    assert problem.message.startswith("24 of 40 units of `relu` never fire in 32 observations")
    assert (problem.data["dead"], problem.data["cannot_fire"], problem.data["units"]) == (24, 24, 40)


def test_that_it_is_seen_through_relu_modules_and_convolutions_and_norms():
    torch.manual_seed(0)
    convolution = nn.Sequential(nn.Conv2d(3, 16, 3), nn.ReLU(inplace=True), nn.Flatten(), nn.LazyLinear(2))
    norm = nn.Sequential(nn.Conv2d(3, 16, 3), nn.BatchNorm2d(16), nn.ReLU(), nn.AdaptiveAvgPool2d(1))
    pictures = torch.randn(4, 3, 8, 8)
    convolution(pictures)
    with torch.no_grad():
        convolution[0].bias[:8] = -50.0
        norm[1].bias[:8] = -9.0
    assert [each.module for each in problems(convolution, pictures)] == ["0"]
    assert [each.module for each in problems(norm, pictures)] == ["1"]


def test_that_a_layer_that_is_dead_as_a_whole_is_told_whatever_the_cause():
    model = Calls(hidden, fc=nn.Linear(16, 40), out=nn.Linear(40, 2))
    with torch.no_grad():
        model.fc.weight.abs_()
        model.fc.bias.zero_()
    problem = only(model, -torch.rand(8, 16))
    assert problem.code == "dead-units"
    assert "is negative everywhere" in problem.message


@pytest.mark.parametrize("seed", range(5))
def test_that_random_weights_and_a_small_batch_kill_no_unit(seed):
    torch.manual_seed(seed)
    layers = [layer for _ in range(8) for layer in (nn.Linear(24, 24), nn.ReLU())]
    assert problems(nn.Sequential(*layers), torch.randn(2, 24)) == []
    assert problems(nn.Sequential(nn.Linear(1, 10), nn.ReLU(), nn.Linear(10, 1)), torch.rand(4, 1)) == []


def test_that_units_at_rest_in_one_batch_are_no_news():
    assert problems(dead_model(-1.0, 4), torch.randn(2, 16)) == []


def test_that_values_at_the_limits_inside_of_the_model_are_told():
    model = nn.Sequential(nn.Linear(16, 32), nn.Tanh(), nn.Linear(32, 32), nn.Linear(32, 2))
    with torch.no_grad():
        model[0].weight.mul_(500)
    problem = only(model, torch.randn(8, 16), source="worked_out")
    assert (problem.code, problem.severity, problem.module) == ("saturated-units", WARNING, "1")
    assert problem.data["share"] > 0.9
    assert problem.data["layer"] == "0"


def test_that_a_confident_answer_is_not_saturated():
    model = nn.Sequential(nn.Linear(16, 32), nn.Sigmoid())
    with torch.no_grad():
        model[0].weight.mul_(1000)
    assert problems(model, torch.randn(8, 16), source="worked_out") == []


def test_that_a_softmax_over_one_value_is_told():
    problem = only(nn.Sequential(nn.Linear(4, 1), nn.Softmax(dim=1)), X)
    assert (problem.code, problem.severity, problem.module) == ("constant-output", WARNING, "1")
    assert "`0` gives one value for each sample" in problem.message
    assert problem.fixes


def test_that_a_softmax_over_one_step_of_a_sequence_is_fine():
    model = Calls(lambda self, x: (self.score(x).softmax(1) * x).sum(1), score=nn.Linear(4, 1))
    assert problems(model, torch.randn(2, 1, 4)) == []


def test_that_a_norm_over_one_value_is_told():
    problem = only(nn.Sequential(nn.Linear(4, 1), nn.LayerNorm(1)), X)
    assert (problem.code, problem.module) == ("constant-output", "1")
    assert "gives its bias, whatever comes in" in problem.message


def test_that_pixels_as_they_are_stored_are_told():
    model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Flatten(), nn.Linear(8 * 36, 2))
    pictures = torch.randint(0, 256, (4, 3, 8, 8)).float()
    problem = only(model, pictures)
    assert (problem.code, problem.severity) == ("input-range", WARNING)
    assert "as pixels are stored" in problem.message
    assert "Divide by 255" in problem.hint
    assert problems(model, pictures / 255) == []
    assert problems(model, pictures, source="worked_out") == []


def test_that_pixels_that_the_model_scales_or_normalises_are_less_or_nothing():
    pictures = torch.randint(0, 256, (4, 3, 8, 8)).float()
    norm = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8))
    assert only(norm, pictures).severity == INFO
    assert problems(Calls(lambda self, x: self.conv(x / 255), conv=nn.Conv2d(3, 8, 3)), pictures) == []


def test_that_features_that_never_change_or_differ_widely_are_a_remark():
    table = torch.randn(32, 4)
    table[:, 1] = 3.0
    table[:, 2] *= 0.001
    problem = only(nn.Linear(4, 2), table)
    assert (problem.code, problem.severity) == ("input-range", INFO)
    assert problem.message.startswith("Feature 1 of `input` has the same value in all samples")
    assert problem.data["constant"] == [1]
    assert problem.data["widest"] > 500


def test_that_an_input_that_nothing_takes_is_a_remark():
    model = Calls(lambda self, x, y: self.fc(x) + len(y), fc=nn.Linear(4, 2))
    problem = only(model, X, torch.ones(3))
    assert (problem.code, problem.severity, problem.data["input"]) == ("unused-input", INFO, "y")


@pytest.mark.parametrize("use", [lambda y: y, lambda y: float(y.sum()), lambda y: y[0].item(), lambda y: bool((y > 0).all())])
def test_that_any_look_at_the_values_is_a_use(use):
    assert problems(Calls(lambda self, x, y: x * use(y)), X, torch.ones(4)) == []


def test_that_a_norm_left_in_train_mode_in_a_model_for_prediction_is_told():
    model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.BatchNorm1d(8)).eval()
    model[1].train()
    problem = only(model, torch.randn(6, 4))
    assert (problem.code, problem.severity, problem.module) == ("batch-statistics-in-eval", WARNING, "1")
    assert problems(model.train(), torch.randn(6, 4)) == []
    assert problems(nn.Sequential(nn.BatchNorm1d(4, track_running_stats=False)).eval(), torch.randn(6, 4)) == []


def trained_norms():
    model = nn.Sequential(nn.BatchNorm1d(4), nn.Linear(4, 8), nn.BatchNorm1d(8))
    for _ in range(20):
        model(torch.randn(16, 4))
    return model.eval()


def test_that_stored_statistics_that_the_input_does_not_have_are_told_at_the_first_layer():
    model = trained_norms()
    assert problems(model, torch.randn(16, 4)) == []
    problem = only(model, 200 + 50 * torch.rand(16, 4))
    assert (problem.code, problem.severity, problem.module) == ("statistics-differ", WARNING, "0")
    assert "So it is in 2 of 2 such layers" in problem.message
    assert problems(model, 200 + 50 * torch.rand(16, 4), source="worked_out") == []


# the look itself


def test_that_the_mode_of_the_run_is_the_mode_of_the_look():
    def drops(self, x):
        return torch.sqrt(x - 9) if self.training else x

    model = Calls(drops)
    assert problems(model, X, mode="eval") == []
    assert only(model, X, mode="train").code == "nan-origin"
    assert model.training


def test_that_a_model_that_fails_or_is_slow_is_given_up(monkeypatch):
    assert looked(Calls(lambda self, x: x @ x), X) == ([], "")
    monkeypatch.setattr("torchloupe.worker.registration.modes.PATIENCE_SECONDS", -1.0)
    found, note = looked(Calls(lambda self, x: x), X)
    assert found == []
    assert "takes longer than" in note


def test_that_keywords_lists_and_lazy_layers_are_seen():
    class Named(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.LazyLinear(2)

        def forward(self, *, parts):
            return {"logits": [torch.log(self.fc(part) * 0 - 1) for part in parts]}

    model = Named()
    found = look.looked_at_values(model, SampleInput((), {"parts": [X, X]}, "given"), ModelState(model), Places(None))[0]
    assert [each.code for each in found] == ["nan-origin"]


FILE = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)
    def forward(self, x):
        return torch.log(self.fc(x).relu() / 2)
"""


@pytest.fixture
def opened(context, tmp_path):
    """A worker in which the file's model is open."""
    (tmp_path / "net.py").write_text(FILE)
    HANDLERS[OpenTarget](context, OpenTarget(str(tmp_path / "net.py")))
    return context


def test_that_the_request_is_answered_and_the_closer_look_does_the_same(opened):
    given = ("float32[3,4]",)
    answer = HANDLERS[LookAtValues](opened, LookAtValues(given))
    assert [(each.code, each.line) for each in answer.problems] == [("inf-origin", 10)]
    inspected = HANDLERS[InspectModel](opened, InspectModel(given))
    assert [(each.code, each.line) for each in inspected.problems] == [("inf-origin", 10)]
    assert HANDLERS[InspectModel](opened, InspectModel(given, shapes_only=True)).problems == ()


def test_that_an_input_that_makes_no_sense_is_refused_and_one_that_cannot_be_found_is_a_note(opened, tmp_path):
    with pytest.raises(UsageError):
        HANDLERS[LookAtValues](opened, LookAtValues(("float99[3]",)))
    (tmp_path / "other.py").write_text(FILE.replace("def forward(self, x):", "def forward(self, x):\n        raise OSError"))
    HANDLERS[OpenTarget](opened, OpenTarget(str(tmp_path / "other.py")))
    answer = HANDLERS[LookAtValues](opened, LookAtValues())
    assert answer.problems == ()
    assert answer.notes[0].startswith("The values were not watched")
