"""A pass that fails on NaN or Inf tells where they come from; one that fails for another reason says nothing of them."""

import contextlib
import gc
import weakref
from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from torchloupe.wire.numerics import LookAtValues
from torchloupe.wire.problems import ERROR
from torchloupe.wire.registration import InspectModel
from torchloupe.wire.requests import OpenTarget
from torchloupe.worker.handlers import HANDLERS
from torchloupe.worker.model_state import ModelState
from torchloupe.worker.numerics.tried_repairs import with_tried_fix
from torchloupe.worker.places import Places
from torchloupe.worker.registration.modes import TooSlow
from worker.value_looks import Calls, line_of, only, problems

X = torch.linspace(-2.0, 2.0, 12).reshape(3, 4)
ONES = torch.ones(7, 7)


def model(function):
    torch.manual_seed(0)
    return Calls(function, fc=nn.Linear(4, 4))


def refused_sample(self, x):
    p = torch.softmax(self.fc(x) / 0.0, -1)
    return torch.multinomial(p, 1)


def refused_distribution(self, x):
    logits = torch.sqrt(self.fc(x) - 10)
    return torch.distributions.Categorical(logits=logits).sample()


def refused_decomposition(self, x):
    square = self.fc(x).t() @ self.fc(x)
    return torch.linalg.eigh(square / (square - square))


def refused_matrix(self, x):
    square = (self.fc(x).t() @ self.fc(x) - 100).log()
    return torch.linalg.cholesky(square)


def refused_loss(self, x):
    p = torch.sqrt(self.fc(x) - 5)
    return F.binary_cross_entropy(p, torch.ones_like(p))


def all_masked(self, x):
    scores = self.fc(x).masked_fill(torch.ones(3, 4, dtype=torch.bool), float("-inf"))
    shares = torch.softmax(scores, -1)
    return torch.multinomial(shares.nan_to_num(0), 1)


def own_check(self, x):
    y = torch.sqrt(self.fc(x) - 10)
    assert torch.isfinite(y).all()
    return y


def own_number(self, x):
    y = (self.fc(x) - 10).log().mean()
    return x[: int(y)]


@pytest.mark.parametrize(
    ("function", "operation", "line"),
    [
        (refused_sample, "/", "p = torch.softmax(self.fc(x) / 0.0, -1)"),
        (refused_distribution, "sqrt", "logits = torch.sqrt(self.fc(x) - 10)"),
        (refused_decomposition, "/", "return torch.linalg.eigh(square / (square - square))"),
        (refused_matrix, "log", "square = (self.fc(x).t() @ self.fc(x) - 100).log()"),
        (refused_loss, "sqrt", "p = torch.sqrt(self.fc(x) - 5)"),
        (all_masked, "softmax", "shares = torch.softmax(scores, -1)"),
        (own_check, "sqrt", "y = torch.sqrt(self.fc(x) - 10)"),
        (own_number, "log", "y = (self.fc(x) - 10).log().mean()"),
    ],
)
def test_that_the_origin_of_what_the_pass_fails_on_is_told(function, operation, line):
    failing = model(function)
    with pytest.raises((RuntimeError, ValueError, AssertionError)):
        failing(X)
    found = only(failing, X)
    assert found.severity == ERROR
    assert f"`{operation}`" in found.message
    assert found.message.endswith("With finite values there it does not fail.")
    assert line_of(found) == line


def test_that_the_repair_is_tried_as_far_as_the_pass_then_runs():
    fix = only(model(refused_sample), X).fixes[0]
    assert (fix.verified, fix.outcome) == (True, "every value is finite then")
    untold = only(model(refused_matrix), X).fixes[0]  # finite, and still no matrix that can be taken apart
    assert (untold.verified, untold.outcome) == (False, "")


def test_that_weights_and_inputs_with_nan_are_named():
    sick = model(lambda self, x: torch.multinomial(torch.softmax(self.fc(x), -1), 1))
    bad = X.clone()
    bad[1, 2] = float("nan")
    assert (
        only(sick, bad).message == "`x[1, 2]` of the input is NaN: 1 of 12 values are. With finite values there it does not fail."
    )
    sick.fc.weight.data[0, 0] = float("nan")
    assert only(sick, X).message.startswith("`fc.weight` holds NaN before the pass begins: 1 of 16 values are")


def test_that_weights_that_nobody_has_a_copy_of_are_never_written_to(monkeypatch):
    monkeypatch.setattr("torchloupe.worker.model_state.COPY_LIMIT_BYTES", 0)
    sick = model(lambda self, x: torch.multinomial(torch.softmax(self.fc(x), -1), 1))
    sick.fc.weight.data[0, 0] = float("nan")
    before, weights, place = ModelState(sick), sick.fc.weight.clone(), sick.fc.weight.data_ptr()
    assert "`fc.weight` holds NaN" in only(sick, X).message
    assert torch.equal(sick.fc.weight.nan_to_num(7), weights.nan_to_num(7))
    assert bool(sick.fc.weight[0, 0].isnan())
    assert sick.fc.weight.data_ptr() == place
    assert before.restore() == []


