"""What a pass does outside of the model is seen and said, and is kept from happening where nobody asked for the pass."""

import builtins
import errno
import io
import logging
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import numpy as np
import pytest
import torch

from torchloupe.wire.registration import InspectModel
from torchloupe.wire.requests import OpenTarget, RunForward
from torchloupe.wire.steps import RunStep
from torchloupe.worker.explain import CouldNotRun
from torchloupe.worker.handlers import HANDLERS
from torchloupe.worker.places import Places
from torchloupe.worker.side_effects import SideEffects


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Deeds are done in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def listening():
    """A socket that takes connections, and its port."""
    server = socket.create_server(("127.0.0.1", 0))
    return server, server.getsockname()[1]


def renamed():
    Path("new.tmp").write_text("1")
    os.replace("new.tmp", "new.json")


DEEDS = {
    "open": (lambda: open("a.csv", "a").close(), "writes {}/a.csv"),
    "exclusively": (lambda: open("a.csv", "x").close(), "writes {}/a.csv"),
    "pathlib": (lambda: Path("b.txt").write_text("b"), "writes {}/b.txt"),
    "os.open": (lambda: os.close(os.open("c", os.O_WRONLY | os.O_CREAT)), "writes {}/c"),
    "torch.save": (lambda: torch.save(torch.ones(3), "t.pt"), "writes {}/t.pt"),
    "numpy": (lambda: np.ones(3).tofile("n.bin"), "writes {}/n.bin"),
    "copy": (lambda: shutil.copyfile(__file__, "copy.py"), "writes {}/copy.py"),
    "folder": (lambda: os.makedirs("logs"), "makes the folder {}/logs"),
    "rename": (renamed, "writes {}/new.json"),
    "link": (lambda: os.symlink(__file__, "link"), "writes {}/link"),
    "database": (lambda: sqlite3.connect("runs.db").close(), "writes {}/runs.db"),
}


@pytest.mark.parametrize("name", DEEDS)
def test_that_what_is_written_is_said_with_the_line(name, folder):
    deed, said = DEEDS[name]
    with SideEffects() as seen:
        deed()
    assert any(each.startswith(said.format(folder)) for each in seen.noted)
    assert all("(line " in each for each in seen.noted)
    assert seen.happened == seen.noted


@pytest.mark.parametrize("name", DEEDS)
def test_that_what_is_diverted_is_said_and_does_not_happen(name, folder):
    deed, said = DEEDS[name]
    with SideEffects(diverted=True) as seen:
        deed()
    assert any(each.startswith(said.format(folder)) for each in seen.noted)
    assert os.listdir(folder) == []
    assert seen.happened == ()


def test_that_what_is_deleted_is_said_and_stays_when_it_is_diverted(folder):
    Path("kept").write_text("1")
    with SideEffects(diverted=True) as diverted:
        os.remove("kept")
    assert Path("kept").exists()
    with SideEffects() as seen:
        os.remove("kept")
    assert diverted.noted[0].startswith(f"deletes {folder}/kept (line ")
    assert seen.noted[0].startswith(f"deletes {folder}/kept (line ")


def test_that_processes_and_hosts_are_said():
    server, port = listening()
    with server, SideEffects() as seen:
        subprocess.run([sys.executable, "-c", ""], check=True)
        socket.create_connection(("127.0.0.1", port)).close()
    assert seen.noted[0].startswith(f"starts {sys.executable} -c")
    assert seen.noted[1].startswith(f"connects to 127.0.0.1:{port} (line ")


def test_that_processes_and_hosts_are_refused_when_they_are_diverted():
    with socket.socket() as client, SideEffects(diverted=True) as seen:
        for deed in (
            lambda: subprocess.run(["true"], check=True),
            lambda: os.system("true"),
            lambda: client.connect(("127.0.0.1", 9)),
        ):
            with pytest.raises(PermissionError) as refused:
                deed()
            assert refused.value.errno == errno.EPERM
    assert [each.split(" (")[0] for each in seen.noted] == ["starts true", "starts true", "connects to 127.0.0.1:9"]


def reads_and_leaves_nothing():
    Path(__file__).read_text()
    open(os.devnull, "w").close()
    with tempfile.TemporaryDirectory() as name:
        Path(name, "x").write_text("1")
    with tempfile.NamedTemporaryFile("w") as file:
        file.write("1")
    with tempfile.TemporaryFile() as file:
        file.write(b"1")
    Path("gone").write_text("1")
    os.remove("gone")
    os.makedirs(os.getcwd(), exist_ok=True)
    torch.save(torch.ones(1), io.BytesIO())
    sqlite3.connect(":memory:").close()


def test_that_reading_temporary_files_and_what_is_there_already_are_none():
    with SideEffects() as seen:
        reads_and_leaves_nothing()
    assert seen.noted == ()


def test_that_temporary_files_work_when_all_else_is_diverted():
    with SideEffects(diverted=True) as seen, tempfile.TemporaryDirectory() as name:
        path = Path(name, "x")
        path.write_text("kept")
        assert path.read_text() == "kept"
    assert not Path(name).exists()
    assert seen.happened == ()


def test_that_a_call_that_fails_is_none_and_fails_as_ever():
    with SideEffects() as seen:
        with pytest.raises(FileNotFoundError):
            Path("no/such/folder").write_text("1")
        with pytest.raises(FileNotFoundError):
            os.remove("no such file")
    assert seen.noted == ()


def test_that_a_file_that_was_open_before_is_seen_when_it_is_written(folder):
    with open("run.log", "w") as log:
        with SideEffects() as unseen:
            pass
        with SideEffects(files=[log]) as seen:
            log.write("more")
    assert unseen.noted == ()
    assert seen.noted == (f"writes {folder}/run.log",)


