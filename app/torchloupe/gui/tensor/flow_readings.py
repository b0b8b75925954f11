"""What the Tensor panel knows of tensors that flowed: it asks for their numbers, and a person before a pass is repeated for long."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from torchloupe.analysis.activation_views import channel_dimension, difference_facts, doubts, question_before
from torchloupe.gui.flowed import repeated_run
from torchloupe.gui.jobs import Jobs
from torchloupe.gui.pinning import Pin
from torchloupe.gui.tensor.activation_source import ActivationSource, DifferenceSource, MeasuredDifference, MeasureDifference
from torchloupe.gui.tensor.activation_source import activation_source as source_of
from torchloupe.gui.tensor.model import TensorChoice
from torchloupe.gui.workbench import Workbench
from torchloupe.wire.activations import Activation, MeasureActivation, MeasuredActivation
from torchloupe.wire.requests import Failed
from torchloupe.wire.tensors import TensorStats
from torchloupe.wire.values import ValueSummary

TAG = "tensor-stats"
Key = Activation | tuple[Pin, Pin]


@dataclass(frozen=True)
class FlowNumbers:
    """What is shown of a tensor that flowed, or of the difference of two: ``said`` stands above it, ``button`` is what can be done
    about that, ``in_place`` what is said where there are no ``stats``."""

    stats: TensorStats | None
    summary: ValueSummary | None = None
    facts: tuple[tuple[str, str], ...] = ()
    said: str = ""
    button: str = ""
    in_place: str = ""


class FlowReadings:
    """``changed`` is called when there is something new to show. Everything is forgotten with the run that it belongs to."""

    def __init__(self, workbench: Workbench, jobs: Jobs, changed: Callable[[], None]) -> None:
        self._bench, self._jobs, self._changed = workbench, jobs, changed
        self._known: dict[Key, MeasuredActivation | MeasuredDifference] = {}
        self._failed: dict[Key, str] = {}
        self._wanted: Key | None = None
        self._allowed = False

    def forget(self) -> None:
        """Another run, or another model."""
        self._known.clear()
        self._failed.clear()
        self._wanted, self._allowed = None, False

    @property
    def question(self) -> str:
        """What a person has to be asked before values are looked at; empty when nothing is."""
        bench = self._bench
        return "" if self._allowed and not bench.running else question_before(bench.report, bench.running)

    @property
    def button(self) -> str:
        """The answer that a person can give to it."""
        return "" if self._bench.running else "Show values"

    def allow(self) -> None:
        """The pass may be repeated, and what failed or was cancelled is read again."""
        self._allowed = True
        self._failed.clear()
        self._changed()

    def source(self, pin: Pin) -> ActivationSource:
        """Its values."""
        return source_of(self._jobs.ask, pin, self._bench.pins.activations)

    def difference(self, pair: tuple[Pin, Pin]) -> DifferenceSource:
        """The values of the second minus those of the first."""
        return DifferenceSource(self.source(pair[0]), self.source(pair[1]))

    def numbers(self, choice: TensorChoice) -> FlowNumbers:
        """What is known of a choice; what is not is asked for, unless a person has to be asked first."""
        key = choice.pin.activation if choice.pin is not None else choice.pair
        if key is None or choice.note or not choice.kind:
            return FlowNumbers(choice.stats, in_place=choice.note)
        if self.question:
            return FlowNumbers(choice.stats, said=self.question, button=self.button, in_place=self.question)
        if key in self._failed:
            return FlowNumbers(choice.stats, said=self._failed[key], button="Read again", in_place=self._failed[key])
        known = self._known.get(key)
        if known is None:
            self._ask(key, choice)
            return FlowNumbers(choice.stats, in_place="Reading the values …")
        stats = known.summary.stats if known.summary is not None else None
        if isinstance(known, MeasuredDifference):
            no_order = "" if stats else "The difference has no values that can be put in order."
            return FlowNumbers(stats, known.summary, difference_facts(known.difference), in_place=no_order)
        why = f"It {known.uncountable}." if known.uncountable else ""
        return FlowNumbers(choice.stats or stats, known.summary, said=self._doubts(key, known), in_place=why)

    def _ask(self, key: Key, choice: TensorChoice) -> None:
        if key == self._wanted and self._jobs.runs(TAG):
            return
        self._wanted = key
        if isinstance(key, Activation):
            work: object = MeasureActivation(key, channel_dimension(choice.shape, choice.axes), self._bench.pins.activations)
        else:
            work = MeasureDifference(self.difference(key))
        done, failed = partial(self._arrived, key), partial(self._refused, key)
        self._jobs.start(work, done, failed, tag=TAG, label=f"Numbers of {choice.title}")

    def _doubts(self, key: Key, measured: MeasuredActivation) -> str:
        if not isinstance(key, Activation) or key.run != repeated_run(self._bench):
            return ""
        place = key.module, key.call_number
        call = next((each for each in self._bench.calls.values() if (each.module, each.call_number) == place), None)
        return " ".join(doubts(call, measured)) if call is not None else ""

    def _arrived(self, key: Key, measured: MeasuredActivation | MeasuredDifference) -> None:
        self._known[key] = measured
        self._changed()

    def _refused(self, key: Key, failed: Failed) -> None:
        sentences = [f"{problem.message} {problem.hint}".strip() for problem in failed.problems]
        self._failed[key] = " ".join(sentences) or "Reading the values was cancelled."
        self._changed()
