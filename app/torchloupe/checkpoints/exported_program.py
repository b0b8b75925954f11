"""Programs that torch.export saved (``.pt2``): a zip whose weights are described in JSON."""

from dataclasses import replace
from typing import Any, Dict, List, Optional, Tuple

from ..wire.contents import CheckpointContents, StoredTensor, StoredValue
from ..wire.errors import CorruptFile, UnsupportedFormat
from .foreign_zip import what_zip_is_this
from .inert import PickledTensor, Storage
from .json_text import RepeatedKey, parsed
from .pickle_reading import BIG_ENDIAN, Progress, odd_file
from .source import SourceFile
from .tensor_rows import StoredRecord, broken_tensors, row_of
from .unfold import Placed
from .zip_directory import DEFLATED, ENCRYPTED, STORED, Directory
from .zip_member import read_member

_FORMAT = "archive_format"
_FOLDERS = (("data/weights/", "_weights_config.json", ""), ("data/constants/", "_constants_config.json", "constants"))
"""Where a description lies, how its name ends, and the container that its tensors are shown in."""
_LONGEST_CONFIG = 64 << 20
_DTYPES = {
    1: "uint8", 2: "int8", 3: "int16", 4: "int32", 5: "int64", 6: "float16", 7: "float32", 8: "float64", 9: "complex32", 10: "complex64",
    11: "complex128", 12: "bool", 13: "bfloat16", 28: "uint16", 29: "float8_e4m3fn", 30: "float8_e5m2", 31: "float8_e4m3fnuz",
    32: "float8_e5m2fnuz", 33: "float8_e8m0fnu", 34: "uint32", 35: "uint64",
}  # fmt: skip
"""By the numbers of torch's export schema."""


def is_exported(directory: Directory) -> bool:
    """True for an archive that says of itself that it has that format."""
    return _root(directory) is not None


def _root(directory: Directory) -> Optional[str]:
    for name in directory.members:
        if name == _FORMAT or name.endswith("/" + _FORMAT):
            return name[: -len(_FORMAT)]
    return None


def read(source: SourceFile, directory: Directory, progress: Progress) -> CheckpointContents:
    """The weights and constants of an exported program; raises UnsupportedFormat when it has no description of them."""
    root = _root(directory) or ""
    big = _text(source, directory, f"{root}byteorder") == "big"
    remarks = list(directory.remarks)
    rows: List[StoredTensor] = []
    described = 0
    for name in directory.members:
        progress(described, len(directory.members), "reading keys")
        for folder, ending, container in _FOLDERS:
            if name.startswith(root + folder) and name.endswith(ending):
                described += 1
                model = name[len(root + folder) : -len(ending)]
                place = container if model == "model" else ".".join(filter(None, (model, container)))
                entries = _entries(source, directory, name)
                rows.extend(
                    _row(key, entry, root + folder, root, place, source, directory, big) for key, entry in entries.items()
                )
    if not described:
        raise what_zip_is_this(source.name, list(directory.members))
    if directory.repeated:
        remarks.append(f"It has several members named {directory.repeated[0][:100]}; the last one counts.")
    values = [
        StoredValue(leaf, "str", _text(source, directory, root + leaf))
        for leaf in (_FORMAT, "archive_version")
        if root + leaf in directory.members
    ]
    problems = [*map(odd_file, remarks), *broken_tensors(rows)]
    return CheckpointContents(
        path=str(source.path),
        format="torch.export",
        file_bytes=source.size,
        bytes_read=source.bytes_read,
        tensors=tuple(rows),
        values=tuple(values),
        problems=tuple([*problems, BIG_ENDIAN] if big else problems),
    )


def _text(source: SourceFile, directory: Directory, name: str) -> str:
    member = directory.members.get(name)
    if member is None or member.size > 64:
        return ""
    return str(read_member(source, name, member).data, "utf-8", "replace").strip()


def _entries(source: SourceFile, directory: Directory, name: str) -> Dict[str, Any]:
    member = directory.members[name]
    if member.size > _LONGEST_CONFIG:
        raise UnsupportedFormat(
            f"{name[:200]} has {member.size:,} bytes, more than is read here.", "Save the state_dict() alone."
        )
    again = "Save the program again with torch.export.save."
    try:
        found = parsed(read_member(source, name, member).data)
    except RepeatedKey as error:
        raise CorruptFile(f"{name[:200]} in {source.name} has the key {str(error)[:200]!r} twice.", again) from None
    except ValueError as error:
        raise CorruptFile(f"{name[:200]} in {source.name} is not JSON: {str(error)[:200]}.", again) from None
    config = found.get("config") if isinstance(found, dict) else None
    if not isinstance(config, dict):
        raise CorruptFile(f"{name[:200]} in {source.name} has no config.", again)
    return config


def _row(
    key: str, entry: Any, folder: str, root: str, container: str, source: SourceFile, directory: Directory, big: bool
) -> StoredTensor:
    meta = entry.get("tensor_meta") if isinstance(entry, dict) else None
    if not isinstance(entry, dict) or not isinstance(meta, dict):
        return StoredTensor(key, (), "?", 0, container, broken="It is an object and no tensor, or its description is damaged.")
    name = entry.get("path_name")
    record = _record(f"{folder}{name}", root, source, directory, entry.get("use_pickle") is True)
    number = meta.get("dtype")
    dtype = _DTYPES.get(number) if type(number) is int else None
    storage = Storage("UntypedStorage", "", name, None, record[1])
    tensor = PickledTensor(
        storage, _integer(meta.get("storage_offset")), _integers(meta.get("sizes")), _integers(meta.get("strides")), None, dtype
    )
    tensor.requires_grad = meta.get("requires_grad")
    tensor.is_parameter = entry.get("is_param") is True
    row = row_of(Placed(container, key, tensor), lambda _: record)
    return replace(row, big_endian=True) if big else row


def _record(name: str, root: str, source: SourceFile, directory: Directory, pickled: bool) -> StoredRecord:
    place = name[len(root) :][:1000]
    member = directory.members.get(name)
    if member is None:
        return place, 0, f"Its record {place[:200]} is missing in the file."
    if member.flags & ENCRYPTED or member.method not in (STORED, DEFLATED):
        return place, member.size, "Its record is encrypted or compressed by a method that is not read here."
    if member.start + member.packed > source.size:
        return place, member.size, "Its record lies beyond the end of the file."
    if pickled:
        return place, member.size, "Its record is a torch file of its own, whose values are not read here."
    return place, member.size, ""


def _integer(value: Any) -> Any:
    """The number in ``{"as_int": number}``; None for sizes that are only known when the program runs."""
    found = value.get("as_int") if isinstance(value, dict) else None
    return found if type(found) is int else None


def _integers(values: Any) -> Optional[Tuple[Any, ...]]:
    return tuple(map(_integer, values)) if isinstance(values, list) else None
