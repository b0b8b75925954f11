"""What a GPU says when it has stopped for good, and what is made of it."""

import pytest

from torchloupe.wire.errors import GPU_LOST
from torchloupe.worker.explain import explain
from torchloupe.worker.lost_gpu import gpu_loss

ASSERT = """CUDA error: device-side assert triggered
CUDA kernel errors might be asynchronously reported at some other API call, so the stacktrace below might be incorrect.
For debugging consider passing CUDA_LAUNCH_BLOCKING=1"""
ILLEGAL = "CUDA error: an illegal memory access was encountered"
TRITON = "Triton Error [CUDA]: an illegal memory access was encountered"
ECC = "CUDA error: uncorrectable ECC error encountered"


def raised(*texts):
    """The last of some errors, each raised while the one before was handled."""
    try:
        try:
            if len(texts) > 1:
                raise raised(*texts[:-1])
        finally:
            raise RuntimeError(texts[-1])
    except RuntimeError as error:
        return error


@pytest.mark.parametrize("text", [ASSERT, ILLEGAL, "HIP error: unspecified launch failure", TRITON])
def test_that_errors_after_which_a_gpu_is_of_no_use_are_known(text):
    assert gpu_loss(raised(text)) is not None


@pytest.mark.parametrize(
    "text",
    [
        "CUDA error: out of memory",
        "CUDA out of memory. Tried to allocate 2.00 GiB",
        "CUDA error: no kernel image is available for execution on the device",
        "an illegal memory access of our own",
        "mat1 and mat2 shapes cannot be multiplied",
    ],
)
def test_that_errors_which_pass_are_none_of_these(text):
    assert gpu_loss(raised(text)) is None


def test_that_the_first_of_several_is_told_which_is_the_one_of_the_model():
    last = raised("something else", ASSERT, ILLEGAL)
    assert str(gpu_loss(last)) == ASSERT
    (problem,) = explain(last)
    assert (problem.code, problem.file) == (GPU_LOST, __file__)
    assert "device-side assert" in problem.message
    assert "--device cpu" in problem.hint
    assert "illegal memory" not in problem.details


def test_that_a_broken_gpu_is_nothing_to_look_for_in_the_model():
    (problem,) = explain(raised(ECC))
    assert "nvidia-smi" in problem.hint
    assert "--device cpu" not in problem.hint


def test_that_an_exception_that_is_its_own_reason_comes_to_an_end():
    error, other = RuntimeError("a"), RuntimeError(ASSERT)
    error.__context__, other.__context__ = other, error
    assert gpu_loss(error) is other
