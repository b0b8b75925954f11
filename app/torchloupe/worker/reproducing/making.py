"""Writes what fails in a run to a folder: the module alone where that fails in the same way, else as much around it as it needs."""

import os
import shutil
import tempfile
from dataclasses import dataclass, replace
from typing import Any, Dict, Iterator, List, Optional, Tuple

from torch import nn

from ...analysis.input_specs import InputSpec, format_input_spec
from ...analysis.reproducer_script import ARGUMENTS, INPUT, SCRIPT, SOURCE, Construction, script_text
from ...wire.errors import UsageError
from ...wire.problems import Problem
from ...wire.reproducers import MODEL, MODULE, PART, MadeReproducer, MakeReproducer
from ...wire.requests import OpenTarget
from ..construct import construct
from ..context import Context
from ..explain import CouldNotRun
from ..forward import chosen_device, on_device
from ..model_state import ModelState
from ..repetition import Repetition
from ..run_conditions import RunConditions, run_dtype
from ..sample_input import sample_input
from ..target import Target
from ..trace import input_metas
from .constructors import arguments_text, is_plain, made_again, packed_values, torch_layer, watched_constructors
from .failed_call import FailedCall, Given, copied
from .fresh_process import error_line, is_same, said_by_script

MOST_SOURCE_BYTES = 4 << 20
_WAYS = {MODULE: "The module alone", PART: "The module taken out of the model", MODEL: "The whole model"}


@dataclass(frozen=True)
class _Way:
    """One way to write it; ``arguments`` are those that only a file can hold."""

    taken: str
    made: Construction
    given: Given
    arguments: Optional[bytes] = None


