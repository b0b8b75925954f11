"""The conversation with the worker: a hello, requests with one reply each, events in between, a cancel."""

from dataclasses import dataclass
from typing import Any, Dict, Optional, Tuple

from .modules import ModuleTree
from .problems import Problem
from .tensors import TensorStats
from .traces import LayerCall, Operation

PROTOCOL = 1
MAGIC = "torchloupe-worker"


@dataclass(frozen=True)
class Hello:
    """The worker's first message. ``torch`` is None when the interpreter has none; then ``torch_error`` says why.

    ``devices`` are the names torch can run on (``cpu``, ``cuda:0``, ``mps``); ``abilities`` what this torch offers, found by
    feature detection - ask these, never version numbers.
    """

    protocol: int
    python: str
    executable: str
    pid: int
    torch: Optional[str] = None
    torch_error: str = ""
    devices: Tuple[str, ...] = ()
    abilities: Tuple[str, ...] = ()


@dataclass(frozen=True)
class OpenTarget:
    """Import ``target``, construct it, walk its modules. Answer: ``OpenedTarget``.

    It is ``file.py``, ``file.py:Name``, ``package.module:Name``, or a file with a whole model in it; loading that runs code, so that
    it must be ``trusted``. ``arguments`` are constructor keywords (JSON); None means that the target's own defaults are used.
    ``import_folders`` are searched for its imports, too; ``working_folder`` is where it runs.
    """

    target: str
    arguments: Optional[Dict[str, Any]] = None
    mode: Optional[str] = None
    device: Optional[str] = None
    seed: int = 0
    import_folders: Tuple[str, ...] = ()
    working_folder: Optional[str] = None
    allow_downloads: bool = False
    trusted: bool = False


@dataclass(frozen=True)
class OpenedTarget:
    """A constructed model. ``name`` is what was called (class or factory), ``class_name`` what came out, ``file`` its source.

    ``project_files`` are the source files it came from, its own and those that it imported from the project.
    """

    target: str
    file: Optional[str]
    name: str
    class_name: str
    arguments: Dict[str, Any]
    arguments_source: str
    tree: ModuleTree
    provides: Tuple[str, ...] = ()
    problems: Tuple[Problem, ...] = ()
    project_files: Tuple[str, ...] = ()


@dataclass(frozen=True)
class ListTargets:
    """Which Module classes and factories does ``package.module`` define? Nothing of it is executed. Answer: ``TargetChoices``."""

    target: str


@dataclass(frozen=True)
class TargetChoice:
    """One thing a target file offers: ``kind`` is ``class``, ``factory`` or ``variable`` (a finished model). ``required`` names the
    arguments without default."""

    name: str
    kind: str
    line: int
    bases: Tuple[str, ...] = ()
    required: Tuple[str, ...] = ()
    summary: str = ""


@dataclass(frozen=True)
class TargetChoices:
    """What a target file offers, in source order; ``default`` is the one that is meant when no name is given, if it is plain."""

    file: str
    choices: Tuple[TargetChoice, ...]
    default: Optional[str] = None
    problems: Tuple[Problem, ...] = ()


@dataclass(frozen=True)
class RunForward:
    """Run one forward pass of the open model. Events: ``CallsFinished``; answer: ``ForwardReport``.

    ``inputs`` are input specs in positional order (``float32[2,3,28,28]``, ``name=SPEC``, a file); empty means the target
    file's ``example_inputs()``. ``mode`` is ``train``, ``eval`` or None (as constructed). With ``shapes_only`` no data flows.
    With ``operations`` the operations between the calls are told, too (event: ``OperationsFinished``). ``grad`` turns gradients on or off
    (None: as torch has it), ``autocast`` names a dtype to run under ``torch.autocast`` with, ``statistics`` is off for shapes and
    times only. ``dtype`` runs a copy whose floating tensors, and those of the input, are converted to it. A pass that takes longer than
    ``time_limit`` seconds is stopped and what it got to is told. ``compile`` names a backend of ``torch.compile``: blocks of the model
    run compiled, and each is one call.
    """

    inputs: Tuple[str, ...] = ()
    device: Optional[str] = None
    mode: Optional[str] = None
    seed: int = 0
    shapes_only: bool = False
    operations: bool = False
    grad: Optional[bool] = None
    autocast: Optional[str] = None
    statistics: bool = True
    time_limit: Optional[float] = None
    dtype: Optional[str] = None
    compile: Optional[str] = None


@dataclass(frozen=True)
class CallsFinished:
    """Event: calls ended (or were left unfinished by a failure), in the order in which they did."""

    calls: Tuple[LayerCall, ...]


@dataclass(frozen=True)
class CallsMeasured:
    """Event: calls that ended before, now with what their device told in the end: statistics, and the seconds that it took."""

    calls: Tuple[LayerCall, ...]


@dataclass(frozen=True)
class OperationsFinished:
    """Event: operations between the calls ended."""

    operations: Tuple[Operation, ...]


@dataclass(frozen=True)
class FetchStats:
    """Statistics of a parameter or buffer of the open model, by its key. Answer: ``FetchedStats``."""

    key: str


@dataclass(frozen=True)
class FetchedStats:
    """The statistics that were asked for. ``rows`` says which rows of a change are not zero; empty for anything else."""

    key: str
    stats: TensorStats
    rows: str = ""


@dataclass(frozen=True)
class FetchValues:
    """Values of a part of a parameter or buffer of the open model. Event: ``ValuesArrived`` with the bytes; answer: ``FetchedValues``.

    ``index`` is written as in Python (``0, :, 2:5``); empty means all of it. A part that is too large is refused.
    """

    key: str
    index: str = ""


@dataclass(frozen=True)
class FetchStoredValues:
    """Values of a part of a tensor in a file of ``torch.save`` that torch alone can read: sparse, quantized. It is loaded with
    ``weights_only=True``. Event: ``ValuesArrived`` with the bytes, dense and dequantized; answer: ``FetchedValues``.

    ``container`` and ``key`` are those of the ``StoredTensor``, ``index`` is as in ``FetchValues``.
    """

    path: str
    container: str
    key: str
    index: str = ""


@dataclass(frozen=True)
class ValuesArrived:
    """Event: the blob that comes with it holds the values that were asked for, row-major, least significant byte first."""

    key: str


@dataclass(frozen=True)
class FetchedValues:
    """What the values are that arrived. ``origin`` says what the file has in their place when they are made from that."""

    key: str
    shape: Tuple[int, ...]
    dtype: str
    origin: str = ""


@dataclass(frozen=True)
class SummaryTable:
    """torchinfo's table of the open model (with input sizes when it can run). Answer: ``SummaryText``.

    ``torchinfo_folder`` is the app's own site-packages, used when the user's environment has no torchinfo.
    """

    inputs: Tuple[str, ...] = ()
    torchinfo_folder: Optional[str] = None


@dataclass(frozen=True)
class SummaryText:
    """torchinfo's table as text."""

    text: str


@dataclass(frozen=True)
class Progress:
    """Event: ``done`` of ``total`` (0: unknown) and what is being done. At most every 50 ms, always the first and the last."""

    done: int
    total: int
    what: str


@dataclass(frozen=True)
class Failed:
    """A reply in place of the answer: what was asked for could not be done."""

    problems: Tuple[Problem, ...]
    cancelled: bool = False


@dataclass(frozen=True)
class Cancel:
    """Stop the request that runs now: at the next hook, else by an interrupt of the main thread."""

    interrupt: bool = False
