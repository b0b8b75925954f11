"""Where the first instance of the program listens for others, without loading what talks to it."""

import hashlib
import os
from pathlib import Path

from PySide6.QtCore import QStandardPaths


def instance_name(settings: Path) -> str:
    """Where the first one listens: a file in the folder for sockets, elsewhere than on Unix a name."""
    name = "torchloupe-" + hashlib.sha256(str(settings.absolute()).encode()).hexdigest()[:16]
    folder = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.RuntimeLocation)
    return os.path.join(folder, name) if folder and os.name == "posix" else name
