"""Parameters that appear in the first forward pass, and an optimizer that was made before it."""

import ast

import pytest

from torchloupe.analysis.registration.early_optimizer import early_optimizer, left_out_problems
from torchloupe.analysis.registration.forward_facts import BornModule, Spot

TRAINING = """\
def train_step(model):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for batch in batches:
        loss = model(batch).sum()
        loss.backward()
        optimizer.step()
"""


def found(source):
    return early_optimizer(ast.parse(source))


@pytest.mark.parametrize(
    "source",
    [
        TRAINING,
        TRAINING.replace("model.parameters()", "[{'params': model.parameters()}]"),
        TRAINING.replace("torch.optim.SGD(model.parameters(), lr=0.1)", "make_optimizer(model.parameters())"),
        TRAINING.replace("model.parameters(), lr=0.1", "params=[p for n, p in model.named_parameters()]"),
        "class Trainer:\n" + "\n".join(f"    {line}" for line in TRAINING.splitlines()),
    ],
)
def test_that_an_optimizer_made_before_the_first_call_is_found(source):
    early = found(source)
    assert early.model == "model"
    assert early.called_at == early.made_at + 2


@pytest.mark.parametrize(
    "source",
    [
        TRAINING.replace("    optimizer = ", "    model(example)\n    optimizer = "),
        TRAINING.replace("model(batch)", "other(batch)"),
        TRAINING.replace("model.parameters()", "other.parameters()"),
        TRAINING.replace("torch.optim.SGD(model.parameters(), lr=0.1)", "count(model.parameters())"),
        "optimizer = SGD(model.parameters())\ndef train(model):\n    model(batch)\n",
        "",
    ],
)
def test_that_nothing_is_found_where_the_source_does_not_show_it(source):
    assert found(source) is None


def born(path="fc", each_call=False):
    return BornModule(
        class_name="Linear", path=path, owner="", parameters=("weight", "bias"), each_call=each_call, made_at=Spot("net.py", 15)
    )


def test_that_the_parameters_that_no_group_has_are_named_with_the_line_of_the_optimizer():
    (problem,) = left_out_problems([born()], [("other.py", ast.parse("x = 1")), ("net.py", ast.parse(TRAINING))])
    assert (problem.code, problem.data["reason"]) == ("weight-not-moved", "not-in-optimizer")
    assert problem.data["parameters"] == ["fc.weight", "fc.bias"]
    assert problem.parameter == "fc.weight"
    assert (problem.file, problem.line, problem.data["definition_line"]) == ("net.py", 2, 15)
    assert "`fc.weight`, `fc.bias` are in no param group" in problem.message
    assert problem.fixes[0].text == "Run one batch through `model` before line 2, or make `fc` in `__init__`."


def test_that_a_layer_with_many_parameters_is_not_listed_to_its_end():
    many = BornModule(
        class_name="LSTM",
        path="rnn",
        owner="",
        parameters=tuple(f"p{number}" for number in range(9)),
        each_call=False,
        made_at=Spot("net.py", 3),
    )
    (problem,) = left_out_problems([many], [("net.py", ast.parse(TRAINING))])
    assert "`rnn.p3` and 5 more are in no param group" in problem.message
    assert len(problem.data["parameters"]) == 9


@pytest.mark.parametrize("modules", [[], [born(path="")], [born(each_call=True)]])
def test_that_what_is_made_at_every_call_is_another_problem(modules):
    assert left_out_problems(modules, [("net.py", ast.parse(TRAINING))]) == []


def test_that_without_an_optimizer_nothing_is_said():
    assert left_out_problems([born()], [("net.py", ast.parse("x = 1"))]) == []
