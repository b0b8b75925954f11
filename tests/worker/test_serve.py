"""The worker process seen from its pipe: who it is in the user's Python, and when it goes."""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import torchloupe
from torchloupe.wire.requests import Failed, Hello, ListTargets
from torchloupe.wire.stream import HELLO, REPLY, REQUEST, EndOfStream, Stream, magic_line

WORKER = Path(torchloupe.__file__).parent / "worker" / "__main__.py"
PYENV = Path.home() / ".pyenv" / "versions"
PYTHONS = [
    sys.executable,
    *(str(path) for path in sorted(PYENV.glob("3.9.*/bin/python")) + sorted(PYENV.glob("3.13.*/bin/python"))),
]


class Worker:
    """The real worker beside a torch of our making, spoken to frame by frame."""

    def __init__(self, folder, torch="", python=sys.executable, *options):
        (folder / "torch.py").write_text(textwrap.dedent(torch))
        environment = {**os.environ, "PYTHONPATH": str(folder)}
        pipe = subprocess.PIPE
        command = [python, "-u", *options, str(WORKER), "nonce"]
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, env=environment, start_new_session=True)
        self.stream = Stream(self.process.stdout, self.process.stdin)

    def hello(self):
        self.stream.await_magic("nonce")
        frame = self.stream.receive()
        assert frame.kind == HELLO
        return frame.message

    def ask(self, message):
        self.stream.send(REQUEST, 7, message)
        frame = self.stream.receive()
        assert (frame.kind, frame.id) == (REPLY, 7)
        return frame.message

    def ends(self, seconds=5):
        """Close its pipe; the exit status and what it said on standard error."""
        self.process.stdin.close()
        status = self.process.wait(seconds)
        return status, self.process.stderr.read().decode()


@pytest.fixture
def start(tmp_path):
    workers = []

    def start_worker(*arguments):
        workers.append(Worker(tmp_path, *arguments))
        return workers[-1]

    yield start_worker
    for worker in workers:
        worker.process.kill()
        worker.process.wait()
        for pipe in (worker.process.stdin, worker.process.stdout, worker.process.stderr):
            pipe.close()


LOOK_AROUND = """
    import json, os, sys, threading
    import wire, worker, handlers, serve, context, cancel, session
    sys.stderr.write(json.dumps({
        "argv": sys.argv,
        "path": sys.path,
        "main": sorted(name for name in vars(sys.modules["__main__"]) if not name.startswith("__")),
        "main_thread": threading.current_thread() is threading.main_thread(),
        "ours": sorted(name for name in sys.modules if getattr(sys.modules[name], "__file__", None)
                       and "torchloupe" in sys.modules[name].__file__ and not name.startswith("torchloupe")),
        "theirs": [os.path.dirname(module.__file__) for module in (wire, worker, handlers, serve, context, cancel, session)],
    }) + "\\n")
    __version__ = "fake"
"""


def installed_path(python):
    """What is on the path of this Python without us: the app itself when it is installed there for development."""
    command = [str(python), "-c", "import json, sys; print(json.dumps(sys.path))"]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True, env=None).stdout)


@pytest.mark.parametrize("python", PYTHONS)
def test_that_the_worker_leaves_no_footprints_in_the_users_python(start, tmp_path, python):
    for name in ("wire", "worker", "handlers", "serve", "context", "cancel", "session"):
        (tmp_path / f"{name}.py").write_text("")
    worker = start(LOOK_AROUND, python)
    assert worker.hello().torch == "fake"
    _, said = worker.ends()
    seen = json.loads(said.splitlines()[0])
    assert set(seen.pop("theirs")) == {str(tmp_path)}
    path = seen.pop("path")
    assert path[0] == str(tmp_path)
    ours = [folder for folder in path if "torchloupe" in folder or folder == str(WORKER.parents[2])]
    assert [folder for folder in ours if folder not in installed_path(python)] == []
    assert seen == {"argv": [""], "main": [], "main_thread": True, "ours": []}


@pytest.mark.skipif(sys.version_info < (3, 11), reason="-P came with Python 3.11")
def test_that_a_python_that_puts_no_script_folder_on_its_path_keeps_its_first_entry(start):
    worker = start("__version__ = 'fake'", sys.executable, "-P")
    assert worker.hello().torch == "fake"


