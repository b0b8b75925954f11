"""What is noted of the output of a call: sizes at once, statistics as soon as they can be had without waiting."""

from typing import Any, Callable, Dict, List, Optional, Tuple

import torch

from ..wire.tensors import TensorStats
from .call_record import CallRecord, PlainTensor, PlainTensors
from .device_clock import DeviceClock
from .lost_gpu import gpu_loss
from .measured_once import MeasuredOnce
from .nested import metas_of, tensors_in
from .statistics import Measured

_STRIDED = torch.strided
_Tensor = torch.Tensor
_NOT_MEASURED: Tuple[Optional[TensorStats], ...] = (None,)
_NOBODY = object(), torch.Size(), PlainTensor(torch.Size(), "", "")


class OutputNotes:
    """Fills in records. Without ``statistics`` only sizes; those of a device come at the end, all of them together, and with them what its
    ``clock`` says.

    ``plain`` are the plain tensors of the pass, ``last`` is the one on the CPU that was noted last, which mostly goes into the next
    layer, its shape and what is known of it.
    """

    def __init__(self, statistics: bool, clock: Optional[DeviceClock] = None) -> None:
        self._measured = MeasuredOnce() if statistics else None
        self._clock = clock
        self._late: List[Tuple[CallRecord, List[int]]] = []
        self.plain = PlainTensors()
        self.last: Tuple[Any, torch.Size, PlainTensor] = _NOBODY

    def note(self, record: CallRecord, output: Any) -> None:
        """Outputs and statistics of a call that ended."""
        if type(output) is _Tensor and output.layout is _STRIDED and not output.is_nested and output.is_contiguous():
            record.stats = _NOT_MEASURED
            if output.is_cpu:
                dtype, shape = output.dtype, output.shape
                known = self.plain[dtype][shape]
                record.outputs = known[""]
                self.last = output, shape, known
                if self._measured is not None:
                    found = self._measured.one_run(output, dtype, known.elements)
                    if isinstance(found, Measured):
                        record.measured = found
                    else:
                        record.stats = (found,)
                return
            record.outputs = self.plain.elsewhere(output)[""]
            if self._measured is not None:
                self._measure(record, [("", output)])
            return
        outputs = tensors_in(output)
        record.outputs = metas_of(outputs)
        self._measure(record, outputs)

    def _measure(self, record: CallRecord, outputs: List[Tuple[str, torch.Tensor]]) -> None:
        places = self._measured.queued(outputs) if self._measured is not None else None
        if places is None:
            record.stats = self.stats_of(outputs)
        else:
            record.stats = (None,) * len(outputs)
            self._late.append((record, places))

    def completed_for(self, report: Callable[[List[Any]], None]) -> Callable[[List[Any]], None]:
        """A ``report`` that gets records with the statistics that were measured for them."""
        if self._measured is None:
            return report

        def complete(records: List[Any]) -> None:
            for record in records:
                if record.measured is not None:
                    record.stats, record.measured = (record.measured.stats(),), None
            report(records)

        return complete

    def stats_of(self, tensors: List[Tuple[str, torch.Tensor]]) -> Tuple[Optional[TensorStats], ...]:
        """Their statistics now, None where there are none to be made; what was just measured is not measured again."""
        return self._measured.of(tensors) if self._measured is not None else (None,) * len(tensors)

    def late(self, timed: bool = True) -> List[CallRecord]:
        """The records of which a device tells more now: the statistics that were made there and, where they are ``timed``, the seconds.

        Where it can tell no more, because its memory ran out, a run has its problems without. Raises when it is lost.
        """
        waiting, self._late = self._late, []
        late: Dict[int, CallRecord] = {}
        try:
            if self._clock is not None and timed:
                late.update((record.index, record) for record in self._clock.timed())
            found = self._measured.collect() if waiting and self._measured is not None else []
        except RuntimeError as error:
            if gpu_loss(error):
                raise
            return [late[index] for index in sorted(late)]
        for record, places in waiting:
            record.stats = tuple([found[place] for place in places])
            late[record.index] = record
        return [late[index] for index in sorted(late)]

    def forget(self) -> None:
        """Hold no tensor any more."""
        self.last = _NOBODY
        if self._measured is not None:
            self._measured.forget()
