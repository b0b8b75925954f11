"""The script of a reproducer, and what is said of it."""

import ast

import pytest

from torchloupe.analysis.reproducer_script import Construction, failed_call, reproducer_lines, script_text
from torchloupe.wire.problems import Problem
from torchloupe.wire.reproducers import MODEL, MODULE, PART, MadeReproducer
from torchloupe.wire.traces import DONE, FAILED, LayerCall

ERROR = "RuntimeError: mat1 and mat2"


def script(made, plain=True, what="fc1 of Net", error=ERROR):
    text = script_text(made, what, error, ["args[0]: float32[2,6]"], plain)
    ast.parse(text)
    return text.splitlines()


def test_that_a_layer_of_torch_needs_no_more_than_its_line():
    lines = script(Construction("nn.Linear(8, 6)", ("from torch import nn",)))
    assert lines[0] == f'"""fc1 of Net fails: {ERROR}'
    assert lines[5:8] == ["from pathlib import Path", "", "import torch"]
    assert "from torch import nn" in lines
    assert "import sys" not in lines
    assert lines[-6:] == [
        "torch.manual_seed(0)",
        "module = nn.Linear(8, 6)",
        "module.train()",
        "# args[0]: float32[2,6]",
        'args, kwargs = torch.load(HERE / "input.pt", weights_only=True)',
        "module(*args, **kwargs)",
    ]


def test_that_a_class_of_the_user_comes_from_the_copied_source():
    lines = script(Construction("Block(3)", ("from parts.blocks import Block",), has_source=True, training=False, seed=7))
    assert 'sys.path[:0] = [str(HERE / "source")]' in lines
    assert lines.index('sys.path[:0] = [str(HERE / "source")]') < lines.index("from parts.blocks import Block  # noqa: E402")
    assert "module.eval()" in lines
    assert "torch.manual_seed(7)" in lines


def test_that_arguments_that_only_a_file_holds_are_read_from_it():
    lines = script(
        Construction("Block(*made_of, **named)", ("from net import Block",), ("/src",), has_arguments=True), plain=False
    )
    assert "sys.path[:0] = ['/src']" in lines
    assert 'made_of, named = torch.load(HERE / "arguments.pt", weights_only=False)' in lines
    assert lines[-2].endswith("weights_only=False)")


def test_that_a_part_is_taken_out_of_the_whole_model():
    lines = script(Construction("Net()", ("from net import Net",), taken_out="layers.0", to=".to('cuda')"))
    assert "model = Net().to('cuda')" in lines
    assert "module = model.get_submodule('layers.0')" in lines


@pytest.mark.parametrize("odd", ['ends with """ quotes', "a \\ backslash", "two\nlines"])
def test_that_whatever_the_error_says_the_script_is_python(odd):
    assert script(Construction("nn.ReLU()"), error=odd, what=odd)


# which call


def call(index, status=DONE):
    return LayerCall(index, f"m{index}", "Linear", 0, 1, (), status=status)


def test_that_the_call_of_the_problem_is_meant_else_the_first_that_failed():
    calls = [call(0), call(1, FAILED), call(2, FAILED)]
    assert failed_call(calls, Problem("a", "b", call=2)) is calls[2]
    assert failed_call(calls, Problem("a", "b", call=0)) is calls[1]
    assert failed_call(calls) is calls[1]
    assert failed_call([call(0)]) is None


# what is said


@pytest.mark.parametrize(
    ("taken", "said"), [(MODULE, "`fc1` alone"), (PART, "`fc1`, taken out of the whole model"), (MODEL, "the whole model")]
)
def test_that_it_is_said_what_was_written_and_that_it_was_tried(taken, said):
    made = MadeReproducer("/tmp/r", ("input.pt", "reproduce.py"), taken, True, ERROR, ERROR, ("A note.",))
    assert reproducer_lines(made, "fc1") == [
        f"Wrote {said} with its input to /tmp/r.",
        f"Tried in a fresh process: it fails the same way, {ERROR}",
        "Files: input.pt, reproduce.py.",
        "A note.",
    ]


def test_that_one_that_does_not_fail_in_the_same_way_is_said_so():
    made = MadeReproducer("/tmp/r", (), MODEL, False, ERROR, "It ended with status 0.")
    told = reproducer_lines(made, "")
    assert told[1] == f"Tried in a fresh process: not the same. The model said: {ERROR} The script: It ended with status 0."
