"""Parts that are called in unusual ways are seen, and nothing that comes out is another bit."""

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence
from torch.utils.checkpoint import checkpoint

from torchloupe.wire.requests import OpenTarget, RunForward
from torchloupe.worker.handlers import forward, open_target
from torchloupe.worker.trace import ForwardTrace


def watched(model, *args, **kwargs):
    """What came out, and the calls in the order in which they began."""
    calls = []
    with ForwardTrace(model, calls.extend, lambda: None):
        output = model(*args, **kwargs)
    return output, sorted(calls, key=lambda call: call.index)


def paths(model, *args, **kwargs):
    """The module paths that were called."""
    return [call.module for call in watched(model, *args, **kwargs)[1]]


def test_that_the_parts_of_an_encoder_layer_are_seen_where_torch_would_take_the_short_way():
    torch.manual_seed(0)
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True).eval()
    with torch.no_grad():
        short = layer(torch.ones(1, 3, 8))
        output, calls = watched(layer, torch.ones(1, 3, 8))
    assert {"self_attn", "linear1", "linear2", "norm1"} <= {call.module for call in calls}
    assert torch.allclose(short, output, atol=1e-6)
    assert torch.backends.mha.get_fastpath_enabled()


def test_that_attention_is_seen_with_its_inputs_by_name():
    layer = nn.MultiheadAttention(8, 2, batch_first=True)
    x = torch.rand(2, 3, 8)
    [call] = watched(layer, x, x, x, need_weights=False)[1]
    assert [meta.name for meta in call.inputs] == ["query", "key", "value"]
    assert [(value.name, value.text) for value in call.values] == [("need_weights", "False")]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of torch.jit itself
def test_that_a_scripted_part_is_seen_from_outside():
    scripted = torch.jit.script(nn.Sequential(nn.Linear(3, 4), nn.ReLU()))
    model = nn.Sequential(nn.Linear(3, 3), scripted)
    assert paths(model, torch.rand(2, 3)) == ["", "0", "1"]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of torch.jit itself
def test_that_a_traced_part_is_seen_from_outside():
    traced = torch.jit.trace(nn.Linear(3, 4), torch.rand(2, 3))
    assert paths(nn.Sequential(traced), torch.rand(2, 3)) == ["", "0"]


def test_that_a_compiled_part_is_seen_with_its_inside(context, tmp_path):
    target = tmp_path / "compiled.py"
    target.write_text(
        "import torch\nfrom torch import nn\n\n\ndef make_model():\n"
        "    return nn.Sequential(torch.compile(nn.Sequential(nn.Linear(3, 4), nn.ReLU()), backend='eager'), nn.Linear(4, 2))\n\n\n"
        "def example_inputs():\n    return (torch.ones(2, 3),)\n"
    )
    open_target(context, OpenTarget(str(target)))
    report = forward(context, RunForward())
    assert report.problems == ()
    assert {"0", "0._orig_mod", "0._orig_mod.0", "0._orig_mod.1", "1"} <= {call.module for call in context.calls}


@pytest.mark.parametrize("reentrant", [True, False])
def test_that_the_parts_of_a_checkpointed_block_are_seen_at_the_line_that_checkpoints_them(reentrant):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.head, self.block = nn.Linear(3, 3), nn.Sequential(nn.Linear(3, 3), nn.ReLU())

        def forward(self, x):
            return checkpoint(self.block, self.head(x), use_reentrant=reentrant)

    calls = watched(Net(), torch.rand(2, 3))[1]
    assert [call.module for call in calls] == ["", "head", "block", "block.0", "block.1"]
    block = calls[2]
    assert (block.file, block.line) == (__file__, Net.forward.__code__.co_firstlineno + 1)
    assert calls[3].line == block.line  # nothing of the user's lies between the block and its parts


def test_that_a_data_parallel_wrapper_is_seen_with_its_module():
    assert paths(nn.DataParallel(nn.Linear(3, 4)), torch.rand(2, 3)) == ["", "module"]


