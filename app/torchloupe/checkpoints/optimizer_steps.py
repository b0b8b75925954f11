"""How many steps an optimizer has taken, where the file keeps it as tensors: one number each is read, and nothing else."""

import re
import struct
from typing import Dict, Tuple

from ..wire.contents import CheckpointContents
from ..wire.errors import CheckpointError
from .values import open_values

MOST_READ = 4_000
"""Steps that are read; an optimizer of more parameters says the same number again and again."""
_STEP = re.compile(r"state\.(.+)\.step")
_FORMATS = {"float32": "<f", "float64": "<d", "int64": "<q", "int32": "<i"}


def optimizer_steps(contents: CheckpointContents) -> Dict[Tuple[str, str], float]:
    """The step of each entry of an optimizer's state, by container and number; those that cannot be read are left out."""
    steps: Dict[Tuple[str, str], float] = {}
    with open_values(contents) as values:
        for tensor in contents.tensors:
            found = _STEP.fullmatch(tensor.key) if tensor.key.endswith(".step") else None
            form = _FORMATS.get(tensor.dtype)
            if found is None or form is None or tensor.bytes != struct.calcsize(form):
                continue
            try:
                data = b"".join(bytes(chunk) for chunk in values.of(tensor).chunks())
            except (CheckpointError, OSError):
                continue
            steps[tensor.container, found.group(1)] = float(struct.unpack(form, data)[0])
            if len(steps) == MOST_READ:
                break
    return steps
