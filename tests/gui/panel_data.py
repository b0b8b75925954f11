"""Hand-made wire data that panels are tested with: a small classifier, its run that fails in ``head.fc1``, its checkpoint."""

import inspect
from math import prod
from typing import Any

from torchloupe.gui.jobs import Jobs
from torchloupe.gui.workbench import Workbench
from torchloupe.wire.contents import CheckpointContents, StoredTensor, StoredValue
from torchloupe.wire.modules import ModuleEntry, ModuleTree, ParameterEntry
from torchloupe.wire.problems import Fix, Problem
from torchloupe.wire.requests import Failed, OpenedTarget
from torchloupe.wire.tensors import TensorMeta, TensorStats
from torchloupe.wire.traces import ForwardReport, LayerCall

FILE = "/models/classifier.py"
HISTOGRAM = tuple((20 - abs(bin_ - 31)) ** 2 if abs(bin_ - 31) < 20 else 0 for bin_ in range(64))
MODULES = (
    ("", "Classifier", ""),
    ("encoder", "Sequential", ""),
    ("encoder.conv1", "Conv2d", "3, 32, kernel_size=(3, 3), padding=(1, 1)"),
    ("encoder.bn1", "BatchNorm2d", "32, eps=1e-05, momentum=0.1"),
    ("encoder.conv2", "Conv2d", "32, 64, kernel_size=(3, 3), padding=(1, 1)"),
    ("encoder.pool", "MaxPool2d", "kernel_size=2"),
    ("head", "Head", ""),
    ("head.fc1", "Linear", "in_features=3136, out_features=128, bias=True"),
    ("head.act", "ReLU", ""),
    ("head.fc2", "Linear", "in_features=128, out_features=10, bias=True"),
)
PARAMETERS = (
    ("encoder.conv1.weight", (32, 3, 3, 3), "parameter"),
    ("encoder.conv1.bias", (32,), "parameter"),
    ("encoder.bn1.weight", (32,), "parameter"),
    ("encoder.bn1.bias", (32,), "parameter"),
    ("encoder.bn1.running_mean", (32,), "buffer"),
    ("encoder.conv2.weight", (64, 32, 3, 3), "parameter"),
    ("encoder.conv2.bias", (64,), "parameter"),
    ("head.fc1.weight", (128, 3136), "parameter"),
    ("head.fc1.bias", (128,), "parameter"),
    ("head.fc2.weight", (10, 128), "parameter"),
    ("head.fc2.bias", (10,), "parameter"),
)


def parameter(key: str, shape: tuple[int, ...] | None, kind: str = "parameter", **facts: object) -> ParameterEntry:
    """A float32 parameter or buffer on the CPU."""
    numel = prod(shape) if shape is not None else 0
    known = {"dtype": "float32", "device": "cpu", "requires_grad": kind == "parameter", "numel": numel, "bytes": 4 * numel}
    return ParameterEntry(key=key, owner=key.rpartition(".")[0], kind=kind, shape=shape, **{**known, **facts})  # type: ignore[arg-type]


def tree() -> ModuleTree:
    """The classifier's modules and parameters."""
    parameters = tuple(parameter(*facts) for facts in PARAMETERS)
    modules = []
    for path, class_name, settings in MODULES:
        own = [entry for entry in parameters if entry.owner == path and entry.kind == "parameter"]
        below = [
            entry
            for entry in parameters
            if entry.kind == "parameter" and f"{entry.owner}.".startswith(f"{path}." if path else "")
        ]
        numel, total = sum(entry.numel for entry in own), sum(entry.numel for entry in below)
        place = (FILE, {"": 30, "head": 8}[path]) if path in ("", "head") else (None, None)
        held = {"dtype": "float32", "device": "cpu"} if below else {}
        known = {"bytes": 4 * numel, "total_bytes": 4 * total, "trainable_numel": total, **held}
        modules.append(ModuleEntry(path, class_name, len(own), numel, total, False, settings, *place, **known))  # type: ignore[arg-type]
    return ModuleTree(tuple(modules), parameters)


def opened(**facts: object) -> OpenedTarget:
    """The classifier as the worker hands it over."""
    known = {"arguments": {"classes": 10}, "arguments_source": "default", "tree": tree()}
    return OpenedTarget(f"{FILE}:Classifier", FILE, "Classifier", "Classifier", **{**known, **facts})  # type: ignore[arg-type]


def stats(count: int = 4096, **facts: object) -> TensorStats:
    """Statistics of a bell-shaped tensor."""
    known = {"mean": 0.0125, "std": 0.98, "min": -3.5, "max": 3.25, "zeros": 0, "nan": 0, "inf": 0, "histogram": HISTOGRAM}
    return TensorStats(count, **{**known, **facts})  # type: ignore[arg-type]


