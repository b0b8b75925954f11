"""A tensor that flowed is looked at by repeating the pass: the same values, the model as it was, and a sentence where it cannot be."""

import struct
import sys
import threading

import pytest
import torch

from torchloupe.wire.activations import INPUT, Activation, FetchActivation, MeasureActivation
from torchloupe.wire.errors import UsageError
from torchloupe.wire.requests import OpenTarget, RunForward, ValuesArrived
from torchloupe.worker import activations
from torchloupe.worker.cancel import Cancelled
from torchloupe.worker.handlers import activation_numbers, activation_part, forward, open_target

MODEL = """
import torch
from torch import nn

calls = []


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 6)
        self.norm = nn.BatchNorm1d(6)
        self.drop = nn.Dropout(0.5)
        self.relu = nn.ReLU(inplace=True)
        self.last = nn.Linear(6, 3)

    def forward(self, x, scale=None):
        calls.append(1)
        hidden = self.relu(self.norm(self.first(x)))
        hidden = self.relu(self.drop(hidden) - 0.5)
        return {"logits": self.last(hidden), "hidden": hidden}
"""


class Blobs:
    """A context that keeps blobs, too."""

    def __init__(self, context):
        self.context, self.sent = context, []
        emit = context.emit

        def kept(message, blobs=()):
            if isinstance(message, ValuesArrived):
                self.sent.append(blobs[0])
            else:
                emit(message, blobs)

        context.emit = kept


@pytest.fixture
def opened(context, tmp_path):
    """Opens a model's source, and looks at what flows in it."""

    def open_source(source=MODEL):
        file = tmp_path / "net.py"
        file.write_text(source, encoding="utf-8")
        open_target(context, OpenTarget(str(file)))
        return context.state["open"].model

    return open_source


@pytest.fixture
def fetch(context):
    """The values of an activation as a list, and what came with them."""
    blobs = Blobs(context)

    def ask(activation, index="", pinned=()):
        reply = activation_part(context, FetchActivation(activation, index, pinned))
        data = blobs.sent[-1]
        code = {"float32": "f", "float64": "d", "int64": "q", "bool": "?"}[reply.dtype]
        return reply, list(struct.unpack(f"<{len(data) // struct.calcsize(code)}{code}", data))

    return ask


RUN = RunForward(("float32[5,4]",), mode="train")


def passes():
    """How often the model of the file ran."""
    return len(sys.modules["net"].calls)


def reference(model, run=RUN):
    """What flows, by plain torch: outputs of every module in order, on the same input."""
    found = []
    torch.manual_seed(run.seed)
    given = torch.randn(5, 4)
    handles = [
        module.register_forward_hook(lambda each, _given, out, name=name: found.append((name, _copy(out))))
        for name, module in model.named_modules()
    ]
    torch.manual_seed(run.seed)
    state = {key: value.clone() for key, value in model.state_dict().items()}
    model(given)
    model.load_state_dict(state)
    for handle in handles:
        handle.remove()
    return found


def _copy(out):
    return out.detach().clone() if isinstance(out, torch.Tensor) else out


def values_of(tensor):
    return pytest.approx(tensor.flatten().tolist(), abs=0)


def test_that_the_output_of_a_call_is_what_flowed_there_before_a_later_layer_changed_it(opened, fetch):
    outputs = reference(opened())
    reply, values = fetch(Activation(RUN, "norm"))
    assert (reply.shape, reply.dtype, reply.key) == ((5, 6), "float32", "norm, output")
    assert values == values_of(dict(outputs[:2])["norm"])
    assert min(values) < 0, "the ReLU in place comes later"


def test_that_each_call_of_a_shared_module_has_its_own_values(opened, fetch):
    relus = [value for name, value in reference(opened()) if name == "relu"]
    assert fetch(Activation(RUN, "relu", 0))[1] == values_of(relus[0])
    assert fetch(Activation(RUN, "relu", 1))[1] == values_of(relus[1])


def test_that_inputs_and_named_outputs_can_be_looked_at(opened, fetch):
    model = opened()
    outputs = reference(model)
    hidden = fetch(Activation(RUN, "last", side=INPUT))[1]
    assert hidden == values_of(outputs[4][1])
    assert fetch(Activation(RUN, "", number=1))[1] == hidden
    assert fetch(Activation(RUN, "", number=0))[0].shape == (5, 3)


