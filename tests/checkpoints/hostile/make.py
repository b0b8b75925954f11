"""Write every bad file and folder to a folder, to look at them or to try another program on them: ``make.py FOLDER``.

What must come of each stands in ``FOLDER/expected.txt``. Do not load them with anything that you would not trust with them.
"""

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from checkpoints.hostile.folders import ALL_FOLDERS, OUTSIDE, FolderCase, whole
from checkpoints.hostile.other_files import OTHERS
from checkpoints.hostile.torch_files import ALL, Case

EVERY_CASE: tuple[Case | FolderCase, ...] = (*ALL, *OTHERS, *ALL_FOLDERS)


class Made(NamedTuple):
    """A case on disk: ``path`` is to be opened, ``home`` is the folder that a reader of it must not leave."""

    case: Case | FolderCase
    path: Path
    home: Path


def made_in(folder: Path) -> Iterator[Made]:
    """Make them all, each in a folder of its own."""
    for number, case in enumerate(EVERY_CASE):
        home = folder / f"{number:03}-{slug_of(label_of(case))}"
        home.mkdir(parents=True)
        if isinstance(case, Case):
            path = home / case.file
            path.write_bytes(case.build())
        else:
            # What lies beside the folder is whole: whoever shows it has left the folder.
            (home / OUTSIDE).write_bytes(whole("outside"))
            home = home / "checkpoint"
            home.mkdir()
            path = case.build(home)
        yield Made(case, path, home)


def label_of(case: Case | FolderCase) -> str:
    """A name that no other case has."""
    return f"{case.file.rsplit('.', 1)[1]}: {case.name}" if isinstance(case, Case) else case.name


def slug_of(name: str) -> str:
    """The name as part of a file's name."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:60]


def main(folder: Path) -> None:
    """Write them, and what is expected of each."""
    lines = [f"{os.path.relpath(made.path, folder)}: {made.case.outcome} {made.case.says}".rstrip() for made in made_in(folder)]
    (folder / "expected.txt").write_text("\n".join(lines) + "\n", encoding="utf-8", errors="backslashreplace")
    print(f"{len(lines)} cases are in {folder}.")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
