"""What a person may choose for a training step, and what is typed for the keywords of an optimizer."""

import ast
from typing import Any, Dict, Mapping, Tuple

from ...wire.errors import UsageError

LOSS_TITLES: Dict[str, str] = {
    "cross_entropy": "cross entropy",
    "mse": "mean squared error",
    "l1": "mean absolute error",
    "bce": "binary cross entropy",
    "model": "the model's own .loss",
    "mean_square": "mean square of the outputs",
    "mean": "mean of the outputs",
    "sum": "sum of the outputs",
}
"""The losses, those against a target first."""
WITH_TARGET: Tuple[str, ...] = ("cross_entropy", "mse", "l1", "bce")
AUTOCAST: Tuple[str, ...] = ("bfloat16", "float16")


def typed_arguments(typed: Mapping[str, str]) -> Dict[str, Any]:
    """The keywords that were typed, without those that were left empty. Raises ``UsageError`` naming the one that is no Python value."""
    found: Dict[str, Any] = {}
    for name, text in typed.items():
        if not text.strip():
            continue
        try:
            value = ast.literal_eval(text.strip())
        except (ValueError, SyntaxError, MemoryError, RecursionError) as error:
            raise UsageError(f"{name}: {text.strip()} is no value.", "Write it as in Python: 0.9, True, (0.9, 0.99).") from error
        found[name] = list(value) if isinstance(value, tuple) else value
    return found
