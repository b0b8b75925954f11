"""Real models of other packages and of torch.nn, small and random: nothing is wrong with them, and nothing is found."""

import ast
from contextlib import nullcontext

import pytest
import torch

from torchloupe.wire.problems import INFO
from torchloupe.wire.registration import InspectModel
from torchloupe.wire.requests import OpenTarget, RunForward
from torchloupe.wire.steps import RunStep
from torchloupe.worker.forward import on_device
from torchloupe.worker.handlers import HANDLERS
from torchloupe.worker.model_state import ModelState
from torchloupe.worker.nested import tensors_in
from torchloupe.worker.operation_trace import OperationTrace
from torchloupe.worker.sample_input import sample_input
from torchloupe.worker.tensor_values import same_bits
from torchloupe.worker.trace import ForwardTrace
from worker.conftest import MODELS

REAL = sorted((MODELS / "real").glob("of_*.py"))


def made_in(file):
    """The factories and classes that a file defines itself."""
    tree = ast.parse(file.read_text())
    return [node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))]


SMALL = {
    "of_monai:highresnet": 32,
    "of_monai:senet": 64,
    "of_monai:unet": 32,
    "of_transformers:mobilenet": 64,
    "of_torch:upsampling": 16,
}
"""Sides of the picture that is given where the usual size takes long; the others get the input that is worked out for them."""
CHANNELS = {"of_monai:senet": 3, "of_transformers:mobilenet": 3, "of_torch:upsampling": 4}
TARGETS = [f"{file.stem}:{name}" for file in REAL for name in made_in(file)]


def test_that_there_are_many_of_them():
    assert len(TARGETS) >= 50


# What the model's own library has to say while it is made and run is not ours.
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("target", TARGETS)
def test_that_a_real_model_has_no_error_and_no_warning(context, target, caplog):
    stem, _, name = target.partition(":")
    opened = HANDLERS[OpenTarget](context, OpenTarget(f"{MODELS / 'real' / stem}.py:{name}"))
    side = SMALL.get(target)
    inputs = (f"float32[2,{CHANNELS.get(target, 1)},{side},{side}]",) if side else ()
    ran = HANDLERS[RunForward](context, RunForward(inputs))
    inspected = HANDLERS[InspectModel](context, InspectModel(inputs))
    stepped = HANDLERS[RunStep](context, RunStep(ran.input_specs or inputs))
    trained = HANDLERS[RunStep](context, RunStep(with_labels(context, ran.input_specs or inputs), optimizer="AdamW", steps=2))
    found = (*opened.problems, *ran.problems, *inspected.problems, *stepped.problems, *trained.problems)
    assert [problem for problem in found if problem.severity != INFO] == []
    assert all(row.moved or row.reason for row in stepped.parameters)
    assert stepped.state_restored
    assert ran.call_count
    assert ran.state_restored
    assert_watching_changes_no_bit(context, ran.input_specs or inputs)


def with_labels(context, inputs):
    """The input, for models that predict tokens with labels, so that they give a loss of their own."""
    kind = type(context.state["open"].model).__name__
    tokens = [spec for spec in inputs if "int64[" in spec]
    if not tokens or not kind.endswith(("LMHeadModel", "ForCausalLM", "ForMaskedLM", "ForConditionalGeneration")):
        return inputs
    shape = tokens[-1].partition("int64")[2].partition("<")[0]
    return (*inputs, f"labels=int64{shape}<100")


def assert_watching_changes_no_bit(context, inputs):
    """What comes out of a pass with all of the watching on equals the plain one bit for bit."""
    opened = context.state["open"]
    given = sample_input(opened.target, opened.model, inputs, 0)
    model = on_device(opened.model, torch.device("cpu"))  # a copy where a pass gives lazy parts their sizes
    if model is not opened.model:
        model(*given.positional, **given.keywords)

    def outputs(watching):
        torch.manual_seed(0)
        with watching:
            return tensors_in(model(*given.positional, **given.keywords))

    state = ModelState(model)
    plain = outputs(nullcontext())
    state.restore()
    trace = ForwardTrace(model, lambda calls: None, lambda: None)
    with trace:
        watched = outputs(OperationTrace(trace, lambda operations: None, lambda: None))
    state.restore()
    assert [name for name, _ in plain] == [name for name, _ in watched]
    assert [name for (name, one), (_, other) in zip(plain, watched, strict=True) if not same_bits(one, other)] == []
