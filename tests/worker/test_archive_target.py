"""Model files as targets: whole pickled modules, TorchScript archives, exported programs."""

import importlib.util
import os
import sys

import pytest
import torch
from torch import nn

from torchloupe.wire.arguments import DescribeArguments
from torchloupe.wire.errors import UsageError
from torchloupe.wire.requests import OpenTarget, RunForward
from torchloupe.worker.archive_target import EXPORTED, PICKLE, SCRIPT, archive_kind, is_archive
from torchloupe.worker.explain import CouldNotRun
from torchloupe.worker.handlers import forward, open_target
from torchloupe.worker.solving import describe_arguments
from torchloupe.worker.target import import_target
from worker.projects import NET, written


class RunsCode:
    """Writes a file when it is unpickled."""

    def __init__(self, file):
        self.file = file

    def __reduce__(self):
        return os.mkdir, (str(self.file),)


@pytest.fixture
def file(tmp_path):
    """Where the model file goes."""
    return tmp_path / "model.pt"


@pytest.fixture
def pickled(file, tmp_path):
    """A whole model whose class lies in a project beside the file; this process has forgotten it."""
    sys.modules.pop("pickled_of_tests", None)
    written(tmp_path, {"project/pickled_of_tests.py": NET})
    target = import_target(str(tmp_path / "project/pickled_of_tests.py"))

    def save(wrap=lambda model: model):
        torch.save(wrap(target.make()), file)
        del sys.modules["pickled_of_tests"]
        sys.path.remove(str(tmp_path / "project"))
        return str(file)

    return save


def trusted(text, **more):
    return OpenTarget(str(text), trusted=True, **more)


def refusal(context, request):
    with pytest.raises(CouldNotRun) as caught:
        open_target(context, request)
    return caught.value.problems[0]


def test_that_a_pickled_model_needs_trust_and_names_what_it_calls(context, pickled):
    problem = refusal(context, OpenTarget(pickled()))
    assert problem.code == "needs-trust"
    assert problem.message.startswith("model.pt is a pickle: loading it would import and call pickled_of_tests.Net (unknown), ")
    assert problem.hint == "If you trust it, say so: --trust."
    assert problem.data["names"][0]["name"] == "pickled_of_tests.Net"
    assert "pickled_of_tests.Net" in problem.data["weights_only"][0]["refused"]
    assert problem.fixes[0].kind == "trust_file"


def test_that_without_trust_nothing_of_it_runs(context, file, tmp_path):
    torch.save({"model": RunsCode(tmp_path / "ran")}, file)
    problem = refusal(context, OpenTarget(str(file)))
    assert "mkdir (dangerous)" in problem.message
    assert not (tmp_path / "ran").exists()


def test_that_with_trust_it_is_a_model_like_any_other(context, pickled, tmp_path):
    model = open_target(context, trusted(pickled(), import_folders=(str(tmp_path / "project"),)))
    assert (model.class_name, [module.path for module in model.tree.modules]) == ("Net", ["", "fc"])
    report = forward(context, RunForward(("float32[2,3]",)))
    assert report.problems == ()
    assert [call.module for call in context.calls] == ["", "fc"]


def test_that_a_class_that_is_not_here_is_named_with_the_folder_that_has_it(context, pickled, tmp_path):
    problem = refusal(context, trusted(pickled()))
    assert problem.message == "model.pt was saved with `pickled_of_tests.Net`, which cannot be found here."
    assert f"--import-folder {tmp_path / 'project'}" in problem.hint
    assert (problem.fixes[0].kind, problem.fixes[0].value) == ("add_to_path", str(tmp_path / "project"))


def test_that_a_class_that_its_module_no_longer_has_is_named(context, pickled, tmp_path):
    path = pickled()
    written(tmp_path, {"project/pickled_of_tests.py": "Other = 1\n"})
    problem = refusal(context, trusted(path, import_folders=(str(tmp_path / "project"),)))
    assert "`pickled_of_tests.Net`, which cannot be found here" in problem.message


def test_that_a_class_of_a_script_is_explained(context, file, monkeypatch):
    kind = type("Net", (nn.Linear,), {"__module__": "__main__"})
    monkeypatch.setattr(sys.modules["__main__"], "Net", kind, raising=False)
    torch.save(kind(2, 2), file)
    monkeypatch.undo()
    problem = refusal(context, trusted(file))
    assert "`__main__.Net`" in problem.message
    assert "script that defines the class" in problem.hint


def test_that_a_model_inside_a_checkpoint_is_found(context, pickled, tmp_path):
    path = pickled(lambda model: {"model": model, "epoch": 3})
    folders = (str(tmp_path / "project"),)
    assert open_target(context, trusted(path, import_folders=folders)).class_name == "Net"
    assert open_target(context, trusted(f"{path}:model", import_folders=folders)).name == "model"
    with pytest.raises(UsageError, match="no model `ema`; it holds model"):
        open_target(context, trusted(f"{path}:ema", import_folders=folders))