def call(index: int, module: str, given: tuple[int, ...], made: tuple[int, ...] | None, **facts: object) -> LayerCall:
    """A finished call (an unfinished or failed one says so) with one input and at most one output."""
    class_name = next((name for path, name, _ in MODULES if path == module), "Module")
    known = {
        "call_number": 0,
        "depth": module.count(".") + 1 if module else 0,
        "outputs": () if made is None else (TensorMeta(made, "float32"),),
        "stats": () if made is None else (stats(prod(made)),),
        "seconds": None if made is None else 0.00042 * (index + 1),
        "file": FILE,
        "line": 40 + index,
    }
    inputs = (TensorMeta(given, "float32", name="x"),)
    return LayerCall(index, module, class_name, inputs=inputs, **{**known, **facts})  # type: ignore[arg-type]


def failing_calls() -> list[LayerCall]:
    """The classifier's run on a batch of 28 x 28 pictures, in the order in which the calls ended."""
    activated = stats(2 * 64 * 14 * 14, min=0.0, zeros=12544)
    return [
        call(2, "encoder.conv1", (2, 3, 28, 28), (2, 32, 28, 28)),
        call(3, "encoder.bn1", (2, 32, 28, 28), (2, 32, 28, 28)),
        call(4, "encoder.conv2", (2, 32, 28, 28), (2, 64, 28, 28)),
        call(5, "encoder.pool", (2, 64, 28, 28), (2, 64, 14, 14), stats=(activated,)),
        call(1, "encoder", (2, 3, 28, 28), (2, 64, 14, 14), stats=(activated,)),
        call(7, "head.fc1", (2, 12544), None, status="failed"),
        call(6, "head", (2, 64, 14, 14), None, status="unfinished"),
        call(0, "", (2, 3, 28, 28), None, status="unfinished"),
    ]


def good_calls() -> list[LayerCall]:
    """A run to the end in which ``encoder.bn1`` is never called and ``head.act`` is called twice, the second time with NaN."""
    return [
        call(2, "encoder.conv1", (2, 3, 14, 14), (2, 32, 14, 14)),
        call(3, "encoder.conv2", (2, 32, 14, 14), (2, 64, 14, 14)),
        call(4, "encoder.pool", (2, 64, 14, 14), (2, 64, 7, 7)),
        call(1, "encoder", (2, 3, 14, 14), (2, 64, 7, 7)),
        call(6, "head.fc1", (2, 3136), (2, 128)),
        call(7, "head.act", (2, 128), (2, 128), stats=(stats(256, min=0.0, zeros=128),)),
        call(8, "head.act", (2, 128), (2, 128), call_number=1, stats=(stats(256, nan=3, inf=1),)),
        call(9, "head.fc2", (2, 128), (2, 10)),
        call(5, "head", (2, 64, 7, 7), (2, 10)),
        call(0, "", (2, 3, 14, 14), (2, 10)),
    ]


MISMATCH = Problem(
    "shape-mismatch",
    "head.fc1 is built for 3,136 features and gets 12,544 = 64 × 14 × 14 from encoder.pool.",
    hint="Set in_features=12544, or pool to 7 × 7 before the flatten in line 47.",
    module="head.fc1",
    call=7,
    file=FILE,
    line=47,
    fixes=(
        Fix("set_argument", "head.fc1 = nn.Linear(12544, 128)", "head.fc1", "in_features", 12544, verified=True),
        Fix("change_input", "Give pictures of 14 × 14: float32[2,3,14,14]"),
    ),
    data={"expected": 3136, "got": 12544},
    details='Traceback (most recent call last):\n  File "classifier.py", line 47\nRuntimeError: mat1 and mat2 shapes cannot be multiplied',
)


def report(*problems: Problem, calls: int = 10) -> ForwardReport:
    """How the run ended."""
    given = (TensorMeta((2, 3, 28, 28), "float32", name="x"),)
    made = () if problems else (TensorMeta((2, 10), "float32"),)
    return ForwardReport(given, "worked_out", made, calls, 0.0312, "cpu", problems)


def stored(
    key: str, shape: tuple[int, ...], container: str = "model_state_dict", dtype: str = "float32", **facts: object
) -> StoredTensor:
    """A tensor of the checkpoint."""
    size = {"float32": 4, "bfloat16": 2, "int64": 8}[dtype]
    return StoredTensor(key, shape, dtype, size * prod(shape), container, **facts)  # type: ignore[arg-type]