def test_that_an_exported_graph_is_seen():
    graph = torch.fx.symbolic_trace(nn.Sequential(nn.Linear(3, 4), nn.ReLU()))
    assert paths(graph, torch.rand(2, 3)) == ["", "0", "1"]


def test_that_a_packed_sequence_goes_through():
    packed = pack_padded_sequence(torch.rand(3, 5, 4), torch.tensor([5, 3, 2]), batch_first=True)
    [call] = watched(nn.GRU(4, 6, batch_first=True), packed)[1]
    assert call.inputs[0].shape == (10, 4)
    assert call.outputs[0].shape == (10, 6)


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode, torch.enable_grad])
def test_that_modes_of_autograd_stay_what_they_are(mode):
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(inplace=True))
    x = torch.rand(2, 3)
    with mode():
        plain = model(x)
        output, calls = watched(model, x)
    assert torch.equal(plain, output)
    assert output.requires_grad == plain.requires_grad
    assert output.is_inference() == plain.is_inference()
    assert len(calls) == 3


def test_that_a_view_that_is_changed_later_is_told_as_it_was_when_it_came_out():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.part = nn.Identity()

        def forward(self, x):
            y = x.clone()
            view = self.part(y[:1])
            y.fill_(7)
            return view

    _, calls = watched(Net(), torch.ones(2, 3))
    assert calls[1].stats[0].mean == 1
    assert calls[0].stats[0].mean == 7


def test_that_a_generator_is_handed_through_untouched():
    class Net(nn.Module):
        def forward(self, parts):
            return sum(parts)

    [call] = watched(Net(), (torch.ones(2) for _ in range(3)))[1]
    assert call.inputs == ()
    assert call.stats[0].mean == 3


def test_that_a_part_that_fails_and_is_caught_does_not_hold_what_comes_after():
    class Fails(nn.Module):
        def forward(self, x):
            raise ValueError("no")

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Sequential(Fails()), nn.Linear(3, 3)

        def forward(self, x):
            try:
                return self.a(x)
            except ValueError:
                return self.b(x)

    calls = watched(Net(), torch.rand(2, 3))[1]
    assert [(call.module, call.status, call.depth) for call in calls] == [
        ("", "done", 0),
        ("a", "failed", 1),
        ("a.0", "failed", 2),
        ("b", "done", 1),
    ]


def test_that_a_hook_of_the_users_that_raises_ends_the_call_it_is_on():
    model = nn.Sequential(nn.Linear(3, 3), nn.ReLU())
    model[1].register_forward_hook(lambda *_: 1 / 0)
    calls = []
    trace = ForwardTrace(model, calls.extend, lambda: None)
    with pytest.raises(ZeroDivisionError), trace:
        model(torch.rand(2, 3))
    assert trace.abandon().call.module == "1"
    assert {call.module: call.status for call in calls} == {"0": "done", "1": "failed", "": "unfinished"}


def test_that_modules_that_are_no_part_of_the_model_run_unseen():
    other = nn.Linear(3, 3)

    class Net(nn.Module):
        def forward(self, x):
            return other(x)

    assert paths(Net(), torch.rand(2, 3)) == [""]


def test_that_the_call_of_every_module_is_torchs_own_again_afterwards():
    own = nn.Module.__call__
    with pytest.raises(RuntimeError):
        watched(nn.Sequential(nn.Linear(2, 2), nn.Linear(3, 3)), torch.rand(1, 2))
    watched(nn.Linear(2, 2), torch.rand(1, 2))
    assert nn.Module.__call__ is own


def test_that_channels_last_is_told_and_kept():
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU()).to(memory_format=torch.channels_last)
    output, calls = watched(model, torch.rand(2, 3, 8, 8).to(memory_format=torch.channels_last))
    assert output.is_contiguous(memory_format=torch.channels_last)
    assert {meta.memory_format for call in calls for meta in (*call.inputs, *call.outputs)} == {"channels_last"}


def test_that_the_mode_of_each_call_is_that_of_its_module_then():
    model = nn.Sequential(nn.Linear(2, 2), nn.Dropout()).eval()
    model[1].train()
    assert [call.training for call in watched(model, torch.rand(1, 2))[1]] == [False, False, True]
