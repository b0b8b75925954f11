"""Python's search for garbage, in the window's thread alone.

Left to itself it runs in whichever thread makes the next object, and there it would delete widgets and timers that wait in a cycle:
Qt's objects may only be deleted in their own thread.
"""

import gc

from PySide6.QtCore import QObject, QTimer

INTERVAL_MS = 100
FEW_OBJECTS = 5_000
"""So many new ones are worth a look, which takes a few milliseconds."""
MANY_OBJECTS = 200_000
"""So many are what was read from a file: they have no cycles, and looking at them would stop the window. They are set aside."""
YOUNG_LOOKS = 5
"""After so many looks at what is new comes one at what was new before. The rest is never gone through: a quarter of a second with
100,000 tensors open."""


class GarbageSearch(QObject):
    """Switches the automatic search off, and looks now and then."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        gc.disable()
        self._looks = 0
        self._timer = QTimer(self, interval=INTERVAL_MS)
        self._timer.timeout.connect(self.look)
        self._timer.start()

    def look(self) -> None:
        """Search among the newest objects, when there are enough of them."""
        count = gc.get_count()[0]
        if count > MANY_OBJECTS:
            gc.freeze()
        elif count > FEW_OBJECTS:
            self._looks += 1
            gc.collect(0 if self._looks % YOUNG_LOOKS else 1)
