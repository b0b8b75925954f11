"""Checkpoints in several files with a ``*.index.json`` that says which tensor lies in which file, as Hugging Face writes them."""

from dataclasses import replace
from typing import Any, Dict, List, Tuple

from ..wire.contents import CheckpointContents, StoredTensor, StoredValue
from ..wire.errors import CorruptFile, UnsupportedFormat
from .json_text import RepeatedKey, parsed
from .pickle_reading import Progress, odd_file
from .plain_values import plain_value
from .shards import Shards, full_key, read_shards
from .source import SourceFile
from .tensor_rows import broken_tensors

SUFFIX = ".index.json"
_LONGEST = 64 << 20
_MAP = "weight_map"


def recognises(source: SourceFile) -> bool:
    """True for a JSON object that is called an index or begins with a map of weights."""
    head = source.head.lstrip(b"\xef\xbb\xbf \t\r\n")
    return head[:1] == b"{" and (source.name.endswith(SUFFIX) or b'"weight_map"' in head)


def read(source: SourceFile, progress: Progress) -> CheckpointContents:
    """The contents of all files that the index names; raises CorruptFile or UnsupportedFormat when it is no such index."""
    index = _index(source)
    weights: Dict[str, Any] = index[_MAP]
    folder = source.path.parent
    names = [name for name in weights.values() if type(name) is str]
    shards = read_shards(folder, names, progress)
    rows, remarks = _rows(weights, shards)
    values = [*_metadata(index.get("metadata")), *shards.values()]
    return CheckpointContents(
        path=str(source.path),
        format=f"sharded {shards.format}".strip(),
        file_bytes=source.size + shards.file_bytes,
        bytes_read=source.bytes_read + shards.bytes_read,
        tensors=tuple(rows),
        values=tuple(values),
        globals=tuple(sorted(shards.globals)),
        stamps=shards.stamps,
        problems=(*map(odd_file, remarks), *shards.problems(), *broken_tensors(rows)),
    )


def _index(source: SourceFile) -> Dict[str, Any]:
    again = "Get the index again from where the checkpoint came from, or open one of its files."
    if source.size > _LONGEST:
        raise UnsupportedFormat(f"{source.name} is an index of {source.size:,} bytes, more than is read here.", again)
    try:
        found = parsed(source.exactly(0, source.size, "its text"))
    except RepeatedKey as error:
        raise CorruptFile(f"{source.name} has the key {str(error)[:200]!r} twice.", again) from None
    except ValueError as error:
        raise CorruptFile(f"{source.name} is not whole JSON: {str(error)[:200]}.", again) from None
    if not isinstance(found, dict) or not isinstance(found.get(_MAP), dict):
        raise UnsupportedFormat(f"{source.name} is called an index and has no {_MAP}.", again)
    return found


def _rows(weights: Dict[str, Any], shards: Shards) -> Tuple[List[StoredTensor], List[str]]:
    """A row for each key of the index, in its order, then what the files hold besides; remarks on where the two differ."""
    found = {name: {full_key(row): row for row in part.tensors} for name, part in shards.contents.items()}
    rows: List[StoredTensor] = []
    for key, name in weights.items():
        part = found.get(name) if type(name) is str else None
        row = part.pop(key, None) if part is not None else None
        if row is not None:
            rows.append(replace(row, file=name))
        else:
            rows.append(StoredTensor(key, (), "?", 0, file=name if type(name) is str else None, broken=_why(name, shards)))
    rest = [replace(row, file=name) for name, part in found.items() for row in part.values()]
    twice = [row for row in rest if full_key(row) in weights]
    alone = [row for row in rest if full_key(row) not in weights]
    remarks = []
    if twice:
        remarks.append(
            f"{_keys(len(twice))} in a second file too, such as {full_key(twice[0])[:200]!r} in {twice[0].file}; "
            "the file that the index names counts."
        )
    if alone:
        remarks.append(
            f"{_keys(len(alone))} in the files and not in the index, such as {full_key(alone[0])[:200]!r} in {alone[0].file}."
        )
    return rows + alone, remarks


def _keys(count: int) -> str:
    return "1 key is" if count == 1 else f"{count:,} keys are"


def _why(name: Any, shards: Shards) -> str:
    if type(name) is not str:
        return "The index names no file for it."
    return shards.refused.get(name) or f"It is not in {name[:200]}, where the index has it."


def _metadata(metadata: Any) -> List[StoredValue]:
    if not isinstance(metadata, dict):
        return []
    plain = (str, int, float, bool, type(None))
    return [plain_value(f"metadata.{key}", value if isinstance(value, plain) else str(value)) for key, value in metadata.items()]
