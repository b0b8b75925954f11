"""Files that say which key is which: read by ``diff --map`` and ``convert --mapping``, written by ``diff --map-out``."""

import json
from collections.abc import Mapping
from pathlib import Path

from torchloupe.analysis.key_renaming import mapping_in
from torchloupe.wire.errors import UsageError


def read_mapping(path: Path) -> dict[str, str]:
    """The mapping in a file. Raises UsageError."""
    try:
        return mapping_in(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}.", "Check its name.") from None
    except (ValueError, RecursionError):
        raise UsageError(f"{path} is not JSON.", 'Give {"old key": "new key", ...} or what diff --json printed.') from None


def write_mapping(path: Path, mapping: Mapping[str, str]) -> None:
    """Write a mapping to a new file. Raises UsageError."""
    try:
        with path.open("x", encoding="utf-8") as file:
            json.dump(mapping, file, indent=1, ensure_ascii=False)
            file.write("\n")
    except FileExistsError:
        raise UsageError(f"{path} exists already.", "Give another name.") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror or error}.", "Give another name.") from None
