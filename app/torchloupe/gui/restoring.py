"""What is open in a window as plain data, and a window as it was; and what a command line wishes of it."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QByteArray, QObject, QTimer, Signal
from PySide6.QtWidgets import QBoxLayout

from torchloupe.analysis.target_source import split_target
from torchloupe.gui.docks import START
from torchloupe.gui.events_trace import trace
from torchloupe.gui.last_session import WindowState
from torchloupe.gui.note_book import place_of_selection
from torchloupe.gui.notice_bar import NoticeBar
from torchloupe.gui.panels import LazyPanel
from torchloupe.gui.reaching import reach, reach_name
from torchloupe.gui.run_bar import RunBar
from torchloupe.gui.running import RunOptions
from torchloupe.gui.shell import Shell
from torchloupe.gui.wish import Wish
from torchloupe.wire.errors import TorchloupeError
from torchloupe.wire.requests import Failed, OpenTarget

if TYPE_CHECKING:
    from torchloupe.gui.text_table import FilterTable


class Restoring(QObject):
    """Of one window. Code of a user is only run where it was trusted before."""

    changed = Signal()  # another state is worth keeping

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell.window)
        self._shell, self._bench, self._opening = shell, shell.workbench, shell.opening
        self.bar: NoticeBar | None = None  # of its own: nothing else takes its sentence away
        self._coming: WindowState | None = None  # what is about to be as it was
        self._offered: dict[str, Any] | None = None  # a target that was not opened, as nobody trusted it
        self._waits: set[str] = set()
        self._then: list[Callable[[], object]] = []
        self._opening.opened.connect(self._opened)
        self._opening.refused.connect(self._refused)
        for signal in (*self._bench.changes(), shell.docks.changed):
            signal.connect(lambda *_news: self.changed.emit())

    @property
    def is_empty(self) -> bool:
        """Nothing is open here, and nothing is being opened."""
        return not self._shell.anything_open() and not self._shell.jobs.runs("checkpoint") and not self._opening.constructing

    @property
    def is_coming(self) -> bool:
        """A window is about to be as it was."""
        return self._coming is not None

    # as plain data

    def state(self) -> WindowState:
        """Everything that comes back at the next start."""
        from torchloupe.wire.codec import to_plain  # not before the first picture

        if self._coming is not None:
            return self._coming
        bench, opening, window = self._bench, self._opening, self._shell.window
        current = self._shell.docks.tabs.currentWidget()
        return WindowState(
            checkpoint=bench.checkpoint.path if bench.checkpoint else "",
            other=bench.other.path if bench.other else "",
            container=bench.container,
            target=to_plain(opening.target) if opening.target and bench.model else self._offered,
            options=to_plain(opening.options),
            input=self._run_bar().input.text(),
            filters=self._filters(),
            selection=place_of_selection(bench.selection),
            front=current.place.id if isinstance(current, LazyPanel) else "",
            geometry=_text_of(window.saveGeometry()),
            docks=_text_of(self._shell.docks.save()),
        )

    def _run_bar(self) -> RunBar:
        return self._shell.window.findChildren(RunBar)[0]

    def _tables(self, name: str) -> "list[FilterTable]":
        from torchloupe.gui.text_table import FilterTable  # after the first picture

        panel = self._shell.docks.panels[name]
        return panel.inside().findChildren(FilterTable) if panel.is_built else []

    def _filters(self) -> dict[str, str]:
        named = [(f"{name} {n}", table) for name in self._shell.docks.panels for n, table in enumerate(self._tables(name))]
        return {name: table.filter.text() for name, table in named if table.filter.text()}

    # as it was

    def restore(self, state: WindowState) -> None:
        """Open what was open; the look of it follows when it is there."""
        shell, self._coming = self._shell, state
        if state.geometry:
            shell.window.restoreGeometry(_bytes_of(state.geometry))
        if state.docks:
            shell.docks.restore(_bytes_of(state.docks))
        self._restore_options(state)
        request = self._request_of(state)
        self._waits |= {"checkpoint"} if state.checkpoint else set()
        self._waits |= {"model"} if request is not None else set()
        self._then.append(partial(self._look_as_before, state))
        if state.checkpoint:
            self._opening.open_checkpoint(Path(state.checkpoint), Path(state.other) if state.other else None)
        if request is not None:
            self._opening.construct(request)
        self._finish()

    def _restore_options(self, state: WindowState) -> None:
        from torchloupe.wire.codec import from_plain

        bar = self._run_bar()
        try:
            options = from_plain(RunOptions, state.options or {})
        except TorchloupeError:
            options = RunOptions()
        for combo, value in ((bar.device, options.device), (bar.mode, options.mode)):
            if combo.findData(value) < 0:
                combo.addItem(str(value), value)
            combo.setCurrentIndex(combo.findData(value))
        bar.show_input(state.input)
        self._opening.options = replace(options, inputs=self._opening.options.inputs)
        bar.show_unusual()

    def _request_of(self, state: WindowState) -> OpenTarget | None:
        """What to construct; None where nothing was, or where that would run code that nobody trusted."""
        from torchloupe.wire.codec import from_plain

        if state.target is None:
            return None
        try:
            request: OpenTarget = from_plain(OpenTarget, state.target)
        except TorchloupeError:
            return None
        place = split_target(request.target)[0]
        file, trust = Path(place), self._opening.trust
        is_known = trust.knows(file) if place.endswith(".py") else trust.knows_file(file)
        if self._opening.worker.is_remote or not is_known:
            ask = partial(self._opening.open_target, request.target, arguments=request.arguments, like=request)
            text = self.tr("{0} was open the last time. Its code is not run before you say so.").format(file.name or place)
            self.say(text, self.tr("Open {0}").format(file.name or place), ask)
            self._offered = state.target
            return None
        return request

    def _opened(self, kind: str, _what: str) -> None:
        if kind == "model":
            self._offered = None
        self._waits.discard(kind)
        self._finish()

    def _refused(self, _failed: Failed) -> None:
        """It stands among the problems; the rest comes back all the same."""
        self._waits.clear()
        self._finish()

    def _finish(self) -> None:
        if not self._waits:
            then, self._then = self._then, []
            for each in then:
                QTimer.singleShot(0, self, each)  # after the panels that follow the same news

    def _look_as_before(self, state: WindowState) -> None:
        self._coming = None
        if state.container:
            self._bench.use_container(state.container)
        if state.front in self._shell.docks.panels and self._shell.anything_open() and state.front != START:
            self._shell.docks.raise_panel(state.front)
        for name, text in (state.filters or {}).items():
            panel, _, number = name.partition(" ")
            if panel not in self._shell.docks.panels:
                continue
            self._shell.docks.panels[panel].inside()  # it may never have been shown
            tables = self._tables(panel)
            if number.isdecimal() and int(number) < len(tables):
                tables[int(number)].filter.setText(str(text))
        if state.selection is not None:
            reach(self._bench, *state.selection)

    # what a command line wishes

    def fulfil(self, wish: Wish) -> None:
        """Open files, compare, go somewhere; what was named on the command line is trusted."""
        paths = list(wish.paths)
        if wish.goto:
            targets = [path for path in paths if ".py" in path]
            self._waits |= {"model"} if targets else set()
            self._waits |= {"checkpoint"} if len(targets) < len(paths) else set()
            self._then.append(partial(self._go_to, wish))
        if paths:
            self._opening.open_paths(paths, trusted=True, compare=wish.is_beside)
        elif wish.compare:
            self._ask_what_to_compare()
        self._finish()

    def _ask_what_to_compare(self) -> None:
        """The menu of the desktop names no files."""
        if self._bench.checkpoint is not None:
            self._shell.dialogs.open_other()
        else:
            self._shell.say(self.tr("Choose the two checkpoints that are to stand beside each other."))
            self._shell.dialogs.open_checkpoint()

    def _go_to(self, wish: Wish) -> None:
        if not reach_name(self._bench, wish.goto):
            self._shell.say(self.tr("There is no module, parameter or tensor called {0}.").format(wish.goto))
        elif self._bench.selection.module is None or self._bench.selection.parameter is not None:
            self._shell.docks.raise_panel("tensor")
            QTimer.singleShot(0, self, partial(self._slice, wish.index))  # the panel may just be made

    def _slice(self, index: str) -> None:
        """The values of this part of the tensor."""
        from torchloupe.gui.tensor.panel import TensorPanel
        from torchloupe.gui.tensor.value_table import ValueTable
        from torchloupe.gui.tensor.views import VALUES

        panel = self._shell.docks.panels["tensor"].inside()
        if index and isinstance(panel, TensorPanel):
            panel.views.show_view(VALUES)
            if isinstance(panel.views.current, ValueTable):
                panel.views.current.slice.field.setText(index)

    # a sentence over the window

    def say(self, text: str, button: str, clicked: Callable[[], Any], *more: tuple[str, Callable[[], Any]]) -> None:
        """One sentence and its next steps, above the views."""
        if self.bar is None:
            self.bar = NoticeBar()
            centre = self._shell.window.centralWidget()
            layout = centre.layout() if centre is not None else None
            assert isinstance(layout, QBoxLayout)
            layout.insertWidget(0, self.bar)
        self.bar.say(text, button, clicked, more=more)
        trace("noticed", text=text)


def _text_of(blob: QByteArray) -> str:
    return bytes(blob.toBase64().data()).decode("ascii")


def _bytes_of(text: str) -> QByteArray:
    return QByteArray.fromBase64(text.encode("ascii", "ignore"))
