"""Details as HTML for Qt's text widgets, and the widget that is as high as its text."""

import re
from html import escape
from urllib.parse import quote

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFontMetrics, QResizeEvent, QTextOption
from PySide6.QtWidgets import QApplication, QFrame, QSizePolicy, QTextBrowser

from torchloupe.gui.details.model import Details, Fact, Section
from torchloupe.gui.theme import color, fixed_font


def head_html(details: Details) -> str:
    """Title, what it is, sentences."""
    mark = details.mark
    kind = _colored(details.subtitle, "muted") if details.subtitle else ""
    title = f"<b>{with_code(details.title)}</b>"
    top = f"<p>{_colored(mark.text, mark.role)}&nbsp; {kind}</p><p>{title}</p>" if mark else f"<p>{title}&nbsp; {kind}</p>"
    return top + "".join(f"<p>{with_code(sentence)}</p>" for sentence in details.sentences)


LONGEST_NAME, LONGEST_WORD = 16, 26
"""Letters of a name that still stands beside its value, and of a word there; what is longer stands in lines of its own."""


def facts_html(sections: tuple[Section, ...]) -> str:
    """Sections as tables of two columns, which are as wide in all of them."""
    names = [fact.name for section in sections for fact in section.facts if len(fact.name) <= LONGEST_NAME]
    metrics = QFontMetrics(QApplication.font())
    width = max(map(metrics.horizontalAdvance, names), default=0) + metrics.height()
    parts = []
    for section in sections:
        heading = f"<p><b>{escape(section.title)}</b></p>" if section.title else ""
        rows = "".join(_fact_html(fact, width) for fact in section.facts)
        parts.append(f"{heading}<table width='100%' cellspacing='0' cellpadding='0'>{rows}</table>")
    return "".join(parts)


def _fact_html(fact: Fact, width: int) -> str:
    name = f"<td width='{width}' style='padding:1px 0 2px 0'>{_colored(fact.name, 'muted')}</td>"
    value = _colored(fact.value, fact.role)
    if fact.link:
        # Percent signs, because Qt takes entities inside an address as they are.
        value = f"<a href='{quote(fact.link, safe=':')}' style='color:{color('accent').name()}'>{escape(fact.value)}</a>"
    if len(fact.name) > LONGEST_NAME or max(map(len, fact.value.split()), default=0) > LONGEST_WORD:
        cell = "<tr><td colspan='2' style='padding:1px 0 2px {}px'>{}</td></tr>"
        return cell.format(0, _colored(fact.name, "muted")) + cell.format(12, value)
    return f"<tr>{name}<td style='padding:1px 0 2px 0'>{value}</td></tr>"


def with_code(text: str) -> str:
    """Words between backticks are code."""
    return re.sub(r"`([^`]*)`", rf"<span style='font-family:{fixed_font().family()}'>\1</span>", escape(text))


def breakable(html: str) -> str:
    """The same for a label, which is else as wide as its longest word: code may be broken behind its punctuation. What is copied
    is the plain text, so that no such mark gets into a file."""
    return re.sub(r"(?<=>)[^<]{20,}(?=</span>)", lambda code: re.sub(r"([.(\[,_=])(?=\w)", "\\1&#8203;", code[0]), html)


def _colored(text: str, role: str) -> str:
    return f"<span style='color:{color(role).name()}'>{escape(text)}</span>" if role else escape(text)


class FittingText(QTextBrowser):
    """Selectable text with links, as high as the text is, without a frame."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setOpenLinks(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.viewport().setAutoFillBackground(False)
        self.document().setDocumentMargin(2)

    def show_html(self, html: str) -> None:
        """Show another text; nothing takes no room."""
        self.setVisible(bool(html))
        self.setHtml(html)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Narrower is higher."""
        super().resizeEvent(event)
        self._fit()

    def sizeHint(self) -> QSize:
        """Width does not matter, height is the text's."""
        return QSize(10, self.minimumHeight())

    def _fit(self) -> None:
        height = round(self.document().size().height()) + 1
        if height != self.height():
            self.setFixedHeight(height)
