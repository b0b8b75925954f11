"""Modules that are not installed: the name that pip knows them by, and which interpreter has them."""

import shlex
from dataclasses import replace
from typing import Optional, Protocol, Sequence

from ..wire.problems import Fix, Problem

CHOOSE = "choose_interpreter"

_PACKAGES = {
    "Bio": "biopython",
    "PIL": "Pillow",
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "clip": "git+https://github.com/openai/CLIP.git",
    "cv2": "opencv-python",
    "dateutil": "python-dateutil",
    "dotenv": "python-dotenv",
    "git": "GitPython",
    "mpl_toolkits": "matplotlib",
    "open_clip": "open-clip-torch",
    "pl_bolts": "lightning-bolts",
    "segmentation_models_pytorch": "segmentation-models-pytorch",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "torch_geometric": "torch-geometric",
    "torch_scatter": "torch-scatter",
    "torch_sparse": "torch-sparse",
    "yaml": "PyYAML",
}
_SHOWN = 3


def package_of(module: str) -> str:
    """``opencv-python`` for ``cv2``; for most modules their own first name."""
    first = module.partition(".")[0]
    return _PACKAGES.get(first, first)


class FoundPython(Protocol):
    """An interpreter that has what is wanted. ``torch`` is empty when it has none."""

    @property
    def path(self) -> str:
        """What ``--python`` takes."""

    @property
    def python(self) -> str:
        """Its version."""

    @property
    def torch(self) -> str:
        """The version of its torch."""


def wanted_python(problem: Problem) -> Optional[str]:
    """What another interpreter is wanted for: a module (``einops``) or a version (``>=3.12``). None when that mends nothing."""
    fix = next((fix for fix in problem.fixes if fix.kind == CHOOSE), None)
    return str(fix.argument or fix.value) if fix else None


def with_holders(problem: Problem, wanted: str, holders: Sequence[FoundPython]) -> Problem:
    """The problem that says which interpreters have what is ``wanted``, or that none has."""
    usable = [one for one in holders if one.torch]
    others = tuple(fix for fix in problem.fixes if fix.kind != CHOOSE)
    fixes = (*(_choice(one, wanted) for one in usable[:_SHOWN]), *others)
    known = [{"path": one.path, "python": one.python, "torch": one.torch or None} for one in holders]
    data = {**problem.data, "wanted": wanted, "interpreters": known}
    return replace(problem, hint=f"{_who_has(holders, usable)} {_otherwise(problem)}".strip(), fixes=fixes, data=data)


def _choice(one: FoundPython, wanted: str) -> Fix:
    text = f"Run it with Python {one.python} and torch {one.torch}: --python {shlex.quote(one.path)}"
    return Fix(CHOOSE, text, argument=wanted, value=one.path)


def wanted_text(wanted: str) -> str:
    """``einops``, ``Python 3.12 or newer``."""
    version = wanted.lstrip("<>=")
    return wanted if version == wanted else f"Python older than {version}" if wanted[0] == "<" else f"Python {version} or newer"


def _who_has(holders: Sequence[FoundPython], usable: Sequence[FoundPython]) -> str:
    if usable:
        others = len(usable) - 1
        more = f" {others} more {'has' if others == 1 else 'have'} it, too." if others else ""
        return f"{_described(usable[0])} has it (--python {shlex.quote(usable[0].path)}).{more}"
    if holders:
        return f"{_described(holders[0])} has it, but has no torch."
    return "No interpreter that was found on this machine has it."


def _otherwise(problem: Problem) -> str:
    """The other way out: to install it in the interpreter that lacks it."""
    package, here = problem.data.get("package"), problem.data.get("interpreter")
    return f"To install it in this one: {shlex.quote(here)} -m pip install {package}" if package and here else ""


def _described(one: FoundPython) -> str:
    return f"{one.path} (Python {one.python}, {f'torch {one.torch}' if one.torch else 'no torch'})"
