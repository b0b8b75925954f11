"""What a loader would call for each name in a pickle, in plain words: harmless, unknown or dangerous. Nothing is imported for it."""

from typing import Iterable, List, NamedTuple

from .importable_names import HARMLESS as KNOWN
from .importable_names import RUNS_CODE, TORCH, kind_of

HARMLESS, UNKNOWN, DANGEROUS = "harmless", "unknown", "dangerous"
VERDICTS = (DANGEROUS, UNKNOWN, HARMLESS)
"""The worst first."""

_NESTED = {"pickle", "_pickle", "marshal", "dill", "cloudpickle", "joblib", "shelve"}
_LOADS = ("torch.storage._load_from_bytes", "torch.load", "torch.serialization.load", "numpy.load")
_REACHES = {
    "runs programs": ("subprocess", "os", "posix", "nt", "pty", "commands", "multiprocessing", "platform", "timeit"),
    "imports or runs other code": ("runpy", "importlib", "imp", "pkgutil", "pip", "code", "codeop", "pdb", "types", "zipimport"),
    "reaches the network": ("socket", "requests", "urllib", "http", "ftplib", "smtplib", "webbrowser", "asyncio"),
    "reaches memory and libraries below Python": ("ctypes", "sys", "gc", "inspect"),
    "reaches files": ("shutil", "io", "tempfile", "linecache"),
}
_REACH_OF = {module: reach for reach, modules in _REACHES.items() for module in modules}


class Verdict(NamedTuple):
    """``word`` is ``harmless``, ``unknown`` or ``dangerous``; ``reason`` is one sentence."""

    word: str
    reason: str


class JudgedName(NamedTuple):
    """An importable name with its verdict."""

    name: str
    verdict: Verdict


def verdict_of(name: str) -> Verdict:
    """The verdict on one dotted name."""
    kind = kind_of(name)
    if kind == RUNS_CODE:
        return Verdict(DANGEROUS, f"A call that {_reach(name)}.")
    if kind == TORCH:
        return Verdict(HARMLESS, f"{_part_of_torch(name)}.")
    if kind == KNOWN:
        return Verdict(HARMLESS, "A well-known class that only holds data.")
    return Verdict(UNKNOWN, "A class that is not known here: its module would be imported and its code could run.")


def judged_names(names: Iterable[str]) -> List[JudgedName]:
    """All names with their verdicts, the worst first, those alike by name."""
    judged = [JudgedName(name, verdict_of(name)) for name in names]
    return sorted(judged, key=lambda each: (VERDICTS.index(each.verdict.word), each.name))


def _reach(name: str) -> str:
    package = name.partition(".")[0]
    if package in _NESTED or name in _LOADS:
        return "loads another pickle, which may run anything"
    if package == "builtins":
        return "runs Python code or looks up any function by its name"
    return _REACH_OF.get(package, "can be used to run any code")


def _part_of_torch(name: str) -> str:
    if "_rebuild" in name or name == "torch.nn.parameter.Parameter":
        return "A tensor rebuild: it only puts a tensor together"
    if name.endswith("Storage"):
        return "A storage: a block of numbers"
    return "Plain data that torch itself writes and reads"
