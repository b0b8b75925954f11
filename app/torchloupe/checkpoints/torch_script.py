"""What a TorchScript archive has beside its pickles: the program as text."""

from typing import List

from ..wire.contents import StoredValue
from ..wire.errors import CheckpointError
from ..wire.problems import Problem
from .source import SourceFile
from .zip_directory import Directory
from .zip_member import read_member_head

CONSTANTS = "constants.pkl"
_LONGEST_FILE = 20_000
_LONGEST_ALL = 400_000
_CLASSES = "__torch__"


def is_script(directory: Directory, root: str) -> bool:
    """True for an archive with constants, which is torch's own rule."""
    return f"{root}{CONSTANTS}" in directory.members


def code_values(source: SourceFile, directory: Directory, root: str) -> List[StoredValue]:
    """The files of the program, the first part of each; as many as make a readable whole."""
    values: List[StoredValue] = []
    left = _LONGEST_ALL
    for name, member in directory.members.items():
        if not name.startswith(f"{root}code/") or not name.endswith(".py") or left <= 0:
            continue
        try:
            text = str(read_member_head(source, name, member, _LONGEST_FILE), "utf-8", "replace")
        except CheckpointError:
            # The program is not needed to show the tensors.
            continue
        left -= len(text)
        values.append(StoredValue(f"source of {name[len(root) :]}", "source", text))
    return values


def of_scripts(problems: List[Problem]) -> List[Problem]:
    """The problems without the remark on classes, when they are only those that TorchScript makes itself."""
    return [
        problem
        for problem in problems
        if problem.code != "checkpoint-pickled-objects" or any(not name.startswith(_CLASSES) for name in problem.data["names"])
    ]
