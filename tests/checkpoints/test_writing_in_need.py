"""A new file in need: the name is taken, the disk is full, the work is cancelled, the source changes. No half file, no lost one."""

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from checkpoints.written_files import check_same, loaded, written
from torchloupe.checkpoints.writing import new_file as room
from torchloupe.checkpoints.writing.new_file import new_file
from torchloupe.wire.errors import CheckpointError, TorchloupeError, UsageError

NAMES = pytest.mark.parametrize("name", ["b.pt", "b.safetensors"])
STATE = {"a": torch.arange(600_000, dtype=torch.float32), "b": torch.ones(3)}
MEMORY_LIMIT = 60 << 20
EXPORT = """
import resource, sys
from pathlib import Path
from torchloupe.checkpoints import read_contents
from torchloupe.checkpoints.writing import write_checkpoint
{before}
contents = read_contents(sys.argv[1])
write_checkpoint(contents, [("new." + tensor.key, tensor) for tensor in contents.tensors], Path(sys.argv[2]))
status = Path('/proc/self/status').read_text()
print(status.partition('VmHWM:')[2].split()[0])
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A checkpoint of a few chunks, and a file in the way."""
    torch.save(STATE, tmp_path / "a.pt")
    for name in ("b.pt", "b.safetensors"):
        (tmp_path / name).write_text("mine")
    return tmp_path / "a.pt"


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def check_untouched(source: Path, name: str) -> None:
    """What stood there stands there still, and nothing else came."""
    assert (source.parent / name).read_text() == "mine"
    assert names_in(source.parent) == ["a.pt", "b.pt", "b.safetensors"]


@NAMES
def test_that_an_existing_file_is_replaced_only_when_that_was_said(source: Path, name: str) -> None:
    with pytest.raises(UsageError, match="exists already"):
        written(source, source.parent / name)
    check_untouched(source, name)
    written(source, source.parent / name, overwrite=True)
    check_same(loaded(source.parent / name), STATE)


@NAMES
@pytest.mark.parametrize("when", [0, 1 << 20, 2_400_012])
def test_that_a_cancel_leaves_everything_as_it_was(source: Path, name: str, when: int) -> None:
    def stop(done: int, _total: int, _what: str) -> None:
        if done >= when:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        written(source, source.parent / name, overwrite=True, progress=stop)
    check_untouched(source, name)


