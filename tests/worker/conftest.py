"""The worker's rooms are tested in this process, with a context that keeps what would be sent."""

import sys
from pathlib import Path

import pytest
import torch

from torchloupe.wire.requests import OpenTarget
from torchloupe.wire.steps import RunStep
from torchloupe.worker.handlers import forward, open_target, training_step
from torchloupe.worker.process_state import ProcessState
from worker.step_zoo import HEAD

MODELS = Path(__file__).parents[1] / "models"

torch.manual_seed(0)  # for what is drawn while the tests are collected


class RecordingContext:
    """A handler's context: events are kept, a cancel can be asked for after so many events."""

    def __init__(self):
        self.state = {}
        self.events = []
        self.cancel = self
        self.stop_after = None

    def emit(self, message, blobs=()):
        self.events.append(message)

    def progress(self, done, total, what=""):
        pass

    def raise_if_requested(self):
        if self.stop_after is not None and len(self.events) >= self.stop_after:
            raise KeyboardInterrupt

    @property
    def calls(self):
        """The reported calls in the order in which they began."""
        return sorted((call for event in self.events for call in getattr(event, "calls", ())), key=lambda call: call.index)


@pytest.fixture(autouse=True)
def seeded():
    """The same weights each time: torch of today begins with another seed in each process."""
    torch.manual_seed(0)


@pytest.fixture
def context():
    return RecordingContext()


@pytest.fixture
def models():
    """The folder of small models, one fault each."""
    return MODELS


@pytest.fixture(autouse=True)
def _clean_imports(tmp_path_factory):
    """A target leaves its module, its folder and what it set behind, as it must in a worker; tests start without them."""
    modules, process = set(sys.modules), ProcessState()
    yield
    process.restore()
    for name in set(sys.modules) - modules:
        file = str(getattr(sys.modules[name], "__file__", ""))
        if file.startswith((str(MODELS), str(tmp_path_factory.getbasetemp()))):
            del sys.modules[name]


@pytest.fixture(autouse=True)
def _time_to_try(monkeypatch):
    """How many repairs are tried is to depend on the model alone, and not on how busy the machine is."""
    from torchloupe.worker import forward
    from torchloupe.worker.recovery import search

    monkeypatch.setattr(forward, "SLOW", search._MOST_SECONDS)
    for name in ("_LEAST_SECONDS", "_LEAST_BARE_SECONDS", "_SLOW"):
        monkeypatch.setattr(search, name, search._MOST_SECONDS)


@pytest.fixture
def run(context, models):
    """Open a model of the zoo and run it: ``run("clean_cnn")``, ``run("unfriendly:Exits", device="cpu")``."""
    from torchloupe.wire.requests import OpenTarget, RunForward

    def run(name, arguments=None, **request):
        stem, _, entry = str(name).partition(":")
        opened = open_target(context, OpenTarget(f"{models / stem}.py" + (f":{entry}" if entry else ""), arguments))
        return opened, forward(context, RunForward(**request))

    return run


@pytest.fixture
def step(context, tmp_path):
    """Write a model's source after the usual imports, open it, train it: ``step(source, lr=0.1)``."""

    def step(source, **request):
        (tmp_path / "model.py").write_text(HEAD + source, encoding="utf-8")
        open_target(context, OpenTarget(str(tmp_path / "model.py")))
        return training_step(context, RunStep(**request))

    return step
