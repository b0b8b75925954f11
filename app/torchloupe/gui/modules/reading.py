"""What the values of many parameters say, asked of the worker one after the other: a job that can be cancelled in between."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from torchloupe.gui.jobs import Cancelled, Reporter
from torchloupe.wire.errors import WorkerError
from torchloupe.wire.registration import RecognisedInitialisation, RecogniseInitialisation
from torchloupe.wire.requests import Failed, FetchedStats, FetchStats
from torchloupe.wire.tensors import TensorStats

READING = "parameter values"
"""Tag of the job."""

Ask = Callable[[Any], Any]


@dataclass(frozen=True)
class LookedAt:
    """Some of what was found, by key."""

    stats: dict[str, TensorStats] = field(default_factory=dict)
    initialised: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ReadParameters:
    """Tells ``LookedAt`` for each key as it comes; ``ask`` is that of the jobs."""

    ask: Ask
    keys: tuple[str, ...]

    def __call__(self, progress: Reporter) -> None:
        for number, key in enumerate(self.keys):
            progress(number, len(self.keys), key)
            fetched = _answer(self.ask(FetchStats(key)), FetchedStats)
            found = _answer(self.ask(RecogniseInitialisation((key,))), RecognisedInitialisation).found
            progress.tell(LookedAt({key: fetched.stats}, {each.key: each.name or "not recognised" for each in found}))


def _answer(reply: Any, wanted: type) -> Any:
    if isinstance(reply, Failed):
        if reply.cancelled and not reply.problems:
            raise Cancelled
        raise WorkerError(reply.problems[0].message, reply.problems[0].hint)
    assert isinstance(reply, wanted)
    return reply
