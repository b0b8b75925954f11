"""A worker that holds tensors that flowed, for panels: it answers as the real one does, without a model."""

from collections.abc import Callable
from typing import Any

import torch

from gui import panel_data
from gui.panel_data import QuietSession
from torchloupe.gui.workbench import Workbench
from torchloupe.wire.activations import INPUT, OUTPUT, Activation, FetchActivation, MeasureActivation
from torchloupe.wire.requests import Failed, RunForward
from torchloupe.wire.tensors import TensorMeta
from torchloupe.wire.traces import LayerCall
from torchloupe.worker.activations import Kept, KeptActivations, fetch_activation, measure_activation
from torchloupe.worker.statistics import tensor_stats

Place = tuple[str, int, str, int]
RUN = RunForward(("float32[2,3,8,8]",))


class FlowSession(QuietSession):
    """``flow`` holds tensors by module, number of the call, side and number there. ``refusal`` is answered in place of all of them."""

    def __init__(self, flow: dict[Place, torch.Tensor]) -> None:
        super().__init__()
        self.flow = flow
        self.refusal: Failed | None = None

    def ask(self, message: Any, on_event: Any = None) -> Any:
        """From the tensor that is meant."""
        if not isinstance(message, FetchActivation | MeasureActivation):
            return super().ask(message, on_event)
        self.asked.append(message)
        if self.refusal is not None:
            return self.refusal
        activation = message.activation
        tensor = self.flow[activation.module, activation.call_number, activation.side, activation.number]
        kept = KeptActivations()
        outputs = [
            value for place, value in self.flow.items() if place[:3] == (activation.module, activation.call_number, OUTPUT)
        ]
        kept.put(activation, Kept(tensor, tuple(tensor_stats(value) for value in outputs)))
        answer: Callable[..., Any] = fetch_activation if isinstance(message, FetchActivation) else measure_activation
        return answer(None, None, kept, message, _Context(on_event))

    def asked_for(self, kind: type) -> list[Any]:
        """Requests of one kind."""
        return [message for message in self.asked if isinstance(message, kind)]


class _Context:
    def __init__(self, on_event: Any) -> None:
        self.emit = on_event


def run_flow(
    bench: Workbench, flow: dict[Place, torch.Tensor], seconds: float = 0.03, run: RunForward = RUN, **facts: Any
) -> None:
    """A run in which these tensors flowed, one call for each place."""
    if bench.model is None:
        bench.set_model(panel_data.opened())
    bench.begin_run(run)
    places = list(dict.fromkeys(place[:2] for place in flow))
    calls = [_call(index, *place, flow) for index, place in enumerate(places)]
    bench.add_calls(calls)
    known = panel_data.report(calls=len(calls))
    bench.end_run(type(known)(**{**vars(known), "seconds": seconds, **facts}))


def _call(index: int, module: str, number: int, flow: dict[Place, torch.Tensor]) -> LayerCall:
    sides = {side: [value for place, value in flow.items() if place[:3] == (module, number, side)] for side in (INPUT, OUTPUT)}
    given, made = (tuple(_meta(value) for value in sides[side]) for side in (INPUT, OUTPUT))
    return LayerCall(index, module, "Layer", number, 1, given, made, tuple(tensor_stats(value) for value in sides[OUTPUT]))


def _meta(tensor: torch.Tensor) -> TensorMeta:
    return TensorMeta(tuple(tensor.shape), str(tensor.dtype).removeprefix("torch."), str(tensor.device))


def activation(module: str, number: int = 0, side: str = OUTPUT, place: int = 0) -> Activation:
    """One of them."""
    return Activation(RUN, module, number, side, place)
