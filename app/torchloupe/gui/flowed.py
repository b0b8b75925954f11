"""What flowed in the run that is shown, as it can be pinned and looked at."""

from dataclasses import replace
from itertools import zip_longest

from torchloupe.gui.axes import axis_names_of
from torchloupe.gui.pinning import Pin
from torchloupe.gui.workbench import Workbench
from torchloupe.wire.activations import INPUT, OUTPUT, Activation
from torchloupe.wire.requests import RunForward


def repeated_run(bench: Workbench) -> RunForward:
    """What is asked for to have the last run once more, with the very input that was worked out for it."""
    specs = bench.report.input_specs if bench.report is not None else ()
    return replace(bench.asked, inputs=specs or bench.asked.inputs, operations=False)


def pin_title(pin: Pin, bench: Workbench) -> str:
    """Its title, and whether it is of another run than the one that is shown."""
    return pin.title if pin.activation.run == repeated_run(bench) else f"{pin.title}, another run"


def pins_of_call(bench: Workbench, index: int) -> tuple[Pin, ...]:
    """Every tensor of a call of the last run, its outputs first."""
    call, run = bench.calls[index], repeated_run(bench)
    names = axis_names_of(bench) if not bench.running else None
    outputs = [
        Pin(Activation(run, call.module, call.call_number, OUTPUT, number), meta, stats, axes or ())
        for number, (meta, stats, axes) in enumerate(zip_longest(call.outputs, call.stats, names.outputs(call) if names else ()))
    ]
    inputs = [
        Pin(Activation(run, call.module, call.call_number, INPUT, number), meta, None, axes or ())
        for number, (meta, axes) in enumerate(zip_longest(call.inputs, names.inputs(call) if names else ()))
    ]
    return (*outputs, *inputs)
