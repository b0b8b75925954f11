"""Folders that torch.distributed.checkpoint wrote: a ``.metadata`` pickle that names every tensor, and files with its parts.

torch loads ``.metadata`` with plain pickle; here the inert machine reads it, and of the other files only what is no tensor.
"""

import os
from pathlib import Path
from typing import Any, Dict, FrozenSet, List, NamedTuple, Optional, Set, Tuple

from ..wire.contents import CheckpointContents, FileStamp, StoredPiece, StoredTensor, StoredValue
from ..wire.errors import CheckpointError, CorruptFile, UnsupportedFormat
from ..wire.problems import Problem
from .distributed_values import read_small_values
from .dtypes import bytes_of
from .folder import Folder
from .importable_names import RUNS_CODE, kind_of, name_problems
from .inert import Mapping, Record
from .inside import path_inside
from .pickle_machine import PickleMachine
from .pickle_reading import Progress, odd_file, run
from .rebuilders import dtype_name
from .source import SourceFile, stamp_of
from .tensor_rows import broken_tensors, checked_shape, elements_of, strides_of

METADATA = ".metadata"
_LONGEST = 512 << 20
_OWN = ("torch.distributed.", "torch.serialization.", "pathlib.")
_MOST_PIECES = 2_000_000
_MOST_ATTRIBUTES = 64
_Place = Tuple[str, int, int]


class _Stored(NamedTuple):
    """Where the parts of each tensor lie, by name and by offset in the tensor; the sizes and stamps of the files; what is wrong.

    ``looked_at`` counts the parts: a list of them can be mentioned a million times.
    """

    places: Dict[str, Dict[Any, _Place]]
    sizes: Dict[str, Optional[int]]
    faults: Dict[str, str]
    looked_at: List[int]
    stamps: List[FileStamp]


def recognises(folder: Folder) -> bool:
    """True when the folder has the index of such a checkpoint."""
    return METADATA in folder.names


def read(folder: Folder, progress: Progress) -> CheckpointContents:
    """The contents of the checkpoint; raises CorruptFile when its index cannot be read."""
    with SourceFile(path_inside(folder.path, METADATA)) as source:
        if source.size > _LONGEST:
            raise UnsupportedFormat(f"{METADATA} has {source.size:,} bytes, more than is read here.", "Check where it came from.")
        data = source.exactly(0, source.size, "its index")
        read_bytes = source.bytes_read
    machine = PickleMachine(data, METADATA)
    index = _attributes(run(machine, progress))
    entries = index.get("state_dict_metadata")
    if type(entries) is not Mapping:
        raise CorruptFile(
            f"{METADATA} in {folder.name} is not the index of a distributed checkpoint.",
            "Get the folder again; it must be the one that torch.distributed.checkpoint wrote.",
        )
    stored = _stored(folder.path, index.get("storage_data"))
    named = [name for name, entry in _pairs(entries) if type(name) is str and "size" not in _attributes(entry)]
    small = read_small_values(
        folder.path, {name: stored.places[name][None] for name in named if None in stored.places.get(name, ())}
    )
    paths = _paths(index.get("planner_data"))
    optimizers = _optimizers(paths)
    rows: List[StoredTensor] = []
    values: List[StoredValue] = []
    for name, entry in _pairs(entries):
        if type(name) is not str:
            continue
        declared = _attributes(entry)
        if "size" in declared:
            rows.append(_row(name, declared, stored, *_named(name, paths, optimizers)))
        else:
            values.extend(small.values.get(name) or [_value(name, entry, stored)])
    remarks = [*machine.faults[:5], *_about_files(folder, stored)]
    return CheckpointContents(
        path=str(folder.path),
        format="torch distributed",
        file_bytes=len(data) + sum(size or 0 for size in stored.sizes.values()),
        bytes_read=read_bytes + small.bytes_read,
        tensors=tuple(rows),
        values=tuple(values),
        globals=tuple(sorted({*machine.globals, *small.globals})),
        problems=(*map(odd_file, remarks), *_about_names(machine), *small.problems, *broken_tensors(rows)),
        stamps=tuple(stored.stamps),
    )


def _attributes(node: Any) -> Dict[str, Any]:
    """What was set on a pickled object, by name. An object with more attributes than any of these classes has is none of them."""
    state = node.state if type(node) is Record else None
    if type(state) is not Mapping or len(state.pairs) > 2 * _MOST_ATTRIBUTES:
        return {}
    return {key: value for key, value in _pairs(state) if type(key) is str}


def _pairs(node: Any) -> List[Tuple[Any, Any]]:
    return list(zip(node.pairs[::2], node.pairs[1::2])) if type(node) is Mapping else []


def _stored(folder: Path, storage_data: Any) -> _Stored:
    stored = _Stored({}, {}, {}, [0], [])
    for key, entry in _pairs(storage_data)[:_MOST_PIECES]:
        index, info = _attributes(key), _attributes(entry)
        name, file = index.get("fqn"), info.get("relative_path")
        offset, length = info.get("offset"), info.get("length")
        if type(name) is not str or type(file) is not str or type(offset) is not int or type(length) is not int:
            continue
        at = index.get("offset")
        stored.places.setdefault(name, {})[at if _is_numbers(at) else None] = (file, offset, length)
        if file not in stored.sizes:
            stored.sizes[file] = _size(folder, file, stored)
    return stored


def _is_numbers(value: Any) -> bool:
    return type(value) is tuple and all(type(number) is int for number in value)


def _size(folder: Path, file: str, stored: _Stored) -> Optional[int]:
    try:
        found = os.stat(path_inside(folder, file))
        stored.stamps.append(stamp_of(file, found))
        return found.st_size
    except CheckpointError as error:
        stored.faults[file] = str(error)
    except (OSError, ValueError):
        stored.faults[file] = f"Its file {file[:200]!r} is missing."
    return None


