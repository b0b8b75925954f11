"""Nothing is downloaded while a model is imported and constructed, unless that was allowed."""

import socket
import threading
import urllib.request

import pytest

from torchloupe.wire.requests import OpenTarget
from torchloupe.worker.explain import CouldNotRun
from torchloupe.worker.handlers import open_target
from torchloupe.worker.no_downloads import DownloadInsisted, DownloadRefused, no_downloads
from torchloupe.worker.places import Places
from worker.projects import NET, written

FAR = "http://weights.example/net.pth"


def constructing(context, folder, line, **request):
    """Open a model whose constructor begins with a line."""
    source = NET.replace("        self.fc", f"        {line}\n        self.fc")
    return open_target(context, OpenTarget(str(written(folder, {"net.py": source}) / "net.py"), **request))


def test_that_a_constructor_that_downloads_fails_at_once_with_the_address(context, tmp_path):
    with pytest.raises(CouldNotRun) as caught:
        constructing(context, tmp_path, f"import urllib.request; urllib.request.urlopen('{FAR}')")
    problem = caught.value.problems[0]
    assert problem.message == f"The constructor of `Net` wants to download from weights.example ({FAR}). Downloads are off."
    assert "--allow-downloads" in problem.hint
    assert (problem.code, problem.line, problem.fixes[0].kind) == ("construct-failed", 7, "allow_downloads")
    assert problem.data == {"host": "weights.example", "addresses": [FAR]}


def test_that_torch_hub_is_refused_as_well(context, tmp_path, capsys):
    line = f"import torch; torch.hub.load_state_dict_from_url('{FAR}', '{tmp_path}')"
    with pytest.raises(CouldNotRun, match=r"wants to download from weights\.example"):
        constructing(context, tmp_path, line)
    assert "Downloading" in "".join(capsys.readouterr())
    assert list(tmp_path.glob("*.pth")) == []


def test_that_an_import_that_downloads_says_so(context, tmp_path):
    source = f"import urllib.request\nurllib.request.urlopen('{FAR}')\n{NET}"
    with pytest.raises(CouldNotRun, match=r"net\.py wants to download from weights\.example") as caught:
        open_target(context, OpenTarget(str(written(tmp_path, {"net.py": source}) / "net.py")))
    assert caught.value.problems[0].line == 2


def test_that_a_constructor_that_can_do_without_is_left_to_it(context, tmp_path):
    line = f"import urllib.request, contextlib\n        with contextlib.suppress(OSError): urllib.request.urlopen('{FAR}')"
    assert constructing(context, tmp_path, line).class_name == "Net"


def test_that_whoever_tries_again_and_again_is_stopped(context, tmp_path):
    line = f"import urllib.request\n        while True:\n            try: urllib.request.urlopen('{FAR}')\n"
    line += "            except Exception: pass"
    with pytest.raises(CouldNotRun, match="Downloads are off"):
        constructing(context, tmp_path, line)


def test_that_another_failure_after_no_refusal_is_its_own(context, tmp_path):
    with pytest.raises(CouldNotRun, match="ValueError: bad"):
        constructing(context, tmp_path, "raise ValueError('bad')")


@pytest.mark.parametrize("host", ["weights.example", b"weights.example", "93.184.216.34", "2606:2800::1"])
def test_that_other_machines_are_not_looked_up(host):
    with no_downloads() as refusals, pytest.raises(DownloadRefused):
        socket.getaddrinfo(host, 80)
    assert len(refusals.places) == 1


@pytest.mark.parametrize("method", ["connect", "connect_ex"])
def test_that_a_plain_socket_is_refused(method):
    with no_downloads(), socket.socket() as plain, pytest.raises(DownloadRefused, match=r"203\.0\.113\.1"):
        getattr(plain, method)(("203.0.113.1", 80))


def test_that_this_machine_can_be_reached():
    with no_downloads(), socket.create_server(("127.0.0.1", 0)) as server:
        with socket.create_connection(("localhost", server.getsockname()[1])) as near:
            assert near.getpeername()[0] == "127.0.0.1"
        assert socket.getaddrinfo(None, 80)
        with socket.socket(type=socket.SOCK_DGRAM) as own_address:  # sends nothing: asks which way it would go
            assert isinstance(own_address.connect_ex(("203.0.113.1", 80)), int)


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="no such sockets here")
def test_that_sockets_in_a_folder_can_be_reached(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with no_downloads(), socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind("here")
        server.listen()
        client.connect("here")


def test_that_everything_is_as_before_afterwards():
    before = socket.getaddrinfo, socket.socket.connect, "connect" in vars(socket.socket)
    with no_downloads(), no_downloads():
        assert socket.getaddrinfo is not before[0]
    assert (socket.getaddrinfo, socket.socket.connect, "connect" in vars(socket.socket)) == before


def test_that_with_permission_nothing_is_in_the_way():
    before = socket.getaddrinfo
    with no_downloads(allowed=True) as refusals:
        assert socket.getaddrinfo is before
    assert refusals.problem(OSError("x"), "construct-failed", "It", Places()) is None


def test_that_permission_reaches_the_constructor(context, tmp_path):
    line = "import socket; assert socket.getaddrinfo.__module__ == 'socket'"
    assert constructing(context, tmp_path, line, allow_downloads=True).class_name == "Net"


def test_that_a_thread_of_the_constructor_is_refused_too():
    seen = []

    def fetch():
        try:
            urllib.request.urlopen(FAR)
        except OSError as error:
            seen.append(str(error))

    with no_downloads() as refusals:
        thread = threading.Thread(target=fetch)
        thread.start()
        thread.join()
    assert refusals.places == [FAR]
    assert "downloads are off" in seen[0]


def test_that_insisting_is_no_exception_that_anybody_swallows():
    assert not issubclass(DownloadInsisted, Exception)
    assert issubclass(DownloadRefused, OSError)
