"""A checkpoint's values go into the open model: in place, so that ties and views stay what they are, and a piece at a time.

The files are read by ``checkpoints``: nothing in them is executed, and no more of a tensor is in memory than a piece, unless the
model's is not contiguous.
"""

import time
import warnings
from dataclasses import dataclass, replace
from typing import Dict, FrozenSet, Iterator, Optional, Tuple

import torch
from torch import nn

from ..checkpoints import read_contents
from ..checkpoints.values import CheckpointValues, TensorBytes, open_values, unchanged_file
from ..wire.contents import CheckpointContents, StoredTensor
from ..wire.errors import CheckpointError
from ..wire.loading import DIFFERS, LOADED, MISSING, REFUSED, TIED, LoadCheckpoint, LoadedCheckpoint, LoadedKey
from .context import Context
from .lazy_parts import become_usual
from .loading_places import Place, keys_of_half_lazy_modules, places_of
from .module_tree import read_module_tree
from .tensor_facts import dtype_name
from .tensor_values import same_bits
from .torch_compat import without_torch_function

PIECE = 1 << 20
"""So many elements are read at a time."""
_FLOAT8 = "float8"
_ELSEWHERE = "The worker runs on another machine and reads its own files: copy the checkpoint there, under the same path."


@dataclass(frozen=True)
class Loaded:
    """What was loaded into a model: asked for again when the model has to be made anew."""

    request: LoadCheckpoint
    answer: LoadedCheckpoint

    @property
    def keys(self) -> FrozenSet[str]:
        """The keys that have values of the checkpoint."""
        return frozenset(each.key for each in self.answer.keys if each.status in (LOADED, TIED))


def check_files(contents: CheckpointContents) -> None:
    """Raises CheckpointError when a file is not here, or another one: before anything is touched."""
    if not contents.stamps:
        _check_copy(contents)
        return
    files: Dict[Optional[str], StoredTensor] = {}
    for tensor in (source for each in contents.tensors for source in each.sources):
        names: Tuple[Optional[str], ...] = tuple(piece.file for piece in tensor.pieces) or (tensor.file,)
        for name in names:
            files.setdefault(name, replace(tensor, file=name))
    for tensor in files.values():
        unchanged_file(contents, tensor)


def _check_copy(contents: CheckpointContents) -> None:
    """The file of this machine has the same tensors in the same places as the one that was read on another."""
    try:
        tensors = read_contents(contents.path).tensors
    except CheckpointError as error:
        raise type(error)(f"Where the worker runs: {error}", _ELSEWHERE) from error
    here = {_place_in_file(tensor) for tensor in tensors} | {_record_in_file(tensor) for tensor in tensors}
    wanted = (tuple(map(_record_in_file, each.parts)) or (_place_in_file(each),) for each in contents.tensors)
    if not here.issuperset(place for places in wanted for place in places):
        raise CheckpointError(f"Where the worker runs, {contents.path} is another file.", _ELSEWHERE)


def _place_in_file(tensor: StoredTensor) -> Tuple[object, ...]:
    return (*_record_in_file(tensor), tensor.shape, tensor.offset)


def _record_in_file(tensor: StoredTensor) -> Tuple[object, ...]:
    """The same of one that is a view, whose shape is not that of the file."""
    return tensor.container, tensor.key, tensor.dtype, tensor.file, tensor.stored_at, tensor.pieces


def load_checkpoint(model: nn.Module, request: LoadCheckpoint, context: Context) -> LoadedCheckpoint:
    """Load, then compare all of it. Whatever it raises, a part of the model may have new values by then."""
    started = time.perf_counter()
    with open_values(request.contents) as values, warnings.catch_warnings(), without_torch_function():
        warnings.simplefilter("ignore")  # of a conversion that drops the imaginary part: how many values change is told
        work = _Loading(model, request, values, context)
        work.load()
        work.verify()
    has_new_shapes = become_usual(model) or work.has_new_data
    return LoadedCheckpoint(
        request.contents.path,
        tuple(work.outcomes(request.left_out)),
        work.is_verified,
        request.container,
        work.bytes,
        time.perf_counter() - started,
        read_module_tree(model) if has_new_shapes else None,
    )


@dataclass
class _Pair:
    """A stored tensor and its place in the model; ``instead`` is the key whose values the place has in its stead, being tied.
    ``how`` says what was done to its values."""

    key: str
    stored: StoredTensor
    place: Place
    status: str = LOADED
    reason: str = ""
    instead: str = ""
    changed: int = 0
    lost: int = 0
    how: str = ""

    def refuse(self, reason: str) -> None:
        self.status, self.reason = REFUSED, reason.rstrip(".")

    def outcome(self) -> LoadedKey:
        stored = "" if self.status != LOADED or self.stored.dtype == self.place.dtype else self.stored.dtype
        return LoadedKey(self.key, self.status, self.stored.key, self.reason or self.how, stored, self.changed, self.lost)


