"""Where the panels stand: the centre's tabs and the docks around it, shown when they have something to say."""

from collections.abc import Sequence
from typing import cast

from PySide6.QtCore import QByteArray, QObject, QPoint, Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QDockWidget,
    QLineEdit,
    QMainWindow,
    QTabWidget,
    QWidget,
)

from torchloupe.gui.icons import icon
from torchloupe.gui.panels import LazyPanel, PanelPlace
from torchloupe.gui.side_widths import SideWidths

LAYOUT_VERSION = 1
AREAS = {
    "left": Qt.DockWidgetArea.LeftDockWidgetArea,
    "right": Qt.DockWidgetArea.RightDockWidgetArea,
    "bottom": Qt.DockWidgetArea.BottomDockWidgetArea,
}
START = "start"
TITLE_BUTTONS = {"qt_dockwidget_floatbutton": "float", "qt_dockwidget_closebutton": "close"}
"""What Qt calls the buttons of a dock's title bar, and our icons for them."""


class Docks(QObject):
    """Builds tabs and docks for a table of panels and answers for showing, hiding and focusing them."""

    changed = Signal()  # something was shown or hidden
    sizes_reset = Signal()  # every area has its first size again
    panel_built = Signal(QWidget)

    def __init__(self, window: QMainWindow, places: Sequence[PanelPlace]) -> None:
        super().__init__(window)
        self.window = window
        self.places = {place.id: place for place in places}
        self.panels = {place.id: LazyPanel(place, self.panel_built.emit) for place in places}
        self.tabs = QTabWidget(documentMode=True, movable=True)
        self.tabs.setAccessibleName(self.tr("Views"))
        self.tabs.tabBar().hide()
        self.docks: dict[str, QDockWidget] = {}
        self._laid_out = False
        self._saved = QByteArray()
        options = QMainWindow.DockOption  # all but the one that has docks move slowly
        window.setDockOptions(options.AllowNestedDocks | options.AllowTabbedDocks | options.GroupedDragging)
        window.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, QTabWidget.TabPosition.North)
        self._titles = QTimer(self, singleShot=True, interval=0)
        self._titles.timeout.connect(self._show_title_bars)
        for place in places:
            self._add(place)
        self._tabify("left")
        self._tabify("bottom")
        SideWidths(window, self.docks.values())
        self.tabs.currentChanged.connect(lambda _index: self.changed.emit())

    def _add(self, place: PanelPlace) -> None:
        panel = self.panels[place.id]
        if place.area == "centre":
            self.tabs.addTab(panel, place.title)
            self.tabs.setTabVisible(self.tabs.indexOf(panel), place.id == START)
            return
        dock = QDockWidget(place.title, self.window)
        dock.setObjectName(place.id)
        dock.setWidget(panel)
        dock.setAllowedAreas(Qt.DockWidgetArea.AllDockWidgetAreas)
        self.window.addDockWidget(AREAS[place.area], dock)
        dock.hide()
        dock.visibilityChanged.connect(self._dock_changed)
        dock.topLevelChanged.connect(self._dock_changed)
        self.docks[place.id] = dock

    def _tabify(self, area: str) -> None:
        names = [place.id for place in self.places.values() if place.area == area]
        for name in names[1:]:
            self.window.tabifyDockWidget(self.docks[names[0]], self.docks[name])

    def _dock_changed(self, _state: bool) -> None:
        self._titles.start()
        self.changed.emit()

    def _show_title_bars(self) -> None:
        """A dock behind a tab needs no title bar: the tab is its title, and may be dragged."""
        for dock in self.docks.values():
            others = [other for other in self.window.tabifiedDockWidgets(dock) if not other.isHidden()]
            bare = bool(others) and not dock.isFloating() and not dock.isHidden()
            if bare != (dock.titleBarWidget() is not None):
                old = dock.titleBarWidget()
                dock.setTitleBarWidget(QWidget(dock) if bare else cast(QWidget, None))
                if old is not None:
                    old.deleteLater()
        self.refresh_icons()

    def refresh_icons(self) -> None:
        """Draw the buttons of the title bars in the colours of the theme; those of the style are dark in both."""
        for dock in self.docks.values():
            for name, picture in TITLE_BUTTONS.items():
                button = dock.findChild(QAbstractButton, name)
                if button is not None:
                    button.setIcon(icon(picture))

    # what is shown

    def show_workspace(self, front: str) -> None:
        """Something was opened: the start page goes, the views and the docks that always have something to say come. The dock that
        shows what was opened is brought to the ``front``."""
        self._show_views()
        self.show_dock(front)

    def _show_views(self) -> None:
        self.set_tab_visible(START, False)
        for name, place in self.places.items():
            if place.area == "centre" and name != START and place.always:
                self.set_tab_visible(name, True)
        if self._laid_out:
            return
        self._laid_out = True
        for name in ("details", "problems", "log"):
            self.docks[name].show()
        if self._saved.isEmpty() or not self.window.restoreState(self._saved, LAYOUT_VERSION):
            self.reset_sizes()
        self.docks["problems"].raise_()

    def show_start(self) -> None:
        """The start page beside whatever is open."""
        self.set_tab_visible(START, True)
        self.raise_panel(START)

    def show_only_start(self) -> None:
        """Nothing is open any more: as at first. The layout comes back with the next thing that is opened."""
        self._saved = self.save()
        self._laid_out = False
        for dock in self.docks.values():
            dock.hide()
        for name, place in self.places.items():
            if place.area == "centre" and name != START:
                self.set_tab_visible(name, False)
        self.show_start()

    def set_tab_visible(self, name: str, visible: bool) -> None:
        """Show or hide one tab of the centre."""
        self.tabs.setTabVisible(self.tabs.indexOf(self.panels[name]), visible)
        shown = sum(self.tabs.isTabVisible(number) for number in range(self.tabs.count()))
        self.tabs.tabBar().setVisible(shown > 1)

    def reset_sizes(self) -> None:
        """A quarter, a half, a quarter; the bottom takes a quarter of the height."""
        sideways, upright = Qt.Orientation.Horizontal, Qt.Orientation.Vertical
        width, height = self.window.width(), self.window.height()
        left = [dock for name, dock in self.docks.items() if self.places[name].area == "left"]
        self.window.resizeDocks([left[0], self.docks["details"]], [width // 4, width // 4], sideways)
        self.window.resizeDocks([self.docks["problems"]], [height // 4], upright)
        self.sizes_reset.emit()

    def reset(self) -> None:
        """Every panel where it was at first."""
        for name, dock in self.docks.items():
            dock.setFloating(False)
            self.window.addDockWidget(AREAS[self.places[name].area], dock)
        self._tabify("left")
        self._tabify("bottom")
        for name, dock in self.docks.items():
            dock.setVisible(self._laid_out and self.places[name].always)
        self.reset_sizes()
        self.docks["problems"].raise_()

    def show_dock(self, name: str) -> None:
        """Show a dock and bring it to the front, without the focus."""
        if not self.docks[name].isVisible():
            fresh = self.places[name].area == "left" and not self.is_shown("left")
            self.docks[name].show()
            if fresh:
                self.reset_sizes()
        self.docks[name].raise_()

    def raise_panel(self, name: str) -> None:
        """Bring a panel to the front, without the focus."""
        panel = self.panels[name]
        if name in self.docks:
            self.docks[name].show()
            self.docks[name].raise_()
        else:
            self.set_tab_visible(name, True)
            self.tabs.setCurrentWidget(panel)

    def focus_panel(self, name: str) -> None:
        """Bring a panel to the front and give it the focus: to its table or tree, else to its first field."""
        self.raise_panel(name)
        inside = self.panels[name].inside()
        chosen = _first_of(inside, QAbstractItemView) or _first_of(inside, QLineEdit) or _first_of(inside, QWidget) or inside
        chosen.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def is_shown(self, area: str) -> bool:
        """Any dock of this area is visible."""
        return any(not dock.isHidden() for name, dock in self.docks.items() if self.places[name].area == area)

    def toggle_area(self, area: str) -> None:
        """Show or hide all docks of an area."""
        visible = not self.is_shown(area)
        for name, dock in self.docks.items():
            if self.places[name].area == area:
                dock.setVisible(visible)
        if visible:
            self.reset_sizes()

    def set_title(self, name: str, title: str) -> None:
        """The title on a panel's dock or tab ("Problems (3)")."""
        if name in self.docks:
            self.docks[name].setWindowTitle(title)
        else:
            self.tabs.setTabText(self.tabs.indexOf(self.panels[name]), title)

    # the panel a person works in

    def focused_panel(self) -> str | None:
        """The id of the panel that has the focus."""
        widget = self.window.focusWidget() or QApplication.focusWidget()
        while widget is not None:
            if isinstance(widget, LazyPanel):
                return widget.place.id
            if isinstance(widget, QDockWidget) and widget.objectName() in self.docks:
                return widget.objectName()
            widget = widget.parentWidget()
        return None

    def focus_filter(self, place: str = "") -> bool:
        """Put the cursor into the filter field of a panel: the focused one, else the view in front. False when it has none."""
        current = self.tabs.currentWidget()
        name = place or self.focused_panel() or (current.place.id if isinstance(current, LazyPanel) else None)
        panel = self.panels[name].inside() if name else None
        focus = getattr(panel, "focus_filter", None)
        if callable(focus):
            focus()
            return True
        fields = panel.findChildren(QLineEdit) if panel else []
        for field in fields:
            if field.isVisible() and field.isEnabled() and not field.isReadOnly():
                field.setFocus(Qt.FocusReason.ShortcutFocusReason)
                field.selectAll()
                return True
        return False

    # from one start to the next

    def save(self) -> QByteArray:
        """The layout as bytes; empty while nothing was ever opened, so that the last layout is kept."""
        return self.window.saveState(LAYOUT_VERSION) if self._laid_out else self._saved

    def restore(self, state: QByteArray) -> None:
        """Use this layout once something is opened."""
        self._saved = state


def _first_of(panel: QWidget, kind: type[QWidget]) -> QWidget | None:
    """The widget of this kind that can take the focus and comes first in reading order."""

    def place(widget: QWidget) -> tuple[int, int]:
        corner = widget.mapTo(panel, QPoint(0, 0))
        return corner.y(), corner.x()

    found = [
        widget
        for widget in panel.findChildren(kind)
        if widget.isVisibleTo(panel) and widget.isEnabled() and widget.focusPolicy() & Qt.FocusPolicy.TabFocus
    ]
    return min(found, key=place, default=None)
