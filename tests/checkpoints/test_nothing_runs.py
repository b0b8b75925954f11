"""All bad files again, in a process with little memory where every way out is wired to an alarm."""

import subprocess
import sys
from pathlib import Path

from checkpoints.hostile_files import ALL

_APP = str(Path(__file__).parents[2] / "app")

_GUARDED = """
import sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from torchloupe.checkpoints import read_contents
from torchloupe.wire.errors import CheckpointError
import builtins, importlib, os, resource, socket, subprocess
with_torch = [name for name in sys.modules if name.split(".")[0] in ("torch", "numpy", "PySide6", "pickle", "_pickle")]
assert not with_torch, with_torch
resource.setrlimit(resource.RLIMIT_AS, (512 << 20, 512 << 20))
alarms = []
def alarm(name):
    def ring(*args, **keywords):
        alarms.append((name, args[:1]))
        raise SystemExit(f"ALARM {name} {args[:1]}")
    return ring
real_open = builtins.open
def guarded_open(file, mode="r", *rest, **keywords):
    if set(mode) & set("wax+"):
        alarm("open for writing")(file)
    return real_open(file, mode, *rest, **keywords)
socket.socket = alarm("socket")
subprocess.Popen = alarm("subprocess")
os.system = alarm("system")
os.posix_spawn = alarm("spawn")
os.fork = alarm("fork")
importlib.import_module = alarm("import_module")
builtins.eval = alarm("eval")
builtins.exec = alarm("exec")
builtins.open = guarded_open
def audit(event, args):
    # Importing what a pickle names would pass here whatever way it went.
    if event == "import" and args[0].split(".")[0] not in allowed:
        alarm("import " + args[0])()
allowed = {"encodings", "unicodedata", "stringprep", "torchloupe"}
sys.addaudithook(audit)
outcomes = []
for path in sorted(Path(sys.argv[2]).iterdir()):
    try:
        contents = read_contents(path)
        outcomes.append("opened")
    except CheckpointError as error:
        outcomes.append("refused")
assert not alarms, alarms
print(len(outcomes), outcomes.count("opened"), outcomes.count("refused"))
"""


def test_that_no_bad_file_runs_code_imports_writes_or_needs_much_memory(tmp_path):
    files = tmp_path / "files"
    files.mkdir()
    for index, case in enumerate(ALL):
        (files / f"{index:03}{Path(case.file).suffix}").write_bytes(case.build())
    done = subprocess.run(
        [sys.executable, "-I", "-c", _GUARDED, _APP, str(files)], cwd=tmp_path, capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    total, opened, refused = map(int, done.stdout.split())
    assert (total, opened + refused) == (len(ALL), len(ALL))
    assert opened > 50
    assert refused > 20
    assert [entry.name for entry in tmp_path.iterdir()] == ["files"]
