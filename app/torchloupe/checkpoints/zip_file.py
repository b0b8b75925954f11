"""Zip files, told apart by their members: torch's archives, exported programs, numpy archives."""

from ..wire.contents import CheckpointContents
from . import exported_program, numpy_file, torch_zip
from .foreign_zip import what_zip_is_this
from .pickle_reading import Progress
from .source import SourceFile
from .torn_zip import read_members
from .zip_directory import END


def recognises(source: SourceFile) -> bool:
    """True for a zip file that begins where the file begins."""
    return source.head.startswith((b"PK\x03\x04", END))


def recognises_late_start(source: SourceFile) -> bool:
    """True for a zip file with other bytes in front of it."""
    return END in source.tail and b"PK\x01\x02" in source.tail


def read(source: SourceFile, progress: Progress) -> CheckpointContents:
    """The contents of the zip file by the format that its members tell; raises UnsupportedFormat when it is something else."""
    directory = read_members(source)
    if torch_zip.is_torch(directory):
        return torch_zip.read(source, directory, progress)
    if exported_program.is_exported(directory):
        return exported_program.read(source, directory, progress)
    if numpy_file.is_npz(directory):
        return numpy_file.read_npz(source, directory, progress)
    raise directory.fault or what_zip_is_this(source.name, list(directory.members))
