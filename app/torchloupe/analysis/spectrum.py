"""What the singular values of a weight say, in words."""

from typing import List, Tuple

from ..wire.values import SingularValues
from .wording import count_text, number_text

ENERGIES = (0.5, 0.9, 0.99)
"""Parts of the energy, the sum of the squares, that are said."""


def singular_facts(found: SingularValues) -> List[Tuple[str, str]]:
    """Largest, smallest, condition number, effective rank, and how many of the largest hold most of the energy."""
    condition = "infinite" if found.condition is None else number_text(found.condition)
    facts = [
        ("Largest", number_text(found.values[0])),
        ("Smallest", number_text(found.values[-1])),
        ("Condition number", condition),
        ("Effective rank", f"{number_text(found.effective_rank)} of {count_text(len(found.values))}"),
    ]
    return facts + [(f"{100 * part:g} % of the energy", f"first {count_text(found.needed_for(part))}") for part in ENERGIES]
