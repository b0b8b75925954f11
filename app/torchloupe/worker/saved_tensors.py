"""Tensors as they were - where their memory lies, what is in it, what autograd knows of them - and how they become that again."""

from collections import Counter
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple, TypeVar

import torch

from .tensor_values import Values, fingerprint, is_small, same_bits

_T: Any = torch.Tensor
Undone = TypeVar("Undone")
_Where = Tuple[List[int], List[torch.Size]]


class SavedTensors:
    """Tensors at one moment. ``is_copied`` says which are; the others are fingerprinted."""

    def __init__(self, tensors: Sequence[torch.Tensor], is_copied: Callable[[torch.Tensor], bool]) -> None:
        tensors = list(map(_with_sizes, tensors))
        small = [each for each in tensors if is_small(each) and is_copied(each) and each.is_leaf and each.grad is None]
        together = set(map(id, small))
        self._together = _SavedTogether(small)
        self.changed: List[torch.Tensor] = []
        self._alone = [_SavedAlone(each, is_copied(each)) for each in tensors if id(each) not in together]
        self._by_identity = {id(saved.tensor): saved for saved in self._alone}
        self._shared = Counter(map(_storage, tensors))

    def undone(self, tensor: torch.Tensor, undo: Callable[[torch.Tensor, torch.Tensor], Optional[Undone]]) -> Optional[Undone]:
        """What ``undo(copy, tensor)`` gives, which makes the tensor what it was: ``restore`` need not look at its values again as long
        as nobody writes into it. None, and nothing done, for one whose memory is not its own alone."""
        saved = self._by_identity.get(id(tensor))
        if saved is None or saved.copy is None or self._shared[_storage(tensor)] != 1 or not saved.owns_its_memory:
            return None
        answer = undo(saved.copy, tensor)
        if answer is not None:
            saved.settled = tensor._version
        return answer

    def restore(self) -> List[torch.Tensor]:
        """Put everything back; those that could not be. ``changed`` are all that were found with other values or elsewhere."""
        self.changed = self._together.restore()
        lost = [saved.tensor for saved in self._alone if not saved.restore()]
        self.changed += [saved.tensor for saved in self._alone if saved.changed]
        return lost

    def copies(self) -> Dict[int, torch.Tensor]:
        """The values that were copied, by the identity of their tensor."""
        found = {id(saved.tensor): saved.copy for saved in self._alone if saved.copy is not None}
        return {**found, **self._together.copies()}


class _SavedTogether:
    """Thousands of small leaves without gradients: each question is asked of all of them before any is touched."""

    def __init__(self, tensors: List[torch.Tensor]) -> None:
        self._tensors = tensors
        self._homes: List[torch.Tensor] = list(map(_T.data.__get__, tensors))
        self._rooms = list(map(_room, self._homes))
        self._where = _where(tensors)
        self._wanted = list(map(_T.requires_grad.__get__, tensors))
        self._values = Values(tensors)

    def restore(self) -> List[torch.Tensor]:
        """The tensors that had changed; most often none has."""
        moved = self._moved()
        if moved:  # also when the memory was freed or enlarged
            for home, room in zip(self._homes, self._rooms):
                _give_room(home, room)
            self._where = _where(self._homes)
        differing = self._values.differing(Values(self._tensors, self._values)) if not moved else range(len(self._tensors))
        for number in differing:
            self._tensors[number].data, copy = self._homes[number], self._values.copies()[number]
            if not (moved and same_bits(self._homes[number], copy)):  # what is expanded refuses to be written to
                self._tensors[number].data.copy_(copy)
        if list(map(_T.requires_grad.__get__, self._tensors)) != self._wanted:  # also of what became part of a graph
            for tensor, wanted in zip(self._tensors, self._wanted):
                _make_leaf(tensor, wanted)
        for tensor in [each for each in self._tensors if each.grad is not None]:
            tensor.grad = None
        return [self._tensors[number] for number in moved or differing]

    def copies(self) -> Dict[int, torch.Tensor]:
        return {id(self._tensors[number]): copy for number, copy in self._values.copies().items()}

    def _moved(self) -> List[int]:
        now = _where(self._tensors)
        if now == self._where:
            return []
        pairs = zip(zip(*now), zip(*self._where))
        return [number for number, (here, home) in enumerate(pairs) if here != home]


