"""What F1 says about the panel that has the focus, before it lists all commands."""

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QWidget

translate = QCoreApplication.translate


def topic_of(panel: str | None) -> str:
    """Two or three sentences about a panel; about the window where none has the focus."""
    return {
        "start": translate(
            "help", "Drop a checkpoint or a .py file anywhere. A recent file opens with Enter; Del takes it off the list."
        ),
        "modules": translate(
            "help",
            "All modules of the model, and below them the parameters and buffers of the selected one. ✖ marks what a problem is in. "
            "Right and Left open and close, * opens everything, letters jump to a name.",
        ),
        "checkpoint": translate(
            "help", "What lies in the file; nothing in it was executed. Space shows the values of the selected tensor."
        ),
        "calls": translate(
            "help",
            "Every call of a module in the last run, in order, with shapes, numbers and time. Ctrl+Down and Ctrl+Up walk through them "
            "from anywhere.",
        ),
        "compare": translate(
            "help",
            "The keys of the model against those of the checkpoint. Drag a row onto another, or press Ctrl+M, to pair two keys; "
            "Alt+Down goes to the next difference; everything can be undone.",
        ),
        "tensor": translate(
            "help",
            "The values of what is selected: a histogram, numbers, pictures. The slice is an index as in Python: 0, 2:5, :",
        ),
        "details": translate("help", "Everything about what is selected. Links lead to what belongs to it."),
        "problems": translate(
            "help",
            "What is wrong, the worst first, each with what to do. F8 goes to the next one; Enter shows its line in the source.",
        ),
        "log": translate("help", "What the worker, your own code and this program said, the latest last."),
        "checkpoint_pair": translate(
            "help", "Two checkpoints side by side. Compare values reads both files and says which weights moved, and how far."
        ),
        "source": translate("help", "The source of what is selected. Ctrl+E opens the line in your editor."),
        "summary": translate("help", "torchinfo's table of the model."),
        "step": translate("help", "What one training step did to each parameter, and why one did not move. F6 runs it."),
        "runs": translate("help", "Two runs laid beside each other: the first call that differs, and how the difference grows."),
        "depth": translate("help", "Numbers of a run over its depth: where they grow, shrink or vanish."),
        "notes": translate(
            "help",
            "What you wrote about modules, parameters and tensors, and your bookmarks. F2 goes to the next one. Kept with the file.",
        ),
        "find": translate("help", "One filter over everything that is open. Enter or a click goes there."),
    }.get(panel or "") or translate(
        "help",
        "Ctrl+Shift+P finds a command, Ctrl+P anything with a name, Ctrl+Shift+F everything by name, shape or dtype. Alt and a digit go to "
        "a panel; F1 there says what it is for.",
    )


def field_topic(field: QWidget | None) -> str:
    """What a field or a button is for, as its tool tip says it; empty where it has none."""
    tip = field.toolTip() if field is not None else ""
    name = field.accessibleName() if field is not None else ""
    return f"{name}: {tip}." if name and tip else ""


FILTERS = translate(
    "help",
    "Filters: words that must occur, -word must not, (a | b) one of them, [*,768] a shape, dtype:bf16 in one column, size>1M a number.",
)
