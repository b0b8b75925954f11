"""Failures that are no matter of shapes, each in words of its own: checks, missing names and keys, values of the wrong kind."""

import pytest

from torchloupe.analysis.source_lines import attributes_on, check_on, keys_on
from torchloupe.wire.requests import OpenTarget, RunForward
from torchloupe.worker.handlers import forward, open_target

HEAD = "import torch\nfrom torch import nn\n\n\nclass Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"


@pytest.fixture
def told(context, tmp_path):
    """The problems of a model of these lines, and of this input."""

    def run(init, lines, inputs="torch.rand(2, 4)", takes="x"):
        source = HEAD + "".join(f"        {line}\n" for line in init) + f"\n    def forward(self, {takes}):\n"
        source += "".join(f"        {line}\n" for line in lines) + f"\n\ndef example_inputs():\n    return ({inputs},)\n"
        (tmp_path / "net.py").write_text(source)
        open_target(context, OpenTarget(f"{tmp_path / 'net.py'}:Net"))
        return forward(context, RunForward()).problems

    return run


LAYERS = ["self.fc = nn.Linear(4, 8)", "self.dropout = nn.Dropout(0.1)"]


def test_that_a_misspelled_attribute_is_named_with_the_one_that_is_meant_and_that_is_tried(told):
    (problem,) = told(LAYERS, ["return self.droput(self.fc(x))"])
    assert problem.code == "forward-failed"
    assert problem.message == "`self` (Net) has no attribute `droput`; it has `dropout`."
    assert problem.data["kind"] == "missing-attribute"
    (fix,) = problem.fixes
    assert (fix.verified, fix.outcome) == (True, "the model runs to its end")
    assert "+        return self.dropout(self.fc(x))" in fix.patch


def test_that_an_attribute_like_no_other_is_only_named(told):
    (problem,) = told(LAYERS, ["return self.zzz(x)"])
    assert problem.message == "`self` (Net) has no attribute `zzz`."
    assert problem.fixes == ()


def test_that_what_fails_behind_the_attribute_is_said(told):
    (problem,) = told([*LAYERS, "self.out = nn.Linear(9, 2)"], ["return self.out(self.droput(self.fc(x)))"])
    assert not problem.fixes[0].verified
    assert problem.fixes[0].outcome.startswith("this line is passed, then RuntimeError")


@pytest.mark.parametrize(
    ("made", "kind"), [("nn.ModuleDict({'cls': nn.Linear(4, 2)})", "ModuleDict"), ("{'cls': nn.Linear(4, 2)}", "dict")]
)
def test_that_a_missing_key_is_named_with_those_that_are_there(told, made, kind):
    (problem,) = told([f"self.heads = {made}"], ["return self.heads['class'](x)"])
    assert problem.message == f"`self.heads` ({kind}) has no key `class`; it has `cls`."
    assert problem.fixes[0].verified
    (other,) = told([f"self.heads = {made}"], ["return self.heads['boxes'](x)"])
    assert other.message == f"`self.heads` ({kind}) has no key `boxes`; it has `cls`."
    assert other.fixes == ()


def test_that_the_models_own_check_is_told_with_what_it_tests_and_what_was_there(told):
    (problem,) = told(LAYERS, ["h = self.fc(x)", "n = 3", "assert h.shape[1] == n", "return h"])
    assert problem.message == "The model's own check `h.shape[1] == n` fails. `h` is [2, 8], `n` is 3."
    assert (problem.data["kind"], problem.line) == ("own-check", 14)


def test_that_the_text_of_a_check_is_told_too(told):
    (problem,) = told(LAYERS, ["b = x.shape[0]", "assert b % 2, f'batch {b} must be odd'", "return x"])
    assert problem.message == "The model's own check `b % 2` fails: batch 2 must be odd. `b` is 2."


def test_that_a_check_of_a_library_is_none_of_the_models(told):
    (problem,) = told(LAYERS, ["raise AssertionError('no')"])
    assert problem.message == "The forward pass failed: AssertionError: no"


def test_that_a_tuple_given_to_a_layer_is_said_with_its_shapes(told):
    (problem,) = told(["self.rnn = nn.GRU(4, 8)", "self.out = nn.Linear(8, 2)"], ["return self.out(self.rnn(x))"])
    assert problem.message == "`out` (Linear) wants a tensor and gets several: [2, 8], [1, 8]."
    assert problem.data["kind"] == "wrong-type"


def test_that_an_input_with_too_few_values_is_said_with_those_that_forward_takes(told):
    (problem,) = told(LAYERS, ["return self.fc(x) * scale"], takes="x, scale")
    assert problem.message.startswith("The input does not fit the forward of `Net`, which takes `x`, `scale`: ")
    assert problem.data["kind"] == "wrong-input"
    assert "It gives 1 now." in problem.hint


@pytest.mark.parametrize(
    "line", ["raise KeyError('gone')", "raise TypeError('wrong')", "return {}['a']", "return len(3)", "raise ValueError()"]
)
def test_that_other_failures_are_told_as_they_are(told, line):
    (problem,) = told(LAYERS, [line])
    assert problem.code == "forward-failed"
    assert "kind" not in problem.data
    assert problem.line == 12


def test_that_a_failure_in_an_autograd_function_of_the_users_is_found_in_its_line(told):
    init = ["self.weight = nn.Parameter(torch.rand(5, 3))"]
    lines = [
        "class Scale(torch.autograd.Function):",
        "    @staticmethod",
        "    def forward(ctx, x, w):",
        "        return x @ w",
        "return Scale.apply(x, self.weight)",
    ]
    problem = told(init, lines)[0]
    assert (problem.code, problem.line) == ("matmul-mismatch", 14)


def test_that_endless_recursion_is_told_and_nothing_is_repeated(told):
    (problem,) = told(LAYERS, ["return self(x)"])
    assert "calls itself for ever" in problem.message


def test_that_checks_attributes_and_keys_are_found_in_a_line():
    source = "def f(self):\n    assert self.n == m, 'no'\n    return self.größe.dropot(a['k'], a[0])\n"
    assert check_on(source, 2) == ("self.n == m", ("self", "m"))
    assert check_on(source, 3) is None
    assert [(each.owner, each.name) for each in attributes_on(source, 3)] == [("self.größe", "dropot"), ("self", "größe")]
    outer = attributes_on(source, 3)[0].span
    assert source.splitlines()[2].encode()[outer.column : outer.end_column] == b"dropot"
    assert [(each.owner, each.name) for each in keys_on(source, 3)] == [("a", "k")]
    assert (check_on("def (", 1), attributes_on("def (", 1), keys_on("def (", 1)) == (None, [], [])
