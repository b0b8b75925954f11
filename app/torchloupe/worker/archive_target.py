"""A model file as the target: a whole pickled module, a TorchScript archive, an exported program. Loading it runs what is in it."""

import os
import pickle
import re
import zipfile
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any, Dict, Iterator, List, Tuple

import torch
from torch import nn

from ..analysis.target_source import split_target
from ..checkpoints import read_contents
from ..checkpoints.importable_verdicts import JudgedName, judged_names
from ..wire.errors import TorchloupeError, UsageError
from ..wire.problems import INFO, Fix, Problem
from ..wire.requests import OpenTarget
from .error_words import words_of
from .explain import CouldNotRun, problem_of, said_by
from .import_folders import ImportFolders, folders_with
from .no_downloads import DownloadInsisted, no_downloads
from .places import Places
from .target import Target

PICKLE, SCRIPT, EXPORTED = "pickle", "torchscript", "exported_program"

_ARTICLES = {SCRIPT: "a TorchScript archive", EXPORTED: "an exported program"}
_NAMES_SHOWN = 8
_LOST_CLASS = re.compile(r"Can't get attribute '([^']+)' on <module '([^']+)'")


def is_archive(text: str) -> bool:
    """Does a target name a file that is no Python source?"""
    place, _ = split_target(text)
    return not place.endswith((".py", ".pyi")) and os.path.isfile(os.path.expanduser(place))


def archive_target(request: OpenTarget) -> Target:
    """The finished model in a file. Raises ``UsageError``, or ``CouldNotRun``: also when it is not trusted, with the names it calls."""
    place, name = split_target(request.target)
    file = os.path.abspath(os.path.expanduser(place))
    kind = archive_kind(file)
    if kind == PICKLE:
        _refuse_plain_data(file)
    if not request.trusted:
        raise CouldNotRun(_question(file, kind))
    ImportFolders(os.path.dirname(file), "").apply(request.import_folders)
    with no_downloads(request.allow_downloads) as refusals:
        try:
            model = _model_in(_loaded(file, kind), file, name)
        except TorchloupeError:
            raise
        except (Exception, SystemExit, DownloadInsisted) as error:
            base = os.path.basename(file)
            refused = refusals.problem(error, "load-failed", base, Places())
            raise CouldNotRun(refused or _load_problem(error, file)) from error
    return Target(request.target, ModuleType(kind), None, name or os.path.basename(file), model, Places(), _remarks(file, kind))


def archive_kind(file: str) -> str:
    """What loads it: found by the names of the members, none of which is read."""
    try:
        with zipfile.ZipFile(file) as archive:
            names = {name.partition("/")[2] for name in archive.namelist()} | set(archive.namelist())
    except (zipfile.BadZipFile, OSError):
        return PICKLE
    if "archive_format" in names or any(name.startswith("serialized_exported_program") for name in names):
        return EXPORTED
    return SCRIPT if "constants.pkl" in names else PICKLE


def class_name_of(model: nn.Module) -> str:
    """The class that a person knows it by: of a scripted module the one that it was made from."""
    original = getattr(model, "original_name", None) if isinstance(model, torch.jit.ScriptModule) else None
    return original if isinstance(original, str) else type(model).__name__


def _loaded(file: str, kind: str) -> Any:
    if kind == SCRIPT:
        load: Any = torch.jit.load  # torch leaves it untyped
        return load(file, map_location="cpu")
    if kind == EXPORTED:
        program = torch.export.load(file)
        try:
            return torch.export.unflatten(program)
        except Exception:  # not every graph can be folded back into its modules
            return program.module()
    return torch.load(file, map_location="cpu", weights_only=False)


def _refuse_plain_data(file: str) -> None:
    """When ``torch.load(weights_only=True)`` takes it there is no model in it, and nobody need be asked. Raises ``UsageError``."""
    try:
        found = torch.load(file, map_location="cpu", weights_only=True)
    except Exception:
        return
    base = os.path.basename(file)
    raise UsageError(
        f"{base} holds {_said(found)} and no model; torch.load(weights_only=True) loads it without running code.",
        "Open it as a checkpoint, and the model from its source.",
    )


def _said(found: Any) -> str:
    if not isinstance(found, dict):
        return f"a {type(found).__name__}"
    tensors = sum(isinstance(value, torch.Tensor) for value in found.values())
    return f"a state_dict of {tensors:,} tensors" if tensors and tensors == len(found) else f"a dict of {len(found):,} entries"


