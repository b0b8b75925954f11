"""Run first in the frozen app. PyInstaller takes VIRTUAL_ENV away, and by it the interpreter of the person's shell is found.

Only Linux tells what it was; elsewhere an active environment is the first on the PATH.
"""

import os
from pathlib import Path

try:
    _given = Path("/proc/self/environ").read_bytes().split(b"\0")
except OSError:
    _given = []
for _line in _given:
    if _line.startswith(b"VIRTUAL_ENV="):
        os.environ["VIRTUAL_ENV"] = os.fsdecode(_line.partition(b"=")[2])
