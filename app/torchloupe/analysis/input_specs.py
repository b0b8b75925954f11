"""Sample inputs as a person writes them: ``float32[2,3,28,28]``, ``int64[2,16]<1000``, ``mask=bool[2,16]``, ``photo.png``."""

import re
from dataclasses import dataclass
from typing import Optional, Tuple

from ..wire.errors import UsageError

GRAMMAR = (
    "Write DTYPE[SIZES], such as float32[2,3,28,28] or int64[2,16]<1000 (values below 1000; >=1 gives a lower bound), "
    "or a .npy, .pt or image file; name=SPEC gives a keyword argument."
)
DTYPES = (
    *("float32", "float64", "float16", "bfloat16", "complex64", "complex128"),
    *("int64", "int32", "int16", "int8", "uint8", "bool"),
)
_OTHER_NAMES = {
    "float": "float32",
    "double": "float64",
    "half": "float16",
    "bf16": "bfloat16",
    "long": "int64",
    "int": "int32",
    "short": "int16",
    "byte": "uint8",
}
FILE_ENDINGS = (".npy", ".pt", ".pth", ".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff")
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_KEYWORD = re.compile(r"([A-Za-z_]\w*)\s*=(?!=)\s*(.*)", re.DOTALL)
_TENSOR = re.compile(r"([A-Za-z_.][\w.]*)\s*\[([^\]]*)\]\s*(.*)", re.DOTALL)
_BOUNDS = re.compile(rf"(?:>=\s*({_NUMBER}))?\s*(?:<\s*({_NUMBER}))?")


@dataclass(frozen=True)
class InputSpec:
    """One input of the model: a tensor to make up, or a ``file`` to read (then ``dtype`` is empty).

    ``keyword`` is the argument's name, None for a positional one. Values lie in [``low``, ``high``) where those are given.
    """

    keyword: Optional[str]
    file: Optional[str]
    dtype: str
    shape: Tuple[int, ...]
    low: Optional[float] = None
    high: Optional[float] = None


def parse_input_spec(text: str) -> InputSpec:
    """The input that ``text`` describes. Raises ``UsageError`` that shows how one is written."""
    spec = text.strip()
    named = _KEYWORD.fullmatch(spec)
    keyword, spec = (named.group(1), named.group(2).strip()) if named else (None, spec)
    tensor = _TENSOR.fullmatch(spec)
    if tensor and not spec.lower().endswith(FILE_ENDINGS):
        dtype = _dtype(tensor.group(1), text)
        low, high = _bounds(tensor.group(3), dtype, text)
        return InputSpec(keyword, None, dtype, _shape(tensor.group(2), text), low, high)
    if spec.lower().endswith(FILE_ENDINGS):
        return InputSpec(keyword, spec, "", ())
    raise UsageError(f"{text!r} is no input." if spec else "An input is empty.", GRAMMAR)


def format_input_spec(spec: InputSpec) -> str:
    """The text that ``parse_input_spec`` reads back as ``spec``."""
    start = f"{spec.keyword}=" if spec.keyword else ""
    if spec.file is not None:
        return start + spec.file
    low = "" if spec.low is None else f">={_number_text(spec.low)}"
    high = "" if spec.high is None else f"<{_number_text(spec.high)}"
    return f"{start}{spec.dtype}[{','.join(str(size) for size in spec.shape)}]{low}{high}"


def _dtype(name: str, text: str) -> str:
    bare = name[len("torch.") :] if name.startswith("torch.") else name
    dtype = _OTHER_NAMES.get(bare, bare)
    if dtype not in DTYPES:
        raise UsageError(f"{name!r} in {text!r} is no dtype.", f"It is one of {', '.join(DTYPES)}. {GRAMMAR}")
    return dtype


def _shape(sizes: str, text: str) -> Tuple[int, ...]:
    parts = [part.strip() for part in sizes.split(",")] if sizes.strip() else []
    if parts and not parts[-1]:
        parts.pop()  # the comma that Python puts behind a single size
    for part in parts:
        if not (part.isascii() and part.isdigit()):
            raise UsageError(f"{part!r} in {text!r} is no size.", f"Sizes are whole numbers from 0. {GRAMMAR}")
    return tuple(int(part) for part in parts)


def _bounds(bounds: str, dtype: str, text: str) -> Tuple[Optional[float], Optional[float]]:
    found = _BOUNDS.fullmatch(bounds)
    if found is None:
        raise UsageError(f"{bounds!r} at the end of {text!r} is no bound.", GRAMMAR)
    low, high = (_number(part, dtype, text) for part in found.groups())
    if high is not None and high <= (low or 0) and (low is not None or "int" in dtype):
        raise UsageError(f"No value lies within the bounds of {text!r}.", GRAMMAR)
    return low, high


def _number(part: Optional[str], dtype: str, text: str) -> Optional[float]:
    if part is None:
        return None
    value = float(part)
    if "int" not in dtype:
        return value
    if not value.is_integer():
        raise UsageError(f"{part} in {text!r} is not a whole number, as {dtype} needs.", GRAMMAR)
    return int(value)


def _number_text(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else repr(value)
