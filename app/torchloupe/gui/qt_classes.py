"""Qt's classes are all made when its modules are imported, and none when it is first named.

Shiboken keeps a table of the classes that are still to be made, and making one runs Python code (its enumerations), in which another
thread may get its turn. Two threads that make classes at once so change the table below each other, and the process dies in
``PyObject_GetAttr`` or wherever Qt first hands such a class over. A job's thread that imports pyqtgraph names every class of Qt.
All at once take a twentieth of a second.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

LAZY = "PYSIDE6_OPTION_LAZY"
"""Shiboken reads it once, before the first class. It is no business of the programs that we start."""


@contextmanager
def every_class_at_once() -> Iterator[None]:
    """The first import of a module of Qt belongs in here."""
    before = os.environ.get(LAZY)
    os.environ[LAZY] = "0"
    try:
        yield
    finally:
        if before is None:
            del os.environ[LAZY]
        else:
            os.environ[LAZY] = before