def test_that_what_the_users_hook_makes_of_the_arguments_is_what_the_call_gets(opened, fetch):
    model = opened()
    model.last.register_forward_pre_hook(lambda _module, given: (torch.zeros_like(given[0]),))
    assert set(fetch(Activation(RUN, "last", side=INPUT))[1]) == {0.0}
    assert len(model.last._forward_pre_hooks) == 1


def test_that_one_part_after_the_other_costs_one_pass(opened, fetch):
    opened()
    whole = fetch(Activation(RUN, "first"))[1]
    assert passes() == 1
    assert fetch(Activation(RUN, "first"), "2, 1:3")[1] == whole[13:15]
    assert fetch(Activation(RUN, "first"), ":, 0")[1] == whole[::6]
    assert passes() == 1
    fetch(Activation(RUN, "last"))
    fetch(Activation(RUN, "first"))
    assert passes() == 3


def test_that_what_is_pinned_is_kept_until_it_is_unpinned(opened, fetch):
    opened()
    one, other = Activation(RUN, "first"), Activation(RUN, "last")
    fetch(one, pinned=(one,))
    fetch(other, pinned=(one,))
    fetch(one, pinned=(one, other))
    assert passes() == 2
    fetch(other, pinned=())
    fetch(one, pinned=())
    assert passes() == 3


def test_that_a_new_run_forgets_all_but_the_pinned_and_a_new_model_everything(opened, fetch, context):
    opened()
    one, other = Activation(RUN, "first"), Activation(RUN, "last")
    fetch(one, pinned=(one,))
    fetch(other, pinned=(one,))
    forward(context, RUN)
    assert passes() == 3
    fetch(one, pinned=(one,))
    assert passes() == 3
    fetch(other, pinned=(one,))
    assert passes() == 4
    opened()
    fetch(one, pinned=(one,))
    assert passes() == 1


def test_that_the_pass_ends_with_the_call_and_the_model_is_as_it_was(opened, fetch):
    model = opened()
    seen = []
    model.last.register_forward_hook(lambda *_: seen.append(1))
    before = {key: value.clone() for key, value in model.state_dict().items()}
    generator = torch.get_rng_state()
    fetch(Activation(RUN, "norm"))
    assert seen == []
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    assert torch.equal(torch.get_rng_state(), generator)
    assert "__call__" not in vars(type(model))


def test_that_the_numbers_are_of_all_values_and_those_of_the_run(opened, context):
    model = opened()
    forward(context, RUN)
    run_stats = next(call for call in context.calls if call.module == "first").stats
    made = activation_numbers(context, MeasureActivation(Activation(RUN, "first"), channel_dimension=1))
    values = dict(reference(model)[:1])["first"]
    assert (made.shape, made.dtype, made.bytes, made.is_kept) == ((5, 6), "float32", 120, True)
    assert made.call_stats == run_stats
    assert made.summary.stats == run_stats[0]
    middle = next(each.value for each in made.summary.quantiles if each.part == 0.5)
    assert middle == pytest.approx(values.double().quantile(0.5).item())
    assert [channel.mean for channel in made.channels] == pytest.approx(values.double().mean(0).tolist())


def test_that_a_tensor_too_large_to_keep_is_looked_at_part_by_part(opened, context, fetch, monkeypatch):
    opened()
    whole = fetch(Activation(RUN, "first"))[1]
    monkeypatch.setattr(activations, "KEPT_BYTES", 100)
    context.state["open"].activations.forget()
    assert fetch(Activation(RUN, "first"), "4")[1] == whole[24:]
    assert fetch(Activation(RUN, "first"), "0")[1] == whole[:6]
    made = activation_numbers(context, MeasureActivation(Activation(RUN, "first")))
    assert (made.is_kept, made.summary.stats.count, len(made.call_stats)) == (False, 30, 1)
    assert passes() == 4


def test_that_the_oldest_pinned_tensor_gives_way_when_there_is_no_room(opened, fetch, monkeypatch):
    opened()
    monkeypatch.setattr(activations, "KEPT_BYTES", 240)
    three = tuple(Activation(RUN, name) for name in ("first", "norm", "drop"))
    for each in three:
        fetch(each, pinned=three)
    fetch(three[2], pinned=three)
    fetch(three[1], pinned=three)
    assert passes() == 3
    fetch(three[0], pinned=three)
    assert passes() == 4


