"""Errors that cannot even say what they are."""

import pytest

from torchloupe.wire.requests import OpenTarget, RunForward
from torchloupe.worker.error_words import words_of
from torchloupe.worker.explain import CouldNotRun
from torchloupe.worker.handlers import forward, open_target

MODELS = """import torch
from torch import nn


class Odd(Exception):
    def __str__(self):
        raise ValueError("no words")


class Raises(nn.Module):
    def forward(self, x):
        raise Odd


class CannotBeMade(nn.Module):
    def __init__(self):
        super().__init__()
        raise Odd
"""


class Odd(Exception):
    """Has no text."""

    def __str__(self):
        raise ValueError("no words")


def test_that_the_text_is_that_of_the_error():
    assert words_of(KeyError("a")) == "'a'"


def test_that_an_error_without_a_text_says_so():
    assert words_of(Odd()) == "(its text cannot be had: its own __str__ raises ValueError)"


@pytest.fixture
def file(tmp_path):
    """A file of models that raise it."""
    path = tmp_path / "odd.py"
    path.write_text(MODELS)
    return path


def test_that_a_forward_that_raises_it_is_explained(context, file):
    open_target(context, OpenTarget(f"{file}:Raises"))
    (problem,) = forward(context, RunForward(("float32[1,2]",))).problems
    assert problem.line == 12
    assert "Odd" in problem.message + problem.details


def test_that_a_constructor_that_raises_it_is_explained(context, file):
    with pytest.raises(CouldNotRun) as raised:
        open_target(context, OpenTarget(f"{file}:CannotBeMade"))
    (problem,) = raised.value.problems
    assert problem.line == 18
