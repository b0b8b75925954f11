"""What a file is that holds no checkpoint which is read here: a sentence for each kind that people open by mistake."""

import re
from typing import Optional, Tuple

from ..wire.errors import CheckpointError, CorruptFile, UnsupportedFormat
from .source import SourceFile

_CHOOSE = "Choose a checkpoint file."
_UNPACK = "Unpack it and open the checkpoint inside."
_HDF5 = "Read its arrays with h5py or Keras, save them with numpy.savez or safetensors, and open that."
_CONVERT = "Convert it to safetensors or to a torch checkpoint first."

_MAGIC: Tuple[Tuple[bytes, str, str], ...] = (
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", _UNPACK),
    (b"\x1f\x8b", "a gzip archive", _UNPACK),
    (b"BZh", "a bzip2 archive", _UNPACK),
    (b"\xfd7zXZ\0", "an xz archive", _UNPACK),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive", _UNPACK),
    (b"Rar!", "a RAR archive", _UNPACK),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file (Keras or h5py)", _HDF5),
    (b"ggml", "a GGML file (old llama.cpp)", _CONVERT),
    (b"ggjt", "a GGML file (old llama.cpp)", _CONVERT),
    (b"\x89PNG", "a PNG picture", _CHOOSE),
    (b"\xff\xd8\xff", "a JPEG picture", _CHOOSE),
    (b"GIF8", "a GIF picture", _CHOOSE),
    (b"%PDF", "a PDF document", _CHOOSE),
    (b"\x7fELF", "a program or shared library", _CHOOSE),
    (b"MZ", "a Windows program", _CHOOSE),
    (b"SQLite format 3", "an SQLite database", _CHOOSE),
    (b"RIFF", "a sound or video file", _CHOOSE),
    (b"PAR1", "a Parquet table", _CHOOSE),
    (b"ARROW1", "an Arrow table", _CHOOSE),
)
_LFS = b"version https://git-lfs"
_HTML = (b"<!doctype html", b"<html", b"<?xml", b"<head", b"<body")
_PYTHON = re.compile(r"^\s*(import \w|from \w[\w.]* import |class \w+.*:|def \w+\(|@\w+)", re.MULTILINE)


def refusal_by_magic(source: SourceFile) -> Optional[CheckpointError]:
    """The error for a file whose first bytes say for certain what it is, None for others."""
    head, name = source.head, source.name
    if not source.size:
        return CorruptFile(f"{name} is empty.", "The save or the download was interrupted; get the file again.")
    if head.startswith(_LFS):
        size = re.search(rb"^size (\d{1,18})$", head, re.MULTILINE)
        real = f" The real file has {int(size.group(1)):,} bytes." if size else ""
        return UnsupportedFormat(
            f"{name} is a Git LFS pointer, not the checkpoint itself.{real}", "Run: git lfs pull, in the repository it came from."
        )
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(_HTML):
        return UnsupportedFormat(
            f"{name} is a web page, not a checkpoint: the download saved a login or error page.",
            "Open it in a browser to see what it says, then download the file itself.",
        )
    for magic, what, hint in _MAGIC:
        if head.startswith(magic):
            return UnsupportedFormat(f"{name} is {what}, not a checkpoint that is read here.", hint)
    if head[4:8] == b"TFL3":
        return UnsupportedFormat(f"{name} is a TensorFlow Lite model.", _CONVERT)
    return None


def refusal_by_guess(source: SourceFile) -> CheckpointError:
    """The error for a file that nothing recognised: the best guess of what it is."""
    head, name = source.head, source.name
    if not head.strip(b"\0"):
        return CorruptFile(f"{name} begins with {len(head):,} zero bytes: nothing was ever written there.", "Get the file again.")
    text = _as_text(head)
    if text is not None:
        if source.path.suffix == ".py" or _PYTHON.search(text):
            return UnsupportedFormat(f"{name} is Python source, not a checkpoint.", "Open it as the model instead.")
        first = text.strip().split("\n", 1)[0][:60]
        return UnsupportedFormat(f"{name} is a text file, not a checkpoint. It begins with {first!r}.", _CHOOSE)
    return UnsupportedFormat(
        f"{name} is not of a format that is known here. It begins with the bytes {head[:8].hex(' ')}.",
        "Checkpoints of torch, safetensors, GGUF, ONNX and numpy are read, and saved key lists.",
    )


def _as_text(head: bytes) -> Optional[str]:
    try:
        # The last character may be cut in two.
        text = head.decode("utf-8") if len(head) < 16 else head[: len(head) - 4].decode("utf-8", "strict")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 8:
            return None
        text = head[: error.start].decode("utf-8")
    odd = sum(1 for letter in text if ord(letter) < 32 and letter not in "\t\r\n\f\x1b")
    return None if odd else text