def test_that_what_goes_into_a_known_file_is_diverted_and_what_waited_in_it_is_kept(folder):
    with open("run.log", "w") as log:
        log.write("before ")
        with SideEffects(diverted=True, files=[log]) as seen:
            log.write("never")
        log.write("after")
    assert seen.noted == (f"writes {folder}/run.log",)
    assert seen.happened == ()
    assert Path("run.log").read_text() == "before after"


def test_that_a_log_of_python_is_such_a_file(folder):
    handler = logging.FileHandler("run.log")
    logger = logging.Logger("net")
    logger.addHandler(handler)
    with SideEffects(diverted=True) as seen:
        logger.warning("never")
    handler.close()
    assert seen.noted == (f"writes {folder}/run.log",)
    assert Path("run.log").read_text() == ""


def test_that_an_open_file_that_nobody_knows_is_said_to_have_been_written(folder):
    with open("run.log", "w") as log, SideEffects(diverted=True) as seen:
        log.write("more")
        log.flush()
    assert seen.happened == (f"writes {folder}/run.log",)


def test_that_a_file_that_is_closed_meanwhile_does_no_harm():
    with open("run.log", "w") as log, SideEffects(diverted=True, files=[log]):
        log.close()
    assert Path("run.log").read_text() == ""


def test_that_the_line_is_that_of_the_project(folder):
    Path("package").mkdir()
    Path("package/writing.py").write_text("def write(path):\n    open(path, 'w').close()\n")
    Path("net.py").write_text("from package.writing import write\n\n\ndef forward():\n    write('x')\n")
    sys.path.insert(0, str(folder))
    import net

    with SideEffects(Places(str(folder))) as seen:
        net.forward()
    assert seen.noted == (f"writes {folder}/x (line 2 of writing.py)",)
    for name in ("net", "package.writing", "package"):
        del sys.modules[name]


def test_that_a_thread_of_the_model_is_seen_and_one_of_ours_is_not():
    ours = threading.Thread(target=os.mkdir, args=("ours",))
    with SideEffects() as seen:
        for thread in (ours, threading.Thread(target=lambda: os.mkdir("theirs"))):
            thread.start()
            thread.join()
    assert len(seen.noted) == 1
    assert "theirs" in seen.noted[0]


def test_that_afterwards_everything_is_what_it_was():
    before = [builtins.open, io.open, os.open, os.remove, os.mkdir, subprocess.Popen.__init__, "connect" in vars(socket.socket)]
    with pytest.raises(ZeroDivisionError), SideEffects(), SideEffects(diverted=True):
        raise ZeroDivisionError
    after = [builtins.open, io.open, os.open, os.remove, os.mkdir, subprocess.Popen.__init__, "connect" in vars(socket.socket)]
    assert all(now is old for now, old in zip(after, before))


WRITES = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 4)
        {before}

    def forward(self, x):
        {within}
        return self.fc(x)
"""
WAYS = {
    "opens it": ("pass", "with open('run.log', 'a') as log: log.write('line\\n')"),
    "holds it": ("self.log = open('run.log', 'a')", "self.log.write('line\\n'); self.log.flush()"),
}


@pytest.fixture(params=WAYS)
def writing(request, folder, context):
    """A context with an open model that appends a line to ``run.log`` in each forward."""
    Path("net.py").write_text(WRITES.format(before=WAYS[request.param][0], within=WAYS[request.param][1]))
    HANDLERS[OpenTarget](context, OpenTarget(str(folder / "net.py")))
    yield context
    for value in vars(context.state["open"].model).values():
        if isinstance(value, io.IOBase):
            value.close()


def lines():
    return len(Path("run.log").read_text().splitlines()) if Path("run.log").exists() else 0


def test_that_all_that_check_does_leaves_one_line(writing):
    report = HANDLERS[RunForward](writing, RunForward())
    assert lines() == 1
    looked = HANDLERS[InspectModel](writing, InspectModel())
    HANDLERS[RunStep](writing, RunStep())
    assert lines() == 1
    assert [each.split(" (")[0] for each in report.side_effects] == [f"writes {os.getcwd()}/run.log"]
    assert looked.problems == ()
    assert len(looked.notes) == 1
    assert looked.notes[0].endswith(": it was not run again for the closer look.")


def test_that_a_closer_look_without_a_run_before_leaves_none(writing):
    looked = HANDLERS[InspectModel](writing, InspectModel())
    assert lines() == 0
    assert "it was not run again" in looked.notes[0]


def test_that_a_step_without_a_run_before_leaves_one(writing):
    HANDLERS[RunStep](writing, RunStep())
    assert lines() == 1


def test_that_another_model_is_looked_at_again(writing, models):
    HANDLERS[RunForward](writing, RunForward())
    held = writing.state["open"].model
    HANDLERS[OpenTarget](writing, OpenTarget(str(models / "clean_cnn.py")))
    assert HANDLERS[InspectModel](writing, InspectModel()).notes == ()
    for value in vars(held).values():
        if isinstance(value, io.IOBase):
            value.close()


def test_that_the_search_for_an_input_ends_where_it_cannot_be_kept_from_writing(folder, context):
    source = WRITES.replace("class Net", "LOG = open('run.log', 'a')\n\nclass Net")
    Path("net.py").write_text(source.format(before="pass", within="LOG.write('line\\n'); LOG.flush()"))
    HANDLERS[OpenTarget](context, OpenTarget(str(folder / "net.py")))
    with pytest.raises(CouldNotRun) as stopped:
        HANDLERS[RunForward](context, RunForward())
    assert "is not run again and again" in str(stopped.value)
    assert lines() == 1
    sys.modules[type(context.state["open"].model).__module__].LOG.close()
