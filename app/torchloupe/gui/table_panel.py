"""A panel around one table, and what the shell asks of every panel, answered by that table."""

from PySide6.QtWidgets import QWidget

from torchloupe.gui.text_table import FilterTable


class TablePanel(QWidget):
    """Its subclass makes ``table``."""

    table: FilterTable

    def focus_filter(self) -> None:
        """Ctrl+F."""
        self.table.filter.setFocus()
        self.table.filter.selectAll()

    def copy_rows(self) -> str:
        """The selected rows as tab-separated text."""
        return self.table.copied_text()
