"""Statistics of tensors on a device, which is never waited for until all of them come over at once.

There each operation costs about the same, however few numbers it goes through. So tensors are copied one behind the other onto a sheet,
and a sheet that is full is looked at as a whole.
"""

import threading
from typing import Any, Callable, Dict, List, Optional, Tuple, Union

import torch

from ...wire.tensors import TensorStats
from .elements import pieces_of, values_of, without_repeats
from .moments import HISTOGRAM_LIMIT, sample_step
from .sheet import Sheet

_Waiting = Tuple[Sheet, int, Optional[int], int]
"""The sheet on which a tensor is, its number there, how many elements its histogram is of, how often each stands in the tensor."""


class DeferredStats:
    """Tensors are given in as they are, one after the other; their statistics come out together.

    Those on the CPU are measured at once by ``measure``; ``at_once`` names the devices that are measured at once. Of the others all is
    computed on their device, in the stream that is the current one when they are given in; ``collect`` fetches the numbers.
    """

    def __init__(self, measure: Callable[[torch.Tensor], Optional[TensorStats]], at_once: Tuple[str, ...] = ("cpu",)) -> None:
        self._measure = measure
        self._at_once = at_once
        self._waiting: List[Union[TensorStats, _Waiting, None]] = []
        self._sheets: Dict[Any, Optional[Sheet]] = {}
        self._lock = threading.Lock()

    def add(self, tensor: torch.Tensor) -> int:
        """Take a tensor's values as they are now; the place of its statistics in what ``collect`` returns."""
        with self._lock:
            if tensor.device.type in self._at_once:
                self._waiting.append(self._measure(tensor))
            else:
                with torch.inference_mode():
                    self._waiting.append(self._written(tensor))
            return len(self._waiting) - 1

    def collect(self) -> List[Optional[TensorStats]]:
        """The statistics of all that was given in, in that order; this waits for the device. Afterwards nothing is in here."""
        with self._lock, torch.inference_mode():
            waiting, self._waiting = self._waiting, []
            sheets, self._sheets = self._sheets, {}
            filled = [sheet for sheet in sheets.values() if sheet is not None]
            for device in {sheet.device for sheet in filled if sheet.device.type == "cuda"}:
                torch.cuda.synchronize(device)  # what was done in other streams than this one
            told = {sheet: sheet.told() for sheet in filled}
        found: List[Optional[TensorStats]] = []
        for entry in waiting:
            if isinstance(entry, tuple):
                sheet, number, sampled, times = entry
                known = told[sheet].get(number)
                found.append(known[0].stats(known[1], sampled, times) if known is not None else None)
            else:
                found.append(entry)
        return found

    def _written(self, tensor: torch.Tensor) -> Optional[_Waiting]:
        values = None if _is_recorded(tensor.device) else values_of(tensor)
        sheet = self._sheet_for(values) if values is not None else None
        if values is None or sheet is None:
            return None
        base, times = without_repeats(values)
        elements = base.numel()
        number = sheet.begin()
        if elements <= HISTOGRAM_LIMIT:
            sheet.write(base, moments=True, bins=True)
            return sheet, number, None, times
        step, at = sample_step(elements, base.element_size()), 0
        sample = []
        for piece in pieces_of(base, HISTOGRAM_LIMIT):
            sheet.write(piece, moments=True, bins=False)
            sample.append(piece[-at % step :: step])
            at += len(piece)
        if step > 1:
            sample = [torch.cat(sample)]
        for piece in sample:
            sheet.write(piece, moments=False, bins=True)
        return sheet, number, sum(map(len, sample)) if step > 1 else None, times

    def _sheet_for(self, values: torch.Tensor) -> Optional[Sheet]:
        """The one for numbers of this width on this device, in this stream. None where there was no room for one: asking again would
        disturb the model, which needs room, too."""
        device, stream = values.device, 0
        if device.type == "cuda":
            current = torch.cuda.current_stream(device)
            values.record_stream(current)  # its memory is not given to others before this stream has read it
            stream = current.cuda_stream
        fits = values.dtype is not torch.float64 and (values.is_floating_point() or values.dtype.itemsize < 4)
        wide = not fits and device.type != "mps"
        key = device, wide, stream
        if key not in self._sheets:
            self._sheets[key] = None
            self._sheets[key] = Sheet(device, torch.float64 if wide else torch.float32)
        return self._sheets[key]


def _is_recorded(device: torch.device) -> bool:
    """Whether what is done now is not done, but recorded as a graph of the device, to be done later and again."""
    return device.type == "cuda" and torch.cuda.is_current_stream_capturing()
