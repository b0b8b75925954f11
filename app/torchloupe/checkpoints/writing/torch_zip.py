"""A ``.pt`` file written from stored tensors: a zip with a pickle and one record per storage. Tensors that share memory keep sharing it."""

import zipfile
from dataclasses import replace
from typing import IO, BinaryIO, Dict, Hashable, List, NamedTuple, Sequence, Tuple

from ...wire.contents import StoredTensor
from ..dtypes import bytes_of
from ..strided_views import reach
from ..tensor_rows import elements_of, strides_of
from ..values import CheckpointValues
from .copying import Copying
from .state_dict_pickle import View, check_dtype, state_dict_pickle

_ROOT = "archive"
_ALIGNMENT = 64
_HEADER, _EXTRA, _ZIP64 = 30, 4, 20
_SMALL_RECORDS = (("byteorder", b"little"), ("version", b"3\n"), (".format_version", b"1"), (".storage_alignment", b"64"))


class Storage(NamedTuple):
    """A record of the file: the elements of ``source``, read in its row-major order, and the tensors that are views of it."""

    source: StoredTensor
    views: Tuple[View, ...]


def storages_of(named: Sequence[Tuple[str, StoredTensor]]) -> List[Storage]:
    """The records that the tensors need: those that share one in the file share one again, without what none of them shows."""
    groups: Dict[Hashable, List[Tuple[str, StoredTensor]]] = {}
    for number, (key, tensor) in enumerate(named):
        marks = (tensor.conjugated, tensor.negated)
        place = (tensor.file, tensor.stored_at, tensor.dtype, marks) if tensor.stored_at else number
        groups.setdefault(place, []).append((key, tensor))
    return [_storage(str(number), group) for number, group in enumerate(groups.values())]


class TorchLayout:
    """Raises UnsupportedFormat for types that torch.save has no plain way to write."""

    repeated = 0

    def __init__(self, named: Sequence[Tuple[str, StoredTensor]]) -> None:
        for _, tensor in named:
            check_dtype(tensor.key, tensor.dtype)
        self._storages = storages_of(named)
        self._keys = [key for key, _ in named]
        self.bytes = sum(bytes_of(elements_of(each.source.shape), each.source.dtype) for each in self._storages)
        self.shared = len(named) - len(self._storages)

    def write(self, file: BinaryIO, values: CheckpointValues, copying: Copying) -> None:
        """The pickle, what torch.save puts beside it, the storages."""
        views = {view.key: view for storage in self._storages for view in storage.views}
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            _write_small(archive, "data.pkl", state_dict_pickle(views[key] for key in self._keys))
            for name, data in _SMALL_RECORDS:
                _write_small(archive, name, data)
            for number, storage in enumerate(self._storages):
                stored = values.of(storage.source)
                with _opened(archive, file, f"data/{number}", len(stored)) as member:
                    copying.copy(stored, member)


def _storage(record: str, group: Sequence[Tuple[str, StoredTensor]]) -> Storage:
    (key, tensor), *others = group
    count = elements_of(tensor.shape)
    # One that is alone and has gaps, or is made of others, is put in order.
    if not others and (tensor.parts or count == 0 or reach(tensor.shape, tensor.strides) != count):
        return Storage(tensor, (View(key, tensor.dtype, tensor.shape, strides_of(tensor.shape), 0, record, count),))
    begin = min(each.offset for _, each in group)
    end = max(each.offset + reach(each.shape, each.strides) for _, each in group)
    views = (View(key, each.dtype, each.shape, each.strides, each.offset - begin, record, end - begin) for key, each in group)
    return Storage(replace(tensor, offset=begin, shape=(end - begin,), strides=(1,)), tuple(views))


def _write_small(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    archive.writestr(zipfile.ZipInfo(f"{_ROOT}/{name}"), data)


def _opened(archive: zipfile.ZipFile, file: BinaryIO, name: str, size: int) -> IO[bytes]:
    """A member whose data will begin at a multiple of 64 bytes, so that torch can map it."""
    info = zipfile.ZipInfo(f"{_ROOT}/{name}")
    info.file_size = size
    wide = size * 1.05 > zipfile.ZIP64_LIMIT
    begin = file.tell() + _HEADER + len(info.filename) + _EXTRA + (_ZIP64 if wide else 0)
    padding = -begin % _ALIGNMENT
    info.extra = b"FB" + padding.to_bytes(2, "little") + b"Z" * padding
    return archive.open(info, "w", force_zip64=wide)
