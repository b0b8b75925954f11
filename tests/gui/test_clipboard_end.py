"""The program ends in peace with something of Python's on the clipboard."""

import os
import subprocess
import sys

import pytest

SCRIPT = """
from PySide6.QtCore import QMimeData, QTimer
from PySide6.QtGui import QGuiApplication, QImage
from torchloupe.gui.start_up import make_application

app = make_application()
data = QMimeData()
{0}
QGuiApplication.clipboard().setMimeData(data)
QTimer.singleShot(0, app.quit)
app.exec()
held = QGuiApplication.clipboard()
print(held.text(), held.image().width())
"""


@pytest.mark.parametrize(
    ("put", "left"),
    [
        ("data.setImageData(QImage(10, 10, QImage.Format.Format_ARGB32)); data.setData('image/svg+xml', b'<svg/>')", " 10"),
        ("data.setText('x = 1')", "x = 1 0"),
        ("data.setData('text/tab-separated-values', b'1')", " 0"),
    ],
)
def test_that_a_picture_and_a_text_stay_and_nothing_crashes(put: str, left: str) -> None:
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(put)], env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.rstrip("\n")) == (0, left), done.stderr
