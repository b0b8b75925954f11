"""The form of constructor arguments: one row each, objects unfold, a filter when there are many."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from torchloupe.gui.filter_field import FilterField
from torchloupe.gui.plain_text import plain_text
from torchloupe.gui.target_dialog.editors import Editor, FoldButton, NoteLabel, editor_for
from torchloupe.gui.target_dialog.field_values import is_default, read_value
from torchloupe.gui.target_dialog.form_rows import (
    FILTER_COLUMNS,
    FILTER_FROM,
    FormRow,
    Path,
    help_text,
    keywords,
    lacking,
    reason,
    rows_of,
    shown_rows,
)
from torchloupe.gui.target_dialog.model import SOURCE_MARKS, note_text
from torchloupe.gui.target_dialog.module_fields import Fields, named_classes, spread, unfolded
from torchloupe.gui.theme import em
from torchloupe.wire.arguments import ArgumentForm, SolvedArgument


class ArgumentsForm(QWidget):
    """Shows an ``ArgumentForm``; ``arguments`` are the keywords that are typed and differ from the defaults."""

    edited = Signal()
    class_wanted = Signal(str)  # what it asks for is not known yet
    rows_changed = Signal()  # of a class that is named now

    def __init__(self) -> None:
        super().__init__()
        self.form: ArgumentForm | None = None
        self.fields: Fields = ()  # those of the form, modules unfolded
        self._classes: dict[str, Fields] = {}
        self.rows: list[FormRow] = []
        self.editors: dict[Path, Editor] = {}
        self.notes: dict[Path, NoteLabel] = {}
        self.sources: dict[Path, SolvedArgument] = {}
        self.folds: dict[Path, FoldButton] = {}
        self.folded: set[Path] = set()
        self._rest: dict[str, Any] = {}
        self._widgets: dict[Path, list[QWidget]] = {}
        self.filter = FilterField(self.tr("arguments"))
        self.filter.textChanged.connect(self._show_rows)
        self.nothing = QLabel(self.tr("No argument matches the filter."), alignment=Qt.AlignmentFlag.AlignCenter)
        self.area = QScrollArea(widgetResizable=True)
        self.area.setFrameShape(QFrame.Shape.StyledPanel)
        self.area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.help = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.help.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.help.setMinimumHeight(em(self, 2.4))
        self.help.setForegroundRole(self.help.palette().ColorRole.PlaceholderText)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for widget in (self.filter, self.area, self.help):
            layout.addWidget(widget, int(widget is self.area))

    def show_form(self, form: ArgumentForm) -> None:
        """Another class, or more about the same one: what was typed stays."""
        arguments, sources = self.arguments, self.sources
        if self.form is None or self.form.target != form.target:
            self._classes = {}
        self.form = form
        self.fields, _texts, _rest = spread(form.fields, arguments, self._classes)
        self._build()
        self.show_arguments(arguments)
        self.show_sources(sources)
        self._show_help(self.rows[0] if self.rows else None)

    def show_class(self, name: str, fields: Fields) -> None:
        """What a Module class asks for that is named for an argument."""
        self._classes[name] = fields
        self._unfold()

    def _unfold(self) -> None:
        """Rows for the arguments of the classes that are named now. What is typed stays, and so does the focus."""
        if self.form is None:
            return
        typed = self.texts
        inside = self.focusWidget()
        focused = next(
            (path for path, each in self.editors.items() if inside and (each is inside or each.isAncestorOf(inside))), None
        )
        self.fields, texts, self._rest = spread(unfolded(self.form.fields, typed, self._classes), self.arguments, self._classes)
        if list(rows_of(self.fields)) != self.rows:
            self._build()
            for path, editor in self.editors.items():
                editor.show_text(typed.get(path) or texts.get(path, ""))
            if focused in self.editors:
                self.editors[focused].setFocus()
            self._show_notes()
        for name in dict.fromkeys(named_classes(self.fields, self.texts)):
            if name not in self._classes:
                self._classes[name] = ()  # asked once
                self.class_wanted.emit(name)
        self.rows_changed.emit()

    def _build(self) -> None:
        self.rows = list(rows_of(self.fields))
        for kept in (self.editors, self.notes, self.folds, self._widgets):
            kept.clear()
        self.folded.clear()
        self.area.setWidget(self._grid())
        self.filter.clear()
        self.filter.setVisible(len(self.rows) > FILTER_FROM)
        self._show_rows()

    def _grid(self) -> QWidget:
        page = QWidget()
        grid = QGridLayout(page)
        grid.setColumnStretch(1, 4)
        grid.setColumnStretch(2, 5)
        grid.setVerticalSpacing(round(em(self, 0.25)))
        grid.setHorizontalSpacing(em(self, 0.8))
        for number, row in enumerate(self.rows):
            left = self._fold(row) if row.is_group else _label(row)
            left.setContentsMargins(em(self, 1.4) * (len(row.path) - 1), 0, 0, 0)
            note = self.notes[row.path] = NoteLabel()
            self._widgets[row.path] = [left, note]
            if row.is_group:
                grid.addWidget(left, number, 0, 1, 2, Qt.AlignmentFlag.AlignLeft)
            else:
                editor = self._editor(row)
                self._widgets[row.path].append(editor)
                grid.addWidget(left, number, 0)
                grid.addWidget(editor, number, 1)
            grid.addWidget(note, number, 2)
        grid.addWidget(self.nothing, len(self.rows), 0, 1, 3)
        grid.setRowStretch(len(self.rows) + 1, 1)
        return page

    def _fold(self, row: FormRow) -> QWidget:
        button = self.folds[row.path] = FoldButton(row.name, row.field)
        button.clicked.connect(partial(self._fold_or_unfold, row))
        button.installEventFilter(self)
        holder = QWidget()  # a tool button has no indent of its own
        layout = QHBoxLayout(holder)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(button)
        return holder

    def _fold_or_unfold(self, row: FormRow) -> None:
        self.folded ^= {row.path}
        self.folds[row.path].show_open(row.path not in self.folded)
        self._show_rows()

    def _editor(self, row: FormRow) -> Editor:
        editor = self.editors[row.path] = editor_for(row.field)
        required = self.tr(", required") if row.is_required else ""
        editor.setAccessibleName(f"{row.name}{required}")
        editor.setToolTip(help_text(row))
        editor.edited.connect(partial(self._edited, row))
        editor.installEventFilter(self)
        return editor

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The row that has the focus is explained below."""
        if event.type() == QEvent.Type.FocusIn:
            widgets: dict[Path, Any] = {**self.editors, **self.folds}
            self._show_help(next((row for row in self.rows if widgets.get(row.path) is watched), None))
        return False

    def _show_help(self, row: FormRow | None) -> None:
        said = help_text(row) if row else ""
        source = self.sources.get(row.path) if row else None
        self.help.setText(
            plain_text(f"{said}\n{SOURCE_MARKS[source.source].text}. {source.reason}") if source and source.reason else said
        )

    def _show_rows(self) -> None:
        shown = shown_rows(self.rows, self.filter.text(), self.folded)
        self.filter.judge(FILTER_COLUMNS, len(shown), len(self.rows))
        for row in self.rows:
            for widget in self._widgets[row.path]:
                widget.setVisible(row.path in shown)
        self.nothing.setVisible(bool(self.rows) and not shown)

    # what is typed

    @property
    def texts(self) -> dict[Path, str]:
        """What is typed, by row."""
        return {path: text for path, editor in self.editors.items() if (text := editor.value_text()).strip()}

    @property
    def arguments(self) -> dict[str, Any]:
        """The keywords that are given and differ from the defaults."""
        return keywords(self.fields, self.texts, self._rest) if self.form else dict(self._rest)

    @property
    def given(self) -> dict[str, Any]:
        """Those of them that a person typed."""
        if self.form is None:
            return {}
        found = {path: self.sources[path].source for path in self.sources}
        typed = {path: text for path, text in self.texts.items() if found.get(path, "given") == "given"}
        made = keywords(self.fields, typed, self._rest)
        empty = {row.path[0] for row in self.rows if row.is_group and len(row.path) == 1 and not made.get(row.path[0])}
        return {name: value for name, value in made.items() if name not in empty}

    @property
    def troubles(self) -> list[str]:
        """What has to be changed before it can be opened, as sentences."""
        texts = self.texts
        wrong = [(row, reason(row.field, texts.get(row.path, ""))) for row in self.rows if not row.is_group]
        said = [f"{row.name}: {why}" for row, why in wrong if why]
        missing = lacking(self.rows, texts, self._rest)
        if missing:
            more = f" and {len(missing) - 6} more" if len(missing) > 6 else ""
            said.append(f"{self.form.name if self.form else ''} needs {', '.join(missing[:6])}{more}.")
        return said

    def show_arguments(self, arguments: Mapping[str, Any]) -> None:
        """Type these keywords into the rows; those without a row are kept."""
        fields, texts, self._rest = spread(self.form.fields, arguments, self._classes) if self.form else ((), {}, dict(arguments))
        if fields != self.fields:
            self.fields = fields
            self._build()
        for path, editor in self.editors.items():
            editor.show_text(texts.get(path, ""))
        self._show_notes()
        if any(True for _name in named_classes(self.fields, texts)):
            self._unfold()

    def show_sources(self, sources: Mapping[Path, SolvedArgument]) -> None:
        """Where the values are from."""
        self.sources = dict(sources)
        self._show_notes()

    def leave_out_defaults(self) -> None:
        """Rows in which the default was filled in, and nothing tells it, are empty: they say the default by themselves."""
        for row in self.rows:
            source = self.sources.get(row.path)
            if row.path in self.editors and (source is None or source.source == "default"):
                text = self.editors[row.path].value_text()
                if not reason(row.field, text) and text.strip() and is_default(row.field, read_value(row.field, text)):
                    self.editors[row.path].show_text("")

    def focus_first(self) -> None:
        """The first row that has to be typed, else the first one."""
        typed = self.texts
        first = next((row.path for row in self.rows if row.is_required and row.path not in typed), None)
        for editor in [self.editors[first]] if first else list(self.editors.values())[:1]:
            editor.setFocus()

    def _edited(self, row: FormRow) -> None:
        self.sources.pop(row.path, None)
        if self.sources and self.editors[row.path].value_text().strip():
            self.sources[row.path] = SolvedArgument(row.name, None, "given")
        self._show_note(row)
        if row.field.kind == "module":  # later, because the rows are made anew, and this one is in the middle of its signal
            QTimer.singleShot(0, self, self._unfold)
        self.edited.emit()

    def _show_notes(self) -> None:
        for row in self.rows:
            self._show_note(row)

    def _show_note(self, row: FormRow) -> None:
        note = self.notes[row.path]
        why = reason(row.field, self.editors[row.path].value_text()) if row.path in self.editors else ""
        source = self.sources.get(row.path)
        if why:
            note.show_note(f"✖ {why}", "error")
        elif source is not None:
            note.show_note(note_text(source), SOURCE_MARKS[source.source].role)
        else:
            note.show_note("" if not row.is_required or self.sources else row.field.annotation, "muted")


def _label(row: FormRow) -> QLabel:
    label = QLabel(f"{row.field.name} *" if row.is_required else row.field.name, textFormat=Qt.TextFormat.PlainText)
    font = label.font()
    font.setBold(row.is_required)
    label.setFont(font)
    label.setToolTip(help_text(row))
    return label
