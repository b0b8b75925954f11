"""The words for operations that no layer owns."""

import re
from typing import Iterator

from ..wire.traces import Operation

DIRECT_FORWARD = ".forward"
"""The name under which a module is told whose ``forward`` was called past ``__call__``: no call of it is recorded."""
RESULT = "result"
"""The name of a plain value that an operation gave, such as ``.item()``."""
MOST_LETTERS = 60
_BY_PLACE = {"shape", "size", "sizes", "dims", "dim", "dim0", "dim1", "chunks", "repeats", "dtype"}
NOT_OBSERVED = "Called through .forward: no hook of it runs, and this call of it is not observed. Call the module itself."


def is_direct_forward(operation: Operation) -> bool:
    """Whether it stands for a module that was called through ``.forward``."""
    return operation.name == DIRECT_FORWARD


def operation_title(operation: Operation) -> str:
    """Its name with the plain values that belong to it: ``.view(2, -1)``, ``torch.cat(dim=1)``, ``x * 0.5``."""
    if is_direct_forward(operation):
        return f"{operation.module}{DIRECT_FORWARD}"
    arguments = ", ".join(_arguments(operation))
    title = f"{operation.name}({arguments})" if arguments and re.fullmatch(r"[\w.]+", operation.name) else operation.name
    return title if len(title) <= MOST_LETTERS else f"{title[: MOST_LETTERS - 1]}…"


def _arguments(operation: Operation) -> Iterator[str]:
    """As they are written: sizes and dimensions of a method have their places, other values have names."""
    in_place = operation.name.startswith(".")
    for value in operation.values:
        in_place = in_place and value.name in _BY_PLACE
        if value.name == RESULT:
            continue
        if in_place and value.text[:1] in "([" and (value.name != "dim" or operation.name == ".permute"):
            yield value.text[1:-1].rstrip(",")  # x.view((2, 3)) is x.view(2, 3)
        else:
            yield value.text if in_place or "[" in value.name else f"{value.name}={value.text}"
