"""Saved key lists: JSON with the keys, shapes and types of tensors and no values. ``torchloupe show --json`` writes them."""

import json
from typing import Any, Dict, List

from ..wire.contents import CheckpointContents, StoredTensor, StoredValue
from ..wire.errors import CorruptFile, UnsupportedFormat
from .dtypes import bytes_of, torch_dtype
from .pickle_reading import Progress
from .plain_values import plain_value
from .source import SourceFile
from .tensor_rows import broken_tensors, checked_shape, elements_of

_LONGEST = 256 << 20


def recognises(source: SourceFile) -> bool:
    """True for a text that begins as a JSON object or array."""
    head = source.head
    if head.startswith(b"\xef\xbb\xbf"):
        head = head[3:]
    return head.lstrip()[:1] in (b"{", b"[") and b"\0" not in head


def read(source: SourceFile, progress: Progress) -> CheckpointContents:
    """The keys in the list; raises UnsupportedFormat for JSON that is no key list."""
    found = _json(source)
    progress(source.size, source.size, "reading keys")
    tensors = found.get("tensors") if isinstance(found, dict) else None
    if not isinstance(tensors, list) or not all(
        isinstance(entry, dict) and isinstance(entry.get("key"), str) for entry in tensors
    ):
        raise _what_json_is_this(source.name, found)
    rows = [_row(entry) for entry in tensors]
    return CheckpointContents(
        path=str(source.path),
        format="key list",
        file_bytes=source.size,
        bytes_read=source.bytes_read,
        tensors=tuple(rows),
        values=tuple(_values(found)),
        problems=tuple(broken_tensors(rows)),
    )


def _json(source: SourceFile) -> Any:
    if source.size > _LONGEST:
        raise UnsupportedFormat(f"{source.name} is a text of {source.size:,} bytes.", "Choose a checkpoint file.")
    text = source.exactly(0, source.size, "its text")
    try:
        return json.loads(str(text, "utf-8-sig"))
    except (ValueError, RecursionError):
        raise CorruptFile(
            f"{source.name} begins as JSON text and is not whole JSON.", "Choose a checkpoint file, or save the key list again."
        ) from None


def _row(entry: Dict[str, Any]) -> StoredTensor:
    shape, broken = checked_shape(entry.get("shape"))
    name = entry.get("dtype")
    dtype = name.replace("torch.", "") if isinstance(name, str) else "?"
    dtype = torch_dtype(dtype) or dtype
    container, file = entry.get("container"), entry.get("file")
    return StoredTensor(
        entry["key"],
        shape,
        dtype,
        bytes_of(elements_of(shape), dtype),
        container if isinstance(container, str) else "",
        file if isinstance(file, str) else None,
        broken=broken,
    )


def _values(found: Dict[str, Any]) -> List[StoredValue]:
    metadata = found.get("metadata")
    if not isinstance(metadata, dict):
        return []
    return [
        plain_value(key, value if isinstance(value, (str, int, float, bool, type(None))) else json.dumps(value))
        for key, value in metadata.items()
    ]


def _what_json_is_this(name: str, found: Any) -> UnsupportedFormat:
    if isinstance(found, dict) and isinstance(found.get("weight_map"), dict):
        files = sorted({str(file) for file in found["weight_map"].values()})
        return UnsupportedFormat(
            f"{name} is the index of a checkpoint in {len(files):,} files, with no tensors in it.",
            f"Open one of the files beside it: {', '.join(file[:100] for file in files[:5])}.",
        )
    if isinstance(found, dict):
        keys = ", ".join(repr(key)[:40] for key in list(found)[:6])
        return UnsupportedFormat(
            f"{name} is JSON with the keys {keys}; it holds no tensors." if keys else f"{name} is an empty JSON object.",
            'Choose a checkpoint file, or a key list: {"tensors": [{"key", "shape", "dtype"}, ...]}.',
        )
    return UnsupportedFormat(f"{name} is a JSON {type(found).__name__}; it holds no tensors.", "Choose a checkpoint file.")