class _SavedAlone:
    def __init__(self, tensor: torch.Tensor, is_copied: bool) -> None:
        self.tensor = tensor
        self.changed = False
        self._is_leaf = tensor.is_leaf
        self._requires_grad = tensor.requires_grad
        self._home = tensor.data
        has_data = tensor.device.type != "meta"
        self._room = _room(tensor) if has_data else None
        self._grad = tensor.grad if tensor.is_leaf else None
        self._grad_copy = self._grad.detach().clone() if self._grad is not None else None
        self.copy = tensor.detach().clone() if is_copied and has_data else None
        self._fingerprint = fingerprint(tensor) if self.copy is None else None
        self.settled: Optional[int] = None

    @property
    def owns_its_memory(self) -> bool:
        """It lies where it lay, and nothing else is there."""
        whole = self.tensor.numel() * self.tensor.element_size()
        return _same_memory(self.tensor, self._home) and self._room == whole == _room(self.tensor)

    def restore(self) -> bool:
        tensor = self.tensor
        with torch.inference_mode() if tensor.is_inference() else torch.no_grad():
            _give_room(self._home, self._room)
            self.changed = not _same_memory(tensor, self._home)
            if self.changed:
                tensor.data = self._home
            is_settled = self.settled is not None and not self.changed and self.settled == tensor._version
            self.settled = None
            if self.copy is not None and (is_settled or not same_bits(tensor, self.copy)):
                self.changed = True
                if not is_settled:
                    tensor.data.copy_(self.copy)
            if self._is_leaf:
                _make_leaf(tensor, self._requires_grad)
            if tensor.is_leaf:
                tensor.grad = self._grad
                if self._grad is not None and self._grad_copy is not None:
                    self._grad.copy_(self._grad_copy)
        is_back = self.copy is not None or fingerprint(tensor) == self._fingerprint
        self.changed = self.changed or not is_back
        return is_back


def _with_sizes(tensor: torch.Tensor) -> torch.Tensor:
    """The tensor; in place of a nested one without a shape, which refuses nearly every question, all of its memory in a row."""
    if not tensor.is_nested or tensor.layout != torch.strided:
        return tensor
    return torch.empty(0, dtype=tensor.dtype, device=tensor.device).set_(tensor.untyped_storage())


def _storage(tensor: torch.Tensor) -> int:
    """Where the memory begins that a tensor looks at; 0 for tensors without plain memory."""
    try:
        return int(tensor.untyped_storage().data_ptr())
    except RuntimeError:
        return 0


def _where(tensors: List[torch.Tensor]) -> _Where:
    return list(map(_T.data_ptr, tensors)), list(map(_T.shape.__get__, tensors))


def _room(tensor: torch.Tensor) -> Optional[int]:
    """Bytes of the memory that a tensor looks at; None for tensors without plain memory."""
    try:
        return tensor.untyped_storage().nbytes()
    except RuntimeError:
        return None


def _give_room(home: torch.Tensor, room: Optional[int]) -> None:
    """The memory may have been freed or enlarged underneath us; reading what is gone would end the process."""
    if room is not None and room != _room(home):
        home.untyped_storage().resize_(room)


def _make_leaf(tensor: torch.Tensor, requires_grad: bool) -> None:
    """What an operation in place tied to a graph is cut off from it."""
    try:
        if not tensor.is_leaf:
            tensor.detach_()
        if tensor.requires_grad != requires_grad:
            tensor.requires_grad_(requires_grad)
    except RuntimeError:  # a view is tied to what it is a view of
        return


def _same_memory(one: torch.Tensor, other: torch.Tensor) -> bool:
    if one.shape != other.shape or one.layout != other.layout:
        return False
    try:
        return one.data_ptr() == other.data_ptr()
    except RuntimeError:
        return True