def _model_in(found: Any, file: str, name: Any) -> nn.Module:
    models: Dict[str, nn.Module] = dict(_models(found))
    base = os.path.basename(file)
    if name and name in models:
        return models[name]
    if not name and len(models) == 1:
        return next(iter(models.values()))
    if not models:
        raise UsageError(f"{base} holds {_said(found)} and no model.", "Open it as a checkpoint, and the model from its source.")
    asked = f"no model `{name}`; it holds" if name else f"{len(models)} models:"
    raise UsageError(f"{base} has {asked} {', '.join(models)}.", f"Name one: {base}:{next(iter(models))}.")


def _models(found: Any) -> Iterator[Tuple[str, nn.Module]]:
    if isinstance(found, nn.Module):
        yield "", found
    elif isinstance(found, dict):
        yield from ((str(key), value) for key, value in found.items() if isinstance(value, nn.Module))


def _question(file: str, kind: str) -> Problem:
    base = os.path.basename(file)
    if kind == PICKLE:
        refusal, names = _refusal_of(file)
        shown = ", ".join(f"{each.name} ({each.verdict.word})" for each in names[:_NAMES_SHOWN])
        more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
        message = (
            f"{base} is a pickle: loading it would import and call {shown}{more}."
            if names
            else f"{base} is a pickle that may run code."
        )
        data = {"names": [{"name": each.name, "verdict": each.verdict.word, "reason": each.verdict.reason} for each in names]}
        data["weights_only"] = [{"refused": refusal}] if refusal else []
    else:
        message, data = f"{base} is {_ARTICLES[kind]}: loading it runs code that came with it.", {"names": []}
    hint = "If you trust it, say so: --trust."
    text = "Trust this file and load it."
    return Problem(
        "needs-trust", message, hint=hint, file=file, fixes=(Fix("trust_file", text, value=file),), data={"kind": kind, **data}
    )


def _refusal_of(file: str) -> Tuple[str, List[JudgedName]]:
    """Why ``torch.load(weights_only=True)`` refuses the file, and the names that its pickles mention."""
    try:
        torch.load(file, map_location="cpu", weights_only=True)
        refusal = ""
    except Exception as error:
        refusal = refusal_text(error)
    try:
        return refusal, judged_names(read_contents(Path(file)).globals)
    except TorchloupeError:
        return refusal, []


def refusal_text(error: Exception) -> str:
    """The sentence in which ``torch.load(weights_only=True)`` says what it does not do."""
    _, marked, text = words_of(error).rpartition("WeightsUnpickler error: ")
    names = (line for line in text.splitlines() if "GLOBAL" in line)
    said = text.partition("\n")[0] if marked else next(names, "")
    return said.strip() or said_by(error)


def _load_problem(error: BaseException, file: str) -> Problem:
    base = os.path.basename(file)
    problem = problem_of(error, "load-failed", f"Loading {base} failed", Places())
    lost = _LOST_CLASS.search(words_of(error))
    if lost is None and not (isinstance(error, ModuleNotFoundError) and error.name):
        hint = "Is it whole, and was it saved by this or an older version of torch?"
        return problem if not isinstance(error, (pickle.UnpicklingError, RuntimeError)) else replace(problem, hint=hint)
    name, module = lost.groups() if lost else ("", getattr(error, "name", "") or "")
    module = "__main__" if module.endswith("__main__") else module
    wanted = [each.name for each in _refusal_of(file)[1] if each.name.startswith(module + ".")] or [
        f"{module}.{name}".rstrip(".")
    ]
    message = f"{base} was saved with {', '.join(f'`{each}`' for each in wanted[:4])}, which cannot be found here."
    if module == "__main__":
        hint = (
            "It was saved by the script that defines the class: save its state_dict() there, and open that script as the model."
        )
        return replace(problem, message=message, hint=hint)
    folders = list(folders_with(module, [os.path.dirname(file), os.getcwd()]))[:3]
    where = folders[0] if folders else "DIR"
    hint = f"Point at the project that defines it: --import-folder {where}."
    fixes = tuple(Fix("add_to_path", f"Import from {folder}, too.", value=folder) for folder in folders)
    return replace(problem, message=message, hint=hint, fixes=fixes)


def _remarks(file: str, kind: str) -> Tuple[Problem, ...]:
    base = os.path.basename(file)
    if kind == SCRIPT:
        text = f"{base} is a TorchScript archive: its modules, weights and outer call are shown; calls inside it cannot be seen."
    elif kind == EXPORTED:
        text = f"{base} is an exported program: a fixed graph, made for the shapes that it was exported with."
    else:
        return ()
    return (Problem("archive-target", text, INFO, "Open the model from its source to see every call.", file=file),)