KILLED = """
import os, signal, sys
from pathlib import Path
from torchloupe.checkpoints.writing.new_file import new_file
with new_file(Path(sys.argv[1])) as file:
    file.write(b"half")
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""
AN_HOUR_AGO = 3600


def parts_in(folder: Path) -> list[Path]:
    return list(folder.glob(".*.torchloupe.part"))


def make_old(part: Path) -> None:
    then = part.stat().st_mtime - AN_HOUR_AGO
    os.utime(part, (then, then))


def test_that_what_a_killed_export_left_goes_with_the_next_one(tmp_path: Path) -> None:
    killed = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "a.pt")], check=False)
    assert killed.returncode < 0
    (left,) = parts_in(tmp_path)
    with new_file(tmp_path / "b.pt"):
        assert left in parts_in(tmp_path)  # it may just have begun
    make_old(left)
    with new_file(tmp_path / "c.pt"):
        assert left not in parts_in(tmp_path)
    assert names_in(tmp_path) == ["b.pt", "c.pt"]


def test_that_a_part_that_is_still_held_stays_however_long_nothing_came(tmp_path: Path) -> None:
    with new_file(tmp_path / "a.pt") as slow:
        (part,) = parts_in(tmp_path)
        make_old(part)
        with new_file(tmp_path / "b.pt"):
            assert part.exists()
        slow.write(b"whole")
    assert (tmp_path / "a.pt").read_bytes() == b"whole"


def test_that_a_part_that_may_not_be_removed_is_no_reason_to_stop(tmp_path: Path) -> None:
    left = tmp_path / ".a.pt.00000000.torchloupe.part"
    left.mkdir()
    make_old(left)
    with new_file(tmp_path / "b.pt") as file:
        file.write(b"b")
    assert names_in(tmp_path) == [left.name, "b.pt"]


FOREIGN = [
    ".a.part",
    "a.torchloupe.part",
    ".a.torchloupe.part",
    ".a.pt.backup00.torchloupe.part",
    ".a.pt.0123456.torchloupe.part",
    ".a.pt.0123456A.torchloupe.part",
    ".a.pt.01234567xtorchloupe.part",
    ".01234567.torchloupe.part",
    f".{'a' * 41}.01234567.torchloupe.part",
]


@pytest.mark.parametrize("name", FOREIGN)
def test_that_files_of_others_stay(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine")
    make_old(tmp_path / name)
    with new_file(tmp_path / "b.pt"):
        pass
    assert names_in(tmp_path) == sorted([name, "b.pt"])


def test_that_a_link_under_the_name_of_a_part_stays_and_is_not_followed(tmp_path: Path) -> None:
    link = tmp_path / ".a.pt.01234567.torchloupe.part"
    (tmp_path / "mine").write_text("mine")
    make_old(tmp_path / "mine")
    link.symlink_to(tmp_path / "mine")
    os.utime(link, (1, 1), follow_symlinks=False)
    with new_file(tmp_path / "b.pt"):
        pass
    assert names_in(tmp_path) == [link.name, "b.pt", "mine"]
    with pytest.raises(OSError, match="symbolic links"):
        room._open_no_link(str(link), os.O_RDWR)


@pytest.mark.parametrize("name", ["a", "a.pt", "é\n.pt", "a" * 200])
def test_that_whatever_the_file_is_called_its_part_is_known_again(tmp_path: Path, name: str) -> None:
    with new_file(tmp_path / name):
        (part,) = parts_in(tmp_path)
        (tmp_path / "kept").touch()
        make_old(tmp_path / "kept")
        left = tmp_path / (part.name[:-24] + "89abcdef" + room._PART)
        (tmp_path / "kept").rename(left)
        room._remove_left_parts(tmp_path)
        assert parts_in(tmp_path) == [part]


@pytest.mark.parametrize("overwrite", [False, True])
def test_that_a_part_is_held_until_it_has_its_name(tmp_path: Path, overwrite: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    appear = room._appear

    def appear_late(part: Path, goal: Path, overwrite: bool) -> None:
        make_old(part)
        room._remove_left_parts(tmp_path)  # as another process does
        appear(part, goal, overwrite)

    monkeypatch.setattr(room, "_appear", appear_late)
    with new_file(tmp_path / "a.pt", overwrite=overwrite) as file:
        file.write(b"whole")
    assert (tmp_path / "a.pt").read_bytes() == b"whole"
    assert names_in(tmp_path) == ["a.pt"]


def test_that_a_system_without_locks_gives_the_name_when_the_file_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "fcntl", None)
    closed: list[bool] = []
    appear = room._appear
    monkeypatch.setattr(room, "_appear", lambda *words: (closed.append(file.closed), appear(*words)))
    with new_file(tmp_path / "a.pt") as file:
        file.write(b"whole")
    assert (closed, (tmp_path / "a.pt").read_bytes()) == ([True], b"whole")


@NAMES
def test_that_a_source_that_shrinks_leaves_everything_as_it_was(source: Path, name: str) -> None:
    with pytest.raises(CheckpointError, match=r"a\.pt"):
        written(source, source.parent / name, overwrite=True, progress=lambda *_: os.truncate(source, 5000))
    check_untouched(source, name)


@NAMES
def test_that_a_source_that_is_written_to_meanwhile_is_not_copied(source: Path, name: str) -> None:
    def touch(done: int, _total: int, _what: str) -> None:
        if done:
            os.utime(source, ns=(1, 1))

    with pytest.raises(CheckpointError, match="was written to while its values were read"):
        written(source, source.parent / name, overwrite=True, progress=touch)
    check_untouched(source, name)


@NAMES
def test_that_a_disk_that_fills_up_leaves_everything_as_it_was(source: Path, name: str) -> None:
    """For real: the system refuses every byte beyond one and a half megabytes."""
    (source.parent / name).unlink()
    limit = "resource.setrlimit(resource.RLIMIT_FSIZE, (1_500_000, 1_500_000))"
    done = run_export(source, source.parent / name, limit)
    assert done.returncode == 1
    assert f"TorchloupeError: {source.parent / name} cannot be written: File too large." in done.stderr
    assert "Exception ignored" not in done.stderr
    (source.parent / name).write_text("mine")
    check_untouched(source, name)


def run_export(source: Path, goal: Path, before: str = "") -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-c", EXPORT.format(before=before), str(source), str(goal)]
    return subprocess.run(words, capture_output=True, text=True, check=False)


class FullFile:
    """A file on a disk that is full after so many writes."""

    def __init__(self, file: Any, writes: int) -> None:
        self._file, self._left = file, writes

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> "FullFile":
        self._file.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._file.__exit__(*error)

    def write(self, data: Any) -> int:
        """So many bytes, or no space."""
        self._left -= 1
        if self._left < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return int(self._file.write(data))


@NAMES
@pytest.mark.parametrize("writes", [0, 1, 2, 3])
def test_that_no_space_is_one_sentence_wherever_it_ends(
    source: Path, name: str, writes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "open", lambda path, mode: FullFile(Path(path).open(mode), writes), raising=False)  # noqa: SIM115  # its own with
    with pytest.raises(TorchloupeError, match=r"cannot be written: No space left on device\.") as failed:
        written(source, source.parent / name, overwrite=True)
    assert failed.value.hint == "Nothing was left behind; choose another place."
    check_untouched(source, name)


@NAMES
def test_that_a_disk_that_is_too_small_is_said_before_anything_is_written(
    source: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room.shutil, "disk_usage", lambda _folder: type("Usage", (), {"total": 10, "free": 1_000_000}))
    with pytest.raises(TorchloupeError, match=r"needs 2,4\d\d,\d\d\d bytes and the disk has 1,000,000 free"):
        written(source, source.parent / name, overwrite=True)
    check_untouched(source, name)


@NAMES
@pytest.mark.parametrize("link", [os.link, os.symlink])
def test_that_the_source_is_never_replaced_under_any_of_its_names(
    source: Path, name: str, link: Callable[[Path, Path], None]
) -> None:
    (source.parent / name).unlink()
    link(source, source.parent / name)
    before = source.read_bytes()
    with pytest.raises(UsageError, match="is read for this, and is never written"):
        written(source, source.parent / name, overwrite=True)
    assert source.read_bytes() == before


def test_that_a_link_is_followed_and_stays_a_link(source: Path) -> None:
    (source.parent / "folder").mkdir()
    (source.parent / "link.pt").symlink_to(source.parent / "folder/real.pt")
    written(source, source.parent / "link.pt")
    assert (source.parent / "link.pt").is_symlink()
    check_same(loaded(source.parent / "folder/real.pt"), STATE)
    assert names_in(source.parent / "folder") == ["real.pt"]


def test_that_a_folder_and_a_pipe_are_no_place_for_a_file(source: Path) -> None:
    (source.parent / "folder.pt").mkdir()
    os.mkfifo(source.parent / "pipe.pt")
    for name in ("folder.pt", "pipe.pt"):
        with pytest.raises(UsageError, match="is no regular file"):
            written(source, source.parent / name, overwrite=True)


def test_that_a_folder_that_is_not_there_is_one_sentence(source: Path) -> None:
    with pytest.raises(TorchloupeError, match="cannot be written: No such file or directory"):
        written(source, source.parent / "nowhere/b.pt")


def write_while(goal: Path, meanwhile: Callable[[], object]) -> None:
    with new_file(goal) as file:
        file.write(b"new")
        meanwhile()


def test_that_a_file_that_comes_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    goal = tmp_path / "a"
    with pytest.raises(UsageError, match="exists already"):
        write_while(goal, lambda: goal.write_text("came first"))
    assert goal.read_text() == "came first"
    assert names_in(tmp_path) == ["a"]


@pytest.mark.parametrize("taken", [False, True])
def test_that_a_file_system_without_hard_links_is_good_enough(
    tmp_path: Path, taken: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(room.os, "link", no_links)
    goal = tmp_path / "a"
    if not taken:
        write_while(goal, list)
        assert goal.read_bytes() == b"new"
    else:
        with pytest.raises(UsageError, match="exists already"):
            write_while(goal, lambda: goal.write_text("came first"))
        assert goal.read_text() == "came first"
    assert names_in(tmp_path) == ["a"]


def test_that_a_new_file_has_the_permissions_of_new_files_and_any_name(tmp_path: Path) -> None:
    goal = tmp_path / ("ü" * 120)
    (tmp_path / "plain").write_text("")
    with new_file(goal) as file:
        file.write(b"new")
        assert not goal.exists()
    assert goal.stat().st_mode == (tmp_path / "plain").stat().st_mode
    assert goal.stat().st_nlink == 1
    assert len(names_in(tmp_path)) == 2


def test_that_an_error_of_the_writer_is_passed_on_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        write_while(tmp_path / "a", lambda: 1 // 0)
    assert names_in(tmp_path) == []


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux says what a process took at most")
@NAMES
def test_that_memory_does_not_grow_with_the_file(tmp_path: Path, name: str) -> None:
    """More than twice the limit in one tensor, read from a hole and so in no time."""
    large = 128 << 20
    header = json.dumps({"large": {"dtype": "F32", "shape": [large // 4], "data_offsets": [0, large]}}).encode()
    (tmp_path / "a.safetensors").write_bytes(len(header).to_bytes(8, "little") + header)
    os.truncate(tmp_path / "a.safetensors", 8 + len(header) + large)
    done = run_export(tmp_path / "a.safetensors", tmp_path / name)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / name).stat().st_size > large
    assert int(done.stdout) * 1024 < MEMORY_LIMIT
    (tmp_path / name).unlink()
