"""Several files that are one checkpoint: each is read by its own format, and what they say is put together."""

from dataclasses import replace
from pathlib import Path
from typing import Callable, Dict, Iterable, List, NamedTuple, Set, Tuple

from ..wire.contents import CheckpointContents, FileStamp, StoredTensor, StoredValue
from ..wire.errors import CheckpointError, UnsupportedFormat
from ..wire.problems import Problem
from . import legacy_torch, safetensors_file, zip_file
from .inside import path_inside
from .pickle_reading import Progress, odd_file, with_change
from .source import SourceFile

MOST_FILES = 10_000
_FAULTS_SHOWN = 20
_Read = Callable[[SourceFile, Progress], CheckpointContents]
_FORMATS: Tuple[Tuple[Callable[[SourceFile], bool], _Read], ...] = (
    (zip_file.recognises, zip_file.read),
    (legacy_torch.recognises, legacy_torch.read),
    (safetensors_file.recognises, safetensors_file.read),
)
_LONGEST_SENTENCE = 500


class Shards(NamedTuple):
    """What the files say. ``refused`` has a sentence for each file that could not be read."""

    contents: Dict[str, CheckpointContents]
    refused: Dict[str, str]

    @property
    def file_bytes(self) -> int:
        """The size of the files that were read."""
        return sum(part.file_bytes for part in self.contents.values())

    @property
    def bytes_read(self) -> int:
        """How much of them was read."""
        return sum(part.bytes_read for part in self.contents.values())

    @property
    def stamps(self) -> Tuple[FileStamp, ...]:
        """How each file was when it was read."""
        return tuple(replace(stamp, file=name) for name, part in self.contents.items() for stamp in part.stamps)

    @property
    def globals(self) -> Set[str]:
        """The importable names in any of them."""
        return {name for part in self.contents.values() for name in part.globals}

    @property
    def format(self) -> str:
        """The format of the first file that was read, ``""`` when there is none."""
        return next((part.format for part in self.contents.values()), "")

    def values(self) -> List[StoredValue]:
        """The values, those that several files repeat only once."""
        return list(dict.fromkeys(value for part in self.contents.values() for value in part.values))

    def problems(self) -> List[Problem]:
        """What is odd about the files: the refused ones, then the remarks, each with the first file that it is about."""
        found = [odd_file(f"Not read: {sentence}") for sentence in list(self.refused.values())[:_FAULTS_SHOWN]]
        if len(self.refused) > _FAULTS_SHOWN:
            found.append(odd_file(f"{len(self.refused) - _FAULTS_SHOWN:,} more of its files cannot be read."))
        told: Set[str] = set()
        for name, part in self.contents.items():
            for problem in part.problems:
                if problem.message not in told and len(told) < _FAULTS_SHOWN and problem.code != "checkpoint-broken-tensor":
                    told.add(problem.message)
                    found.append(replace(problem, message=f"{name[:200]}: {problem.message}"))
        return found


def full_key(row: StoredTensor) -> str:
    """The key of a tensor from the top of its file."""
    return f"{row.container}.{row.key}" if row.container else row.key


def read_shards(folder: Path, names: Iterable[str], progress: Progress) -> Shards:
    """Read each file of ``names`` that lies in ``folder``. A file that cannot be read is noted and does not end it."""
    wanted = list(dict.fromkeys(names))
    shards = Shards({}, {})
    for done, name in enumerate(wanted):
        progress(done, len(wanted), "reading files")
        if done >= MOST_FILES:
            shards.refused[name] = f"It has more than {MOST_FILES:,} files."
            continue
        try:
            with SourceFile(path_inside(folder, name)) as source:
                shards.contents[name] = with_change(source, _reader(source)(source, _silent))
        except CheckpointError as error:
            shards.refused[name] = str(error)[:_LONGEST_SENTENCE]
    progress(len(wanted), len(wanted), "reading files")
    return shards


def _reader(source: SourceFile) -> _Read:
    for recognises, read in _FORMATS:
        if recognises(source):
            return read
    if not source.size:
        raise CheckpointError(f"{source.name} is empty.", "The download was interrupted; get the file again.")
    if source.head.startswith(b"version https://git-lfs"):
        raise UnsupportedFormat(f"{source.name} is a Git LFS pointer, not the file itself.", "Run: git lfs pull.")
    raise UnsupportedFormat(f"{source.name} is neither a torch file nor a safetensors file.", "Get the file again.")


def _silent(done: int, total: int, what: str) -> None:
    del done, total, what
