"""What a pass leaves behind is told: nothing, what was put back, what could not be."""

import pytest
import torch
from torch import nn

from torchloupe.wire.requests import OpenTarget, RunForward
from torchloupe.worker.certificate import Certificate
from torchloupe.worker.handlers import forward, open_target
from torchloupe.worker.model_state import ModelState


def passed(model, change):
    """The certificate after ``change`` did something to the model."""
    state, certificate = ModelState(model), Certificate(model)
    change(model)
    return certificate.told(state, state.restore())


def test_that_a_pass_that_changes_nothing_is_told_with_what_was_compared():
    said = passed(nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3)), lambda model: None)
    assert said == (
        "Compared afterwards, and bit for bit the same: 4 parameters, 3 buffers, gradients, modes, hooks, random numbers.",
    )


def test_that_statistics_of_batch_norm_are_put_back_and_named():
    model = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    before = {key: (value.clone(), value._version) for key, value in model.state_dict(keep_vars=True).items()}
    said = passed(model, lambda model: model(torch.rand(4, 2)))
    assert said[1] == "Changed by the pass and put back: `1.running_mean`, `1.running_var`, `1.num_batches_tracked`."
    for key, value in model.state_dict(keep_vars=True).items():
        assert torch.equal(value, before[key][0])
        assert value._version == before[key][1]


def test_that_many_names_are_counted():
    model = nn.Sequential(*[nn.BatchNorm1d(3) for _ in range(4)])
    assert passed(model, lambda model: [buffer.add_(1) for buffer in model.buffers()])[1].endswith(" and 8 more.")


def test_that_a_parameter_that_was_changed_is_put_back_too():
    model = nn.Linear(2, 2)
    before = model.weight.detach().clone()

    def double(model):
        with torch.no_grad():
            model.weight.mul_(2)

    assert passed(model, double)[1] == "Changed by the pass and put back: `weight`."
    assert torch.equal(model.weight, before)


def test_that_what_could_not_be_put_back_is_told_instead():
    [said] = Certificate(nn.Linear(2, 2)).told(ModelState(nn.Linear(2, 2)), ["weight"])
    assert "`weight` changed in the pass and could not be put back" in said


def test_that_a_shared_tensor_counts_once():
    model = nn.ModuleDict({"a": nn.Linear(2, 2), "b": nn.Linear(2, 2)})
    model["b"].weight = model["a"].weight
    assert "3 parameters, 0 buffers" in passed(model, lambda model: None)[0]


@pytest.mark.parametrize("mode", ["train", "eval"])
def test_that_every_run_has_its_certificate(context, tmp_path, mode):
    target = tmp_path / "norm.py"
    target.write_text(
        "import torch\nfrom torch import nn\n\n\ndef make_model():\n    return nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))\n\n\n"
        "def example_inputs():\n    return (torch.rand(4, 2),)\n"
    )
    open_target(context, OpenTarget(str(target)))
    report = forward(context, RunForward(mode=mode))
    assert report.state_restored
    assert report.certificate[0].startswith("Compared afterwards, and bit for bit the same: 4 parameters, 3 buffers")
    assert (len(report.certificate) == 2) == (mode == "train")


def test_that_files_that_the_pass_writes_are_told_and_written_once_even_when_it_fails(context, tmp_path):
    written = tmp_path / "log.csv"
    target = tmp_path / "writes.py"
    target.write_text(
        "import torch\nfrom torch import nn\n\n\nclass Net(nn.Module):\n"
        "    def __init__(self):\n        super().__init__()\n        self.fc = nn.Linear(2, 2)\n\n"
        f"    def forward(self, x):\n        with open({str(written)!r}, 'a') as file:\n            file.write('called\\n')\n"
        "        return self.fc(x) @ torch.ones(3)\n\n\ndef example_inputs():\n    return (torch.ones(1, 2),)\n"
    )
    open_target(context, OpenTarget(str(target)))
    report = forward(context, RunForward())
    [problem] = report.problems
    assert problem.line == 13  # the operation was found by a repetition that wrote nothing
    assert written.read_text() == "called\n"
    assert report.side_effects == (f"writes {written} (line 11 of writes.py)",)
    assert context.state["side_effects"] == report.side_effects