@pytest.mark.parametrize("python", PYTHONS)
def test_that_the_magic_line_is_the_first_thing_said_and_what_torch_prints_is_not_on_the_pipe(start, python):
    worker = start(
        "import os; print('größe'); os.write(1, b'raw'); input_is = open(0).read(); __version__ = repr(input_is)", python
    )
    assert worker.process.stdout.readline() == magic_line("nonce")
    hello = worker.stream.receive().message
    assert hello.torch == repr("")
    assert hello.pid == worker.process.pid
    _, said = worker.ends()
    assert "größe" in said
    assert "raw" in said


def test_that_a_letter_the_locale_lacks_can_be_printed(monkeypatch, start):
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    worker = start("print('größe'); __version__ = 'fake'")
    assert worker.hello().torch == "fake"


@pytest.mark.parametrize(
    ("torch", "reason"),
    [
        ("raise ImportError('libcudart.so.12: cannot open')", "ImportError: libcudart.so.12: cannot open"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("raise ModuleNotFoundError(name='torch')", "torch is not installed there."),
        ("import no_such_thing", "ModuleNotFoundError: No module named 'no_such_thing'"),
    ],
)
def test_that_a_torch_that_cannot_be_imported_is_said_with_the_reason_and_every_question_refused(start, torch, reason):
    worker = start(torch)
    hello = worker.hello()
    assert isinstance(hello, Hello)
    assert (hello.torch, hello.torch_error, hello.devices, hello.abilities) == (None, reason, (), ())
    reply = worker.ask(ListTargets("a.py"))
    assert isinstance(reply, Failed)
    assert reply.problems[0].code == "no-torch"
    assert reason in reply.problems[0].message


def test_that_a_torch_without_the_hooks_is_too_old(start):
    worker = start("__version__ = '1.13'")
    assert worker.hello().abilities.count("hooks") == 0
    problem = worker.ask(ListTargets("a.py")).problems[0]
    assert problem.code == "no-torch"
    assert "1.13" in problem.message
    assert "2.1 or newer" in problem.message


ODD_TORCH = """
    __version__ = "2.1"
    class nn:
        class Module:
            def register_forward_hook(self, hook, *, prepend=False, with_kwargs=False, always_call=False): ...
            def load_state_dict(self, state_dict, strict=True): ...
"""


def test_that_a_worker_which_does_not_run_beside_this_torch_says_so_at_each_question(start):
    worker = start(ODD_TORCH)
    worker.hello()
    for _ in range(2):
        problem = worker.ask(ListTargets("a.py")).problems[0]
        assert problem.code == "worker-start-failed"
        assert "does not run beside torch 2.1" in problem.message
        assert "Traceback" in problem.details


@pytest.mark.parametrize(
    "torch",
    [
        "while True: pass",
        "import time; time.sleep(600)",
        "import threading, time, atexit; threading.Thread(target=time.sleep, args=(600,)).start(); atexit.register(time.sleep, 600)",
    ],
)
def test_that_the_worker_is_gone_soon_after_its_pipe_whatever_it_is_doing(start, torch):
    worker = start(f"print('busy')\n{torch}")
    worker.stream.await_magic("nonce")
    assert worker.process.stderr.readline() == b"busy\n"
    worker.ends(30)


def test_that_a_child_of_the_users_code_neither_speaks_on_the_pipe_nor_keeps_it_open(start):
    worker = start("import os, time\nif os.fork() == 0: time.sleep(600)\n__version__ = 'fake'")
    worker.hello()
    worker.process.kill()
    with pytest.raises(EndOfStream):
        worker.stream.receive()
    os.killpg(worker.process.pid, 9)


INVENTED = b'{"kind":"request","id":1,"blobs":[],"body":{"is":"Invented"}}'


@pytest.mark.parametrize("garbage", [b"\x00\x00\x00\x05hello", b"\x7f\xff\xff\xff", len(INVENTED).to_bytes(4, "big") + INVENTED])
def test_that_what_is_not_in_the_protocol_ends_the_worker_with_a_sentence(start, garbage):
    worker = start("__version__ = 'fake'")
    worker.hello()
    worker.process.stdin.write(garbage)
    worker.process.stdin.flush()
    assert worker.process.wait(5) == 70
    assert "torchloupe-worker: not understood" in worker.process.stderr.read().decode()


@pytest.mark.parametrize("version", ["2.7", "3.6", "3.8"])
def test_that_an_older_python_says_which_it_is(version):
    pythons = sorted(PYENV.glob(f"{version}.*/bin/python"))
    if not pythons:
        pytest.skip(f"no Python {version} here")
    done = subprocess.run([pythons[0], "-u", WORKER, "nonce"], capture_output=True, check=False)
    assert done.stdout.startswith(b"torchloupe-worker too-old " + version.encode())
    assert (done.returncode, done.stderr) == (0, b"")