class _Loading:
    """One load: ``load``, then ``verify``, then ask for the ``outcomes``."""

    def __init__(self, model: nn.Module, request: LoadCheckpoint, values: CheckpointValues, context: Context) -> None:
        self.bytes = 0
        self._values, self._context = values, context
        self._places = places_of(model)
        stored = dict(zip(request.keys, request.contents.tensors))
        self._pairs = [
            _Pair(key, stored[key], place, how=request.how.get(key, "")) for key, place in self._places.items() if key in stored
        ]
        for key in keys_of_half_lazy_modules(self._places, stored):
            next(pair for pair in self._pairs if pair.key == key).refuse(
                "its layer is lazy, and not all of it is in the checkpoint"
            )
        self._done, self._total = 0, 2 * sum(tensor.bytes for tensor in request.contents.tensors)

    def load(self) -> None:
        """Every place gets the values of one stored tensor, or is refused them untouched. Of tied keys the last one holds, as in
        ``load_state_dict``."""
        filled: Dict[int, str] = {}
        for pair in reversed(self._pairs):
            pair.instead = filled.get(id(pair.place), "")
            if pair.status == LOADED and not pair.instead:
                self._load(pair)
            if pair.status == LOADED:
                filled.setdefault(id(pair.place), pair.key)

    def _load(self, pair: _Pair) -> None:
        place, is_touched = pair.place, False
        try:
            data, element = self._values.of(pair.stored), _element(pair.stored)
            place.refuse_unlike(pair.stored)
            is_touched = place.has_no_data
            target = place.with_data(pair.stored.shape)
            room = place.room()
            for begin, end, part in self._pieces(pair, data, element, "loading"):
                is_touched = is_touched or place.is_flat
                with place.changing():
                    room[begin:end].copy_(part)
                if element is not target.dtype:
                    converted = room[begin:end].cpu()
                    changed = _changed(part, converted)
                    pair.changed += changed
                    pair.lost += _lost(part, converted) if changed else 0
            if not place.is_flat:
                place.take(room)
            self.bytes += len(data)
        except (CheckpointError, RuntimeError, TypeError) as error:
            if is_touched:
                raise
            pair.refuse(str(error).partition("\n")[0])

    def verify(self) -> None:
        """Compare what is in the model now, after all of it was loaded, with what is in the file."""
        for pair in self._pairs:
            if pair.status != LOADED:
                continue
            if not self._is_as_stored(pair):
                tied = f"it is tied to {pair.instead}, which the checkpoint has other values for" if pair.instead else ""
                pair.status, pair.reason = DIFFERS, tied or "its memory is that of another tensor, too, which was loaded later"

    def _is_as_stored(self, pair: _Pair) -> bool:
        try:
            data, element = self._values.of(pair.stored), _element(pair.stored)
        except CheckpointError:  # nobody has read a tied one so far
            return False
        flat = pair.place.flat()
        if flat.numel() != data.elements:
            return False
        with torch.no_grad():
            parts = ((flat[begin:end].cpu(), part) for begin, end, part in self._pieces(pair, data, element, "comparing"))
            return all(same_bits(mine, part.to(mine.dtype)) for mine, part in parts)

    def _pieces(self, pair: _Pair, data: TensorBytes, element: torch.dtype, what: str) -> Iterator[Tuple[int, int, torch.Tensor]]:
        """Begin, end and values of one piece after the other, each valid until the next."""
        begin = 0
        for chunk in data.chunks(PIECE):
            self._context.cancel.raise_if_requested()
            self._context.progress(self._done, self._total, f"{what} {pair.key}")
            part = torch.frombuffer(chunk, dtype=element)
            yield begin, begin + len(part), part
            begin += len(part)
            self._done += len(chunk)

    @property
    def has_new_data(self) -> bool:
        """A parameter that had no data has some."""
        return any(place.was_without_data for place in self._places.values())

    @property
    def is_verified(self) -> bool:
        """Everything that was loaded is in the model now."""
        return all(pair.status != DIFFERS for pair in self._pairs)

    def outcomes(self, left_out: Tuple[LoadedKey, ...]) -> Iterator[LoadedKey]:
        """Those of the model in its order, then the others."""
        found = {each.key: each for each in left_out if each.key in self._places}
        loaded = {id(pair.place): pair.key for pair in self._pairs if pair.status == LOADED}
        pairs = {pair.key: pair for pair in self._pairs}
        for key, place in self._places.items():
            if key in pairs:
                yield pairs[key].outcome()
            elif key in found:
                yield _as_it_is(found[key], place, loaded)
        yield from (each for each in left_out if each.key not in self._places)


def _as_it_is(left: LoadedKey, place: Place, loaded: Dict[int, str]) -> LoadedKey:
    """What a key that nothing was loaded for has now."""
    if id(place) in loaded:
        return replace(left, status=TIED, reason=f"tied to {loaded[id(place)]}")
    return replace(left, reason="it has no data") if left.status == MISSING and place.has_no_data else left


def _element(stored: StoredTensor) -> torch.dtype:
    element = getattr(torch, stored.dtype, None)
    if not isinstance(element, torch.dtype):
        raise CheckpointError(f"this torch has no {stored.dtype}")
    return element


def _changed(part: torch.Tensor, converted: torch.Tensor) -> int:
    """How many values are others after the conversion; NaN stays NaN."""
    back = converted.to(part.dtype)
    if dtype_name(part.dtype).startswith(_FLOAT8):
        part, back = part.float(), back.float()
    return int(((back != part) & ((back == back) | (part == part))).sum())


def _lost(part: torch.Tensor, converted: torch.Tensor) -> int:
    """How many finite values became infinite, or zero though they were not."""
    if dtype_name(part.dtype).startswith(_FLOAT8):
        part = part.float()
    after = converted.float() if dtype_name(converted.dtype).startswith(_FLOAT8) else converted
    beyond = (
        torch.isfinite(part) & ~torch.isfinite(after) if after.is_floating_point() else torch.zeros_like(part, dtype=torch.bool)
    )
    return int((beyond | ((after == 0) & (part != 0) & (part == part))).sum())
