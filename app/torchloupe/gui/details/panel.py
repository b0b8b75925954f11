"""The Details panel: everything about the one thing that is selected."""

from functools import partial
from urllib.parse import unquote

from PySide6.QtCore import QEvent, Qt, QUrl
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QFrame,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from torchloupe.analysis.fixes_to_try import can_try, fixes_to_try
from torchloupe.analysis.stored_facts import NO_FACTS, StoredFacts
from torchloupe.analysis.stored_names import full_key
from torchloupe.analysis.weight_evidence import AGAINST
from torchloupe.analysis.wording import tried_text
from torchloupe.gui.details.model import Details, with_note
from torchloupe.gui.details.rich_text import FittingText, breakable, facts_html, head_html, with_code
from torchloupe.gui.details.source import ReadSource, SourceLines, SourceView
from torchloupe.gui.details.stored import FindFacts
from torchloupe.gui.details.subjects import details_of
from torchloupe.gui.empty_state import EmptyState
from torchloupe.gui.flow_layout import FlowLayout
from torchloupe.gui.jobs import Jobs
from torchloupe.gui.source_places import SourcePlace
from torchloupe.gui.theme import color, em, fixed_font
from torchloupe.gui.workbench import Workbench
from torchloupe.wire.contents import CheckpointContents
from torchloupe.wire.problems import Fix
from torchloupe.wire.requests import Failed


