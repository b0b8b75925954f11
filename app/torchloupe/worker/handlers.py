"""What the worker can do: one line per request."""

import gc
import os
import re
import sys
from dataclasses import dataclass, field, replace
from typing import Any, Callable, Dict, Optional, Type

import torch
from torch import nn

from ..wire.activations import FetchActivation, MeasureActivation, MeasuredActivation
from ..wire.arguments import DescribeArguments, SolveArguments
from ..wire.errors import UsageError
from ..wire.loading import LoadCheckpoint, LoadedCheckpoint
from ..wire.mismatches import TryFixes
from ..wire.numerics import CompareModes, LookAtValues, ModesCompared, ValuesLookedAt
from ..wire.opening import TreeSeen
from ..wire.optimizers import ListOptimizers, Optimizers
from ..wire.problems import Problem
from ..wire.registration import (
    InspectedModel,
    InspectModel,
    MovedModel,
    MoveModel,
    RecognisedInitialisation,
    RecogniseInitialisation,
)
from ..wire.reproducers import MadeReproducer, MakeReproducer
from ..wire.requests import (
    FetchedStats,
    FetchedValues,
    FetchStats,
    FetchStoredValues,
    FetchValues,
    ListTargets,
    OpenedTarget,
    OpenTarget,
    RunForward,
    SummaryTable,
    SummaryText,
    TargetChoices,
    ValuesArrived,
)
from ..wire.step_values import FetchStepValues, MeasureStepValues
from ..wire.steps import RunStep, StepReport
from ..wire.sweeps import SizesSwept, SweepSizes
from ..wire.traces import ForwardReport
from .activations import KeptActivations, fetch_activation, measure_activation
from .archive_target import archive_target, class_name_of, is_archive
from .clean_slate import slate_of
from .collector import collector_in_no_hurry
from .construct import construct
from .context import Context
from .elapsed import counting_seconds
from .explain import CouldNotRun, problem_of
from .forward import chosen_device, run_forward
from .initialisation import recognised
from .loaded_values import loaded_values_judged
from .loading import Loaded, check_files, load_checkpoint
from .made_lines import remember_lines
from .model_state import ModelState
from .module_tree import read_module_tree, tensor_at
from .numerics.compare_modes import compare_modes
from .numerics.look import look_at_values
from .registration.constructed import registration_of
from .registration.inspect_model import inspect_model
from .registration.moves import move_model
from .registration.watch_construction import ConstructionWatch
from .reproducing.making import Reproducing
from .sample_input import sample_input
from .side_effects import not_again
from .solving import describe_arguments, solved_arguments
from .statistics import tensor_stats, why_uncountable
from .step.optimizers import optimizer_classes
from .step.run_step import run_step
from .step.step_values import fetch_step_values, measure_step_values
from .stored_values import fetch_stored_values
from .sweeping import sweep_sizes
from .target import Target, go_to, import_target, list_targets, provided, target_folder
from .trying import Repairs
from .values import part_of, raw_bytes


@dataclass
class OpenModel:
    """The one open model of this worker."""

    target: Target
    model: nn.Module
    request: OpenTarget
    loaded: Optional[Loaded] = None
    activations: KeptActivations = field(default_factory=KeptActivations)


