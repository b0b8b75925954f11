"""Which Python a line of source is written for, when the Python at hand does not understand it."""

import re
from typing import Optional, Tuple

Version = Tuple[int, int]

_WRITTEN_FOR = (
    (re.compile(r"^\s*(match\s+[^=]+|case\s+.+):\s*(#.*)?$"), (3, 10)),
    (re.compile(r"^\s*except\s*\*"), (3, 11)),
    (re.compile(r"^\s*(async\s+def|def|class)\s+\w+\[|^\s*type\s+\w+(\[.*\])?\s*="), (3, 12)),
    (re.compile(r"""(?<!\w)[tT][rR]?["']"""), (3, 14)),
)
_GONE = {"distutils": (3, 12), "imp": (3, 12), "asyncore": (3, 12), "asynchat": (3, 12), "smtpd": (3, 12), "cgi": (3, 13)}


def written_for(line: str) -> Optional[Version]:
    """The first Python that has the syntax of a line; None when it shows nothing that came late."""
    return next((version for pattern, version in _WRITTEN_FOR if pattern.search(line)), None)


def gone_since(module: str) -> Optional[Version]:
    """The Python that no longer has a module of its standard library."""
    return _GONE.get(module.partition(".")[0])


def version_text(version: Version) -> str:
    """``3.10``."""
    return f"{version[0]}.{version[1]}"