class DetailsPanel(QWidget):
    """Follows the workbench's selection; reads the source lines of its place."""

    def __init__(self, workbench: Workbench, jobs: Jobs) -> None:
        super().__init__()
        self.workbench, self.jobs = workbench, jobs
        self.details: Details | None = None
        self.stored_facts = NO_FACTS
        self._asked: CheckpointContents | None = None
        self.empty = EmptyState(self.tr("Nothing is selected. Choose a module, a call, a key or a problem."))
        self.head, self.facts = FittingText(self.tr("Summary")), FittingText(self.tr("Facts"))
        self.fixes, self.sources, self.other_fixes = QWidget(), QWidget(), QWidget()
        self.views: list[SourceView] = []
        self.unfold, self.folded = QToolButton(), QPlainTextEdit()
        self._pages = QStackedWidget()
        self._build()
        for text in (self.head, self.facts):
            text.anchorClicked.connect(self._go)
        self.unfold.toggled.connect(self.folded.setVisible)
        workbench.selection_changed.connect(self._show)
        for signal in (workbench.model_changed, workbench.diff_changed, workbench.trace_changed, workbench.weights.changed):
            signal.connect(self._show)
        workbench.checkpoint_changed.connect(self._forget_facts)
        workbench.notes.changed.connect(self._show)
        self._show()

    def _build(self) -> None:
        self.unfold.setText(self.tr("Traceback"))
        self.unfold.setCheckable(True)
        self.unfold.setToolTip(self.tr("Show what Python reported"))
        self.folded.setReadOnly(True)
        self.folded.setAccessibleName(self.tr("Traceback"))
        self.folded.setFont(fixed_font())
        self.folded.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.folded.setMinimumHeight(em(self, 12))
        self.folded.setTabChangesFocus(True)
        content = QWidget()
        box = QVBoxLayout(content)
        box.setContentsMargins(em(self, 0.5), em(self, 0.5), em(self, 0.5), em(self, 0.5))
        box.setSpacing(em(self, 0.5))
        for widget in (self.head, self.fixes, self.sources, self.other_fixes, self.facts, self.unfold, self.folded):
            box.addWidget(widget)
        box.addStretch(1)
        self._fix_rows, self._source_rows = QVBoxLayout(self.fixes), QVBoxLayout(self.sources)
        self._other_rows = QVBoxLayout(self.other_fixes)
        for rows in (self._fix_rows, self._source_rows, self._other_rows):
            rows.setContentsMargins(0, 0, 0, 0)
            rows.setSpacing(em(self, 0.5))
        scroll = QScrollArea(widgetResizable=True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setAccessibleName(self.tr("Details"))
        scroll.setWidget(content)
        self._pages.addWidget(self.empty)
        self._pages.addWidget(scroll)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._pages)

    # what the shell asks of every panel

    def focus_filter(self) -> None:
        """There is nothing to filter; the facts take the focus."""
        self.facts.setFocus()

    def copy_rows(self) -> str:
        """The marked text, else everything."""
        for text in (self.head, self.facts):
            if text.textCursor().hasSelection():
                return text.textCursor().selectedText().replace("\u2029", "\n")
        return self.details.as_text() if self.details else ""

    def changeEvent(self, event: QEvent) -> None:
        """Colours stand in the text: another palette needs another text."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and self.details:
            self._draw(self.details)

    # following the workbench

    def _forget_facts(self) -> None:
        """Another checkpoint."""
        self.stored_facts, self._asked = NO_FACTS, None
        self._show()

    def _find_facts(self) -> None:
        """A tensor of the checkpoint is looked at: find out who shares memory there, and what belongs to whom. Once."""
        contents = self.workbench.checkpoint
        if contents is None or contents is self._asked:
            return
        self._asked = contents
        if FindFacts(contents).is_large:
            self.jobs.start(
                FindFacts(contents),
                partial(self._take_facts, contents),
                tag="details-facts",
                label=self.tr("joining the optimizer"),
            )
        else:
            self.stored_facts = FindFacts(contents)()

    def _take_facts(self, contents: CheckpointContents, facts: StoredFacts) -> None:
        if contents is self.workbench.checkpoint:
            self.stored_facts = facts
            self._show()

    def _show(self) -> None:
        if self.workbench.selection.stored is not None:
            self._find_facts()
        details = with_note(details_of(self.workbench, self.stored_facts), self.workbench.notes.of_selection())
        if details == self.details and details is not None:
            return
        self.details = details
        self._pages.setCurrentIndex(0 if details is None else 1)
        if details is not None:
            self._draw(details)

    def _draw(self, details: Details) -> None:
        self.head.show_html(head_html(details))
        self.facts.show_html(facts_html(details.sections))
        self._show_fixes(details.fixes)
        self._show_places(details.places)
        self.unfold.setVisible(bool(details.folded))
        self.folded.setPlainText(details.folded)
        self.folded.setVisible(bool(details.folded) and self.unfold.isChecked())

    def _show_fixes(self, fixes: tuple[Fix, ...]) -> None:
        """The first above the source, what else there is below it."""
        _clear(self._fix_rows)
        _clear(self._other_rows)
        self.fixes.setVisible(bool(fixes))
        self.other_fixes.setVisible(len(fixes) > 1)
        for fix in fixes[:1]:
            self._fix_rows.addWidget(self._fix_row(fix))
        if len(fixes) > 1:
            self._other_rows.addWidget(QLabel(self.tr("Other ways")))
        for fix in fixes[1:]:
            self._other_rows.addWidget(self._fix_row(fix))

    def _fix_row(self, fix: Fix) -> QWidget:
        row = QFrame()
        row.setFrameShape(QFrame.Shape.StyledPanel)
        text = QLabel(breakable(with_code(fix.text)), wordWrap=True, textFormat=Qt.TextFormat.RichText)
        sign = "✓ " if fix.verified else "✖ " if fix.outcome else ""
        tried = QLabel(sign + with_code(tried_text(fix)), wordWrap=True, textFormat=Qt.TextFormat.RichText)
        role = "warning" if fix.evidence == AGAINST else "matched" if fix.verified else "muted"
        palette = tried.palette()
        palette.setColor(palette.ColorRole.WindowText, color(role))
        tried.setPalette(palette)
        copy = QPushButton(self.tr("Copy fix"))
        copy.setAccessibleName(self.tr("Copy fix: {0}").format(fix.text))
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(fix.text))
        buttons = QWidget()
        below = FlowLayout(buttons, em(self, 0.4))  # one below the other where the panel is narrow
        if fix.patch:
            patch = QPushButton(self.tr("Copy patch"))
            patch.setToolTip(self.tr("The change of your file as a unified diff, for git apply"))
            patch.setAccessibleName(self.tr("Copy patch: {0}").format(fix.text))
            patch.clicked.connect(lambda: QGuiApplication.clipboard().setText(fix.patch))
            below.addWidget(patch)
        problem = self.workbench.selection.problem
        if problem is not None and can_try(fix):
            attempt = QPushButton(self.tr("Try it"))
            attempt.setToolTip(self.tr("Run the model with this change, which is gone after the run"))
            attempt.setAccessibleName(self.tr("Try it: {0}").format(fix.text))
            attempt.clicked.connect(lambda: self.workbench.trial_wanted.emit(fixes_to_try(problem, fix)))
            below.addWidget(attempt)
        below.addWidget(copy)
        box = QVBoxLayout(row)
        box.addWidget(text)
        box.addWidget(tried)
        box.addWidget(buttons)
        return row

    def _show_places(self, places: tuple[SourcePlace, ...]) -> None:
        _clear(self._source_rows)
        self.sources.setVisible(bool(places))
        self.views = [SourceView(place) for place in places]
        for number, view in enumerate(self.views):
            view.opened.connect(self.workbench.editor_wanted)
            self._source_rows.addWidget(view)
            read = ReadSource(view.place.file, view.place.line)
            self.jobs.start(read, self._show_source, partial(self._no_source, view.place), tag=f"details-source-{number}")

    def _show_source(self, source: SourceLines) -> None:
        for view in self.views:
            if (view.place.file, view.place.line) == (source.file, source.wanted):
                view.show_lines(source)

    def _no_source(self, place: SourcePlace, failed: Failed) -> None:
        for view in self.views:
            if view.place == place and failed.problems:
                view.show_failure(failed.problems[0].message)

    def _go(self, url: QUrl) -> None:
        kind, _, name = unquote(url.toString(QUrl.ComponentFormattingOption.FullyEncoded)).partition(":")
        bench = self.workbench
        if kind == "module":
            bench.select_module(name)
        elif kind == "call" and bench.call_at(int(name)):
            bench.select_call(int(name))
        elif kind == "parameter":
            bench.select_parameter(name)
        elif kind == "problem" and int(name) < len(bench.problems):
            bench.select_problem(bench.problems[int(name)])
        elif kind == "tensor" and bench.checkpoint:
            found = next((tensor for tensor in bench.checkpoint.tensors if full_key(tensor) == name), None)
            if found is not None:
                bench.select_stored(found)
        elif kind == "stored" and bench.checkpoint:
            for tensor in bench.checkpoint.tensors:
                if tensor.key == name and tensor.container == bench.container:
                    bench.select_stored(tensor)


def _clear(layout: QVBoxLayout) -> None:
    while item := layout.takeAt(0):
        if widget := item.widget():
            widget.hide()  # it is deleted only when the event loop turns
            widget.deleteLater()
