"""Constructing the model, and saying why it cannot be."""

import pytest
import torch

from torchloupe.worker.construct import construct
from torchloupe.worker.explain import CouldNotRun
from torchloupe.worker.target import import_target


def problem_of(models, name, arguments=None):
    with pytest.raises(CouldNotRun) as caught:
        construct(import_target(str(models / name)), arguments, 0)
    return caught.value.problems[0]


def test_that_defaults_are_enough_when_there_are_defaults(models):
    assert construct(import_target(str(models / "clean_cnn.py")), None, 0).head.out_features == 10


def test_that_given_arguments_reach_the_constructor(models):
    model = construct(import_target(str(models / "needs_arguments.py")), {"width": 4, "depth": 3, "bias": False}, 0)
    assert len(model.layers) == 3
    assert model.layers[0].bias is None


def test_that_missing_arguments_are_named_with_an_example(models):
    problem = problem_of(models, "needs_arguments.py")
    assert problem.code == "construct-failed"
    assert problem.message == "`Sized` needs `width`, `depth`."
    assert '--args \'{"width": ..., "depth": ...}\'' in problem.hint
    assert "Sized(width, depth, *, bias=True)" in problem.hint
    assert problem.line == 7


def test_that_an_unknown_argument_is_named(models):
    assert problem_of(models, "needs_arguments.py", {"widht": 1}).message == "`Sized` has no argument `widht`."


def test_that_a_constructor_that_raises_names_its_line(models):
    problem = problem_of(models, "needs_arguments.py", {"width": 4, "depth": 0})
    assert problem.message == "Constructing `Sized` failed: ValueError: depth must be positive"
    assert problem.line == 11


def test_that_a_missing_super_init_has_its_own_code_and_names_the_class(models):
    problem = problem_of(models, "forgets_super.py")
    assert (problem.code, problem.line) == ("missing-super-init", 8)
    assert "`Forgetful.__init__` never calls `super().__init__()`" in problem.message


def test_that_a_factory_that_returns_no_module_is_told_what_it_returned(models):
    assert problem_of(models, "not_a_model.py").message == "`make_model` returned a str, not an nn.Module."


def test_that_the_seed_decides_the_weights(models):
    target = import_target(str(models / "clean_cnn.py"))
    one, same, other = (construct(target, None, seed).head.weight for seed in (1, 1, 2))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_that_a_finished_module_and_a_plain_value_are_told_apart(tmp_path):
    (tmp_path / "finished.py").write_text("from torch import nn\nmodel = nn.Linear(2, 2)\nnumber = 3\n")
    assert construct(import_target(f"{tmp_path / 'finished.py'}:model"), None, 0).in_features == 2
    with pytest.raises(CouldNotRun, match=r"neither a class, a factory nor an nn\.Module"):
        construct(import_target(f"{tmp_path / 'finished.py'}:number"), None, 0)


def test_that_a_constructor_that_wants_a_gpu_is_told_as_such(tmp_path):
    source = "from torch import nn\n\n\nclass Net(nn.Module):\n    def __init__(self):\n        {0}\n"
    for line in (
        "raise AssertionError('Torch not compiled with CUDA enabled')",
        "raise RuntimeError('No CUDA GPUs are available')",
    ):
        (tmp_path / "net.py").write_text(source.format(line))
        problem = problem_of(tmp_path, "net.py")
        assert problem.message.startswith("The constructor of `Net` asks for a GPU")
        assert "Make the device an argument" in problem.hint
        assert problem.line == 6
