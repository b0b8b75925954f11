"""The formats of single files, in the order in which they are tried. A new one is one module with ``recognises`` and ``read``."""

from typing import Callable, NamedTuple, Optional, Tuple

from ..wire.contents import CheckpointContents
from ..wire.errors import CheckpointError
from . import gguf_file, key_list, legacy_torch, numpy_file, onnx_file, pickle_file, safetensors_file, tar_torch, zip_file
from .foreign import refusal_by_guess, refusal_by_magic
from .pickle_reading import Progress
from .source import SourceFile

Read = Callable[[SourceFile, Progress], CheckpointContents]


class Format(NamedTuple):
    """How one format is recognised by its bytes, and read."""

    recognises: Callable[[SourceFile], bool]
    read: Read


FORMATS: Tuple[Format, ...] = (
    Format(zip_file.recognises, zip_file.read),
    Format(legacy_torch.recognises, legacy_torch.read),
    Format(tar_torch.recognises, tar_torch.read),
    Format(safetensors_file.recognises, safetensors_file.read),
    Format(gguf_file.recognises, gguf_file.read),
    Format(numpy_file.recognises, numpy_file.read),
    Format(pickle_file.recognises, pickle_file.read),
    Format(onnx_file.recognises, onnx_file.read),
    Format(key_list.recognises, key_list.read),
)


def read_file(source: SourceFile, progress: Progress) -> CheckpointContents:
    """The contents of a file that stands alone; raises CheckpointError with what it is when it is no checkpoint."""
    return _reader(source)(source, progress)


def _reader(source: SourceFile) -> Read:
    for form in FORMATS:
        if form.recognises(source):
            return form.read
    refusal: Optional[CheckpointError] = refusal_by_magic(source)
    if refusal is not None:
        raise refusal
    if zip_file.recognises_late_start(source):
        return zip_file.read
    if source.path.suffix == ".safetensors":
        # Its first bytes are wrong; the reader says how.
        return safetensors_file.read
    raise refusal_by_guess(source)
