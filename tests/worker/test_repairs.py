"""A proposed fix is tried on the model in memory before anybody is told that it works."""

import pytest
import torch
from torch import nn

from torchloupe.wire.requests import RunForward
from torchloupe.worker.handlers import forward
from torchloupe.worker.repairs import RUNS, put_in_place, rebuilt


def fixes_of(run, tmp_path, init, lines, inputs, **request):
    """The fixes of the first problem of a model given as lines."""
    source = "import torch\nfrom torch import nn\n\nclass Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
    source += "".join(f"        {line}\n" for line in init) + "    def forward(self, x):\n"
    source += "".join(f"        {line}\n" for line in lines) + f"\ndef example_inputs():\n    return ({inputs},)\n"
    (tmp_path / "net.py").write_text(source)
    _, report = run(tmp_path / "net", **request)
    problem = report.problems[0]
    assert report.state_restored
    return problem.fixes


@pytest.mark.parametrize(
    ("init", "lines", "inputs"),
    [
        (["self.fc = nn.Linear(8, 2)"], ["return self.fc(x)"], "torch.ones(2, 7)"),
        (["self.conv = nn.Conv2d(3, 4, 3, bias=False)"], ["return self.conv(x)"], "torch.ones(2, 5, 9, 9)"),
        (["self.norm = nn.BatchNorm2d(3)"], ["return self.norm(x)"], "torch.ones(2, 5, 9, 9)"),
        (["self.norm = nn.LayerNorm([4, 8])"], ["return self.norm(x)"], "torch.ones(2, 4, 9)"),
        (["self.norm = nn.GroupNorm(1, 3)"], ["return self.norm(x)"], "torch.ones(2, 5, 9)"),
        (["self.rnn = nn.LSTM(3, 4, 2, batch_first=True)"], ["return self.rnn(x)[0]"], "torch.ones(2, 5, 6)"),
        (["self.tok = nn.Embedding(10, 4)"], ["return self.tok(x)"], "torch.tensor([3, 12])"),
        (["self.conv = nn.Conv2d(3, 4, 3)"], ["return self.conv(x)"], "torch.ones(2, 9, 9, 3)"),
        (["self.fc = nn.Linear(4, 2)"], ["return self.fc(x)"], "torch.ones(2, 4, dtype=torch.float64)"),
        (["self.norm = nn.BatchNorm2d(3)"], ["return self.norm(x)"], "torch.ones(3, 9, 9)"),
    ],
    ids=["linear", "conv", "batch norm", "layer norm", "group norm", "lstm", "embedding", "layout", "dtype", "batch"],
)
def test_that_a_fix_that_makes_the_model_run_is_verified(init, lines, inputs, run, tmp_path):
    (fix,) = fixes_of(run, tmp_path, init, lines, inputs)
    assert fix.verified
    assert fix.outcome == RUNS


def test_that_a_fix_that_leads_to_the_next_failure_says_so(run, tmp_path):
    init = ["self.a = nn.Linear(8, 3)", "self.b = nn.Linear(4, 2)"]
    (fix,) = fixes_of(run, tmp_path, init, ["self.b(self.a(x))", "raise ValueError('no')"], "torch.ones(2, 7)")
    assert fix.verified
    assert fix.outcome.startswith("this layer is passed, then RuntimeError: mat1 and mat2")


def test_that_a_fix_in_the_source_is_tried_by_running_the_changed_line(run, tmp_path):
    (fix,) = fixes_of(run, tmp_path, ["self.fc = nn.Linear(12, 2)"], ["return self.fc(x)"], "torch.ones(2, 3, 4)")
    assert (fix.kind, fix.value) == ("edit_source", "self.fc(x.flatten(1))")
    assert (fix.verified, fix.outcome) == (True, RUNS)
    assert "+        return self.fc(x.flatten(1))\n" in fix.patch


def test_that_a_fix_in_a_source_that_cannot_be_had_is_not_tried(run, tmp_path):
    init = ["self.net = nn.Sequential(nn.Linear(12, 2))"]
    (fix,) = fixes_of(run, tmp_path, init, ["return self.net(x)"], "torch.ones(2, 3, 4)")
    assert (fix.kind, fix.verified, fix.outcome, fix.patch) == ("edit_source", False, "", "")


def test_that_a_verified_argument_comes_as_a_patch(run, tmp_path):
    (fix,) = fixes_of(run, tmp_path, ["self.fc = nn.Linear(2 * 4, 2)"], ["return self.fc(x)"], "torch.ones(2, 7)")
    assert "-        self.fc = nn.Linear(2 * 4, 2)\n+        self.fc = nn.Linear(7, 2)\n" in fix.patch


def test_that_an_input_fix_for_a_tensor_that_is_not_the_input_is_not_tried(run, tmp_path):
    lines = ["return self.fc(x.double().flatten(1))"]
    (fix,) = fixes_of(run, tmp_path, ["self.fc = nn.Linear(4, 2)"], lines, "torch.ones(2, 2, 2)")
    assert (fix.kind, fix.verified, fix.outcome) == ("change_input", False, "")


def test_that_fixes_are_tried_without_data_too(run):
    _, report = run("wrong_in_features", shapes_only=True)
    assert report.problems[0].fixes[0].verified


def test_that_trying_leaves_the_model_as_it_was(run, context):
    _, report = run("wrong_in_features")
    model = context.state["open"].model
    assert report.problems[0].fixes[0].verified
    assert model.fc1.in_features == 3136
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())
    assert [problem.code for problem in forward(context, RunForward()).problems] == ["shape-mismatch"]


def test_that_the_mode_of_the_run_is_the_mode_of_the_trial(run, tmp_path):
    init = ["self.fc = nn.Linear(8, 2)", "self.norm = nn.BatchNorm1d(2)"]
    (fix,) = fixes_of(run, tmp_path, init, ["return self.norm(self.fc(x))"], "torch.ones(1, 7)", mode="eval")
    assert fix.outcome == RUNS


def test_that_a_shared_layer_is_replaced_wherever_it_stands():
    layer, new = nn.Linear(2, 2), nn.Linear(3, 3)
    model = nn.Sequential(layer, nn.Sequential(layer))
    put_in_place(model, layer, new)
    assert model[0] is new
    assert model[1][0] is new


def test_that_a_rebuilt_layer_keeps_every_other_setting():
    layer = (
        nn.Conv2d(4, 8, (3, 5), stride=2, padding=1, dilation=2, groups=2, bias=False, padding_mode="circular").double().eval()
    )
    new = rebuilt(layer, "in_channels", 6)
    assert (new.in_channels, new.extra_repr()) == (6, layer.extra_repr().replace("4, 8", "6, 8"))
    assert new.weight.dtype is torch.float64
    assert not new.training


def test_that_keys_and_values_of_an_attention_follow_its_width_unless_they_have_one_of_their_own():
    wider = rebuilt(nn.MultiheadAttention(64, 4, batch_first=True), "embed_dim", 128)
    assert (wider.embed_dim, wider.kdim, wider.vdim, wider.num_heads, wider.batch_first) == (128, 128, 128, 4, True)
    other = rebuilt(nn.MultiheadAttention(64, 4, kdim=32), "embed_dim", 128)
    assert (other.kdim, other.vdim) == (32, 128)


def test_that_a_layer_that_cannot_be_built_so_is_left_untried():
    assert rebuilt(nn.Conv2d(4, 8, 3, groups=2), "in_channels", 5) is None
    assert rebuilt(nn.Linear(2, 2), "no_such_argument", 5) is None

    class Own(nn.Module):
        pass

    assert rebuilt(Own(), "size", 1) is None
