"""With ``TORCHLOUPE_TRACE_EVENTS=1`` the window says on standard output what happens, one JSON object a line.

These lines are the eyes of the tests that drive the real window: they wait for them in place of sleeping.
"""

import json
import os
import sys
import time
from typing import Any

ENABLED = os.environ.get("TORCHLOUPE_TRACE_EVENTS") == "1"


def trace(event: str, **facts: Any) -> None:
    """Say that something happened: ``action``, ``drag``, ``drop``, ``painted``, ``opened``, ``run_finished``, ``selection`` ..."""
    if ENABLED and sys.stdout is not None:
        print(json.dumps({"event": event, "time": round(time.time(), 4), **facts}, default=str), flush=True)


def process_seconds() -> float | None:
    """Seconds since this process was started, where the system says it (Linux)."""
    try:
        with open("/proc/self/stat", encoding="ascii", errors="replace") as stat:
            started = int(stat.read().rsplit(")", 1)[1].split()[19]) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError, AttributeError):
        return None
    return time.clock_gettime(time.CLOCK_BOOTTIME) - started