def open_target(context: Context, request: OpenTarget) -> OpenedTarget:
    """Import, construct, walk. The model that was open stays open until the new one is there."""
    with slate_of(context).clean(target_folder(request.target), *request.import_folders):
        go_to(request.working_folder)
        with counting_seconds(context, 0, 3, "importing"), ConstructionWatch() as importing:
            target = load_target(request)
        if not context.state.get("frozen"):  # the collector could say so, after counting all that it froze
            context.state["frozen"] = True
            gc.freeze()  # what was imported stays: nobody need go through it again each time when many modules are made
        constructing = counting_seconds(context, 1, 3, f"constructing {target.name}")
        with constructing, collector_in_no_hurry(), ConstructionWatch() as watch:
            model = _constructed(target, request)
        remember_lines((*importing.lines(), *watch.lines()))
        tree = read_module_tree(model, lambda seen: context.emit(TreeSeen(seen)))
        context.progress(2, 3, "looking for what is not registered")
        hidden, problems = registration_of(model, target, watch)
        tree = replace(tree, hidden=hidden)
        context.state["open"] = OpenModel(target, model, request)
        context.state["side_effects"] = ()
    context.progress(3, 3, "open")
    return OpenedTarget(
        target=request.target,
        file=target.file,
        name=target.name,
        class_name=class_name_of(model),
        arguments=dict(request.arguments or {}),
        arguments_source="given" if request.arguments else "default",
        tree=tree,
        provides=provided(target),
        problems=(*target.problems, *problems),
        project_files=slate_of(context).project_files(target.file),
    )


def load_target(request: OpenTarget) -> Target:
    """Import the source that is named, or load the model file."""
    if is_archive(request.target):
        return archive_target(request)
    return import_target(request.target, request.import_folders, request.allow_downloads)


def _constructed(target: Target, request: OpenTarget) -> nn.Module:
    model = construct(target, request.arguments, request.seed, request.allow_downloads, request.device)
    if request.mode is not None:
        model.train(request.mode == "train")
    return model if request.device is None else _moved(target, model, request.device)


def _moved(target: Target, model: nn.Module, device: str) -> nn.Module:
    place = chosen_device(device, model)
    try:
        return model.to(place)
    except Exception as error:
        raise CouldNotRun(problem_of(error, "construct-failed", f"Moving the model to {device} failed", target.places)) from error


def targets_in(_context: Context, request: ListTargets) -> TargetChoices:
    """What a file or an importable module offers, without running it."""
    return list_targets(request.target)


def forward(context: Context, request: RunForward) -> ForwardReport:
    """One forward pass; a model that changed itself beyond repair is constructed anew, so that the next run starts clean."""
    opened = _open_model(context)
    opened.activations.forget(with_pinned=False)
    report = run_forward(opened.target, opened.model, request, context)
    _open_model(context)
    return replace(report, state_restored=True)


def try_fixes(context: Context, request: TryFixes) -> ForwardReport:
    """The same with repairs, which are gone after it."""
    opened = _open_model(context)
    opened.activations.forget(with_pinned=False)
    report = run_forward(opened.target, opened.model, request.run, context, Repairs(request.fixes))
    _open_model(context)
    return replace(report, state_restored=True)


def reproducer(context: Context, request: MakeReproducer) -> MadeReproducer:
    """What fails in a run in a folder of its own."""
    opened = _open_model(context)
    files, root = slate_of(context).project_files(opened.target.file), target_folder(opened.request.target)
    making = Reproducing(opened.target, opened.model, opened.request, files, root)
    return making.make(request, context)


def load(context: Context, request: LoadCheckpoint) -> LoadedCheckpoint:
    """Into the model as it was constructed. When it is cancelled or fails, the next request finds the model as it was before."""
    opened = _open_model(context)
    check_files(request.contents)
    opened.activations.forget()
    context.state["spoiled"] = True
    if opened.loaded is not None:
        context.progress(0, 0, f"constructing {opened.target.name}")
        opened.model = _constructed(opened.target, opened.request)
    answer = load_checkpoint(opened.model, request, context)
    opened.loaded = Loaded(request, answer)
    context.state["spoiled"] = False
    return answer


def inspect(context: Context, request: InspectModel) -> InspectedModel:
    """A closer look at the registration and the forward pass of the open model, after which the model is as it was."""
    opened = _open_model(context)
    files = slate_of(context).project_files(opened.target.file)
    found = inspect_model(opened.target, opened.model, request, context, files)
    if opened.loaded is None:
        return found
    told = frozenset(problem.parameter for problem in found.problems if problem.parameter)
    odd = loaded_values_judged(opened.target, opened.model, opened.loaded, request, context, told)
    return replace(found, problems=(*found.problems, *odd))


