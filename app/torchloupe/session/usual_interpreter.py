"""Which Python runs the model when nobody has named one."""

from pathlib import Path

from torchloupe.wire.errors import UsageError

from .interpreters import default_interpreter, is_frozen

PROBE_SECONDS = 4.0
NAME = "python3"


def usual_interpreter(near: Path | None = None) -> str:
    """The Python that runs the app. A frozen app has none: the likeliest on this machine that has torch, looked for around ``near``,
    too; without any torch the one on the PATH, and where there is no Python at all its name, so that the start of it says so."""
    if not is_frozen():
        return default_interpreter()
    from .discovery import find_interpreters, probe_interpreters  # other apps need not wait for its modules

    found = probe_interpreters(find_interpreters(near), seconds=PROBE_SECONDS)
    fitting = next((one.path for one in found if one.torch and not one.trouble), "")
    try:
        return fitting or default_interpreter()
    except UsageError:
        return NAME
