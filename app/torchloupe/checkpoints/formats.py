"""The one door: a path becomes the contents of the checkpoint there, whether it is a file, an index of files or a folder."""

import os
from pathlib import Path
from typing import Callable, NamedTuple, Optional, Tuple, Union

from ..wire.contents import CheckpointContents
from ..wire.errors import CorruptFile
from . import distributed_folder, index_json, model_folder, rank_folders
from .folder import Folder, open_folder
from .pickle_reading import Progress, no_garbage_collection, with_change
from .single_file import read_file
from .source import SourceFile


class FolderFormat(NamedTuple):
    """How a folder of one kind is recognised by the names in it, and read."""

    recognises: Callable[[Folder], bool]
    read: Callable[[Folder, Progress], CheckpointContents]


FOLDERS: Tuple[FolderFormat, ...] = (
    FolderFormat(distributed_folder.recognises, distributed_folder.read),
    FolderFormat(rank_folders.recognises_deepspeed, rank_folders.read_deepspeed),
    FolderFormat(rank_folders.recognises_megatron, rank_folders.read_megatron),
    FolderFormat(model_folder.recognises, model_folder.read),
)
"""In the order in which they are tried; the formats of single files stand in ``single_file``."""


def read_contents(path: Union[str, Path], progress: Optional[Progress] = None) -> CheckpointContents:
    """Everything that the checkpoint at ``path`` says about itself, without running anything from it.

    The format is told by content, never by name. ``progress`` is called now and then with (done, total, what). Raises
    UnsupportedFormat for what is not read here, CorruptFile for what breaks its format, CheckpointError for what cannot be opened.
    """
    with no_garbage_collection():
        try:
            if os.path.isdir(path):
                return _read_folder(open_folder(Path(path)), progress or _silent)
            return _read_file(path, progress or _silent)
        except MemoryError:
            raise CorruptFile(
                f"{Path(path).name} needs more memory than there is, only to list its keys.",
                "If you did not make this file yourself, do not trust it.",
            ) from None


def _read_folder(folder: Folder, progress: Progress) -> CheckpointContents:
    return next(form for form in FOLDERS if form.recognises(folder)).read(folder, progress)


def _read_file(path: Union[str, Path], progress: Progress) -> CheckpointContents:
    with SourceFile(path) as source:
        read = index_json.read if index_json.recognises(source) else read_file
        return with_change(source, read(source, progress))


def _silent(done: int, total: int, what: str) -> None:
    del done, total, what
