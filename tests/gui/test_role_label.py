"""A sentence in the colour of a role."""

from typing import Any

from PySide6.QtGui import QPalette

from gui.conftest import PATIENCE_MS
from torchloupe.gui import theme
from torchloupe.gui.role_label import RoleLabel


def ink(label: RoleLabel) -> str:
    return label.palette().color(QPalette.ColorRole.WindowText).name()


def test_that_it_keeps_its_role_when_the_theme_changes(qapp: Any, qtbot: Any) -> None:
    label = RoleLabel()
    qtbot.addWidget(label)
    label.show()
    label.say("It does not fit.", "error")
    assert (label.text(), ink(label)) == ("It does not fit.", theme.LIGHT.error)
    theme.apply_theme(qapp, "dark")
    qtbot.waitUntil(lambda: ink(label) == theme.DARK.error, timeout=PATIENCE_MS)
    label.say("It fits.")
    assert ink(label) == theme.DARK.text
