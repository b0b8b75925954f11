"""A part that was put into a model from outside has the line that put it there, not the one that made what was there before."""

import pytest
from torch import nn

from torchloupe.wire.requests import OpenTarget, RunForward
from torchloupe.worker.definitions import definition_place
from torchloupe.worker.handlers import forward, open_target

SOURCE = """import torch
from torch import nn


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 8)
        self.act = nn.ReLU()

    def forward(self, x):
        return self.act(self.fc(x))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList([Block() for _ in range(3)])
        self.classifier = nn.Sequential(nn.Dropout(), nn.Linear(8, 10))

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return self.classifier(x)


class Wrapped(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = Net()
        self.net.classifier[-1] = nn.Linear(8, 2)
        self.net.blocks[0].fc = nn.Sequential(nn.Linear(8, 8), nn.Linear(8, 8))
        self.net.classifier[0].p = 0.5

    def forward(self, x):
        return self.net(x)


def unused():
    model = Net()
    model.classifier[1] = nn.Linear(8, 3)
    return model


def widened(model):
    for block in model.blocks[1:]:
        block.fc = nn.Linear(8, 8, bias=False)
    return model


def factory():
    made = widened(Net())
    made.blocks[0].act = nn.ReLU(inplace=True)
    made.blocks[0].act = nn.ReLU()
    setattr(made.classifier, "1", nn.Linear(9, 4))
    made.blocks[0].add_module("fc", nn.Linear(8, 8))
    return made


model = Net()
model.classifier[1] = nn.Linear(8, 5)


def example_inputs():
    return (torch.ones(2, 8),)
"""


def line_of(text: str) -> int:
    return SOURCE[: SOURCE.index(text)].count("\n") + 1


def lines(context, tmp_path, name: str) -> dict[str, int]:
    (tmp_path / "nets.py").write_text(SOURCE)
    opened = open_target(context, OpenTarget(f"{tmp_path / 'nets.py'}:{name}"))
    for entry in opened.tree.modules:  # asked for one, it is the same as of all
        alone = definition_place(context.state["open"].model, entry.path)
        assert alone == ((entry.defined_file, entry.defined_line) if entry.defined_file else None)
    return {entry.path: entry.defined_line for entry in opened.tree.modules}


def test_that_a_class_that_puts_parts_into_others_has_the_line_of_them(context, tmp_path):
    found = lines(context, tmp_path, "Wrapped")
    assert found["net.classifier.1"] == line_of("self.net.classifier[-1]")
    assert found["net.blocks.0.fc.1"] == line_of("self.net.blocks[0].fc")
    assert found["net.blocks.1.fc"] == line_of("self.fc = nn.Linear(8, 8)")
    assert found["net.classifier.0"] == line_of("self.classifier = nn.Sequential")


def test_that_a_factory_and_what_it_calls_have_theirs(context, tmp_path):
    found = lines(context, tmp_path, "factory")
    assert found["blocks.0.fc"] == line_of('made.blocks[0].add_module("fc"')
    assert found["blocks.1.fc"] == found["blocks.2.fc"] == line_of("block.fc = nn.Linear(8, 8, bias=False)")
    assert found["blocks.0.act"] == line_of("made.blocks[0].act = nn.ReLU()")
    assert found["classifier.1"] == line_of("setattr(made.classifier")


def test_that_a_finished_model_has_those_of_its_file_and_a_plain_class_none(context, tmp_path):
    assert lines(context, tmp_path, "model")["classifier.1"] == line_of("model.classifier[1] = nn.Linear(8, 5)")
    assert lines(context, tmp_path, "Net")["classifier.1"] == line_of("self.classifier = nn.Sequential")


def test_that_the_fix_is_a_patch_of_that_line(context, tmp_path):
    lines(context, tmp_path, "factory")
    (problem,) = forward(context, RunForward()).problems
    assert problem.data["definition_line"] == line_of("setattr(made.classifier")
    assert '+    setattr(made.classifier, "1", nn.Linear(8, 4))' in problem.fixes[0].patch


def test_that_a_fix_in_another_file_says_which(context, tmp_path, monkeypatch):
    (tmp_path / "site").mkdir()
    library = SOURCE.partition("class Wrapped")[0]
    (tmp_path / "site/library.py").write_text(library)
    monkeypatch.syspath_prepend(tmp_path / "site")
    (tmp_path / "mine.py").write_text(
        "import torch\nfrom torch import nn\nfrom library import Net\n\n\ndef make():\n    net = Net()\n"
        "    net.blocks[1].fc = nn.Linear(7, 8)\n    return net\n\n\ndef example_inputs():\n    return (torch.ones(2, 8),)\n"
    )
    open_target(context, OpenTarget(f"{tmp_path / 'mine.py'}:make"))
    (problem,) = forward(context, RunForward()).problems
    assert problem.file == str(tmp_path / "site/library.py")
    assert problem.hint.startswith("Set `in_features=8` at line 8 of mine.py")
    assert "+    net.blocks[1].fc = nn.Linear(8, 8)" in problem.fixes[0].patch


def test_that_of_a_part_of_a_list_only_those_with_these_settings_are_meant(context, tmp_path):
    source = SOURCE.replace("for block in model.blocks[1:]:", "for block in model.blocks[2:]:").replace("bias=False", "True")
    source = source.replace("block.fc = nn.Linear(8, 8, True)", "block.fc = nn.Linear(8, 9)")
    (tmp_path / "nets.py").write_text(source)
    opened = open_target(context, OpenTarget(f"{tmp_path / 'nets.py'}:factory"))
    found = {entry.path: entry.defined_line for entry in opened.tree.modules}
    assert found["blocks.2.fc"] == source[: source.index("block.fc = nn.Linear(8, 9)")].count("\n") + 1
    assert found["blocks.1.fc"] == line_of("self.fc = nn.Linear(8, 8)")


@pytest.mark.parametrize("model", [nn.Linear(2, 2), nn.Sequential(nn.ReLU())])
def test_that_a_model_that_nobody_made_here_has_no_such_line(model):
    assert definition_place(model, "0") is None
