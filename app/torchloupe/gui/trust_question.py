"""The question before code runs for the first time: of a folder, or of one file that is loaded with the code in it."""

from pathlib import Path

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QMessageBox, QWidget

from torchloupe.gui.trust import Answer
from torchloupe.wire.problems import Problem


def ask_trust(window: QWidget, folder: Path, answer: Answer) -> None:
    """May the model files of this folder be run? ``answer`` gets what the person says; the window lives on meanwhile."""
    text = _tr("Opening a model runs the code of its file.")
    more = _tr("Do you trust the code in this folder? You are asked once for it.")
    _ask(window, answer, text, f"{more}\n\n{folder}")


def ask_file_trust(window: QWidget, file: Path, what: Problem, answer: Answer) -> None:
    """May this file be loaded? The names that it calls are shown, the worst first."""
    text = _tr("Loading {0} for real runs the code in it.").format(file.name)
    names = what.data.get("names", ())
    rows = [f"{each['name']}: {each['verdict']}. {each['reason']}" for each in names]
    rows += [_tr("torch.load(weights_only=True): {0}").format(each["refused"]) for each in what.data.get("weights_only", ())]
    bad = [each["name"] for each in names if each["verdict"] == "dangerous"]
    unknown = [each["name"] for each in names if each["verdict"] == "unknown"]
    said = [_tr("Dangerous: {0}.").format(", ".join(bad[:6]))] if bad else []
    said += [_tr("Not known here: {0}.").format(", ".join(unknown[:6]))] if unknown else []
    said += [_tr("Do you trust this file? You are asked once, until it changes."), str(file)]
    _ask(window, answer, text, "\n\n".join(said), "\n".join(rows), careful=bool(bad))


def _ask(window: QWidget, answer: Answer, text: str, more: str, details: str = "", careful: bool = False) -> None:
    box = QMessageBox(window)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.setIcon(QMessageBox.Icon.Warning if careful else QMessageBox.Icon.Question)
    box.setWindowTitle(_tr("Run this code?"))
    box.setText(text)
    box.setInformativeText(more)
    if details:
        box.setDetailedText(details)
    run = box.addButton(_tr("&Run it"), QMessageBox.ButtonRole.AcceptRole)
    cancel = box.addButton(QMessageBox.StandardButton.Cancel)
    box.setDefaultButton(cancel if careful else run)
    box.finished.connect(lambda _result: answer(box.clickedButton() is run))
    box.setWindowModality(Qt.WindowModality.ApplicationModal)  # also over the dialog that it may be asked from
    box.show()


def _tr(text: str) -> str:
    return QCoreApplication.translate("TrustQuestion", text)
