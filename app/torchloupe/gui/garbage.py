"""Python's search for garbage, in the window's thread alone.

Left to itself it runs in whichever thread makes the next object, and there it would delete widgets and timers that wait in a cycle:
Qt's objects may only be deleted in their own thread.
"""

import gc

from PySide6.QtCore import QObject, QTimer

INTERVAL_MS = 100
FEW_OBJECTS = 5_000
"""So many new ones are worth a look, which takes a few milliseconds."""
MANY_OBJECTS = 40_000
"""So many at once are what was read or arranged: they have no cycles, and looking at them would stop the window. They are set
aside, and still go with the last reference."""
YOUNG_LOOKS = 5
"""After so many looks at what is new comes one at what was new before. The rest is never gone through: a quarter of a second with
100,000 tensors open."""


class GarbageSearch(QObject):
    """Switches the automatic search off, and looks now and then."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        gc.disable()
        self._looks = self._looked_at = 0
        self._timer = QTimer(self, interval=INTERVAL_MS)
        self._timer.timeout.connect(self.look)
        self._timer.start()

    def look(self) -> None:
        """Search among the newest objects, when there are enough of them."""
        count = gc.get_count()[0]
        if count <= FEW_OBJECTS:
            return
        self._looks += 1
        self._looked_at += count
        if self._looked_at > MANY_OBJECTS:
            gc.freeze()
        else:
            gc.collect(0 if self._looks % YOUNG_LOOKS else 1)
        if self._looked_at > MANY_OBJECTS or self._looks % YOUNG_LOOKS == 0:
            self._looks = self._looked_at = 0