def training_step(context: Context, request: RunStep) -> StepReport:
    """One training step, after which the model is as it was; one that was changed beyond repair is constructed anew."""
    opened = _open_model(context)
    files = slate_of(context).project_files(opened.target.file)
    with not_again(context, opened.target.places, opened.model):
        report = run_step(opened.target, opened.model, request, context, files)
    _open_model(context)
    return report


def step_part(context: Context, request: FetchStepValues) -> FetchedValues:
    """The bytes of a part of what a step did to one parameter."""
    opened = _open_model(context)
    return fetch_step_values(opened.target, opened.model, request, context)


def step_numbers(context: Context, request: MeasureStepValues) -> FetchedStats:
    """What a step did to one parameter, in numbers."""
    opened = _open_model(context)
    return measure_step_values(opened.target, opened.model, request, context)


def optimizers(_context: Context, _request: ListOptimizers) -> Optimizers:
    """What ``torch.optim`` has here."""
    return optimizer_classes()


def values_looked_at(context: Context, request: LookAtValues) -> ValuesLookedAt:
    """One pass of the open model in which every value is watched."""
    opened = _open_model(context)
    with not_again(context, opened.target.places, opened.model):
        return look_at_values(opened.target, opened.model, request, context)


def modes_compared(context: Context, request: CompareModes) -> ModesCompared:
    """The open model in train and in eval mode, call by call."""
    opened = _open_model(context)
    with not_again(context, opened.target.places, opened.model):
        return compare_modes(opened.target, opened.model, request, context)


def sizes_swept(context: Context, request: SweepSizes) -> SizesSwept:
    """The sizes of the input with which the open model runs."""
    opened = _open_model(context)
    with not_again(context, opened.target.places, opened.model):
        return sweep_sizes(opened.target, opened.model, request, context)


def moved(context: Context, request: MoveModel) -> MovedModel:
    """What would stay behind if the open model were moved."""
    return move_model(_open_model(context).model, request)


def fetch_stats(context: Context, request: FetchStats) -> FetchedStats:
    """Statistics of one parameter or buffer."""
    tensor = _tensor_at(context, request.key)
    stats = tensor_stats(tensor)
    if stats is None:
        raise UsageError(f"`{request.key}` has no values to count: it {why_uncountable(tensor) or 'cannot be read'}.")
    return FetchedStats(request.key, stats)


def fetch_values(context: Context, request: FetchValues) -> FetchedValues:
    """The bytes of a part of one parameter or buffer."""
    part = part_of(_tensor_at(context, request.key), request.key, request.index)
    context.emit(ValuesArrived(request.key), [raw_bytes(part)])
    return FetchedValues(request.key, tuple(part.shape), str(part.dtype).replace("torch.", ""))


def activation_part(context: Context, request: FetchActivation) -> FetchedValues:
    """The bytes of a part of a tensor that flowed in a run."""
    opened = _open_model(context)
    return fetch_activation(opened.target, opened.model, opened.activations, request, context)


def activation_numbers(context: Context, request: MeasureActivation) -> MeasuredActivation:
    """A tensor that flowed in a run, in numbers."""
    opened = _open_model(context)
    return measure_activation(opened.target, opened.model, opened.activations, request, context)


def initialisation(context: Context, request: RecogniseInitialisation) -> RecognisedInitialisation:
    """How the parameters and buffers were initialised, as far as their values show it."""
    opened = _open_model(context)
    loaded = opened.loaded.keys if opened.loaded else frozenset()
    return RecognisedInitialisation(recognised(opened.model, request.keys, context.cancel.raise_if_requested, loaded))


