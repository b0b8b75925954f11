"""What a worker needs on a far side that has nothing but Python and torch: one zip of sources, and the words that unpack it there.

The zip is compressed as a whole: sources are much like each other, and each by itself would be a quarter longer.
"""

import importlib.util
import io
import os
import zipfile
import zlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import torchloupe

ROOMS = ("wire", "checkpoints", "analysis", "worker")
STARTER = "torchloupe/worker/from_archive.py"
LENGTH_DIGITS = 10
"""What is sent is announced by its length in so many decimal digits."""

_UNPACK = f"""\
import sys
sys.path[:] = [folder for folder in sys.path if folder]
import os
if sys.version_info < (3, 9):
    sys.stdout.write("torchloupe-worker too-old " + sys.version.split()[0] + "\\n")
    sys.stdout.flush()
    os._exit(0)
def take(size):
    data = b""
    while len(data) < size:
        more = os.read(0, size - len(data))
        if not more:
            sys.stderr.write("torchloupe-worker: nothing arrives on standard input (docker exec and podman exec need -i)\\n")
            sys.stderr.flush()
            os._exit(0)
        data += more
    return data
import io, zipfile, zlib
archive = zipfile.ZipFile(io.BytesIO(zlib.decompress(take(int(take({LENGTH_DIGITS}))))))
names = {{"__name__": "torchloupe_starter"}}
exec(compile(archive.read("{STARTER}"), "/torchloupe.zip/{STARTER}", "exec"), names)
names["start"](archive)
"""


def bootstrap() -> str:
    """The Python code for ``python -c`` that takes the zip from standard input and starts the worker that is in it.

    It means the same in every Python, given literally (``docker exec``) or read once by a shell in between (``ssh``): no blank, and
    neither quotes nor brackets outside of what both Python and the shell take for quoted. Python reads a string, a statement and a
    comment; the shell takes the quotes away and leaves ``0;``, the same statement and the comment.
    """
    code = ",".join(str(byte) for byte in _UNPACK.encode())
    return f"''''0''';exec(bytes(bytearray([{code}])))#'"


@cache
def luggage() -> bytes:
    """The compressed zip with its length in front, as it is written to the standard input of ``python -c BOOTSTRAP``."""
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_STORED) as archive:
        for file, name in _sources():
            archive.writestr(name, file.read_bytes())
    data = zlib.compress(memory.getvalue())
    return b"%0*d" % (LENGTH_DIGITS, len(data)) + data


def _sources() -> Iterator[tuple[Path, str]]:
    """Our files with the compiled one, and torchinfo, which the far side may lack."""
    package = Path(torchloupe.__file__).parent
    yield package / "__init__.py", "torchloupe/__init__.py"
    for room in ROOMS:
        for file in sorted((package / room).rglob("*.py")):
            yield file, f"torchloupe/{file.relative_to(package).as_posix()}"
    statistics = "worker/statistics"
    for file in (package / statistics).glob("passes.so"):  # of use where the machine is like this one, and named after it
        machine = os.uname()
        yield file, f"torchloupe/{statistics}/passes-{machine.sysname}-{machine.machine}.so"
    found = importlib.util.find_spec("torchinfo")
    if found is not None and found.origin is not None:
        for file in sorted(Path(found.origin).parent.glob("*.py")):
            yield file, f"torchinfo/{file.name}"
