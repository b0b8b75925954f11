"""Looking at one parameter in a step: its gradient, and how its values changed, part by part."""

from dataclasses import dataclass

from .steps import RunStep

GRADIENT, CHANGE = "gradient", "change"


@dataclass(frozen=True)
class StepTensor:
    """The ``gradient`` that the parameter ``key`` had when the optimizer first stepped, or the ``change`` of its values over the step.
    No step keeps them: ``step`` says how it is repeated."""

    key: str
    what: str
    step: RunStep


@dataclass(frozen=True)
class FetchStepValues:
    """Values of a part of it. Event: ``ValuesArrived`` with the bytes; answer: ``FetchedValues``. ``index`` is as in ``FetchValues``.
    The step is repeated, and what was asked for is kept for further parts until another one is asked for."""

    tensor: StepTensor
    index: str = ""


@dataclass(frozen=True)
class MeasureStepValues:
    """Its statistics, and of a change which rows moved. Answer: ``FetchedStats``."""

    tensor: StepTensor