def _tensor_at(context: Context, key: str) -> torch.Tensor:
    tensor = tensor_at(_open_model(context).model, key)
    if tensor is None:
        raise UsageError(f"The model has no parameter or buffer `{key}`.", "Open the model again: it may have changed.")
    return tensor


def summary_table(context: Context, request: SummaryTable) -> SummaryText:
    """torchinfo's table, with input sizes when there is a sample input."""
    opened = _open_model(context)
    model, torchinfo = opened.model, _torchinfo(request.torchinfo_folder)
    fixed = {"verbose": 0, "mode": "train" if model.training else "eval"}
    state = ModelState(model)
    try:
        given = sample_input(opened.target, model, request.inputs, 0, check=context.cancel.raise_if_requested)
        data = {"input_data": list(given.positional), **given.keywords} if given.positional else {"input_data": given.keywords}
        return SummaryText(_in_words(torchinfo.summary(model, device=chosen_device(None, model), **fixed, **data)))
    except CouldNotRun:
        if request.inputs or "example_inputs" in provided(opened.target):
            raise
        return SummaryText(_in_words(torchinfo.summary(model, **fixed)))
    except RuntimeError:
        # torchinfo says no more than that it failed; `run` says why.
        note = "The sample input does not run through the model: output shapes are left out."
        return SummaryText(f"{_in_words(torchinfo.summary(model, **fixed))}\n{note}")
    finally:
        state.restore()


def _in_words(summary: Any) -> str:
    """Its text, with units where torchinfo writes the name of their enum on newer Pythons."""
    units = {"Units.NONE": "", "Units.KILOBYTES": "k", "Units.MEGABYTES": "M", "Units.GIGABYTES": "G", "Units.TERABYTES": "T"}
    return re.sub(r" ?\((Units\.\w+)\)", lambda found: f" ({units[found[1]]})" if units.get(found[1]) else "", str(summary))


def _torchinfo(folder: Optional[str]) -> Any:
    """torchinfo of this interpreter, else the one that lies in ``folder``."""
    if folder and os.path.isdir(folder):
        sys.path.append(folder)
    try:
        import torchinfo
    except ImportError as error:
        problem = Problem(
            "no-torchinfo", f"torchinfo cannot be imported in this interpreter: {error}.", hint="Install torchinfo there."
        )
        raise CouldNotRun(problem) from error
    finally:
        if folder and folder in sys.path:
            sys.path.remove(folder)
    return torchinfo


def _open_model(context: Context) -> OpenModel:
    """The open model. One that a pass or a load changed beyond repair, also one that was cancelled, is constructed anew, and what was
    loaded into it is loaded again."""
    opened = context.state.get("open")
    if not isinstance(opened, OpenModel):
        raise UsageError("No model is open.", "Open a model first.")
    if context.state.get("spoiled", False):
        opened.model = _constructed(opened.target, opened.request)
        if opened.loaded is not None:
            check_files(opened.loaded.request.contents)
            load_checkpoint(opened.model, opened.loaded.request, context)
        context.state["spoiled"] = False
    return opened


HANDLERS: Dict[Type[Any], Callable[[Context, Any], Any]] = {
    ListTargets: targets_in,
    OpenTarget: open_target,
    RunForward: forward,
    TryFixes: try_fixes,
    MakeReproducer: reproducer,
    FetchStats: fetch_stats,
    FetchValues: fetch_values,
    FetchStoredValues: fetch_stored_values,
    FetchActivation: activation_part,
    MeasureActivation: activation_numbers,
    SummaryTable: summary_table,
    LoadCheckpoint: load,
    InspectModel: inspect,
    RunStep: training_step,
    ListOptimizers: optimizers,
    FetchStepValues: step_part,
    MeasureStepValues: step_numbers,
    LookAtValues: values_looked_at,
    CompareModes: modes_compared,
    SweepSizes: sizes_swept,
    MoveModel: moved,
    RecogniseInitialisation: initialisation,
    DescribeArguments: describe_arguments,
    SolveArguments: solved_arguments,
}