def test_that_a_repair_that_could_not_be_tried_in_time_is_told_untried():
    def too_slow(_within):
        raise TooSlow

    problem = only(model(refused_loss), X)
    untried = replace(problem, fixes=(replace(problem.fixes[0], verified=False, outcome=""),))
    assert with_tried_fix(untried, Places(None), too_slow) == untried


def test_that_a_mask_behind_all_weights_of_an_attention_is_seen():
    def sampled(self, x):
        hidden, _ = self.fc(x, x, x, key_padding_mask=torch.tensor([[False] * 3, [True] * 3]))
        return torch.distributions.Categorical(logits=hidden.mean(1)).sample()

    torch.manual_seed(0)
    found = only(Calls(sampled, fc=nn.MultiheadAttention(4, 2, batch_first=True)), torch.randn(2, 3, 4))
    assert "the mask lets some query look at nothing" in found.message
    assert found.fixes[0].text == "Leave at least one place unmasked for every query."


def other_sizes(self, x):
    bad = torch.log(self.fc(x) - 100)
    return bad @ ONES


def other_name(self, x):
    bad = torch.log(self.fc(x) - 100)
    return {"good": bad}["head"]


def other_operation(self, x):
    bad = torch.log(self.fc(x) - 100)
    with contextlib.suppress(RuntimeError):
        torch.multinomial(bad, 1)
    return self.fc(x) @ ONES


def cleaned(self, x):
    raw = torch.log(self.fc(x) - 100)
    assert x.shape[1] == 16, raw.nan_to_num(0)


def other_gradient(self, x):
    bad = torch.log(self.fc(x) - 100)
    return bad.numpy()


def other_strides(self, x):
    bad = torch.log(self.fc(x) - 100)
    return bad.t().view(-1)


def other_file(self, x):
    bad = torch.log(self.fc(x) - 100)
    with open("/no/such/file") as file:
        return bad + len(file.read())


def some_masked(self, x):
    scores = self.fc(x)
    kept = scores.masked_fill(scores < scores.topk(2).values[:, -1:], float("-inf"))
    return torch.softmax(kept, -1) @ ONES


@pytest.mark.parametrize(
    "function", [other_sizes, other_name, other_operation, other_gradient, other_strides, other_file, cleaned, some_masked]
)
def test_that_a_pass_that_fails_for_another_reason_says_nothing_of_nan(function):
    failing = model(function)
    with pytest.raises((RuntimeError, KeyError, AssertionError, FileNotFoundError)):
        failing(X)
    assert problems(failing, X) == []


def test_that_looking_at_complex_and_sparse_values_is_never_what_fails():
    def spectrum(self, x):
        bad = torch.log(torch.fft.rfft(self.fc(x)) * 0)
        return torch.where(bad.real.isfinite(), bad.real, 0.0)

    def graph(self, x):
        edges = torch.eye(3).to_sparse() * float("inf")
        return torch.sparse.mm(edges, self.fc(x)).nan_to_num(0, 0, 0)

    for function in (spectrum, graph):
        assert [each for each in problems(model(function), X) if each.severity == ERROR] == []


def test_that_a_pass_that_fails_while_it_is_watched_alone_is_no_failure():
    def picky(self, x):
        bad = torch.log(self.fc(x) - 100)
        if torch.overrides._get_current_function_mode_stack():
            raise RuntimeError("not with a mode")
        return bad.nan_to_num(0)

    assert problems(model(picky), X) == []


def test_that_what_is_odd_in_the_variables_of_the_model_does_no_harm():
    class Odd:
        @property
        def __class__(self):
            raise ValueError("nobody asks me")

    def odd(self, x):
        thing, bad = Odd(), torch.log(self.fc(x) - 100)
        assert torch.isfinite(bad).all(), thing is None
        return bad

    assert only(model(odd), X).code == "nan-origin"


SAMPLER = """
import torch
from torch import nn


class Sampler(nn.Module):
    def __init__(self, temperature=0.0):
        super().__init__()
        self.temperature = temperature
        self.head = nn.Linear(4, 6)

    def forward(self, x):
        logits = self.head(x) / self.temperature
        return torch.multinomial(torch.softmax(logits, -1), 1)
"""


@pytest.mark.parametrize("request_", [InspectModel(("float32[2,4]",)), LookAtValues(("float32[2,4]",))])
def test_that_a_closer_look_at_a_model_that_fails_tells_it(context, tmp_path, request_):
    file = tmp_path / "sampler.py"
    file.write_text(SAMPLER)
    HANDLERS[OpenTarget](context, OpenTarget(f"{file}:Sampler"))
    (found,) = HANDLERS[type(request_)](context, request_).problems
    assert (found.code, found.line) == ("inf-origin", 13)
    assert "a division by the number 0" in found.message
    assert "`softmax` in line 14 makes NaN of it" in found.message


def test_that_nothing_of_a_pass_that_caught_an_error_is_held():
    seen = []

    def caught(self, x):
        large = torch.full((4, 4), float("nan"))
        seen.append(weakref.ref(large))
        with contextlib.suppress(RuntimeError):
            torch.multinomial(large, 1)
        return self.fc(x)

    gc.disable()
    try:
        problems(model(caught), X)
        assert [each() for each in seen] == [None]
    finally:
        gc.enable()