CATCHES = '''
from torch import nn


class Stubborn(nn.Module):
    """Goes on whatever its part raises."""

    def __init__(self):
        super().__init__()
        self.part = nn.Linear(4, 4)
        self.ended = []

    def forward(self, x):
        try:
            y = self.part(x)
        except BaseException:
            y = x
        return self.part(y)
'''


def test_that_a_model_that_catches_everything_runs_on_and_gives_the_values_all_the_same(opened, fetch):
    model = opened(CATCHES)
    _, values = fetch(Activation(RunForward(("float32[2,4]",)), "part"))
    torch.manual_seed(0)
    assert values == values_of(model.part(torch.randn(2, 4)))


THREADS = '''
import threading
from torch import nn


class Threaded(nn.Module):
    """Calls its part in a thread of its own."""

    def __init__(self):
        super().__init__()
        self.part = nn.Linear(4, 4)

    def forward(self, x):
        made = []
        thread = threading.Thread(target=lambda: made.append(self.part(x)))
        thread.start()
        thread.join()
        return made[0] + 1
'''


def test_that_a_part_that_is_called_in_a_thread_is_seen_and_the_thread_ends_by_itself(opened, fetch):
    opened(THREADS)
    assert len(fetch(Activation(RunForward(("float32[2,4]",)), "part"))[1]) == 8


FICKLE = '''
from torch import nn

count = [0]


class Fickle(nn.Module):
    """Takes another way each time."""

    def __init__(self):
        super().__init__()
        self.part, self.other = nn.Linear(4, 4), nn.Linear(4, 4)

    def forward(self, x):
        count[0] += 1
        if count[0] > 1:
            raise ValueError("enough")
        return self.part(x)
'''


@pytest.mark.parametrize(
    ("activation", "sentence"),
    [
        (Activation(RUN, "relu", 2), "`relu` was not called a third time when the pass was repeated, but 2 times"),
        (Activation(RUN, "gone"), "The model has no module `gone`."),
        (Activation(RUN, "first", number=3), "There is no first, output 3: the call has 1 tensors on that side."),
        (Activation(RunForward(("float32[5,4]",), shapes_only=True), "first"), "A run of shapes alone has no values."),
        (Activation(RunForward(("float32[5,4]",), device="meta"), "first"), "A run of shapes alone has no values."),
        (Activation(RunForward(("float32[5,9]",)), "last"), "The repeated pass failed before last, output: RuntimeError"),
        (Activation(RunForward(("float32[5,9]",)), "first"), "The call did not end when the pass was repeated"),
    ],
)
def test_that_what_cannot_be_had_is_a_sentence(opened, fetch, activation, sentence):
    opened()
    with pytest.raises(UsageError) as caught:
        fetch(activation)
    assert str(caught.value).startswith(sentence)
    assert caught.value.hint


def test_that_the_input_of_a_call_that_fails_can_be_looked_at(opened, fetch):
    opened()
    reply, values = fetch(Activation(RunForward(("float32[5,9]",)), "first", side=INPUT))
    assert (reply.shape, len(values)) == ((5, 9), 45)


def test_that_a_model_that_takes_another_way_says_so(opened, fetch):
    opened(FICKLE)
    run = RunForward(("float32[2,4]",))
    fetch(Activation(run, "part"))
    with pytest.raises(UsageError, match=r"failed before other, output: ValueError: enough"):
        fetch(Activation(run, "other"))


ODD = '''
import torch
from torch import nn


class Odd(nn.Module):
    """Gives tensors of every kind."""

    def __init__(self):
        super().__init__()
        self.part = Part()

    def forward(self, x):
        return self.part(x)[0]


class Part(nn.Module):
    def forward(self, x):
        return (
            x.to_sparse(),
            torch.quantize_per_tensor(x, 0.5, 0, torch.qint8),
            torch.nested.nested_tensor([x[0], x[1, :2]]),
            torch.complex(x, x).conj(),
            x > 0,
            x.new_zeros(0, 3),
            x.long(),
            x[:, ::2].t(),
            torch.tensor([float("nan"), float("inf"), 1.0]),
        )
'''
ODD_RUN = RunForward(("float32[2,4]",))