@dataclass(frozen=True)
class Reproducing:
    """The open model, how it was opened, the files that it came from and the folder that they are imported from."""

    target: Target
    model: nn.Module
    opened: OpenTarget
    files: Tuple[str, ...]
    root: str

    def make(self, request: MakeReproducer, context: Context) -> MadeReproducer:
        """Raises ``UsageError`` where the folder is taken, ``CouldNotRun`` where nothing fails there."""
        folder = os.path.abspath(os.path.expanduser(request.folder))
        refuse_taken(folder)
        context.progress(0, 3, "running up to the failure")
        call, whole = self._seen(request, context)
        assert call.error is not None
        line = error_line(call.error)
        notes: List[str] = []
        context.progress(1, 3, f"constructing {self.target.name} again")
        with tempfile.TemporaryDirectory(prefix="torchloupe-reproducer-") as trials:
            trial, found = "", None
            for number, way in enumerate(self._ways(request, call, whole)):
                packed = packed_values(way.given)
                if packed is None:
                    notes.append(f"{_WAYS[way.taken]}: what was given to it cannot be saved.")
                    continue
                trial = os.path.join(trials, str(number))
                os.mkdir(trial)
                self._write(way, packed, trial, line, request)
                context.progress(2, 3, f"trying it in a fresh process: {_WAYS[way.taken].lower()}")
                said = said_by_script(trial, context.cancel.raise_if_requested)
                is_it, last = is_same(line, said), said.split("\n")[-1]
                found = MadeReproducer(folder, files_below(trial), way.taken, is_it, line, last, tuple(notes))
                if is_it:
                    break
                notes.append(f"{_WAYS[way.taken]} does not fail in the same way: {last}")
            if found is None:
                raise CouldNotRun(
                    Problem("no-reproducer", "What was given to the model cannot be saved.", hint="Give another input.")
                )
            shutil.copytree(trial, folder, dirs_exist_ok=True)
        context.progress(3, 3, "done")
        return found

    def _seen(self, request: MakeReproducer, context: Context) -> Tuple[FailedCall, Given]:
        """The pass once more: the call that fails, and the input of the whole. The model is as it was afterwards."""
        run, model, check = replace(request.run, shapes_only=False), self.model, context.cancel.raise_if_requested
        state = ModelState(model)
        try:
            given = sample_input(self.target, model, run.inputs, run.seed, run.mode, check)
            device, dtype = chosen_device(run.device, model), run_dtype(run.dtype)
            runner = on_device(model, device, dtype)
            given = given.on(device, dtype)
            whole = copied((tuple(given.positional), given.keywords))
            before = state if runner is model else ModelState(runner)
            try:
                watch = FailedCall(runner.get_submodule(request.module), request.call_number)
            except AttributeError:
                raise UsageError(f"The model has no module `{request.module}`.", "Run it again: it may have changed.") from None
            Repetition(runner, given, RunConditions(run, device, None), before, run, check).run(within=watch)
        finally:
            context.state["spoiled"] = bool(state.restore())
        if watch.error is None:
            name = f"`{request.module}`" if request.module else "the model"
            message = f"Nothing fails in {name} when the pass is repeated."
            hint = "What comes behind an earlier failure fails only once that is repaired."
            raise CouldNotRun(Problem("no-reproducer", message, hint=hint, module=request.module))
        return watch, whole

    def _ways(self, request: MakeReproducer, call: FailedCall, whole: Given) -> Iterator[_Way]:
        """From the least to all of it."""
        module, is_part = self.model.get_submodule(request.module), bool(request.module)
        run = request.run
        to = "".join(
            f".to({each})" for each in (repr(run.device) if run.device else "", f"torch.{run.dtype}" if run.dtype else "") if each
        )
        common: Dict[str, Any] = {"training": call.training, "seed": run.seed, "to": to}
        layer = torch_layer(module)
        if layer is not None and call.given is not None:
            yield _Way(MODULE, replace(layer, **common), call.given)
        alone, model, packed = self._made_again(module, is_part)
        if alone is not None and call.given is not None:
            yield _Way(MODULE if is_part else MODEL, replace(alone, **common), call.given, packed[0])
        if model is None:
            return
        if is_part and call.given is not None:
            yield _Way(PART, replace(model, taken_out=request.module, **common), call.given, packed[1])
        training = self.model.training if run.mode is None else run.mode == "train"
        all_of_it = replace(model, **{**common, "training": training})
        if is_part:
            yield _Way(MODEL, all_of_it, whole, packed[1])
        if all_of_it.has_source:
            yield _Way(MODEL, replace(all_of_it, has_source=False, folders=self._folders()), whole, packed[1])

    def _made_again(
        self, module: nn.Module, is_part: bool
    ) -> Tuple[Optional[Construction], Optional[Construction], Tuple[Optional[bytes], Optional[bytes]]]:
        """How the module and the whole model are made, as they were when the model is constructed once more."""
        target, opened = self.target, self.opened
        if isinstance(target.make, nn.Module):
            whole = Construction(target.name, (f"from {target.module.__name__} import {target.name}",))
            return (None if is_part else self._located(whole)), self._located(whole), (None, None)
        with watched_constructors(type(module)) as parts, watched_constructors(type(self.model)) as models:
            again = construct(target, opened.arguments, opened.seed, opened.allow_downloads, opened.device)
        path = next(name for name, each in self.model.named_modules() if each is module)
        part = next((given for each, given in parts if each is again.get_submodule(path)), None)
        given = next((given for each, given in models if each is again), None)
        alone, packed_part = made_again(type(module), part) if part is not None else (None, None)
        text = arguments_text(((), dict(opened.arguments or {})))
        if given is not None and isinstance(target.make, type):
            model, packed_model = made_again(type(self.model), given)
        else:
            name, packed_model = target.name.partition(".")[0], None
            imports = (f"from {target.module.__name__} import {name}",)
            model = Construction(f"{target.name}({text})", imports) if text is not None else None
        return self._located(alone), self._located(model), (packed_part, packed_model)

    def _located(self, made: Optional[Construction]) -> Optional[Construction]:
        """With the place that its imports come from."""
        if made is None:
            return None
        if not self.files:
            return made
        return replace(made, has_source=True) if self._can_be_copied() else replace(made, folders=self._folders())

    def _can_be_copied(self) -> bool:
        inside = all(file.startswith(os.path.join(self.root, "")) for file in self.files)
        return inside and sum(map(os.path.getsize, self.files)) <= MOST_SOURCE_BYTES

    def _folders(self) -> Tuple[str, ...]:
        return (*map(os.path.abspath, self.opened.import_folders), self.root)

    def _write(self, way: _Way, packed: bytes, folder: str, line: str, request: MakeReproducer) -> None:
        files = {INPUT: packed, **({ARGUMENTS: way.arguments} if way.arguments is not None else {})}
        what = f"{request.module or 'forward'} of {type(self.model).__name__}"
        text = script_text(way.made, what, line, given_lines(way.given), is_plain(packed))
        files[SCRIPT] = text.encode("utf-8")
        for name, data in files.items():
            with open(os.path.join(folder, name), "xb") as stream:
                stream.write(data)
        for file in self.files if way.made.has_source else ():
            copy = os.path.join(folder, SOURCE, os.path.relpath(file, self.root))
            os.makedirs(os.path.dirname(copy), exist_ok=True)
            shutil.copyfile(file, copy)


def refuse_taken(folder: str) -> None:
    """Raises ``UsageError`` where something stands already: nothing of anybody's is written over."""
    if os.path.exists(folder) and (not os.path.isdir(folder) or os.listdir(folder)):
        raise UsageError(f"{folder} is there already.", "Name a new folder, or an empty one.")


def given_lines(given: Given) -> List[str]:
    """What is given to it, a line for each tensor: ``args[0]: float32[8,2304]``."""
    lines = []
    for meta in input_metas(*given):
        name = f"args{meta.name}" if meta.name.startswith("[") else meta.name or "args[0]"
        lines.append(f"{name}: {format_input_spec(InputSpec(None, None, meta.dtype, meta.shape))}")
    return lines


def files_below(folder: str) -> Tuple[str, ...]:
    """All files in it, by their paths from there."""
    found = (os.path.relpath(os.path.join(place, name), folder) for place, _, names in os.walk(folder) for name in names)
    return tuple(sorted(found))
