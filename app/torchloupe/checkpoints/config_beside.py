"""The configuration that lies beside a checkpoint, as Hugging Face and others save it: ``config.json``."""

import json
from pathlib import Path
from typing import Any, Dict

from ..wire.errors import CheckpointError
from .inside import path_inside
from .source import SourceFile

NAMES = ("config.json", "params.json", "hparams.json", "args.json")
_LARGEST = 1 << 20


def config_beside(path: Path) -> Dict[str, Any]:
    """The first configuration in the folder of a checkpoint that is a JSON object; empty when there is none."""
    folder = path if path.is_dir() else path.parent
    for name in NAMES:
        try:
            with SourceFile(path_inside(folder, name)) as source:
                found = json.loads(source.at(0, _LARGEST).decode("utf-8-sig"))
        except (CheckpointError, ValueError, RecursionError):
            continue
        if isinstance(found, dict):
            return found
    return {}