@pytest.mark.filterwarnings("ignore:torch.quantize_per_tensor", "ignore:The PyTorch API of nested")
def test_that_every_kind_of_tensor_has_values_or_a_sentence(opened, fetch, context):
    opened(ODD)
    torch.manual_seed(0)
    x = torch.randn(2, 4)
    wanted = {0: x, 4: x > 0, 5: x.new_zeros(0, 3), 6: x.long(), 7: x[:, ::2].t()}
    for number, tensor in wanted.items():
        reply, values = fetch(Activation(ODD_RUN, "part", number=number))
        assert (reply.shape, values) == (tuple(tensor.shape), tensor.flatten().tolist())
    assert fetch(Activation(ODD_RUN, "part", number=1))[1] == pytest.approx(x.flatten().tolist(), abs=0.26)
    with pytest.raises(UsageError, match="nested tensor whose rows differ"):
        fetch(Activation(ODD_RUN, "part", number=2))
    waves = activation_numbers(context, MeasureActivation(Activation(ODD_RUN, "part", number=3), 1))
    assert (waves.dtype, waves.summary, waves.channels) == ("complex64", None, ())
    assert waves.uncountable == "is complex, and complex numbers have no order"
    empty = activation_numbers(context, MeasureActivation(Activation(ODD_RUN, "part", number=5), 1))
    assert (empty.shape, empty.summary, empty.channels, empty.uncountable) == ((0, 3), None, (), "is empty")
    bad = activation_numbers(context, MeasureActivation(Activation(ODD_RUN, "part", number=8), 0))
    assert [(each.not_finite, each.mean) for each in bad.channels] == [(1, None), (1, None), (0, 1.0)]
    assert [each.value for each in bad.summary.quantiles] == [1.0] * 7


def test_that_a_cancel_stops_the_repeated_pass_and_the_model_is_put_back(opened, fetch, context):
    model = opened()

    def stop():
        raise KeyboardInterrupt

    context.raise_if_requested = stop
    with pytest.raises(KeyboardInterrupt):
        fetch(Activation(RUN, "last"))
    assert int(model.norm.num_batches_tracked) == 0
    assert not context.state["spoiled"]
    assert torch.nn.Module.__call__.__name__ != "call"


ENDLESS = '''
from torch import nn


class Endless(nn.Module):
    """Calls its part for ever, and never the other one."""

    def __init__(self):
        super().__init__()
        self.part, self.other = nn.Linear(4, 4), nn.Linear(4, 4)

    def forward(self, x):
        while True:
            x = self.part(x)
        return self.other(x)
'''


def test_that_the_time_limit_of_the_run_holds_for_its_repetition(opened, fetch, context):
    opened(ENDLESS)
    asked = threading.Event()

    def stop_if_asked():
        if asked.is_set():
            raise Cancelled

    context.request_id, context.raise_if_requested = 1, stop_if_asked
    context.request = lambda _request, **_how: asked.set()
    run = RunForward(("float32[2,4]",), time_limit=0.05)
    assert len(fetch(Activation(run, "part", 3))[1]) == 8
    with pytest.raises(UsageError, match="took longer than 50 ms, the time limit of the run"):
        fetch(Activation(run, "other"))


LARGE = '''
from torch import nn


class Large(nn.Module):
    """Gives more elements than there is memory for, in the memory of a few."""

    def __init__(self):
        super().__init__()
        self.part = Part()

    def forward(self, x):
        return self.part(x).shape


class Part(nn.Module):
    def forward(self, x):
        return x.expand(300_000_000, 4)
'''


def test_that_of_a_huge_tensor_a_slice_is_sent_and_nothing_is_copied(opened, fetch):
    opened(LARGE)
    run = RunForward(("float32[1,4]",))
    reply, values = fetch(Activation(run, "part"), "299_999_999, 1:3")
    assert (reply.shape, len(values)) == ((2,), 2)
    with pytest.raises(UsageError, match="MB are sent at most"):
        fetch(Activation(run, "part"), "0:200_000_000, 0")


def test_that_grad_and_autocast_are_as_in_the_run(opened, fetch):
    model = opened()
    seen = []
    model.first.register_forward_pre_hook(lambda *_: seen.append((torch.is_grad_enabled(), torch.is_autocast_enabled("cpu"))))
    for grad, autocast in ((None, None), (False, None), (True, "bfloat16")):
        fetch(Activation(RunForward(("float32[5,4]",), grad=grad, autocast=autocast), "first", side=INPUT))
    assert seen == [(True, False), (False, False), (True, True)]
