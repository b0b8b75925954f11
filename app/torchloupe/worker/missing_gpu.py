"""The user's code asks for a GPU, or for CUDA itself, and there is none: said as such, whatever the exception was."""

from typing import Any, Dict, Optional

from .error_words import words_of

_SAYS_NO_GPU = (
    "Torch not compiled with CUDA",
    "Found no NVIDIA driver",
    "No CUDA GPUs are available",
    "No NVIDIA GPU",
    "CUDA driver version is insufficient",
    "no NVIDIA GPU detected",
    "Torch not compiled with",
    "invalid device ordinal",
)
_SAYS_NO_CUDA = (
    "CUDA_HOME",
    "libcudart",
    "libcuda.so",
    "libcublas",
    "nvcc",
    "CUDA extension",
    "No module named 'flash_attn_2_cuda'",
)
_SAYS_CUDA_TENSORS = "Attempting to deserialize object on a CUDA device"


def gpu_change(error: BaseException, who: str) -> Optional[Dict[str, Any]]:
    """Sentence and hint for an exception that means this; None for any other."""
    text = words_of(error)
    if _SAYS_CUDA_TENSORS in text:
        return {
            "message": f"{who} loads a file whose tensors are on a GPU, and there is none here.",
            "hint": 'Load it with torch.load(..., map_location="cpu").',
        }
    if any(words in text for words in _SAYS_NO_GPU):
        return {
            "message": f"{who} asks for a GPU, and this Python's torch has none: {text.strip().splitlines()[0]}",
            "hint": "Make the device an argument, or choose an interpreter and a machine with a GPU.",
        }
    if isinstance(error, (ImportError, OSError, RuntimeError)) and any(words in text for words in _SAYS_NO_CUDA):
        return {
            "message": f"{who} needs CUDA itself (its libraries or compiler), and it is not found: {text.strip().splitlines()[0]}",
            "hint": "Choose an interpreter with a torch for CUDA on a machine that has it, or switch to the variant without.",
        }
    return None
