"""A display of its own for a test: Xvfb, a window manager, xdotool for real keys, clicks and drags, and programs that say what happens.

Nothing here posts Qt events. Programs print one JSON object a line (``TORCHLOUPE_TRACE_EVENTS=1``); a test waits for those lines.
"""

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

from PySide6.QtGui import QImage

ROOT = Path(__file__).parents[2]
DRAG_SOURCE = Path(__file__).with_name("drag_source.py")
PATIENCE_SECONDS = 20.0


class Program:
    """A running program and the JSON lines that it printed."""

    def __init__(self, command, environment):
        self.process = subprocess.Popen(
            command,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
        self.lines = []
        self._news = threading.Condition()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            with self._news:
                self.lines.append(line.rstrip())
                self._news.notify_all()
        with self._news:
            self._news.notify_all()

    def events(self, name):
        """What was said under this name so far."""
        found = []
        for line in list(self.lines):
            if line.startswith("{"):
                event = json.loads(line)
                if event.get("event") == name:
                    found.append(event)
        return found

    def wait(self, name, number=1, **facts):
        """The ``number``-th event of this name whose facts are as given."""

        def matching():
            return [event for event in self.events(name) if all(event.get(key) == value for key, value in facts.items())]

        end = time.monotonic() + PATIENCE_SECONDS
        with self._news:
            while len(matching()) < number:
                left = end - time.monotonic()
                if left <= 0 or (self.process.poll() is not None and not self._reader.is_alive()):
                    raise AssertionError(f"no event {name} {facts} (x{number}); the last lines: {self.lines[-12:]}")
                self._news.wait(min(left, 0.5))
        return matching()[number - 1]

    def wait_enabled(self, action):
        """Until a command makes sense: the last word about what is enabled names it."""
        said = self.events("enabled")
        while action not in said[-1]["actions"]:
            self.wait("enabled", len(said) + 1)
            said = self.events("enabled")

    def ended(self):
        """Wait for the end; the exit status."""
        status = self.process.wait(PATIENCE_SECONDS)
        self._reader.join()
        self.process.stdout.close()
        return status

    def stop(self):
        """End it, whatever it does."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.ended()


class RealDisplay:
    """An X server with a window manager, and a person's hands."""

    def __init__(self, folder, size="1280x800"):
        self.folder = Path(folder)
        self._programs = []
        reading, writing = os.pipe()
        self._server = subprocess.Popen(
            ["Xvfb", "-displayfd", str(writing), "-screen", "0", f"{size}x24", "-nolisten", "tcp"],
            pass_fds=(writing,),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(writing)
        with os.fdopen(reading) as answer:
            number = answer.readline().strip()
        self.environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith(("QT_", "WAYLAND", "XDG_"))},
            "DISPLAY": f":{number}",
            "QT_QPA_PLATFORM": "xcb",
            "HOME": str(self.folder),
            "XDG_CONFIG_HOME": str(self.folder / "config"),
            "XDG_STATE_HOME": str(self.folder / "state"),
            "XDG_CACHE_HOME": str(self.folder / "cache"),
            "XDG_RUNTIME_DIR": str(self.folder),
            "TORCHLOUPE_TRACE_EVENTS": "1",
            "PYTHONPATH": str(ROOT / "app"),
            "OMP_NUM_THREADS": "1",
        }
        self.folder.chmod(0o700)
        self._manager = subprocess.Popen(
            ["openbox", "--sm-disable"], env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def start(self, *command):
        """Start a program on this display."""
        program = Program([*map(str, command)], self.environment)
        self._programs.append(program)
        return program

    def start_torchloupe(self, *words):
        """Start the window as a person would and wait for its first picture."""
        program = self.start(sys.executable, "-W", "ignore", "-m", "torchloupe", "--fresh", "--trust", "--theme", "light", *words)
        program.wait("painted")
        self.window = self.find("Torchloupe")
        return program

    def tool(self, *words):
        """One call of xdotool; what it printed."""
        done = subprocess.run(
            ["xdotool", *map(str, words)], env=self.environment, capture_output=True, text=True, timeout=60, check=False
        )
        return done.stdout.strip()

    def find(self, title):
        """Bring the visible window to the front whose title holds ``title``: its left, top, width and height."""
        end = time.monotonic() + PATIENCE_SECONDS
        while not (identity := self._in_front(title)):
            assert time.monotonic() < end, f"no window with {title!r} in its title"
        return self._geometry(identity)

    def _in_front(self, title):
        # Without xdotool's own --sync: it waits for long for a window that closes meanwhile.
        found = self.tool("search", "--onlyvisible", "--name", title).split()
        if not found:
            return ""
        self.tool("windowactivate", found[-1])
        return found[-1] if self.tool("getactivewindow") == found[-1] else ""

    def _geometry(self, identity):
        lines = self.tool("getwindowgeometry", "--shell", identity).splitlines()
        facts = dict(line.split("=") for line in lines if "=" in line)
        return tuple(int(facts[name]) for name in ("X", "Y", "WIDTH", "HEIGHT"))

    def press(self, *keys):
        """Press keys or chords: ``F5``, ``ctrl+shift+p``."""
        for key in keys:
            self.tool("key", "--clearmodifiers", key)

    def write(self, text):
        """Type text."""
        self.tool("type", "--delay", "20", text)

    def click(self, x, y):
        """Click at a place of the screen."""
        self.tool("mousemove", x, y, "click", 1)

    def drop(self, program, *files):
        """Drag files out of another program onto the middle of the window; what the window says it got."""
        number = len(program.events("drop")) + 1
        source = self.drag(*files)
        self.tool("mouseup", 1)
        said = program.wait("drop", number)
        source.wait("dragged")
        source.stop()  # only now: until the drop is told, the data comes from the source
        return said

    def drag(self, *files):
        """Drag files from a window of another program to the middle of ours, and hold: XDND is a conversation, so in small steps."""
        source = self.start(sys.executable, DRAG_SOURCE, *files)
        source.wait("ready")
        left, top, width, height = self.find("drag-source")
        start, end = (left + width // 2, top + height // 2), self.middle
        self.tool("mousemove", *start)
        time.sleep(0.15)
        self.tool("mousedown", 1)
        time.sleep(0.15)
        self._move(start, end)
        return source

    @property
    def middle(self):
        """The middle of the window."""
        left, top, width, height = self.window
        return left + width // 2, top + height // 2

    def drag_away(self):
        """Move what is being dragged out of the window, as somebody who changed his mind."""
        left, top, _, height = self.window
        self._move(self.middle, (max(left - 20, 1), top + height - 40))
        self.tool("key", "Escape")  # without --clearmodifiers, which would let go of the button

    def _move(self, start, end):
        for step in range(1, 26):
            self.tool("mousemove", *(round(a + (b - a) * step / 25) for a, b in zip(start, end, strict=True)))
            time.sleep(0.02)
        time.sleep(0.3)

    def picture(self, name):
        """A picture of the whole screen once nothing on it changes any more; its path."""
        path, before, end = self.folder / f"{name}.png", None, time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            subprocess.run(["import", "-window", "root", str(path)], env=self.environment, timeout=60, check=True)
            now = QImage(str(path))
            if now == before:
                break
            before = now
        return path

    def close(self):
        """End everything that was started."""
        for program in reversed(self._programs):
            program.stop()
        for process in (self._manager, self._server):
            process.terminate()
            process.wait(10)
