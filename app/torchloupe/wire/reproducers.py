"""What fails in a run as a folder of its own: a script, an input, and the source that they need."""

from dataclasses import dataclass, field
from typing import Tuple

from .requests import RunForward

MODULE, PART, MODEL = "module", "part", "model"


@dataclass(frozen=True)
class MakeReproducer:
    """Write what fails in ``run`` to ``folder``, as little of it as still fails in the same way, and try it in a fresh process.

    Answer: ``MadeReproducer``. The failure arose in call ``call_number`` of ``module``. The folder must not be there, or be empty.
    """

    folder: str
    module: str = ""
    call_number: int = 0
    run: RunForward = field(default_factory=RunForward)


@dataclass(frozen=True)
class MadeReproducer:
    """``taken`` is ``module`` when that was constructed alone, ``part`` when it is taken out of the whole model, else ``model``.

    ``error`` is what the model raised, ``answer`` what the script did in a fresh process; ``verified`` when both are the same. ``notes``
    say why it is not less.
    """

    folder: str
    files: Tuple[str, ...]
    taken: str
    verified: bool
    error: str
    answer: str = ""
    notes: Tuple[str, ...] = ()
