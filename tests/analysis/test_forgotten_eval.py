"""Weights loaded, gradients off, and the model still in training mode."""

import textwrap

import pytest

from torchloupe.analysis.registration.forgotten_eval import forgotten_eval, forgotten_eval_problems
from torchloupe.wire.problems import WARNING

SCRIPT = """\
import torch
model = Net()
model.load_state_dict(torch.load("w.pt"))
with torch.no_grad():
    print(model(batch).argmax(1))
"""
INSIDE = """\
@torch.inference_mode()
def predict(path, batch):
    net = Net()
    net.load_state_dict(torch.load(path))
    return net(batch)
"""


@pytest.mark.parametrize(("source", "found"), [(SCRIPT, ("model", 3, 5)), (INSIDE, ("net", 4, 5))])
def test_that_a_prediction_in_training_mode_is_found(source, found):
    assert forgotten_eval(source) == found


def test_that_a_function_inside_a_class_counts_too():
    method = "class Server:\n" + textwrap.indent(INSIDE, "    ")
    assert forgotten_eval(method) == ("net", 5, 6)


@pytest.mark.parametrize(
    "line",
    [
        "model.eval()",
        "model.train(False)",
        "net = Net().eval()",
        "loss.backward()",
        "optimizer.step()",
        "def test(m):\n    m.eval()",
    ],
)
def test_that_a_script_with_one_of_these_lines_is_left_alone(line):
    assert forgotten_eval(SCRIPT.replace("with", f"{line}\nwith", 1)) is None


@pytest.mark.parametrize(
    "source",
    [
        SCRIPT.replace("with torch.no_grad():", "if True:"),  # perhaps it is trained elsewhere
        SCRIPT.replace("model(batch)", "other(batch)"),
        SCRIPT.replace('model.load_state_dict(torch.load("w.pt"))', ""),
        "model = Net()\nwith torch.no_grad():\n    model(batch)\nmodel.load_state_dict(weights)\n",
        INSIDE.replace("return net(batch)", "return net.forward_features(batch)"),
        "def broken(:\n",
        "",
    ],
)
def test_that_nothing_is_said_where_the_source_does_not_show_it(source):
    assert forgotten_eval(source) is None


def test_that_the_problem_names_both_lines_and_what_behaves_otherwise():
    (problem,) = forgotten_eval_problems(SCRIPT, "predict.py", ["Dropout", "Dropout", "BatchNorm1d"])
    assert (problem.code, problem.severity, problem.file, problem.line) == ("eval-mode-forgotten", WARNING, "predict.py", 5)
    assert "at line 3 and predicts at line 5" in problem.message
    assert "Dropout" in problem.message
    assert problem.fixes[0].text == problem.hint == "Write `model.eval()` after line 3."


def test_that_a_model_to_which_the_mode_does_not_matter_has_no_problem():
    assert forgotten_eval_problems(SCRIPT, "predict.py", []) == []
