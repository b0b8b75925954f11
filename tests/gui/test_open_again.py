"""A refused model opened again with what mends it, and a file loaded for real."""

import os
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gui import panel_data
from gui.conftest import PATIENCE_MS, MakeWindow
from gui.test_trust_question import answer_with, no, question, yes
from torchloupe.gui.interpreter.dialog import InterpreterDialog
from torchloupe.gui.open_again import runs_code, with_fix
from torchloupe.gui.settings import Settings
from torchloupe.gui.target_dialog.dialog import TargetDialog
from torchloupe.gui.trust import Trust
from torchloupe.session import wanted_python
from torchloupe.session.discovery import Interpreter
from torchloupe.wire.contents import CheckpointContents
from torchloupe.wire.problems import Fix, Problem
from torchloupe.wire.requests import Failed, OpenTarget

NAMES = [
    {"name": "os.system", "verdict": "dangerous", "reason": "A call that runs programs."},
    {"name": "nets.Net", "verdict": "unknown", "reason": "A class that is not known here."},
]


def needs_trust(file: Path) -> Failed:
    data = {"names": NAMES, "weights_only": [{"refused": "Unsupported global: nets.Net"}]}
    return Failed((Problem("needs-trust", "It is a pickle.", hint="Say --trust.", file=str(file), data=data),))


def offering(*fixes: Fix) -> Failed:
    return Failed((Problem("import-failed", "It cannot be imported.", hint="Mend it.", fixes=fixes),))


@pytest.fixture
def pickled(tmp_path: Path) -> Path:
    """A checkpoint that names a class."""
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps({"config": Settings}))
    return path


def opens_once_trusted(file: Path) -> Any:
    return lambda request: panel_data.opened() if request.trusted else needs_trust(file)


@pytest.fixture
def careful(make_window: MakeWindow, monkeypatch: pytest.MonkeyPatch, pickled: Path, qtbot: Any) -> Any:
    """A window that trusts nothing, with the pickle open as a checkpoint; its worker loads it only when it is trusted."""
    monkeypatch.delenv("TORCHLOUPE_TRUST", raising=False)
    window = make_window({OpenTarget: opens_once_trusted(pickled)}, trust=False)
    window.opening.open_paths([pickled])
    qtbot.waitUntil(lambda: window.workbench.checkpoint is not None, timeout=PATIENCE_MS)
    return window


def load(window: Any) -> None:
    window.actions_by_id.refresh()
    assert window.actions_by_id["open.for_real"].isEnabled()
    window.actions_by_id["open.for_real"].trigger()


def test_that_a_file_is_loaded_for_real_after_one_question(careful: Any, pickled: Path, qtbot: Any) -> None:
    said: list[str] = []
    answer_with(yes, said)
    load(careful)
    qtbot.waitUntil(lambda: careful.workbench.model is not None, timeout=PATIENCE_MS)
    assert "Loading model.pkl for real runs the code" in said[0]
    assert "Dangerous: os.system." in said[0]
    assert "Not known here: nets.Net." in said[0]
    assert [request.trusted for request in careful.sessions[-1].asked if isinstance(request, OpenTarget)] == [False, True]
    careful.opening.close_model()
    load(careful)
    qtbot.waitUntil(lambda: careful.workbench.model is not None, timeout=PATIENCE_MS)
    assert len(said) == 1


def test_that_a_file_that_was_written_since_is_asked_about_again(careful: Any, pickled: Path, qtbot: Any) -> None:
    said: list[str] = []
    answer_with(yes, said)
    load(careful)
    qtbot.waitUntil(lambda: careful.workbench.model is not None, timeout=PATIENCE_MS)
    os.utime(pickled, (1, 1))
    assert not careful.opening.trust.knows_file(pickled)


def test_that_no_loads_nothing_and_says_so(careful: Any, qtbot: Any) -> None:
    answer_with(no, [])
    load(careful)
    qtbot.waitUntil(lambda: "was not loaded" in careful.status.message.text(), timeout=PATIENCE_MS)
    assert careful.workbench.model is None
    assert question() is None


def test_that_the_careful_answer_is_ready_when_something_is_dangerous(careful: Any, qtbot: Any) -> None:
    defaults: list[str] = []

    def look(box: Any) -> Any:
        defaults.append(box.defaultButton().text().replace("&", ""))
        assert "nets.Net: unknown" in box.detailedText()
        assert "Unsupported global" in box.detailedText()
        return no(box)

    answer_with(look, [])
    load(careful)
    qtbot.waitUntil(lambda: bool(defaults), timeout=PATIENCE_MS)
    assert defaults == ["Cancel"]