def test_that_of_several_models_one_must_be_named(context, file):
    torch.save({"model": nn.Linear(2, 2), "ema": nn.Linear(2, 2)}, file)
    with pytest.raises(UsageError, match="2 models: model, ema") as caught:
        open_target(context, trusted(file))
    assert caught.value.hint == "Name one: model.pt:model."
    assert open_target(context, trusted(f"{file}:ema")).class_name == "Linear"


def test_that_plain_weights_are_no_model_and_ask_for_no_trust(context, file):
    torch.save(nn.Linear(2, 2).state_dict(), file)
    with pytest.raises(UsageError, match=r"a state_dict of 2 tensors and no model; torch\.load\(weights_only=True\) loads it"):
        open_target(context, OpenTarget(str(file)))
    torch.save([1, 2], file)
    with pytest.raises(UsageError, match="holds a list and no model"):
        open_target(context, OpenTarget(str(file)))


def test_that_a_pickle_without_a_model_says_what_it_holds(context, file, tmp_path):
    torch.save({"a": RunsCode(tmp_path / "ran"), "b": 1}, file)
    with pytest.raises(UsageError, match="holds a dict of 2 entries and no model"):
        open_target(context, trusted(file))
    assert (tmp_path / "ran").is_dir()


def test_that_a_file_that_is_nothing_is_said(context, file):
    file.write_bytes(b"\x80nothing at all")
    assert refusal(context, trusted(file)).message.startswith("Loading model.pt failed: ")


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_that_a_torchscript_archive_shows_its_modules_and_its_outer_call(context, file):
    torch.jit.trace(nn.Sequential(nn.Linear(3, 2), nn.ReLU()), torch.ones(1, 3)).save(str(file))
    assert archive_kind(str(file)) == SCRIPT
    assert (
        refusal(context, OpenTarget(str(file))).message
        == "model.pt is a TorchScript archive: loading it runs code that came with it."
    )
    model = open_target(context, trusted(file))
    assert model.class_name == "Sequential"
    assert [module.path for module in model.tree.modules] == ["", "0", "1"]
    assert [problem.severity for problem in model.problems] == ["info"]
    assert forward(context, RunForward(("float32[2,3]",))).problems == ()
    assert [call.outputs[0].shape for call in context.calls] == [(2, 2)]


@pytest.mark.filterwarnings("ignore")
def test_that_an_exported_program_shows_its_modules_and_their_calls(context, tmp_path, monkeypatch):
    if importlib.util.find_spec("tqdm"):
        monkeypatch.setattr("tqdm.std.tqdm.monitor_interval", 0)  # torch.export shows a bar, which leaves a thread behind
    file = tmp_path / "model.pt2"
    program = torch.export.export(nn.Sequential(nn.Linear(3, 2), nn.ReLU()), (torch.ones(2, 3),))
    torch.export.save(program, str(file))
    assert archive_kind(str(file)) == EXPORTED
    assert "is an exported program" in refusal(context, OpenTarget(str(file))).message
    model = open_target(context, trusted(file))
    assert {entry.key for entry in model.tree.parameters} == {"0.weight", "0.bias"}
    assert "fixed graph" in model.problems[0].message
    forward(context, RunForward(("float32[2,3]",)))
    assert [call.module for call in context.calls][:2] == ["", "0"]


def test_that_what_is_an_archive_is_told_by_the_file(file, tmp_path):
    torch.save(nn.Linear(2, 2), file)
    assert archive_kind(str(file)) == PICKLE
    assert is_archive(str(file))
    assert is_archive(f"{file}:model")
    assert not is_archive(str(written(tmp_path, {"net.py": NET}) / "net.py"))
    assert not is_archive("package.module:Net")
    assert not is_archive(str(tmp_path / "gone.pt"))


def test_that_a_model_file_that_is_not_there_is_said_plainly(context, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=r"There is no file .*gone\.pt"):
        open_target(context, OpenTarget("gone.pt"))


def test_that_a_model_file_asks_for_no_arguments(context, file):
    torch.save(nn.Linear(2, 2), file)
    form = describe_arguments(context, DescribeArguments(str(file)))
    assert (form.name, form.fields) == ("model.pt", ())


def test_that_arguments_are_described_with_the_folders_that_were_added(context, tmp_path):
    written(tmp_path, {"lib/width_of_tests.py": "WIDTH = 7\n"})
    source = "from width_of_tests import WIDTH\n" + NET.replace("def __init__(self)", "def __init__(self, width=WIDTH)")
    target = str(written(tmp_path, {"app/net.py": source}) / "app/net.py")
    form = describe_arguments(context, DescribeArguments(target, (str(tmp_path / "lib"),)))
    assert [(field.name, field.default) for field in form.fields] == [("width", 7)]
