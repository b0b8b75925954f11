"""The arguments in the target dialog: as a form or as JSON, both in step, and what they were worked out from."""

import json
from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPlainTextEdit, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from torchloupe.analysis.argument_sources import argument_sources, solution_verdict
from torchloupe.gui.events_trace import trace
from torchloupe.gui.opening import Opening
from torchloupe.gui.role_label import RoleLabel
from torchloupe.gui.settings import Settings
from torchloupe.gui.target_dialog.asking import LAST_TIME, ArgumentQuestions
from torchloupe.gui.target_dialog.form import ArgumentsForm
from torchloupe.gui.target_dialog.form_rows import Path
from torchloupe.gui.target_dialog.model import SOURCE_MARKS, arguments_of, as_remembered, form_of_choice
from torchloupe.gui.theme import em, fixed_font
from torchloupe.wire.arguments import ArgumentForm, SolveArguments, SolvedArguments
from torchloupe.wire.requests import TargetChoice


class ArgumentsBox(QWidget):
    """The form, the text, the button that works them out, and how well they fit."""

    edited = Signal()
    fits = Signal()  # arguments were worked out that fit exactly

    def __init__(self, opening: Opening, settings: Settings) -> None:
        super().__init__()
        self._settings = settings
        self.questions = ArgumentQuestions(opening, self)
        self.target = ""
        self._solve_soon = False
        self.form = ArgumentsForm()
        self.text = QPlainTextEdit(tabChangesFocus=True, placeholderText=self.tr('constructor keywords as JSON: {"width": 64}'))
        self.text.setFont(fixed_font())
        self.text.setAccessibleName(self.tr("Arguments as JSON"))
        self.heading = QLabel(textFormat=Qt.TextFormat.PlainText)
        self.work_out = QPushButton(self.tr("&Work out from checkpoint"), autoDefault=False)
        self.as_text = QPushButton(self.tr("As &JSON"), autoDefault=False)
        self.as_text.setCheckable(True)
        self.as_text.setToolTip(self.tr("Write the arguments as JSON; the form follows"))
        self.verdict = RoleLabel()
        self.pages = QStackedWidget()
        self.pages.addWidget(self.form)
        self.pages.addWidget(self.text)
        self._lay_out()
        self._trouble = ""
        self.form.edited.connect(self._form_edited)
        self.form.rows_changed.connect(self._rows_changed)
        self.form.class_wanted.connect(lambda name: self.questions.describe_class(self.target, name))
        self.questions.class_described.connect(self._class_described)
        self.text.textChanged.connect(self._text_edited)
        self.as_text.toggled.connect(self._show_page)
        self.work_out.clicked.connect(self._solve_or_stop)
        self.questions.reading.connect(self._reading)
        self.questions.untrusted.connect(self._untrusted)
        self.questions.described.connect(self._described)
        self.questions.solved.connect(self._solved)
        self.questions.failed.connect(self._failed)
        self.questions.progressed.connect(lambda text: self.say(text, "muted"))
        opening.workbench.checkpoint_changed.connect(self._changed)

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.addWidget(self.heading, 1)
        top.addWidget(self.work_out)
        top.addWidget(self.as_text)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(top)
        layout.addWidget(self.verdict)
        layout.addWidget(self.pages, 1)
        self.pages.setMinimumHeight(em(self, 9))
        self.verdict.setMinimumHeight(em(self, 1.2))

    # asking the worker

    def show_target(self, target: str, choice: TargetChoice | None, solve: bool = False) -> None:
        """Another class: at first what its source says, or was typed the last time, until the worker says more.

        ``solve``: then its arguments are worked out from the open checkpoint.
        """
        self.target, self._solve_soon = target, solve
        self.show_arguments({})
        self.show_form(form_of_choice(target, choice))
        if not solve:
            self.show_arguments(self._settings.arguments_of(target))
        self.questions.describe(target)
        self._changed()

    def _reading(self) -> None:
        self.say(self.tr("Reading the file to see what it asks for …"), "muted")

    def _untrusted(self) -> None:
        said = self.tr("The file was not run, because its folder is not trusted: these are the required arguments only.")
        self.say(said, "warning")

    def ask_again(self) -> None:
        """Another Python answers now: what was typed stays."""
        if self.target:
            self.questions.describe(self.target)

    def look_into(self, folders: tuple[str, ...]) -> None:
        """What the file imports may be found there."""
        self.questions.folders = folders
        self.ask_again()

    def _described(self, form: ArgumentForm) -> None:
        if form.target != self.target:
            return
        self.say("", "muted")
        self.show_form(form)
        trace("described", target=form.target, arguments=[field.name for field in form.fields])
        solve, self._solve_soon = self._solve_soon, False
        if solve and form.fields and self.questions.can_solve:
            self._solve()

    def _class_described(self, form: ArgumentForm) -> None:
        if form.target == self.target:
            self.form.show_class(form.name, form.fields)

    def _solve_or_stop(self) -> None:
        if self.questions.solving:
            self.questions.stop()
        else:
            self._solve()

    def _solve(self) -> None:
        self.questions.solve(self.target, self.form.given, self._settings.arguments_of(self.target))
        self.say(self.tr("Trying arguments …"), "muted")
        self._changed()

    def _solved(self, question: SolveArguments, solved: SolvedArguments) -> None:
        if question.target == self.target:
            self.show_solution(question, solved)
            trace("solved", target=solved.target, exact=solved.exact, matched=solved.matched, arguments=solved.arguments)
            if solved.exact:
                self.fits.emit()

    def _failed(self, sentence: str) -> None:
        self._solve_soon = False
        self.say(sentence or self.tr("Stopped. What was typed stays."), "error" if sentence else "muted")
        self._changed()

    def _changed(self) -> None:
        solving, can_solve = self.questions.solving, self.questions.can_solve and bool(self.target)
        self.work_out.setText(self.tr("&Stop") if solving else self.tr("&Work out from checkpoint"))
        self.work_out.setEnabled(solving or can_solve)
        tip = self.tr("Find the arguments with which the model has the keys and shapes of the open checkpoint")
        self.work_out.setToolTip(tip if can_solve else self.tr("{0}; open one first").format(tip))
        self.edited.emit()

    # showing

    def show_form(self, form: ArgumentForm) -> None:
        """What a class takes; what was typed for it stays."""
        self.form.show_form(form)
        count = sum(not row.is_group for row in self.form.rows)
        required = self.tr("  (* required)") if any(row.is_required for row in self.form.rows) else ""
        takes = self.tr("{0} takes no arguments").format(form.name)
        self.heading.setText(self.tr("Arguments of {0}{1}").format(form.name, required) if count else takes)
        self.edited.emit()

    def show_arguments(self, arguments: Mapping[str, Any]) -> None:
        """Fill both pages."""
        self.form.show_sources({})
        self.form.show_arguments(arguments)
        self._write_text()
        self.edited.emit()

    def show_solution(self, question: SolveArguments, solved: SolvedArguments) -> None:
        """Fill in what was worked out, and say from what."""
        stored = dict(question.stored)
        remembered = stored.pop(LAST_TIME, {})
        sources: dict[Path, Any] = {}
        for name, source in argument_sources(solved).items():
            sources[tuple(name.split("."))] = as_remembered(source, stored, remembered)
        self.form.show_arguments(solved.arguments)
        self.form.show_sources(sources)
        self.form.leave_out_defaults()
        self._write_text()
        mark, role = ("✓", "matched") if solved.exact else (SOURCE_MARKS["guess"].glyph, "warning")
        self.say(f"{mark} {solution_verdict(solved)}", role)
        self._changed()

    def say(self, sentence: str, role: str) -> None:
        """One line below the form."""
        self.verdict.say(sentence, role)

    # both pages in step

    @property
    def arguments(self) -> dict[str, Any]:
        """The keywords that are given."""
        return self.form.arguments

    @property
    def trouble(self) -> str:
        """Why this cannot be opened, as a sentence; empty when it can."""
        return self._trouble or next(iter(self.form.troubles), "")

    def _show_page(self, as_text: bool) -> None:
        self.pages.setCurrentWidget(self.text if as_text else self.form)
        if as_text:
            self.text.setFocus()
        else:
            self.form.focus_first()
        trace("arguments_page", as_text=as_text)

    def _form_edited(self) -> None:
        self.say("", "muted")
        self._write_text()
        self.edited.emit()

    def _rows_changed(self) -> None:
        self._write_text()
        self.edited.emit()

    def _write_text(self) -> None:
        arguments = self.arguments
        self._trouble = ""
        self.text.blockSignals(True)
        self.text.setPlainText(json.dumps(arguments, indent=2, ensure_ascii=False) if arguments else "")
        self.text.blockSignals(False)

    def _text_edited(self) -> None:
        try:
            arguments = arguments_of(self.text.toPlainText()) or {}
        except ValueError as error:
            self._trouble = str(error)
        else:
            self._trouble = ""
            self.form.show_sources({})
            self.form.show_arguments(arguments)
        self.say("", "muted")
        self.edited.emit()
