"""Where an exception in the worker becomes a problem: the sentence a colleague would say, the line, what to do."""

import re
import traceback
from dataclasses import replace
from typing import Any, Dict, Optional, Tuple

from ..wire.errors import TorchloupeError
from ..wire.problems import Problem
from .error_words import words_of
from .lost_gpu import gpu_loss, gpu_problem
from .places import Places

_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_ALLOCATORS_SAY = ("not enough memory", "can't allocate memory")
_MAX_DETAILS = 20_000
_MAX_TEXT = 600


class CouldNotRun(Exception):
    """A stage (import, construction, input) failed and knows why: carries the finished problems."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(problems[0].message if problems else "")
        self.problems = problems


def explain(error: BaseException) -> Tuple[Problem, ...]:
    """The problems that an exception out of a request stands for."""
    loss = gpu_loss(error)
    if loss is not None:
        return (gpu_problem(loss, Places().of_error(loss), details_of(loss)),)
    if isinstance(error, CouldNotRun):
        return error.problems
    if isinstance(error, TorchloupeError):
        return (Problem(error.code, str(error), hint=error.hint),)
    return (problem_of(error, "failed", "It failed", Places()),)


def problem_of(error: BaseException, code: str, what: str, places: Places) -> Problem:
    """``what`` failed with ``error``: a problem of ``code`` at the innermost line of the user's code.

    A few exceptions have a code and a hint of their own, whatever the stage.
    """
    place = places.of_error(error)
    if isinstance(error, SyntaxError) and error.filename:
        place = (error.filename, error.lineno or 1)
    file, line = place or (None, None)
    problem = Problem(
        code, f"{what}: {said_by(error)}", hint=_hint(error, file, line), file=file, line=line, details=details_of(error)
    )
    return replace(problem, **_special(error, what))


def said_by(error: BaseException) -> str:
    """Type and text of an exception in one line, without colours."""
    text = _ANSI.sub("", words_of(error)).strip()
    if isinstance(error, SyntaxError):
        text = error.msg
    first = text.split("\n\n")[0].replace("\n", " ")
    first = first if len(first) <= _MAX_TEXT else first[:_MAX_TEXT] + " ..."
    name = type(error).__name__
    return f"{name}: {first}" if first else f"{name} without a text."


def details_of(error: BaseException) -> str:
    """The traceback, its middle cut when it is very long."""
    text = _ANSI.sub("", "".join(traceback.format_exception(type(error), error, error.__traceback__, limit=-60)))
    return text if len(text) <= _MAX_DETAILS else text[: _MAX_DETAILS // 2] + "\n[...]\n" + text[-_MAX_DETAILS // 2 :]


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory, of the machine or of the GPU, ran out."""
    return (
        isinstance(error, MemoryError)
        or type(error).__name__ == "OutOfMemoryError"
        or (isinstance(error, RuntimeError) and any(words in words_of(error) for words in _ALLOCATORS_SAY))
    )


def _special(error: BaseException, what: str) -> Dict[str, Any]:
    if is_out_of_memory(error):
        return {"code": "out-of-memory", "message": f"{what}: memory ran out.", "hint": _MEMORY_HINT}
    if isinstance(error, SystemExit):
        return {"message": f"{what}: the code called sys.exit({error.code!r})."}
    if isinstance(error, RecursionError):
        return {"message": f"{what}: a function calls itself for ever (RecursionError)."}
    return {}


_MEMORY_HINT = "Use a smaller input or batch, a smaller model, or look at the shapes alone (--shapes-only)."


def _hint(error: BaseException, file: Optional[str], line: Optional[int]) -> str:
    if isinstance(error, ModuleNotFoundError) and error.name:
        return f"Install `{error.name.split('.')[0]}` in this interpreter, choose another one, or start where it can be imported from."
    if isinstance(error, SyntaxError):
        return f"Correct line {line} and open it again."
    if isinstance(error, FileNotFoundError) and error.filename:
        return f"The code wants the file {error.filename}: start in the folder that it is relative to, or correct the path."
    if isinstance(error, SystemExit):
        return 'Code that runs at import or in the model must not end the program: put it under `if __name__ == "__main__":`.'
    return "Look at the traceback in the details." if file is None else f"Look at line {line} of {file}."
