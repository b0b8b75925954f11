"""A worker without torch whose requests do odd things: started by path in place of the real one, in any Python from 3.9.

A request is ``SummaryTable((verb, *words))``; the answer is a ``SummaryText``.
"""

import contextlib
import ctypes
import importlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[2] / "app")

from torchloupe.wire.problems import Problem  # noqa: E402
from torchloupe.wire.requests import PROTOCOL, Hello, Progress, SummaryTable, SummaryText  # noqa: E402
from torchloupe.worker.abilities import HOOKS  # noqa: E402
from torchloupe.worker.serve import serve  # noqa: E402

VERBS = {}


def verb(function):
    VERBS[function.__name__.replace("_", "-")] = function
    return function


@verb
def echo(context, text):
    return text


@verb
def count(context):
    context.state["count"] = context.state.get("count", 0) + 1
    return str(context.state["count"])


@verb
def pid(context):
    return str(os.getpid())


@verb
def evaluate(context, expression):
    return repr(eval(expression))


@verb
def say(context, text):
    print(text)
    sys.stdout.flush()
    os.write(1, f"raw {text}\n".encode())
    subprocess.run([sys.executable, "-c", f"print('child {text}')"], check=True)
    return repr(sys.stdin.read())


@verb
def raise_error(context, name):
    raise {"SystemExit": SystemExit(3), "KeyboardInterrupt": KeyboardInterrupt(), "ValueError": ValueError("what")}[name]


@verb
def raise_unspeakable(context):
    class Unspeakable(Exception):
        def __str__(self):
            raise RuntimeError("no text")

    raise Unspeakable


@verb
def recurse(context):
    return recurse(context)


@verb
def eat_memory(context):
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (1 << 30, resource.RLIM_INFINITY))
    try:
        return str(len(bytearray(4 << 30)))
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


@verb
def hard_exit(context, status):
    os._exit(int(status))


@verb
def die_by(context, name):
    os.kill(os.getpid(), getattr(signal, name))


@verb
def segfault(context):
    ctypes.string_at(0)


@verb
def abort_for_memory(context):
    sys.stderr.write("terminate called after throwing an instance of 'std::bad_alloc'\n")
    os.abort()


@verb
def layers(context):
    """A model that reaches its hooks again and again."""
    context.progress(0, 0, "running")
    while True:
        context.cancel.raise_if_requested()
        time.sleep(0.001)


@verb
def loop(context):
    """A model that loops in Python, in a ``try`` as people write them."""
    context.progress(0, 0, "running")
    while True:
        with contextlib.suppress(Exception):
            sum(range(1000))


@verb
def sleep(context):
    context.progress(0, 0, "running")
    time.sleep(600)


@verb
def stubborn(context):
    """A model that cannot be interrupted, as in one long product of matrices."""
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    context.progress(0, 0, "running")
    time.sleep(600)


@verb
def own_signal_handler(context):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return "set"


@verb
def flood(context, number):
    for index in range(int(number)):
        context.emit(Progress(index, 0, "x" * 1000), [b"blob" * 1000])
    return number


@verb
def count_up(context, number):
    for index in range(int(number) + 1):
        context.progress(index, int(number), "counting")
    return number


@verb
def unsendable(context):
    return object()


@verb
def garbage(context):
    context._stream._writing.write(b"Traceback (most recent call last):\n" * 10)
    time.sleep(600)


@verb
def close_descriptors(context):
    os.closerange(3, 100)
    time.sleep(600)


@verb
def stay(context):
    """Leave behind what would keep an ordinary process alive: a thread, an exit handler, children of both kinds."""
    import atexit

    threading.Thread(target=time.sleep, args=(600,)).start()
    atexit.register(time.sleep, 600)
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    forked = os.fork() if hasattr(os, "fork") else child.pid
    if forked == 0:
        time.sleep(600)
    return f"{child.pid} {forked}"


@verb
def stubborn_child(context):
    """A child that ignores the polite signal and holds the log open."""
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    child.stdout.readline()
    return str(child.pid)


@verb
def load(context, folder, name):
    sys.path.insert(0, folder)
    return str(importlib.import_module(name).__file__)


def answer(context, message):
    words = message.inputs
    text = VERBS[words[0]](context, *words[1:])
    return SummaryText(text) if isinstance(text, str) else text


def explain(error):
    return (Problem("explained", f"{type(error).__name__}: {error}"),)


def introduce():
    torch, reason = os.environ.get("ODD_TORCH", "9.9"), "not here"
    return Hello(PROTOCOL, sys.version.split()[0], sys.executable, os.getpid(), torch or None, reason, ("cpu",), (HOOKS,))


if __name__ == "__main__":
    serve(sys.argv[1], introduce, lambda: ({SummaryTable: answer}, explain))
