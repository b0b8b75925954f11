"""How long calls took on a GPU, which works behind the program: when a call returns, its work is queued there and not yet done.

What is asked for is an event in the GPU's own queue, before and after each call; nobody waits for one until all is over.
"""

from bisect import bisect_left
from itertools import accumulate
from typing import Any, List, Optional, Tuple

import torch
from torch import nn

from .call_record import NEVER, CallRecord
from .module_tree import tensors_of


class DeviceClock:
    """Marks where calls begin and end, and where watching them does, whose time is left out. ``backend`` is ``torch.cuda``, or what has
    the same functions for another kind of device."""

    def __init__(self, device: torch.device, backend: Any) -> None:
        self._device = device
        self._backend = backend
        self._events: List[Any] = []
        self._ended: List[CallRecord] = []
        self._watched: List[Tuple[int, int]] = []
        self._arrival = NEVER

    def arrived(self) -> None:
        """A call is about to begin, and is noted first."""
        self._arrival = self._mark()

    def began(self, record: CallRecord) -> None:
        """It begins now."""
        record.mark = self._mark()
        self._leave_out(self._arrival, record.mark)

    def ended(self, record: CallRecord) -> None:
        """It has ended, and its output is looked at,"""
        record.mark_after = self._mark()
        self._ended.append(record)

    def looked_at(self, record: CallRecord) -> None:
        """and that is done, too."""
        self._leave_out(record.mark_after, self._mark())

    def timed(self) -> List[CallRecord]:
        """The calls that ended, with the seconds that they took on the device; this waits for it."""
        self._backend.synchronize(self._device)
        watched = sorted(self._watched)
        begins = [begin for begin, _ in watched]
        spent = [0.0, *accumulate(self._seconds(begin, end) for begin, end in watched)]
        timed = [record for record in self._ended if NEVER not in (record.mark, record.mark_after)]
        for record in timed:
            inside = spent[bisect_left(begins, record.mark_after)] - spent[bisect_left(begins, record.mark)]
            record.seconds = max(self._seconds(record.mark, record.mark_after) - inside, 0.0)
        self._ended = []
        return timed

    def _leave_out(self, begin: int, end: int) -> None:
        if NEVER not in (begin, end):
            self._watched.append((begin, end))

    def _mark(self) -> int:
        if self._backend.is_current_stream_capturing():
            return NEVER  # what is recorded to be done later, and again, takes no time now
        event = self._backend.Event(enable_timing=True)
        event.record(self._backend.current_stream(self._device))
        self._events.append(event)
        return len(self._events) - 1

    def _seconds(self, begin: int, end: int) -> float:
        return float(self._events[begin].elapsed_time(self._events[end])) / 1e3


def clock_of(model: nn.Module) -> Optional[DeviceClock]:
    """The clock of the one GPU on which the model is; None for one that is on none or on several."""
    devices = set()
    for tensor in tensors_of(model):
        if tensor.device.type != "cuda":
            return None
        devices.add(tensor.device)
    return DeviceClock(devices.pop(), torch.cuda) if len(devices) == 1 else None
