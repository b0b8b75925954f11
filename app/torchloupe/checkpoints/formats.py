"""The formats that are read, in the order in which they are tried. A new one is one module with ``recognises`` and ``read``."""

from dataclasses import replace
from pathlib import Path
from typing import Callable, NamedTuple, Optional, Tuple, Union

from ..wire.contents import CheckpointContents
from ..wire.errors import CheckpointError, CorruptFile
from . import key_list, legacy_torch, pickle_file, safetensors_file, torch_zip
from .foreign import refusal_by_guess, refusal_by_magic
from .pickle_reading import Progress, no_garbage_collection, odd_file
from .source import SourceFile


class Format(NamedTuple):
    """How one format is recognised by its bytes, and read."""

    recognises: Callable[[SourceFile], bool]
    read: Callable[[SourceFile, Progress], CheckpointContents]


FORMATS: Tuple[Format, ...] = (
    Format(torch_zip.recognises, torch_zip.read),
    Format(legacy_torch.recognises, legacy_torch.read),
    Format(safetensors_file.recognises, safetensors_file.read),
    Format(pickle_file.recognises, pickle_file.read),
    Format(key_list.recognises, key_list.read),
)


def read_contents(path: Union[str, Path], progress: Optional[Progress] = None) -> CheckpointContents:
    """Everything that the checkpoint at ``path`` says about itself, without running anything from it.

    The format is told by content, never by name. ``progress`` is called now and then with (done, total, what). Raises
    UnsupportedFormat for what is not read here, CorruptFile for what breaks its format, CheckpointError for what cannot be opened.
    """
    with SourceFile(path) as source, no_garbage_collection():
        try:
            contents = _reader(source)(source, progress or _silent)
        except MemoryError:
            raise CorruptFile(
                f"{source.name} needs more memory than there is, only to list its keys.",
                "If you did not make this file yourself, do not trust it.",
            ) from None
        if source.changed():
            remark = odd_file("The file was written to while it was read; read it again.")
            return replace(contents, problems=(*contents.problems, remark))
        return contents


def _reader(source: SourceFile) -> Callable[[SourceFile, Progress], CheckpointContents]:
    for form in FORMATS:
        if form.recognises(source):
            return form.read
    refusal: Optional[CheckpointError] = refusal_by_magic(source)
    if refusal is not None:
        raise refusal
    if torch_zip.recognises_late_start(source):
        return torch_zip.read
    if source.path.suffix == ".safetensors":
        # Its first bytes are wrong; the reader says how.
        return safetensors_file.read
    raise refusal_by_guess(source)


def _silent(done: int, total: int, what: str) -> None:
    del done, total, what
