"""The script of a reproducer: as few lines as fail, and what to say of it."""

from dataclasses import dataclass
from typing import List, Optional, Sequence, Tuple

from ..wire.problems import Problem
from ..wire.reproducers import MODEL, MODULE, PART, MadeReproducer
from ..wire.traces import FAILED, LayerCall

SCRIPT, INPUT, ARGUMENTS, SOURCE = "reproduce.py", "input.pt", "arguments.pt", "source"


@dataclass(frozen=True)
class Construction:
    """How something is made: ``imports`` are lines, ``folders`` what is searched for them, beside the copied source where ``has_source``.
    ``expression`` makes it; ``has_arguments``: from ``args, kwargs`` of a file. ``taken_out`` is the part of it that fails."""

    expression: str
    imports: Tuple[str, ...] = ()
    folders: Tuple[str, ...] = ()
    has_source: bool = False
    has_arguments: bool = False
    taken_out: str = ""
    training: bool = True
    seed: int = 0
    to: str = ""


def script_text(made: Construction, what: str, error: str, given: Sequence[str], plain_input: bool) -> str:
    """The whole script. ``what`` is the name of what fails, ``given`` says its inputs, a line each; ``plain_input``: the file of the input
    holds nothing but tensors and plain values."""
    lines = [f'"""{_quoted(what)} fails: {_quoted(error)}', "", f"Made by Torchloupe. Run it: python {SCRIPT}", '"""', ""]
    needs_path = made.has_source or made.folders
    lines += ["import sys"] if needs_path else []
    of_torch = [line for line in made.imports if line.startswith("from torch ")]
    lines += ["from pathlib import Path", "", "import torch", *of_torch, ""]
    lines += ["HERE = Path(__file__).resolve().parent"]
    if needs_path:
        folders = [f'str(HERE / "{SOURCE}")'] if made.has_source else []
        lines.append(f"sys.path[:0] = [{', '.join([*folders, *map(repr, made.folders)])}]")
    others = [line for line in made.imports if line not in of_torch]
    lines += ["", *(f"{line}  # noqa: E402" if needs_path else line for line in others), *([""] if others else [])]
    lines.append(f"torch.manual_seed({made.seed})")
    if made.has_arguments:
        lines.append(f'made_of, named = torch.load(HERE / "{ARGUMENTS}", weights_only=False)')
    name = "model" if made.taken_out else "module"
    lines.append(f"{name} = {made.expression}{made.to}")
    lines += [f"module = model.get_submodule({made.taken_out!r})"] if made.taken_out else []
    lines.append(f"module.{'train' if made.training else 'eval'}()")
    lines += [f"# {line}" for line in given]
    lines.append(f'args, kwargs = torch.load(HERE / "{INPUT}", weights_only={plain_input})')
    lines.append("module(*args, **kwargs)")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return " ".join(text.split()).replace("\\", "\\\\").replace('"""', "'''")


def reproducer_lines(made: MadeReproducer, what: str) -> List[str]:
    """What was written, whether it fails in the same way, and what is in it."""
    name = f"`{what}`" if what else "the model"
    taken = {
        MODULE: f"{name} alone",
        PART: f"{name}, taken out of the whole model",
        MODEL: "the whole model",
    }[made.taken]
    lines = [f"Wrote {taken} with its input to {made.folder}."]
    if made.verified:
        lines.append(f"Tried in a fresh process: it fails the same way, {made.error}")
    else:
        lines.append(f"Tried in a fresh process: not the same. The model said: {made.error} The script: {made.answer}")
    lines.append(f"Files: {', '.join(made.files)}.")
    return [*lines, *made.notes]


def failed_call(calls: Sequence[LayerCall], problem: Optional[Problem] = None) -> Optional[LayerCall]:
    """The call in which a problem, or else the failure of a run, arose; None where nothing failed."""
    failed = [call for call in calls if call.status == FAILED]
    about = [call for call in failed if problem is not None and call.index == problem.call]
    return next(iter(about or failed), None)