def _row(name: str, declared: Dict[str, Any], stored: _Stored, container: str, key: str) -> StoredTensor:
    shape, broken = checked_shape(declared["size"])
    properties = declared.get("properties")
    # TensorProperties pickles itself as a tuple that begins with the type; older ones as attributes.
    state = properties.state if type(properties) is Record else None
    kind = state[0] if type(state) is tuple and state else _attributes(properties).get("dtype")
    dtype = dtype_name(kind) or "?"
    requires_grad = (
        state[2] if type(state) is tuple and len(state) > 2 else _attributes(properties).get("requires_grad")
    ) is True
    pieces, fault = ([], broken) if broken else _pieces(name, declared.get("chunks"), stored, shape)
    broken = broken or ("" if dtype != "?" else "Its element type is not known here.") or fault
    held = sum(elements_of(piece.shape) for piece in pieces)
    if not broken and held != elements_of(shape):
        broken = f"Its parts have {held:,} elements; it has {elements_of(shape):,}."
    whole = len(pieces) == 1 and pieces[0].shape == shape
    return StoredTensor(
        key,
        shape,
        dtype,
        bytes_of(elements_of(shape), dtype),
        container,
        file=pieces[0].file if whole else None,
        stored_at=pieces[0].stored_at if whole else "",
        strides=strides_of(shape),
        requires_grad=requires_grad,
        broken=broken,
        pieces=() if whole else tuple(pieces),
    )


def _pieces(name: str, chunks: Any, stored: _Stored, shape: Tuple[int, ...]) -> Tuple[List[StoredPiece], str]:
    """The parts of a tensor with their places, and a sentence when one of them cannot be had."""
    places = stored.places.get(name, {})
    chunks = chunks if type(chunks) is list else []
    stored.looked_at[0] += len(chunks)
    if stored.looked_at[0] > _MOST_PIECES:
        return [], "The index has more parts of tensors than are read here."
    pieces: List[StoredPiece] = []
    fault = "" if chunks else "The index names no parts of it."
    for chunk in chunks:
        part = _attributes(chunk)
        offsets, sizes = part.get("offsets"), part.get("sizes")
        if type(offsets) is not tuple or type(sizes) is not tuple or not _lies_within(offsets, sizes, shape):
            return pieces, "One of its parts does not lie within it."
        place = places.get(offsets, places.get(None))
        if place is None:
            return pieces, "The index does not say where its values lie."
        file, begin, length = place
        pieces.append(StoredPiece(offsets, sizes, file, f"{begin}:{begin + length}"))
        fault = fault or _fault(place, stored)
    return pieces, fault


def _lies_within(offsets: Tuple[Any, ...], sizes: Tuple[Any, ...], shape: Tuple[int, ...]) -> bool:
    if not _is_numbers(offsets) or not _is_numbers(sizes) or not len(offsets) == len(sizes) == len(shape):
        return False
    return all(offset >= 0 and size >= 0 and offset + size <= length for offset, size, length in zip(offsets, sizes, shape))


def _fault(place: _Place, stored: _Stored) -> str:
    file, begin, length = place
    size = stored.sizes.get(file)
    if size is None:
        return stored.faults.get(file, "Its file is missing.")
    if begin < 0 or length < 0 or begin + length > size:
        return f"It ends at byte {begin + length:,} of {file[:200]}, which has {size:,}."
    return ""


def _paths(planner_data: Any) -> Dict[str, Tuple[str, ...]]:
    """The path in the saved dicts of each name, where the checkpoint says it."""
    found = {}
    for name, path in _pairs(planner_data):
        if type(name) is str and type(path) is tuple and path and all(type(part) in (str, int) for part in path):
            found[name] = tuple(map(str, path))
    return found


def _optimizers(paths: Dict[str, Tuple[str, ...]]) -> FrozenSet[Tuple[str, ...]]:
    """The paths of dicts that have both ``state`` and ``param_groups``."""
    holders: Dict[str, Set[Tuple[str, ...]]] = {"state": set(), "param_groups": set()}
    for path in paths.values():
        for depth, part in enumerate(path):
            if part in holders:
                holders[part].add(path[:depth])
    return frozenset(holders["state"] & holders["param_groups"])


def _named(name: str, paths: Dict[str, Tuple[str, ...]], optimizers: FrozenSet[Tuple[str, ...]]) -> Tuple[str, str]:
    """Container and key."""
    path = paths.get(name)
    if path is None:
        return "", name
    for depth in range(len(path)):
        if path[:depth] in optimizers:
            return ".".join(path[:depth]), ".".join(path[depth:])
    return ".".join(path[:-1]), path[-1]


def _value(name: str, entry: Any, stored: _Stored) -> StoredValue:
    """An entry that is no tensor and could not be read: where it lies."""
    kind = entry.type_name.rsplit(".", 1)[-1] if type(entry) is Record else type(entry).__name__
    place = stored.places.get(name, {}).get(None)
    if place is None:
        return StoredValue(name, kind, "no bytes of its own")
    return StoredValue(name, "pickled", f"{place[2]:,} bytes in {place[0][:200]}")


def _about_files(folder: Folder, stored: _Stored) -> List[str]:
    remarks = list(stored.faults.values())[:20]
    unnamed = [name for name in folder.files(".distcp") if name not in stored.sizes]
    if unnamed:
        remarks.append(f"{len(unnamed):,} of its files are not in the index, such as {unnamed[0][:100]}.")
    return remarks


def _about_names(machine: PickleMachine) -> List[Problem]:
    places = machine.globals.items()
    return name_problems({name: at for name, at in places if not name.startswith(_OWN) or kind_of(name) == RUNS_CODE})
