"""A GPU that answers nothing any more: what a kernel did wrong is told late, and from then on to every question of the process."""

from typing import Iterator, List, Optional, Tuple

from ..wire.errors import GPU_LOST
from ..wire.problems import Problem
from .error_words import words_of

_GPUS = ("CUDA error", "CUDA driver error", "HIP error", "Triton Error [CUDA]")
_ASSERT = "device-side assert"
_FOR_GOOD = (
    _ASSERT,
    "illegal memory access",
    "misaligned address",
    "illegal instruction",
    "unspecified launch failure",
    "invalid program counter",
    "hardware stack error",
    "operation not supported on global/shared address space",
    "the launch timed out and was terminated",
)
_HARDWARE = ("uncorrectable ECC error", "uncorrectable NVLink error", "Invalid access of peer GPU memory")
"""What CUDA's runtime says of the errors after which the process must end (cudaError_t in its manual): of the program, and of the GPU
itself."""
_ASSERTED = (
    "Mostly an index lies outside of its table: of an embedding, of gather, or a class of the loss. Run it on the CPU (--device cpu), "
    "which names the line; a GPU tells of it later than it happens."
)
_OTHERWISE = (
    "A kernel went where it must not, mostly one of a library or of the model's own. Run it on the CPU (--device cpu); a GPU tells of it "
    "later than it happens. With CUDA_LAUNCH_BLOCKING=1 it tells at once."
)

_BROKEN = "The GPU itself is at fault, or what connects it: look at nvidia-smi and the log of the system, and use another one meanwhile."


def gpu_loss(error: Optional[BaseException]) -> Optional[BaseException]:
    """The first of the exceptions behind ``error`` that tells of a lost GPU; None when none does."""
    return next((each for each in _first_to_last(error) if _kind(each)), None)


def gpu_problem(loss: BaseException, place: Optional[Tuple[str, int]], details: str) -> Problem:
    """``loss`` as a problem; ``place`` is the line at which it was noticed."""
    kind, (file, line) = _kind(loss), place or (None, None)
    message = f"The GPU stopped for good: {kind}. It was noticed here, and happened here or before."
    hint = _ASSERTED if kind == _ASSERT else _BROKEN if kind in _HARDWARE else _OTHERWISE
    return Problem(GPU_LOST, message, hint=hint, file=file, line=line, details=details)


def _kind(error: BaseException) -> str:
    text = words_of(error)
    if not any(gpu in text for gpu in _GPUS):
        return ""
    return next((kind for kind in (*_FOR_GOOD, *_HARDWARE) if kind in text), "")


def _first_to_last(error: Optional[BaseException]) -> Iterator[BaseException]:
    chain: List[BaseException] = []
    while error is not None and not any(error is each for each in chain):
        chain.append(error)
        error = error.__cause__ or error.__context__
    return reversed(chain)
