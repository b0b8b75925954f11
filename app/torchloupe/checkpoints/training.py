"""Files that a training framework wrote with torch.save, told by the keys that it always writes."""

from typing import Iterable

from ..wire.contents import StoredValue

_LIGHTNING = "pytorch-lightning_version"


def format_of(plain: str, values: Iterable[StoredValue]) -> str:
    """The format's name: ``plain``, or the name of the framework."""
    return "Lightning" if any(value.path == _LIGHTNING for value in values) else plain
