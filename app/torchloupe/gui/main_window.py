"""The main window: makes the rooms, puts them where they belong, and ties them together."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QEvent, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QPaintEvent
from PySide6.QtWidgets import QApplication, QDockWidget, QMainWindow, QToolBar, QVBoxLayout, QWidget

from torchloupe.gui import theme
from torchloupe.gui.actions import ActionSet
from torchloupe.gui.commands import command_table
from torchloupe.gui.docks import Docks
from torchloupe.gui.drop import DropArea, let_drops_through
from torchloupe.gui.events_trace import process_seconds, trace
from torchloupe.gui.history import History
from torchloupe.gui.icons import app_icon
from torchloupe.gui.in_front import InFront
from torchloupe.gui.live_reload import LiveReload
from torchloupe.gui.log_book import ERROR, LogBook
from torchloupe.gui.notice_bar import NoticeBar
from torchloupe.gui.opening import Opening
from torchloupe.gui.panel_table import PanelBuilds, panel_places
from torchloupe.gui.plain_text import plain_text
from torchloupe.gui.problems_height import ProblemsHeight
from torchloupe.gui.recent_menu import RecentMenu
from torchloupe.gui.run_bar import RunBar
from torchloupe.gui.run_history import RunHistory
from torchloupe.gui.settings import Settings
from torchloupe.gui.shell import Shell
from torchloupe.gui.status_bar import StatusBar
from torchloupe.gui.text_size import change_text_size, use_text_size
from torchloupe.gui.trust import Trust
from torchloupe.gui.window_dialogs import WindowDialogs
from torchloupe.gui.workbench import Selection, Workbench
from torchloupe.gui.worker_link import MakeSession, WorkerLink
from torchloupe.wire.requests import Failed

FIRST_STEPS = ("open.checkpoint", "open.model", "open.example")
TOOL_BAR = ("open.checkpoint", "open.model", "", "RUN BAR", "run.forward", "run.cancel")


class MainWindow(QMainWindow):
    """One window: one checkpoint (or two side by side), one model, one worker."""

    painted = Signal()  # the first picture is on the screen

    def __init__(self, make_session: MakeSession, interpreter: str, settings: Settings, trust_everything: bool = False) -> None:
        use_text_size(settings)
        super().__init__()
        self.settings = settings
        self.book = LogBook(self)
        self.workbench = Workbench(self)
        self.worker = WorkerLink(make_session, interpreter, self.book, self)
        self.jobs = self.worker.jobs
        self.trust = Trust(settings, trust_everything)
        self.opening = Opening(self.workbench, self.worker, self.trust, self)
        self.history = History(self.workbench, self)
        self.runs = RunHistory(self.workbench, self)
        builds = PanelBuilds(self.workbench, self.jobs, self.book, settings, self.runs)
        self.docks = Docks(self, panel_places(builds, self._start_page))
        self.in_front = InFront(self.docks, self.workbench)
        self.problems_height = ProblemsHeight(self.docks, self.workbench, self.jobs)
        self.run_bar = RunBar(self.opening)
        self.notice = NoticeBar()
        self.live = LiveReload(self.opening, settings, lambda: self.docks.raise_panel("problems"), self)
        self.status = StatusBar(self.workbench, self.worker)
        self.dialogs = WindowDialogs(self, self.opening, self.worker, self.run_bar, self.settings)
        self.trust.ask, self.trust.ask_file = self.dialogs.ask_trust, self.dialogs.ask_file_trust
        self.actions_by_id = self.dialogs.actions = ActionSet(command_table(self._shell()), self)
        self.drop_area = DropArea(self, self.opening.open_paths, self.workbench.checkpoint_name)
        self._has_painted = False
        self._build()
        self._connect()
        self._restore()

    def _shell(self) -> Shell:
        return Shell(
            window=self,
            workbench=self.workbench,
            worker=self.worker,
            jobs=self.jobs,
            opening=self.opening,
            live=self.live,
            docks=self.docks,
            history=self.history,
            settings=self.settings,
            book=self.book,
            say=self.status.say,
            dialogs=self.dialogs.doors(),
            set_theme=self.set_theme,
            set_text_size=self.set_text_size,
        )

    # building

    def _build(self) -> None:
        self.setObjectName("main window")
        self.actions_by_id.refresh_icons(only=(*TOOL_BAR, *FIRST_STEPS))
        centre = QWidget()
        layout = QVBoxLayout(centre)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.notice)
        layout.addWidget(self.live.bar)
        layout.addWidget(self.docks.tabs, 1)
        self.setCentralWidget(centre)
        self.setStatusBar(self.status)
        menus = self.actions_by_id.fill_menu_bar(self.menuBar())
        self.recent_menu = RecentMenu(self.settings, self._open_one, self)
        file_menu = next(iter(menus.values()))
        file_menu.insertMenu(self.actions_by_id["reload"], self.recent_menu)
        style = Qt.ToolButtonStyle.ToolButtonTextBesideIcon
        self.tools = QToolBar(self.tr("Tools"), movable=False, toolButtonStyle=style)
        self.tools.setObjectName("tools")
        for name in TOOL_BAR:
            if name == "RUN BAR":
                self.tools.addWidget(self.run_bar)
            elif name:
                self.tools.addAction(self.actions_by_id[name])
            else:
                self.tools.addSeparator()
        self.addToolBar(self.tools)
        self._fit_to_font()
        let_drops_through(self.run_bar)
        self._show_title()

    def _start_page(self) -> QWidget:
        from torchloupe.gui.start.panel import StartPanel

        actions = [self.actions_by_id[name] for name in FIRST_STEPS]
        return StartPanel(self.settings, self.jobs, actions, self._open_one)

    def _open_one(self, path: str) -> None:
        self.opening.open_paths([path])

    def _connect(self) -> None:
        bench, opening = self.workbench, self.opening
        for signal in (*bench.changes(), self.history.changed, self.docks.changed):
            signal.connect(self.actions_by_id.refresh_later)
        # At once: a key right behind the one that has started something may be there to cancel it.
        self.jobs.busy_changed.connect(self.actions_by_id.refresh)
        bench.selection_changed.connect(_trace_selection)
        bench.problems_changed.connect(self._show_problem_count)
        for changed in (bench.checkpoint_changed, bench.model_changed, bench.other_changed):
            changed.connect(self._show_title)
        opening.said.connect(self.status.say)
        opening.arrived.connect(self.docks.show_workspace)
        opening.ahead.nothing_open.connect(self.docks.show_only_start)
        opening.opened.connect(self._opened)
        opening.refused.connect(self._refused)
        opening.choice_needed.connect(self.dialogs.open_model)
        self.jobs.went_wrong.connect(self._job_failed)
        self.run_bar.said.connect(self.status.say)
        self.worker.changed.connect(self._worker_changed)
        self.status.interpreter_clicked.connect(self.actions_by_id["worker.show"].trigger)
        self.status.cancel_clicked.connect(self.actions_by_id["run.cancel"].trigger)
        self.status.problems_clicked.connect(self.actions_by_id["panel.problems"].trigger)
        self.docks.panel_built.connect(let_drops_through)
        for dock in self.docks.docks.values():
            dock.topLevelChanged.connect(partial(self._dock_floats, dock))

    def _dock_floats(self, dock: QDockWidget, floats: bool) -> None:
        if floats:
            self.drop_area.watch(dock)

    # what happens

    def _opened(self, kind: str, what: str) -> None:
        self.settings.remember_recent(what, kind)
        self.in_front.opened(kind)
        self.notice.hide()

    def _refused(self, failed: Failed) -> None:
        self.docks.raise_panel("problems")
        if failed.problems:
            self.drop_area.refuse(plain_text(failed.problems[0].message))

    def _job_failed(self, failed: Failed) -> None:
        if failed.problems:
            self.status.say(f"{failed.problems[0].message} {failed.problems[0].hint}")
            self.book.add("app", failed.problems[0].details or failed.problems[0].message, ERROR)

    def _worker_changed(self, state: str) -> None:
        hello = self.worker.hello
        if state == "died":
            text = self.tr("The worker has ended. What was captured stays on screen.")
            self.notice.say(text, self.tr("Restart worker"), self.actions_by_id["worker.restart"].trigger)
        elif state == "ready" and hello is not None and hello.torch is None:
            text = self.tr("{0} has no torch. {1}").format(self.worker.interpreter, hello.torch_error)
            self.notice.say(text.strip(), self.tr("Choose interpreter…"), self.dialogs.choose_interpreter)
        elif state == "ready":
            self.notice.hide()
        self.actions_by_id.refresh_later()

    def _show_problem_count(self) -> None:
        count = len(self.workbench.problems)
        title = self.docks.places["problems"].title
        self.docks.set_title("problems", f"{title} ({count})" if count else title)

    def _show_title(self) -> None:
        self.setWindowTitle(window_title(self.workbench))

    # appearance

    def set_theme(self, name: str) -> None:
        """Light, dark, or as the desktop; kept for the next start."""
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        theme.apply_theme(app, name)
        self.settings.set_text("theme", name)
        self.actions_by_id.refresh()

    def set_text_size(self, steps: int) -> None:
        """A step larger or smaller; 0 is the size of the desktop. Kept for the next start."""
        change_text_size(self.settings, steps)

    def changeEvent(self, event: QEvent) -> None:
        """Another palette: the icons are drawn anew. Another font: they are as large as its letters."""
        if event.type() == QEvent.Type.FontChange and hasattr(self, "tools"):
            self._fit_to_font()
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "actions_by_id"):
            self.actions_by_id.refresh_icons()
            for part in (self.status, self.notice, self.live.bar, self.docks):
                part.refresh_icons()
        super().changeEvent(event)

    def _fit_to_font(self) -> None:
        self.tools.setIconSize(QSize(theme.em(self, 1.4), theme.em(self, 1.4)))
        self.setMinimumSize(theme.em(self, 48), theme.em(self, 30))

    def paintEvent(self, event: QPaintEvent) -> None:
        """The first picture starts what had to wait for it."""
        super().paintEvent(event)
        if not self._has_painted:
            self._has_painted = True
            trace("painted", seconds=process_seconds())
            QTimer.singleShot(0, self._after_first_picture)

    def _after_first_picture(self) -> None:
        self.setWindowIcon(app_icon())
        self.actions_by_id.refresh_icons()
        self.painted.emit()

    # from one start to the next

    def _restore(self) -> None:
        self.resize(theme.em(self, 88), theme.em(self, 55))
        geometry = self.settings.blob("geometry")
        if not geometry.isEmpty():
            self.restoreGeometry(geometry)
        self.docks.restore(self.settings.blob("docks"))

    def closeEvent(self, event: QCloseEvent) -> None:
        """Keep the layout, end the worker; a running job is cancelled without a question."""
        self.settings.set_blob("geometry", self.saveGeometry())
        self.problems_height.unfold()
        self.settings.set_blob("docks", self.docks.save())
        self.settings.remember_interpreter(self.worker.interpreter, self.dialogs.model_folder())
        self.worker.close()
        trace("closed")
        super().closeEvent(event)

    def open_paths(self, paths: Sequence[str | Path]) -> None:
        """Open what was named on the command line; naming a model file is trust."""
        self.opening.open_paths(paths, trusted=True)


def window_title(workbench: Workbench) -> str:
    """What is open, and the name of the app."""
    model, parts = workbench.model, []
    if model:
        parts.append(f"{Path(model.file or model.target).name}:{model.name}")
    opened = [Path(each.path).name for each in (workbench.checkpoint, workbench.other) if each]
    parts += [" against ".join(opened)] if opened else []
    return f"{', '.join(parts)} – Torchloupe" if parts else "Torchloupe"


def _trace_selection(selection: Selection) -> None:
    stored = selection.stored.key if selection.stored else None
    problem, hidden = selection.problem.code if selection.problem else None, selection.hidden.path if selection.hidden else None
    chosen = {"module": selection.module, "call": selection.call, "parameter": selection.parameter, "hidden": hidden}
    trace("selection", stored=stored, problem=problem, **chosen)
