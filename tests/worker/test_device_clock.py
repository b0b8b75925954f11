"""Seconds of a device that works behind the program. A made-up one stands for the GPU: its time goes on where the model says so."""

import pytest
import torch
from torch import nn

from torchloupe.worker.device_clock import DeviceClock, clock_of
from torchloupe.worker.output_notes import OutputNotes
from torchloupe.worker.trace import ForwardTrace


class Device:
    """What torch.cuda has of functions, with a time of its own in milliseconds."""

    def __init__(self):
        self.now = 0.0
        self.records = False
        self.waited = 0

    def Event(self, enable_timing):
        assert enable_timing
        return Event(self)

    def current_stream(self, device):
        return f"stream of {device}"

    def is_current_stream_capturing(self):
        return self.records

    def synchronize(self, device):
        self.waited += 1


class Event:
    def __init__(self, device):
        self.device, self.at = device, None

    def record(self, stream):
        assert stream == "stream of cpu"
        self.at = self.device.now

    def elapsed_time(self, other):
        assert self.device.waited, "asked before the device had come to here"
        return other.at - self.at


@pytest.fixture
def device():
    return Device()


class Layer(nn.Module):
    def __init__(self, device, milliseconds):
        super().__init__()
        self.device, self.milliseconds = device, milliseconds

    def forward(self, x):
        self.device.now += self.milliseconds
        return x + 1


class Block(nn.Sequential):
    def forward(self, x):
        x = super().forward(x)
        self[0].device.now += 1.0  # an operation that no part owns
        return x * 2


def timed(model, device, **options):
    """Milliseconds by module path, and those that were told while it ran."""
    told = []
    trace = ForwardTrace(model, told.extend, lambda: None, clock=DeviceClock(torch.device("cpu"), device), **options)
    with trace:
        model(torch.zeros(3))
    assert device.waited == 0
    return {call.module: round((call.seconds or 0) * 1e3, 6) for call in trace.late_calls()}


def test_that_a_call_took_what_the_device_needed_for_it_and_its_parts(device):
    model = Block(Layer(device, 3.0), Block(Layer(device, 5.0), Layer(device, 7.0)), Layer(device, 0.0))
    assert timed(model, device) == {"": 17.0, "0": 3.0, "1": 13.0, "1.0": 5.0, "1.1": 7.0, "2": 0.0}


def test_that_what_watching_asks_of_the_device_is_no_time_of_the_model(device, monkeypatch):
    plain = OutputNotes.note

    def note(self, record, output):
        device.now += 100.0
        return plain(self, record, output)

    monkeypatch.setattr(OutputNotes, "note", note)
    model = Block(Layer(device, 3.0), Block(Layer(device, 5.0)))
    assert timed(model, device) == {"": 10.0, "0": 3.0, "1": 6.0, "1.0": 5.0}


def test_that_what_is_noted_before_a_call_is_no_time_of_what_called_it(device, monkeypatch):
    plain = ForwardTrace._note_inputs

    def note(self, record, args, kwargs):
        device.now += 100.0  # a device that has nothing to do waits for the program
        return plain(self, record, args, kwargs)

    monkeypatch.setattr(ForwardTrace, "_note_inputs", note)

    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.part = Layer(device, 3.0)

        def forward(self, x):
            return self.part(x=x)

    assert timed(Two(), device) == {"": 3.0, "part": 3.0}


def test_that_what_is_recorded_for_later_has_no_time_of_the_device(device):
    class Recorded(Layer):
        def forward(self, x):
            self.device.records = True
            return super().forward(x)

    model = Block(Layer(device, 3.0), Recorded(device, 5.0))
    assert timed(model, device) == {"0": 3.0}


def test_that_a_model_that_calls_parts_from_threads_keeps_the_time_of_the_program(device, monkeypatch):
    monkeypatch.setattr(ForwardTrace, "is_threaded", True)
    assert timed(Block(Layer(device, 3.0)), device) == {}


def test_that_only_a_model_on_one_gpu_has_a_clock():
    assert clock_of(nn.Linear(2, 2)) is None
    assert clock_of(nn.ReLU()) is None
    assert clock_of(nn.Linear(2, 2, device="meta")) is None
