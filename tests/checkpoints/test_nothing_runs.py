"""All bad files again, in a process with little memory where every way out is wired to an alarm."""

import subprocess
import sys
from pathlib import Path

from checkpoints.hostile_files import ALL
from checkpoints.hostile_folders import ALL_FOLDERS, OUTSIDE, whole
from checkpoints.hostile_others import OTHERS

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
    if event == "open" and isinstance(args[0], str):
        real = os.path.realpath(args[0])
        if real.startswith(("/etc/", "/dev/")) or real.endswith("outside.safetensors"):
            alarm("open " + real)()
allowed = {"encodings", "unicodedata", "stringprep", "torchloupe"}
sys.addaudithook(audit)
outcomes = []
with open(sys.argv[2]) as listed:
    paths = listed.read().splitlines()
for path in paths:
    try:
        contents = read_contents(path)
        outcomes.append("opened")
    except CheckpointError as error:
        outcomes.append("refused")
assert not alarms, alarms
print(len(outcomes), outcomes.count("opened"), outcomes.count("refused"))
"""


def _run_guarded(tmp_path: Path, paths: list[Path]) -> tuple[int, int, int]:
    """How many of the paths were read, opened and refused, in the guarded process."""
    listed = tmp_path / "listed"
    listed.write_text("\n".join(map(str, paths)))
    done = subprocess.run(
        [sys.executable, "-I", "-c", _GUARDED, _APP, str(listed)], cwd=tmp_path, capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    listed.unlink()
    total, opened, refused = map(int, done.stdout.split())
    assert (total, opened + refused) == (len(paths), len(paths))
    return total, opened, refused


def test_that_no_bad_file_runs_code_imports_writes_or_needs_much_memory(tmp_path):
    files = tmp_path / "files"
    files.mkdir()
    paths = []
    for index, case in enumerate((*ALL, *OTHERS)):
        paths.append(files / f"{index:03}{Path(case.file).suffix}")
        paths[-1].write_bytes(case.build())
    _, opened, refused = _run_guarded(tmp_path, paths)
    assert opened > 50
    assert refused > 20
    assert sorted(path.name for path in tmp_path.iterdir()) == ["files"], "nothing was written beside the files"


def test_that_no_bad_folder_runs_code_or_leads_out_of_itself(tmp_path):
    paths = []
    for index, case in enumerate(ALL_FOLDERS):
        folder = tmp_path / f"{index:03}" / "checkpoint"
        folder.mkdir(parents=True)
        (folder.parent / OUTSIDE).write_bytes(whole("outside"))
        paths.append(case.build(folder))
    _, opened, refused = _run_guarded(tmp_path, paths)
    assert opened > 30
    assert refused > 10
    assert {path.name for folder in tmp_path.iterdir() for path in folder.iterdir()} == {"checkpoint", OUTSIDE}
