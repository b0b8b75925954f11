"""What the Tensor panel knows of tensors that flowed: it asks for their numbers, and a person before a pass is repeated for long."""

from collections.abc import Callable
from functools import partial

from torchloupe.analysis.activation_views import channel_dimension, doubts, question_before
from torchloupe.gui.jobs import Jobs
from torchloupe.gui.pinning import Pin, repeated_run
from torchloupe.gui.tensor.activation_source import (
    ActivationSource,
    DifferenceSource,
    MeasuredDifference,
    MeasureDifference,
    activation_source,
)
from torchloupe.gui.workbench import Workbench
from torchloupe.wire.activations import Activation, MeasureActivation, MeasuredActivation
from torchloupe.wire.requests import Failed

TAG = "tensor-stats"
Pair = tuple[Pin, Pin]


class FlowReadings:
    """``changed`` is called when there is something new to show. Everything is forgotten with the run that it belongs to."""

    def __init__(self, workbench: Workbench, jobs: Jobs, changed: Callable[[], None]) -> None:
        self._bench, self._jobs, self._changed = workbench, jobs, changed
        self._measured: dict[Activation, MeasuredActivation] = {}
        self._differences: dict[Pair, MeasuredDifference] = {}
        self._failed: dict[Activation | Pair, str] = {}
        self._allowed = False

    def forget(self) -> None:
        """Another run, or another model."""
        self._measured.clear()
        self._differences.clear()
        self._failed.clear()
        self._allowed = False

    @property
    def question(self) -> str:
        """What a person has to be asked before values are looked at; empty when nothing is."""
        report = self._bench.report
        return "" if self._allowed else question_before(report, report.seconds if report is not None else 0.0)

    def allow(self) -> None:
        """The pass may be repeated."""
        self._allowed = True
        self._changed()

    def source(self, pin: Pin) -> ActivationSource:
        """Its values."""
        return activation_source(self._jobs.ask, pin.activation, pin.meta, self._bench.pins.activations)

    def difference(self, pair: Pair) -> DifferenceSource:
        """The values of the second minus those of the first."""
        return DifferenceSource(self.source(pair[0]), self.source(pair[1]))

    def measured(self, pin: Pin) -> MeasuredActivation | None:
        """Its numbers; they are asked for when they are not there, and may be."""
        activation = pin.activation
        if activation not in self._measured and activation not in self._failed and not self.question:
            request = MeasureActivation(activation, channel_dimension(pin.meta.shape), self._bench.pins.activations)
            self._jobs.start(
                request,
                partial(self._arrived, activation),
                partial(self._refused, activation),
                tag=TAG,
                label=f"Numbers of {pin.title}",
            )
        return self._measured.get(activation)

    def measured_difference(self, pair: Pair) -> MeasuredDifference | None:
        """How far two differ; asked for as above."""
        if pair not in self._differences and pair not in self._failed and not self.question:
            work, label = MeasureDifference(self.difference(pair)), f"Difference of {pair[0].title} and {pair[1].title}"
            self._jobs.start(work, partial(self._differs, pair), partial(self._refused, pair), tag=TAG, label=label)
        return self._differences.get(pair)

    def is_known(self, about: Pin | Pair | None) -> bool:
        """Its numbers are there."""
        key = about.activation if isinstance(about, Pin) else about
        return key in self._measured or key in self._differences

    def sentence(self, about: Pin | Pair) -> str:
        """What has to be known of the values, or why there are none."""
        key = about.activation if isinstance(about, Pin) else about
        if key in self._failed:
            return self._failed[key]
        measured = self._measured.get(key) if isinstance(key, Activation) else None
        if measured is None or not isinstance(key, Activation) or key.run != repeated_run(self._bench):
            return ""
        place = key.module, key.call_number
        call = next((each for each in self._bench.calls.values() if (each.module, each.call_number) == place), None)
        return " ".join(doubts(call, measured)) if call is not None else ""

    def read_again(self, about: Pin | Pair) -> None:
        """After a failure or a cancel."""
        self._failed.pop(about.activation if isinstance(about, Pin) else about, None)
        self._changed()

    def _arrived(self, activation: Activation, measured: MeasuredActivation) -> None:
        self._measured[activation] = measured
        self._changed()

    def _differs(self, pair: Pair, measured: MeasuredDifference) -> None:
        self._differences[pair] = measured
        self._changed()

    def _refused(self, key: Activation | Pair, failed: Failed) -> None:
        sentences = [f"{problem.message} {problem.hint}".strip() for problem in failed.problems]
        self._failed[key] = " ".join(sentences) or "Reading the values was cancelled."
        self._changed()
