"""The small model that comes along, with its checkpoint: opened where it can be edited, since that is half of what it is there for."""

import os
import shutil
from pathlib import Path

from torchloupe import __version__
from torchloupe.gui.crash_log import log_folder
from torchloupe.gui.resources import resource, resources_folder

NAMES = ("classifier.py", "checkpoint.pt")


def example_files() -> tuple[Path, ...]:
    """The model and the checkpoint as they were installed."""
    return tuple(resource("example", name) for name in NAMES)


def own_example() -> tuple[Path, ...]:
    """The same to work on: in the repository as they are; of an installed app a copy of this user, kept as it was left."""
    package = Path(__file__).resolve().parents[1]
    if not resources_folder().is_relative_to(package):
        return example_files()
    folder = log_folder() / f"example-{__version__}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file in example_files():
            if not (folder / file.name).is_file():
                whole = folder / f"{file.name}.new"
                shutil.copyfile(file, whole)
                os.replace(whole, folder / file.name)
    except OSError:  # it can be looked at all the same
        return example_files()
    return tuple(folder / name for name in NAMES)
