"""One instrumented training step: what was asked for, what the weights did, what the user's code did, and why a weight did not move."""

from dataclasses import dataclass, field
from typing import Any, Dict, Optional, Tuple

from .problems import Problem

MADE, ZERO_GRAD, BACKWARD, CLIP, STEP, SCHEDULE, LOAD, EVAL, TRAIN, SCALE = (
    "optimizer",
    "zero_grad",
    "backward",
    "clip",
    "step",
    "schedule",
    "load_state_dict",
    "eval",
    "train",
    "scaler",
)
"""What a ``StepEvent`` can be."""

MEAN_SQUARE = "mean square of the outputs"


@dataclass(frozen=True)
class RunStep:
    """Run one training step of the open model, measure it, put everything back. Answer: ``StepReport``.

    ``inputs``, ``device``, ``mode`` and ``seed`` are those of ``RunForward``. Without ``loss`` and ``optimizer`` the file's
    ``train_step(model)`` is run as it is, else its ``loss_fn(output)`` and ``make_optimizer(params)``, else what stands in
    ``StepReport.loss_source`` and ``optimizer_source``. ``loss`` is ``mean_square``, ``mean``, ``sum``, ``model`` (its own ``.loss``),
    ``cross_entropy``, ``mse``, ``l1`` or ``bce``; these four are against ``target``, an input spec, else the file's
    ``example_targets()``, else random numbers that fit. ``optimizer`` is the name of a class in ``torch.optim``,
    ``optimizer_arguments`` its keywords. ``steps`` on the same batch; a ``train_step`` is run so often. ``accumulate`` backward passes
    come before each step; ``autocast`` is the dtype under which forward and loss are computed.
    With ``keep`` the parameters and buffers stay as the step left them; all else is put back.
    ``prove`` are keys of parameters that did not move, ``*`` for all: the one change is made, the step replayed, and the row says
    what came of it.
    """

    inputs: Tuple[str, ...] = ()
    device: Optional[str] = None
    mode: Optional[str] = None
    seed: int = 0
    loss: Optional[str] = None
    optimizer: Optional[str] = None
    lr: Optional[float] = None
    steps: int = 1
    prove: Tuple[str, ...] = ()
    target: Optional[str] = None
    optimizer_arguments: Dict[str, Any] = field(default_factory=dict)
    accumulate: int = 1
    autocast: Optional[str] = None
    keep: bool = False


@dataclass(frozen=True)
class StepEvent:
    """Something that the step did, in order: ``kind`` is ``backward``, ``step``, ... ``what`` the class, ``value`` a loss or a norm."""

    kind: str
    what: str = ""
    value: Optional[float] = None
    file: Optional[str] = None
    line: Optional[int] = None


@dataclass(frozen=True)
class ParameterMotion:
    """What a step did to one parameter (of tied ones: under its first key).

    ``reason`` is a code of the catalogue: why it did not move, or that it moved by decay alone; ``text`` says it in words, ``file`` and
    ``line`` are the place of the cause. ``group`` is the number of its group in the optimizer, None when it is in none.
    Norms are of all elements; ``grad_norm`` is None without a gradient. ``update_ratio`` is the norm of the change over that of
    the weight before; ``changed_fraction`` the share of elements that differ bit by bit in value. ``chosen`` says that the reason lies in
    the loss or the optimizer that was chosen for want of the user's: it says nothing about the model. ``proof`` says what came of
    the replay with the cause taken away, ``proven`` whether it moved then; None where nothing was tried.
    """

    key: str
    moved: bool
    reason: str = ""
    text: str = ""
    file: Optional[str] = None
    line: Optional[int] = None
    numel: int = 0
    dtype: str = ""
    group: Optional[int] = None
    lr: Optional[float] = None
    weight_decay: Optional[float] = None
    weight_norm: Optional[float] = None
    grad_norm: Optional[float] = None
    update_norm: Optional[float] = None
    update_ratio: Optional[float] = None
    changed_fraction: Optional[float] = None
    chosen: bool = False
    proof: str = ""
    proven: Optional[bool] = None


@dataclass(frozen=True)
class BufferMotion:
    """What a step did to one buffer, as in ``ParameterMotion``. ``frozen``: its module has parameters, and all of them are frozen."""

    key: str
    moved: bool
    numel: int = 0
    dtype: str = ""
    norm: Optional[float] = None
    update_norm: Optional[float] = None
    update_ratio: Optional[float] = None
    changed_fraction: Optional[float] = None
    frozen: bool = False


@dataclass(frozen=True)
class StepMoment:
    """After one of several steps: the loss before it, and for each parameter, in the order of the report, the norm of the update over
    that of the weight, and the norm of the gradient; None where there is none."""

    loss: Optional[float]
    update_ratios: Tuple[Optional[float], ...]
    grad_norms: Tuple[Optional[float], ...]


@dataclass(frozen=True)
class StepReport:
    """What the step gave. ``loss_source`` and ``optimizer_source`` say where they came from (``loss_fn``, ``train_step``, ...).

    ``loss_after`` is the same batch once more with the same random numbers, unless the step took long; of several steps, and of a
    ``train_step``, it is the last loss.
    ``state_restored`` is False when the model is not bit for bit what it was. ``moments`` has one entry for each step of several, and none
    for a single step. ``kept``: the model has the values that the step gave it.
    ``side_effects`` are files that the step wrote, processes it started and hosts it spoke to: they are not undone.
    """

    parameters: Tuple[ParameterMotion, ...]
    loss_before: Optional[float] = None
    loss_after: Optional[float] = None
    loss_source: str = ""
    optimizer: str = ""
    optimizer_source: str = ""
    inputs: Tuple[str, ...] = ()
    input_source: str = ""
    mode: str = ""
    device: str = ""
    events: Tuple[StepEvent, ...] = ()
    problems: Tuple[Problem, ...] = ()
    seconds: float = 0.0
    watching_seconds: float = 0.0
    state_restored: bool = True
    buffers: Tuple[BufferMotion, ...] = ()
    moments: Tuple[StepMoment, ...] = ()
    kept: bool = False
    side_effects: Tuple[str, ...] = ()
