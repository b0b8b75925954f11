"""Models of very many modules or parameters: ``huge_models.py plain FACTORY``, ``window FACTORY`` or ``shapes FACTORY PYTHON``.

``plain`` is torch alone: the model built; a Llama built on the meta device and run. ``window`` is the request
for the model until its tree is on screen; ``shapes`` the request and a run of shapes alone, every call received.
"""

import importlib.util
import json
import sys
import time
from pathlib import Path
from statistics import median

import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).parent))
import big_models

HERE = Path(__file__).resolve()
TOKENS = 16
SIZES = {
    "vocab_size": 128_256,
    "hidden_size": 16_384,
    "intermediate_size": 53_248,
    "num_hidden_layers": 126,
    "num_attention_heads": 128,
    "num_key_value_heads": 8,
}
"""Llama 3.1 of 405 billion parameters."""
ROUNDS = 4
"""Of a model on the meta device; the first is the one that imports, the median of the others counts."""


def llama(**other: int) -> nn.Module:
    """That of transformers where it is installed, else one of our own with the same shapes."""
    sizes = {**SIZES, **other}
    if importlib.util.find_spec("transformers"):
        from transformers import LlamaConfig, LlamaForCausalLM

        return LlamaForCausalLM(LlamaConfig(**sizes))
    from llama_like import LlamaLike

    return LlamaLike(**sizes)


def short_llama() -> nn.Module:
    """As wide, and two layers, for a quick look."""
    return llama(num_hidden_layers=2)


def plain(factory: str) -> dict[str, float]:
    """Torch alone."""
    import resource

    if hasattr(big_models, factory):
        began = time.perf_counter()
        getattr(big_models, factory)()
        return {"seconds": time.perf_counter() - began}
    make = {"llama": llama, "short_llama": short_llama}[factory]
    tokens = torch.zeros(1, TOKENS, dtype=torch.int64, device="meta")
    seconds = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        with torch.device("meta"):
            model = make()
        model(tokens)
        seconds.append(time.perf_counter() - began)
    return {"seconds": median(seconds[1:]), "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def shapes(factory: str, python: str) -> dict[str, float]:
    """The model opened and run on the meta device by a worker of ``python``."""
    import resource

    from torchloupe.session.launchers import launcher_of
    from torchloupe.session.session import Session
    from torchloupe.wire.requests import Failed, OpenTarget, RunForward

    session = Session(launcher_of(python), spare=False)
    seconds = []
    for _ in range(ROUNDS):
        calls: list[object] = []
        began = time.perf_counter()
        answers = [session.ask(OpenTarget(f"{HERE}:{factory}", device="meta"))]
        run = RunForward((f"int64[1,{TOKENS}]",), shapes_only=True)
        answers.append(session.ask(run, lambda call, _blobs, calls=calls: calls.append(call)))
        seconds.append(time.perf_counter() - began)
    session.close()
    if any(isinstance(answer, Failed) for answer in answers) or answers[-1].problems:
        sys.exit(f"The worker failed: {answers}"[:2000])
    return {"seconds": median(seconds[1:]), "megabytes": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024}


def window(factory: str) -> dict[str, float]:
    """The model opened by a worker that is ready, until the Modules panel has painted its tree."""
    from PySide6.QtCore import QEventLoop
    from PySide6.QtWidgets import QApplication

    from torchloupe.gui.jobs import Jobs
    from torchloupe.gui.modules.panel import ModulesPanel
    from torchloupe.gui.tree_ahead import TreeAhead
    from torchloupe.gui.workbench import Workbench
    from torchloupe.session.launchers import launcher_of
    from torchloupe.session.session import Session
    from torchloupe.wire.requests import ListTargets, OpenTarget

    app = QApplication([])
    bench, session = Workbench(), Session(launcher_of(sys.executable), spare=False)
    jobs = Jobs(session)
    panel = ModulesPanel(bench, jobs)
    panel.show()
    target = f"{HERE.parent / 'big_models.py'}:{factory}"
    session.ask(ListTargets(target))
    began = time.perf_counter()
    TreeAhead(bench, jobs).start(OpenTarget(target), bench.set_model, sys.exit, "target", "opening")
    while not panel.tree_model.rowCount():
        app.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
    panel.grab()
    seconds = time.perf_counter() - began
    jobs.close()
    session.close()
    return {"seconds": seconds}


if __name__ == "__main__":
    print(json.dumps({"plain": plain, "shapes": shapes, "window": window}[sys.argv[1]](*sys.argv[2:])))
