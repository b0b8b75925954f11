"""Sample inputs as a person writes them: ``float32[2,3,28,28]``, ``int64[2,16]<1000``, ``mask=bool[2,16]``, ``photo.png``, ``steps=3``,
``(float32[2,8],float32[2,8])``, ``{"ids": int64[2,8]<100}``."""

import ast
import re
from dataclasses import dataclass, replace
from typing import Any, List, Optional, Tuple

from ..wire.errors import UsageError

GRAMMAR = (
    "Write DTYPE[SIZES], such as float32[2,3,28,28] or int64[2,16]<1000 (values below 1000; >=1 gives a lower bound), "
    "or a .npy, .pt, image or text file; name=SPEC gives a keyword argument. A number, True, None or a quoted text stands for itself; "
    'several in (...), [...] or {"key": SPEC} make a tuple, a list or a dict.'
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
FILE_ENDINGS = (".npy", ".pt", ".pth", ".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".txt")
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_KEYWORD = re.compile(r"([A-Za-z_]\w*)\s*=(?!=)\s*(.*)", re.DOTALL)
_TENSOR = re.compile(r"([A-Za-z_.][\w.]*)\s*\[([^\]]*)\]\s*(.*)", re.DOTALL)
_PLAIN = re.compile(rf"{_NUMBER}|True|False|None|'[^'\\]*'|\"[^\"\\]*\"")
_ENTRY = re.compile(r"('[^'\\]*'|\"[^\"\\]*\")\s*:\s*(.+)", re.DOTALL)
_BRACKETS = {"(": (")", "tuple"), "[": ("]", "list"), "{": ("}", "dict")}
_BOUNDS = re.compile(rf"(?:>=\s*({_NUMBER}))?\s*(?:<\s*({_NUMBER}))?")


@dataclass(frozen=True)
class InputSpec:
    """One input of the model: a tensor to make up; else ``dtype`` is empty and it is a ``file`` to read, a ``container``
    (``tuple``, ``list`` or ``dict``) of ``parts``, or the plain ``value``.

    ``keyword`` is the argument's name (in a dict the key), None for a positional one. Values lie in [``low``, ``high``) where given.
    """

    keyword: Optional[str]
    file: Optional[str]
    dtype: str
    shape: Tuple[int, ...]
    low: Optional[float] = None
    high: Optional[float] = None
    value: Any = None
    container: str = ""
    parts: "Tuple[InputSpec, ...]" = ()


def plain_spec(value: Any, keyword: Optional[str] = None) -> InputSpec:
    """The spec of a number, flag, text or None that is passed on as it is."""
    return InputSpec(keyword, None, "", (), value=value)


def container_spec(container: str, parts: Tuple[InputSpec, ...], keyword: Optional[str] = None) -> InputSpec:
    """The spec of a ``tuple``, ``list`` or ``dict`` of other specs."""
    return InputSpec(keyword, None, "", (), container=container, parts=parts)


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
    if spec[:1] in _BRACKETS and spec.endswith(_BRACKETS[spec[0]][0]):
        return container_spec(_BRACKETS[spec[0]][1], _parts(spec), keyword)
    if _PLAIN.fullmatch(spec):
        return plain_spec(_plain(spec), keyword)
    raise UsageError(f"{text!r} is no input." if spec else "An input is empty.", GRAMMAR)


def format_input_spec(spec: InputSpec) -> str:
    """The text that ``parse_input_spec`` reads back as ``spec``."""
    start = f"{spec.keyword}=" if spec.keyword else ""
    if spec.file is not None:
        return start + spec.file
    if spec.container:
        return start + _container_text(spec)
    if not spec.dtype:
        return start + repr(spec.value)
    low = "" if spec.low is None else f">={_number_text(spec.low)}"
    high = "" if spec.high is None else f"<{_number_text(spec.high)}"
    return f"{start}{spec.dtype}[{','.join(str(size) for size in spec.shape)}]{low}{high}"


def split_specs(text: str) -> Tuple[str, ...]:
    """Specs that are separated by spaces or semicolons; those inside brackets and quotes do not separate."""
    closed = re.sub(r"\]\s+(?=[<>])", "]", text)
    return tuple(
        part.strip('"') if part.endswith(tuple(f'{end}"' for end in FILE_ENDINGS)) else part for part in _split(closed, " ;\t\n")
    )


def _split(text: str, separators: str) -> List[str]:
    parts, depth, quote = [""], 0, ""
    for letter in text:
        if quote or letter in "\"'":
            quote = "" if letter == quote else quote or letter
        depth += 0 if quote else (letter in "([{") - (letter in ")]}")
        if letter in separators and depth <= 0 and not quote:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts if part.strip()]


def _parts(spec: str) -> Tuple[InputSpec, ...]:
    inner = _split(spec[1:-1], ",")
    if spec[0] != "{":
        return tuple(parse_input_spec(part) for part in inner)
    found = []
    for part in inner:
        named = _ENTRY.fullmatch(part)
        if named is None:
            raise UsageError(f'{part!r} in {spec!r} is no "key": SPEC.', GRAMMAR)
        found.append(replace(parse_input_spec(named.group(2)), keyword=ast.literal_eval(named.group(1))))
    return tuple(found)


def _plain(spec: str) -> Any:
    if re.fullmatch(_NUMBER, spec):
        return int(spec) if re.fullmatch(r"[+-]?\d+", spec) else float(spec)
    return ast.literal_eval(spec)


def _container_text(spec: InputSpec) -> str:
    if spec.container == "dict":
        return "{" + ", ".join(f"{part.keyword!r}: {format_input_spec(replace(part, keyword=None))}" for part in spec.parts) + "}"
    inner = ", ".join(format_input_spec(part) for part in spec.parts)
    return f"({inner}{',' if len(spec.parts) == 1 else ''})" if spec.container == "tuple" else f"[{inner}]"


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