def test_that_a_plain_checkpoint_offers_no_loading(window: Any) -> None:
    assert not runs_code(None)
    plain = CheckpointContents("a.safetensors", "safetensors", 10, 10, ())
    assert not runs_code(plain)
    assert runs_code(CheckpointContents("a.pt", "TorchScript", 10, 10, ()))
    assert runs_code(CheckpointContents("a.pt2", "torch.export", 10, 10, ()))
    assert runs_code(CheckpointContents("a.pt", "torch zip", 10, 10, (), globals=("nets.Net",)))


@pytest.mark.parametrize(
    ("fix", "mended"),
    [
        (Fix("add_to_path", "", value="/lib"), OpenTarget("a.py", import_folders=("/lib",))),
        (Fix("set_working_folder", "", value="/data"), OpenTarget("a.py", working_folder="/data")),
        (Fix("allow_downloads", "", value=True), OpenTarget("a.py", allow_downloads=True)),
        (Fix("edit_source", ""), None),
    ],
)
def test_that_a_fix_becomes_part_of_the_request(fix: Fix, mended: OpenTarget | None) -> None:
    assert with_fix(OpenTarget("a.py"), fix) == mended


def test_that_a_second_folder_keeps_the_first() -> None:
    first = OpenTarget("a.py", import_folders=("/one",))
    again = with_fix(first, Fix("add_to_path", "", value="/two"))
    assert again is not None
    assert again.import_folders == ("/one", "/two")


def test_that_the_offer_of_the_problem_is_applied(make_window: MakeWindow, model_file: Path, qtbot: Any) -> None:
    answers = [
        offering(Fix("edit_source", "Edit."), Fix("add_to_path", "Import from /lib, too.", value="/lib")),
        panel_data.opened(),
    ]
    window: Any = make_window({OpenTarget: lambda request: answers.pop(0)})
    with qtbot.waitSignal(window.opening.refused, timeout=PATIENCE_MS):
        window.opening.open_target(f"{model_file}:Net")
    window.actions_by_id.refresh()
    assert window.actions_by_id["open.with_fix"].isEnabled()
    window.actions_by_id["open.with_fix"].trigger()
    qtbot.waitUntil(lambda: window.workbench.model is not None, timeout=PATIENCE_MS)
    assert window.opening.target.import_folders == ("/lib",)
    window.actions_by_id.refresh()
    assert not window.actions_by_id["open.with_fix"].isEnabled()


HOLDER = Interpreter("/env/bin/python", "conda", python="3.11.4", torch="2.6.0", modules=("timm",))


