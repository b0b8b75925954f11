"""The alarms of the guarded process ring: a guard that is asleep would prove nothing."""

import json
import subprocess
import sys
from pathlib import Path

from checkpoints.hostile.reading import HERE, read_guarded

_TRY = """
import builtins, importlib, json, os, socket, subprocess, sys
sys.path.insert(0, sys.argv[1])
import guarded
guard = guarded.armed()
def tried(do):
    guard.home = os.path.realpath(sys.argv[2])
    try:
        do()
        return ""
    except guarded.Alarm as alarm:
        return f"ALARM {alarm}"
    except MemoryError:
        return "no memory"
    finally:
        guard.home = None
def import_statement():
    import decimal
print(json.dumps([tried(do) for do in (WHAT,)]))
"""

_FORBIDDEN = {
    "system": "os.system('touch PWNED')",
    "popen": "os.popen('touch PWNED')",
    "process": "subprocess.run(['touch', 'PWNED'])",
    "spawn": "os.posix_spawn('/bin/true', ['true'], {})",
    "exec of the system": "os.execv('/bin/true', ['true'])",
    "socket": "socket.socket()",
    "eval": "eval('1')",
    "exec": "builtins.exec('x = 1')",
    "import": "import_statement()",
    "import by name": "importlib.import_module('decimal')",
    "pickle": "__import__('pickle').loads(b'cos\\nsystem\\n(S\"touch PWNED\"\\ntR.')",
    "writing": "open(sys.argv[2] + '/PWNED', 'w')",
    "writing at a lower level": "os.open(sys.argv[2] + '/PWNED', os.O_WRONLY | os.O_CREAT)",
    "removing": "os.remove(sys.argv[2] + '/inside')",
    "reading outside": "open('/etc/hosts').read()",
    "climbing": "open(sys.argv[2] + '/../outside').read()",
    "listing outside": "os.listdir('/etc')",
    "changing the environment": "os.environ.update(A='b')",
}


_ALLOWED = ("open(sys.argv[2] + '/inside').read()", "os.listdir(sys.argv[2])", "len('x')", "bytes(100 << 20)")


def test_that_every_alarm_rings_and_none_for_what_a_reader_may_do(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "inside").write_text("x")
    (tmp_path / "outside").write_text("x")
    wanted = [*_FORBIDDEN.values(), *_ALLOWED, "bytes(400 << 20)"]
    script = _TRY.replace("WHAT", ", ".join(f"lambda: {what}" for what in wanted))
    done = subprocess.run(
        [sys.executable, "-I", "-c", script, str(HERE), str(home)], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    said = json.loads(done.stdout)
    assert [what for what, heard in zip(_FORBIDDEN, said, strict=False) if not heard.startswith("ALARM")] == []
    assert said[len(_FORBIDDEN) :] == [*("" for _ in _ALLOWED), "no memory"]
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["home", "inside", "outside"]


def test_that_the_outcome_of_each_path_is_told_in_order(tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "keys.json").write_text('{"tensors": [{"key": "a", "shape": [2], "dtype": "float32"}]}')
    refused, opened = read_guarded(tmp_path, [(tmp_path / "empty", tmp_path), (tmp_path / "keys.json", tmp_path)])
    assert (refused.outcome, refused.sentence, refused.count) == ("refused", "empty is empty.", 0)
    assert (opened.outcome, opened.count, opened.alarms, opened.faults) == ("opened", 1, [], [])
    assert "do not lie in the file" in opened.values[0]