def checkpoint() -> CheckpointContents:
    """A training checkpoint of the classifier, saved from DataParallel, with an older and smaller head."""
    shapes = {key: shape for key, shape, _ in PARAMETERS}
    shapes["head.fc2.weight"], shapes["head.fc2.bias"] = (5, 128), (5,)
    model = [stored(f"module.{key}", shape, stored_at=f"data/{number}") for number, (key, shape) in enumerate(shapes.items())]
    ema = [
        stored(key, shape, "ema", "bfloat16", stored_at=f"data/{20 + number}")
        for number, (key, shape) in enumerate(shapes.items())
    ]
    optimizer = [
        stored("state.0.exp_avg", (32, 3, 3, 3), "optimizer_state_dict"),
        stored("state.0.step", (), "optimizer_state_dict"),
    ]
    tied = stored("head.copy", (128,), "ema", stored_at="data/8")
    broken = stored("head.lost", (64,), "ema", broken="Its record data/99 is not in the file.")
    values = (
        StoredValue("epoch", "int", 12),
        StoredValue("best_accuracy", "float", 0.9312),
        StoredValue("optimizer_state_dict.param_groups.0.lr", "float", 0.001),
        StoredValue("args.arch", "str", "classifier-small"),
        StoredValue("scheduler", "NoneType", None),
    )
    tensors = (*model, *ema, tied, broken, *optimizer)
    total = sum(tensor.bytes for tensor in tensors)
    return CheckpointContents(
        "/models/last.pt", "PyTorch zip", total + 9000, 8192, tensors, values, ("torch._utils._rebuild_tensor_v2",)
    )


def trained() -> CheckpointContents:
    """One layer with the state of the optimizer that trains it, in two groups."""
    model = [stored("fc.weight", (4, 3), "model"), stored("fc.bias", (4,), "model")]
    kept = [
        stored(f"state.{number}.{name}", shape, "optimizer")
        for number, shape in enumerate([(4, 3), (4,)])
        for name in ("exp_avg", "exp_avg_sq")
    ]
    groups = "optimizer.param_groups"
    values = (
        StoredValue("optimizer.state.0.step", "int", 1200),
        StoredValue("optimizer.state.1.step", "int", 1200),
        StoredValue(f"{groups}.0.lr", "float", 0.001),
        StoredValue(f"{groups}.0.weight_decay", "float", 0.01),
        StoredValue(f"{groups}.0.betas", "tuple", "(0.9, 0.999)"),
        StoredValue(f"{groups}.0.params", "list", "[0]"),
        StoredValue(f"{groups}.1.lr", "float", 0.5),
        StoredValue(f"{groups}.1.params", "list", "[1]"),
        StoredValue("hyper_parameters.optimizer.name", "str", "adamw"),
        StoredValue("hyper_parameters.optimizer.warmup", "int", 10),
        StoredValue("epoch", "int", 3),
    )
    return CheckpointContents("/models/trained.pt", "PyTorch zip", 9000, 800, (*model, *kept), values)


class QuietSession:
    """Answers every request with what ``answers`` holds for its type, else with a failure that says so."""

    def __init__(self, answers: dict[type, object] | None = None) -> None:
        self.answers = answers or {}
        self.asked: list[object] = []

    def ask(self, message: object, on_event: object = None) -> object:  # the face of a session
        """The prepared answer; a callable gets the message."""
        self.asked.append(message)
        answer = self.answers.get(type(message), Failed((Problem("worker-died", "The worker was killed.", hint="Restart it."),)))
        return answer(message) if callable(answer) else answer

    def cancel(self) -> str:
        """Nothing to cancel."""
        return "asked"


def open_panel(qtbot: Any, panel_class: type, session: QuietSession | None = None) -> Any:
    """A panel on a workbench of its own (``panel.workbench``), shown, closed with the test."""
    workbench, jobs = Workbench(), Jobs(session or QuietSession())
    wanted = {"jobs": jobs} if "jobs" in inspect.signature(panel_class).parameters else {}
    panel = panel_class(workbench, **wanted)
    qtbot.addWidget(panel, before_close_func=lambda _panel: jobs.close())
    panel.bench_jobs = jobs
    panel.resize(900, 600)
    panel.show()
    return panel


def fail_in_fc1(workbench: Workbench) -> None:
    """Open model and run it into its mismatch."""
    workbench.set_model(opened())
    workbench.begin_run()
    workbench.add_calls(failing_calls())
    workbench.end_run(report(MISMATCH, calls=8))


def run_well(workbench: Workbench) -> None:
    """Open the model and run it to the end."""
    workbench.set_model(opened())
    workbench.begin_run()
    workbench.add_calls(good_calls())
    workbench.end_run(report())


def shown_column(table: Any, column: int) -> list[str]:
    """The texts of one column, as they are shown."""
    model = table.view.model()
    return [model.index(row, column).data() for row in range(model.rowCount())]
