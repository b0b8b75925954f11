"""Small projects, written into a folder of the test."""

import textwrap

import pytest

from torchloupe.worker.explain import CouldNotRun
from torchloupe.worker.target import import_target

NET = """from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, 2)

    def forward(self, x):
        return self.fc(x)
"""
BLOCK = "from torch import nn\n\n\nclass Block(nn.Linear):\n    pass\n"


def written(folder, files):
    """Write the files, by their paths; the folder."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(textwrap.dedent(text))
    return folder


def import_failure(text, *folders):
    """The one problem of a target that cannot be imported."""
    with pytest.raises(CouldNotRun) as caught:
        import_target(str(text), folders)
    (problem,) = caught.value.problems
    return problem