@pytest.fixture
def searched(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What is searched for, on a machine where one interpreter has it."""
    searches: list[Any] = []
    monkeypatch.setattr(wanted_python, "interpreters_with", lambda *question: searches.append(question) or [HOLDER])
    return searches


def lacking_timm(make_window: MakeWindow, model_file: Path, qtbot: Any) -> Any:
    """A window whose worker has no timm until it is another one."""
    offer = offering(Fix("choose_interpreter", "Choose one that has timm.", value="timm"))
    window: Any = make_window(
        {OpenTarget: lambda request: panel_data.opened() if window.worker.interpreter == HOLDER.path else offer}
    )
    with qtbot.waitSignal(window.opening.refused, timeout=PATIENCE_MS):
        window.opening.open_target(f"{model_file}:Net")
    qtbot.waitUntil(lambda: not window.jobs.busy, timeout=PATIENCE_MS)
    window.actions_by_id.refresh()
    return window


def test_that_the_problem_says_who_has_the_module_and_stays_selected(
    make_window: MakeWindow, model_file: Path, searched: list[Any], qtbot: Any
) -> None:
    window = lacking_timm(make_window, model_file, qtbot)
    (problem,) = window.workbench.problems
    assert "/env/bin/python (Python 3.11.4, torch 2.6.0) has it" in problem.hint
    assert problem.fixes[0].value == "/env/bin/python"
    assert window.workbench.selection.problem == problem
    assert searched == [("timm", model_file.parent, "/usr/bin/python3")]


def test_that_an_answer_that_comes_too_late_changes_nothing(
    make_window: MakeWindow, model_file: Path, searched: list[Any], qtbot: Any
) -> None:
    window: Any = make_window({OpenTarget: lambda request: offering(Fix("choose_interpreter", "Choose.", value="timm"))})
    window.opening.refused.connect(lambda _failed: window.workbench.report_problems("target", ()))
    with qtbot.waitSignal(window.opening.refused, timeout=PATIENCE_MS):
        window.opening.open_target(f"{model_file}:Net")
    qtbot.waitUntil(lambda: not window.jobs.busy, timeout=PATIENCE_MS)
    assert window.workbench.problems == ()


def test_that_the_model_is_opened_once_more_in_the_interpreter_that_was_chosen(
    make_window: MakeWindow, model_file: Path, searched: list[Any], monkeypatch: pytest.MonkeyPatch, qtbot: Any
) -> None:
    monkeypatch.setattr("torchloupe.gui.interpreter.model.find_interpreters", lambda near, current: [HOLDER])
    monkeypatch.setattr("torchloupe.gui.interpreter.model.probe_interpreters", lambda found, heard, modules: found)
    monkeypatch.setattr("torchloupe.gui.interpreter.dialog.resolve_interpreter", lambda text: text)
    window = lacking_timm(make_window, model_file, qtbot)
    window.actions_by_id["open.with_fix"].trigger()
    (dialog,) = window.findChildren(InterpreterDialog)
    qtbot.waitUntil(lambda: dialog.field.text() == HOLDER.path, timeout=PATIENCE_MS)
    dialog._accept()
    qtbot.waitUntil(lambda: window.workbench.model is not None, timeout=PATIENCE_MS)
    assert window.worker.interpreter == HOLDER.path
    assert window.workbench.problems == ()
    qtbot.waitUntil(lambda: not window.jobs.busy, timeout=PATIENCE_MS)


def test_that_the_offer_of_another_interpreter_opens_the_choice(
    make_window: MakeWindow, model_file: Path, searched: list[Any], qtbot: Any
) -> None:
    window = lacking_timm(make_window, model_file, qtbot)
    window.actions_by_id["open.with_fix"].trigger()
    names = [type(child).__name__ for child in window.children()]
    assert "InterpreterDialog" in names


def test_that_a_trust_that_cannot_ask_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TORCHLOUPE_TRUST", raising=False)
    trust, problem = Trust(Settings(None)), Problem("needs-trust", "")
    said: list[bool] = []
    trust.find_out(tmp_path / "a.py", said.append)
    trust.find_out_file(tmp_path / "a.pt", problem, said.append)
    Trust(Settings(None), everything=True).find_out_file(tmp_path / "a.pt", problem, said.append)
    assert said == [False, False, True]


def test_that_a_file_is_kept_once_with_its_newest_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TORCHLOUPE_TRUST", raising=False)
    settings = Settings(None)
    trust = Trust(settings)
    trust.ask_file = lambda file, what, answer: answer(True)
    said: list[bool] = []
    path = tmp_path / "a.pt"
    for text in ("one", "three"):
        path.write_text(text)
        trust.find_out_file(path, Problem("needs-trust", ""), said.append)
    assert said == [True, True]
    assert trust.knows_file(path)
    assert not Trust(Settings(None)).knows_file(path)
    assert len(settings.texts("trusted_files")) == 1


def test_that_remarks_about_an_opened_model_are_shown(make_window: MakeWindow, model_file: Path, qtbot: Any) -> None:
    remark = Problem("notebook-commands", "2 notebook commands were left out (lines 1, 2).", "info")
    window: Any = make_window({OpenTarget: lambda request: replace(panel_data.opened(), problems=(remark,))})
    window.opening.open_target(f"{model_file}:Net")
    qtbot.waitUntil(lambda: window.workbench.model is not None, timeout=PATIENCE_MS)
    assert remark in window.workbench.problems


def test_that_other_sizes_offer_the_dialog_that_works_the_arguments_out(full_window: Any) -> None:
    window = full_window
    window.workbench.select_problem(Problem("checkpoint-shape", "Other sizes.", fixes=(Fix("solve_arguments", "Work out."),)))
    window.actions_by_id.refresh()
    assert window.actions_by_id["open.with_fix"].isEnabled()
    window.actions_by_id["open.with_fix"].trigger()
    (dialog,) = window.findChildren(TargetDialog)
    assert dialog.target == window.opening.target.target
    dialog.reject()
