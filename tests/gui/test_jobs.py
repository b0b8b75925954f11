"""The one door for slow work."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from torchloupe.gui.jobs import EVENT_INTERVAL_MS, Cancelled, Jobs, Progress, Reporter, failed_from
from torchloupe.session.scripted import UNTIL_CANCELLED, ScriptedSession
from torchloupe.wire.errors import CorruptFile
from torchloupe.wire.problems import Problem
from torchloupe.wire.requests import Failed, FetchStats, Hello, ListTargets, RunForward, SummaryTable, SummaryText

PATIENCE_MS = 10_000
Answers = list[tuple[str, Any]]


@dataclass(frozen=True)
class Add:
    """A job that adds."""

    one: int
    other: int

    def __call__(self, progress: Progress) -> int:
        progress(1, 2, "adding")
        return self.one + self.other


class Gate:
    """A job that waits at its gate and looks at its progress afterwards."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.entered, self.opened = threading.Event(), threading.Event()
        self.was_cancelled = False

    def __call__(self, progress: Progress) -> str:
        self.entered.set()
        self.opened.wait(10)
        try:
            progress(1, 1, "through the gate")
        except Cancelled:
            self.was_cancelled = True
            raise
        return self.name


@pytest.fixture
def session() -> ScriptedSession:
    """Answers a summary at once; a run waits until it is cancelled."""
    return ScriptedSession({SummaryTable: [SummaryText("table")], RunForward: [UNTIL_CANCELLED]})


@pytest.fixture
def jobs(qtbot: Any, session: ScriptedSession) -> Iterator[Jobs]:
    """Jobs on that session."""
    made = Jobs(session)
    yield made
    session.close()
    made.close()


@pytest.fixture
def answers() -> Answers:
    """What jobs said, in order."""
    return []


def listening(answers: Answers, name: str) -> dict[str, Callable[[Any], None]]:
    """Callbacks that keep what they are given."""
    return {
        "done": lambda result: answers.append((name, result)),
        "failed": lambda failed: answers.append((f"{name} failed", failed)),
    }


def test_that_local_work_runs_on_a_thread_and_answers_in_the_windows_thread(jobs: Jobs, qtbot: Any) -> None:
    threads: list[threading.Thread] = []

    def work(_progress: Progress) -> threading.Thread:
        return threading.current_thread()

    jobs.start(work, done=lambda worked_in: threads.extend((worked_in, threading.current_thread())))
    qtbot.waitUntil(lambda: len(threads) == 2, timeout=PATIENCE_MS)
    assert threads[0] is not threading.main_thread()
    assert threads[1] is threading.main_thread()


def test_that_a_request_goes_to_the_session(jobs: Jobs, session: ScriptedSession, answers: Answers, qtbot: Any) -> None:
    jobs.start(SummaryTable(("float32[1]",)), **listening(answers, "summary"))
    qtbot.waitUntil(lambda: answers == [("summary", SummaryText("table"))], timeout=PATIENCE_MS)
    assert session.asked == [SummaryTable(("float32[1]",))]


def test_that_requests_are_asked_in_the_order_in_which_they_were_started(
    jobs: Jobs, session: ScriptedSession, qtbot: Any
) -> None:
    requests = [SummaryTable((str(number),)) for number in range(20)]
    with qtbot.waitSignal(jobs.busy_changed, check_params_cb=lambda busy: not busy, timeout=PATIENCE_MS):
        for request in requests:
            jobs.start(request)
    assert session.asked == requests


def test_that_events_come_before_the_answer(qtbot: Any, answers: Answers) -> None:
    hello = Hello(1, "3.11", "python", 1)
    session = ScriptedSession({SummaryTable: [hello, hello, SummaryText("end")]})
    jobs = Jobs(session)
    jobs.start(SummaryTable(), event=lambda message: answers.append(("event", message)), **listening(answers, "summary"))
    qtbot.waitUntil(lambda: len(answers) == 3, timeout=PATIENCE_MS)
    assert [name for name, _ in answers] == ["event", "event", "summary"]
    jobs.close()


def test_that_a_flood_of_events_arrives_in_few_lists_and_none_is_lost(qtbot: Any, answers: Answers) -> None:
    flood = [SummaryText(str(number)) for number in range(5000)]
    jobs = Jobs(ScriptedSession({SummaryTable: [*flood, SummaryText("end")]}))
    jobs.start(SummaryTable(), events=lambda messages: answers.append(("events", messages)), **listening(answers, "summary"))
    qtbot.waitUntil(lambda: bool(answers) and answers[-1][0] == "summary", timeout=PATIENCE_MS)
    lists = [messages for name, messages in answers if name == "events"]
    assert [message for messages in lists for message in messages] == flood
    assert len(lists) < 5000 * EVENT_INTERVAL_MS / 1000
    jobs.close()


def test_that_progress_names_what_is_done(jobs: Jobs, qtbot: Any) -> None:
    with qtbot.waitSignal(jobs.progress, timeout=PATIENCE_MS) as heard:
        jobs.start(Add(1, 2), label="adding up")
    assert heard.args == ["adding", 1, 2]


def test_that_the_latest_start_with_a_tag_wins_over_one_that_runs(jobs: Jobs, answers: Answers, qtbot: Any) -> None:
    first = Gate("first")
    jobs.start(first, tag="view", **listening(answers, "first"))
    assert first.entered.wait(10)
    jobs.start(Add(2, 3), tag="view", **listening(answers, "second"))
    first.opened.set()
    qtbot.waitUntil(lambda: answers == [("second", 5)], timeout=PATIENCE_MS)
    assert first.was_cancelled


def test_that_older_waiting_starts_with_a_tag_are_never_run(
    jobs: Jobs, session: ScriptedSession, answers: Answers, qtbot: Any
) -> None:
    jobs.start(RunForward(), **listening(answers, "run"))
    qtbot.waitUntil(lambda: session.asked == [RunForward()], timeout=PATIENCE_MS)
    for number in range(5):
        jobs.start(SummaryTable((str(number),)), tag="summary", **listening(answers, str(number)))
    session.cancel()
    qtbot.waitUntil(lambda: not jobs.busy, timeout=PATIENCE_MS)
    assert session.asked == [RunForward(), SummaryTable(("4",))]
    assert [name for name, _ in answers] == ["run failed", "4"]


def test_that_jobs_with_other_tags_do_not_disturb_each_other(jobs: Jobs, answers: Answers, qtbot: Any) -> None:
    gate = Gate("slow")
    jobs.start(gate, tag="one", **listening(answers, "slow"))
    jobs.start(Add(1, 1), tag="two", **listening(answers, "quick"))
    qtbot.waitUntil(lambda: answers == [("quick", 2)], timeout=PATIENCE_MS)
    gate.opened.set()
    qtbot.waitUntil(lambda: answers == [("quick", 2), ("slow", "slow")], timeout=PATIENCE_MS)


def test_that_cancelled_local_work_stops_at_its_next_progress(jobs: Jobs, answers: Answers, qtbot: Any) -> None:
    gate = Gate("slow")
    jobs.start(gate, **listening(answers, "slow"))
    assert gate.entered.wait(10)
    assert jobs.cancel() == "asked"
    gate.opened.set()
    qtbot.waitUntil(lambda: answers == [("slow failed", Failed((), cancelled=True))], timeout=PATIENCE_MS)


def test_that_cancel_climbs_the_ladder_of_the_worker(jobs: Jobs, session: ScriptedSession, answers: Answers, qtbot: Any) -> None:
    jobs.start(RunForward(), **listening(answers, "run"))
    qtbot.waitUntil(lambda: session.state == "busy", timeout=PATIENCE_MS)
    assert jobs.cancel() == "asked"
    qtbot.waitUntil(lambda: not jobs.busy, timeout=PATIENCE_MS)
    assert answers == [("run failed", Failed((), cancelled=True))]


def test_that_cancel_answers_what_was_still_waiting(jobs: Jobs, session: ScriptedSession, answers: Answers, qtbot: Any) -> None:
    jobs.start(RunForward(), **listening(answers, "run"))
    jobs.start(SummaryTable(), **listening(answers, "summary"))
    qtbot.waitUntil(lambda: session.state == "busy", timeout=PATIENCE_MS)
    jobs.cancel()
    qtbot.waitUntil(lambda: not jobs.busy, timeout=PATIENCE_MS)
    assert [name for name, _ in answers] == ["summary failed", "run failed"]
    assert session.asked == [RunForward()]


def test_that_cancel_with_nothing_to_stop_takes_no_rung(jobs: Jobs) -> None:
    assert jobs.cancel() == ""


def test_that_busy_begins_and_ends_once(jobs: Jobs, qtbot: Any) -> None:
    seen: list[bool] = []
    jobs.busy_changed.connect(seen.append)
    for number in range(5):
        jobs.start(Add(number, 1))
    qtbot.waitUntil(lambda: seen[-1:] == [False], timeout=PATIENCE_MS)
    assert seen == [True, False]


def test_that_the_label_says_what_runs(jobs: Jobs, qtbot: Any) -> None:
    gate = Gate("slow")
    jobs.start(gate, tag="read", label="reading model.pt")
    assert jobs.label == "reading model.pt"
    assert jobs.runs("read")
    gate.opened.set()
    qtbot.waitUntil(lambda: not jobs.busy, timeout=PATIENCE_MS)
    assert jobs.label == ""
    assert not jobs.runs("read")


def test_that_an_exception_of_a_job_becomes_a_failure(jobs: Jobs, answers: Answers, qtbot: Any) -> None:
    def work(_progress: Progress) -> None:
        raise CorruptFile("The file ends early.", "Copy it again.")

    jobs.start(work, **listening(answers, "work"))
    qtbot.waitUntil(lambda: bool(answers), timeout=PATIENCE_MS)
    problem = answers[0][1].problems[0]
    assert (problem.code, problem.message, problem.hint) == ("checkpoint-corrupt", "The file ends early.", "Copy it again.")


def test_that_a_failure_nobody_waits_for_is_still_said(jobs: Jobs, qtbot: Any) -> None:
    with qtbot.waitSignal(jobs.went_wrong, timeout=PATIENCE_MS) as heard:
        jobs.start(FetchStats("fc.weight"))
    assert heard.args[0].problems[0].code == "not-scripted"


def test_that_a_cancelled_job_nobody_waits_for_is_no_failure_with_a_problem(
    jobs: Jobs, session: ScriptedSession, qtbot: Any
) -> None:
    jobs.start(RunForward())
    qtbot.waitUntil(lambda: session.state == "busy", timeout=PATIENCE_MS)
    with qtbot.waitSignal(jobs.went_wrong, timeout=PATIENCE_MS) as heard:
        jobs.cancel()
    assert heard.args[0].problems == ()


def test_that_after_close_no_answer_is_delivered(qtbot: Any, answers: Answers) -> None:
    jobs = Jobs(ScriptedSession())
    gate = Gate("late")
    jobs.start(gate, **listening(answers, "late"))
    gate.opened.set()
    jobs.close()
    qtbot.wait(1)
    assert answers == []


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (
            FileNotFoundError(2, "No such file or directory", "a.pt"),
            "file-unreadable",
            "a.pt cannot be read: No such file or directory.",
        ),
        (PermissionError(13, "Permission denied", "a.pt"), "file-unreadable", "a.pt cannot be read: Permission denied."),
        (OSError("gone"), "file-unreadable", "The file cannot be read: gone."),
        (SyntaxError("invalid syntax", ("m.py", 7, 1, "class", 7, 2)), "target-syntax", "Line 7 is not Python: invalid syntax."),
        (ZeroDivisionError("by zero"), "internal-error", "Torchloupe made a mistake: ZeroDivisionError: by zero."),
    ],
)
def test_that_every_exception_has_a_sentence_and_a_hint(error: Exception, code: str, message: str) -> None:
    (problem,) = failed_from(error).problems
    assert (problem.code, problem.message) == (code, message)
    assert problem.hint


def test_that_a_syntax_error_knows_its_line() -> None:
    (problem,) = failed_from(SyntaxError("invalid syntax", ("m.py", 7, 1, "class", 7, 2))).problems
    assert (problem.file, problem.line) == ("m.py", 7)


def test_that_a_reply_with_problems_is_handed_to_failed(qtbot: Any, answers: Answers) -> None:
    refusal = Failed((Problem("target-missing", "There is no class X."),))
    jobs = Jobs(ScriptedSession({ListTargets: [refusal]}))
    jobs.start(ListTargets("a"), **listening(answers, "list"))
    qtbot.waitUntil(lambda: answers == [("list failed", refusal)], timeout=PATIENCE_MS)
    jobs.close()


# events of local work


def test_that_local_work_tells_its_panel_what_it_found_before_the_answer(jobs: Jobs, answers: Answers, qtbot: Any) -> None:
    def work(report: Reporter) -> str:
        for number in range(3):
            report(number, 3, "looking")
            report.tell(number)
        return "all"

    jobs.start(work, events=lambda found: answers.append(("found", found)), **listening(answers, "search"))
    qtbot.waitUntil(lambda: bool(answers) and answers[-1] == ("search", "all"), timeout=PATIENCE_MS)
    assert [number for name, found in answers[:-1] for number in found if name == "found"] == [0, 1, 2]


def test_that_dropped_work_is_stopped_and_not_heard_of_again(jobs: Jobs, answers: Answers, qtbot: Any) -> None:
    gate = Gate("values")
    jobs.start(gate, tag="values", **listening(answers, "values"))
    assert gate.entered.wait(10)
    with qtbot.waitSignal(jobs.busy_changed, timeout=PATIENCE_MS) as said:
        jobs.drop("values")
    assert said.args == [False]
    assert not jobs.runs("values")
    gate.opened.set()
    qtbot.waitUntil(lambda: gate.was_cancelled, timeout=PATIENCE_MS)
    jobs.start(Add(1, 2), **listening(answers, "sum"))
    qtbot.waitUntil(lambda: bool(answers), timeout=PATIENCE_MS)
    assert answers == [("sum", 3)]


def test_that_dropping_one_kind_of_work_leaves_the_others(jobs: Jobs, answers: Answers, qtbot: Any) -> None:
    gate = Gate("keys")
    jobs.start(gate, tag="keys", **listening(answers, "keys"))
    jobs.drop("values")
    gate.opened.set()
    qtbot.waitUntil(lambda: answers == [("keys", "keys")], timeout=PATIENCE_MS)


# what gives way


def asked_kinds(session: ScriptedSession) -> list[type]:
    return [type(message) for message in session.asked]


def until_asked(session: ScriptedSession, qtbot: Any) -> None:
    qtbot.waitUntil(lambda: asked_kinds(session)[-1:] == [RunForward], timeout=PATIENCE_MS)


def test_that_a_request_that_gives_way_is_asked_again_after_the_others(
    jobs: Jobs, session: ScriptedSession, answers: Answers, qtbot: Any
) -> None:
    replies = iter([[UNTIL_CANCELLED], ["report"]])
    session.script[RunForward] = lambda _request: next(replies)
    jobs.start(RunForward(), **listening(answers, "look"), gives_way=True)
    until_asked(session, qtbot)
    for number in range(3):
        jobs.start(SummaryTable(), **listening(answers, f"summary {number}"))
    qtbot.waitUntil(lambda: not jobs.busy, timeout=PATIENCE_MS)
    assert asked_kinds(session) == [RunForward, *[SummaryTable] * 3, RunForward]
    assert [name for name, _ in answers] == ["summary 0", "summary 1", "summary 2", "look"]
    assert answers[-1][1] == "report"


def test_that_what_gives_way_also_waits_for_requests_that_came_later(
    jobs: Jobs, session: ScriptedSession, answers: Answers, qtbot: Any
) -> None:
    session.script[FetchStats] = [UNTIL_CANCELLED]
    session.script[RunForward] = ["report"]
    jobs.start(FetchStats("a"), **listening(answers, "first"))
    jobs.start(RunForward(), **listening(answers, "look"), gives_way=True)
    jobs.start(SummaryTable(), **listening(answers, "summary"))
    qtbot.waitUntil(lambda: len(session.asked) == 1 and session.state == "busy", timeout=PATIENCE_MS)
    session.cancel()
    qtbot.waitUntil(lambda: not jobs.busy, timeout=PATIENCE_MS)
    assert [name for name, _ in answers] == ["first failed", "summary", "look"]


def test_that_giving_way_climbs_no_ladder(jobs: Jobs, session: ScriptedSession, qtbot: Any, monkeypatch: Any) -> None:
    rungs: list[str] = []
    take = session.cancel
    monkeypatch.setattr(session, "cancel", lambda: rungs.append("asked") or "asked")
    jobs.start(RunForward(), gives_way=True, tag="look", failed=lambda _failed: None)
    until_asked(session, qtbot)
    for number in range(3):
        jobs.start(SummaryTable(), tag=f"summary {number}")
    assert rungs == ["asked"]
    jobs.drop("look")
    take()
    qtbot.waitUntil(lambda: not jobs.busy, timeout=PATIENCE_MS)
    assert asked_kinds(session).count(RunForward) == 1


def test_that_what_a_person_cancels_is_not_asked_again(
    jobs: Jobs, session: ScriptedSession, answers: Answers, qtbot: Any
) -> None:
    jobs.start(RunForward(), **listening(answers, "look"), gives_way=True)
    until_asked(session, qtbot)
    jobs.cancel()
    qtbot.waitUntil(lambda: not jobs.busy, timeout=PATIENCE_MS)
    assert [(name, reply.cancelled) for name, reply in answers] == [("look failed", True)]
    assert asked_kinds(session) == [RunForward]


class LateSession(ScriptedSession):
    """What it is asked first reaches it when the gate is opened."""

    def __init__(self, script: dict[type, Any]) -> None:
        super().__init__(script)
        self.arrived, self.opened = threading.Event(), threading.Event()
        self.cancels: list[str] = []

    def ask(self, message: Any, on_event: Any = None) -> Any:
        self.arrived.set()
        assert self.opened.wait(10)
        return super().ask(message, on_event)

    def cancel(self) -> str:
        self.cancels.append(super().cancel())
        return self.cancels[-1]


def test_that_a_request_gives_way_though_it_had_not_reached_the_session_yet(answers: Answers, qtbot: Any) -> None:
    session = LateSession({RunForward: [UNTIL_CANCELLED], SummaryTable: [SummaryText("table")]})
    jobs = Jobs(session)
    jobs.start(RunForward(), gives_way=True, tag="look")
    qtbot.waitUntil(session.arrived.is_set, timeout=PATIENCE_MS)
    jobs.start(SummaryTable(), **listening(answers, "summary"))
    assert session.cancels == [""]
    session.opened.set()
    qtbot.waitUntil(lambda: bool(answers), timeout=PATIENCE_MS)
    assert answers == [("summary", SummaryText("table"))]
    assert session.cancels.count("asked") == 1
    session.close()
    jobs.close()


def test_that_a_request_is_cancelled_though_it_had_not_reached_the_session_yet(answers: Answers, qtbot: Any) -> None:
    session = LateSession({RunForward: [UNTIL_CANCELLED]})
    jobs = Jobs(session)
    jobs.start(RunForward(), **listening(answers, "run"))
    qtbot.waitUntil(session.arrived.is_set, timeout=PATIENCE_MS)
    assert jobs.cancel() == "asked"
    assert session.cancels == [""]
    session.opened.set()
    qtbot.waitUntil(lambda: not jobs.busy, timeout=PATIENCE_MS)
    assert answers == [("run failed", Failed((), cancelled=True))]
    assert session.cancels.count("asked") == 1
    session.close()
    jobs.close()


def test_that_a_request_gives_way_to_the_questions_of_local_work_until_that_is_done(
    jobs: Jobs, session: ScriptedSession, answers: Answers, qtbot: Any
) -> None:
    replies = iter([[UNTIL_CANCELLED], ["report"]])
    session.script |= {RunForward: lambda _request: next(replies), FetchStats: lambda request: [request.key]}
    jobs.start(RunForward(), **listening(answers, "look"), gives_way=True)
    until_asked(session, qtbot)
    jobs.start(lambda _progress: [jobs.ask(FetchStats(key)) for key in "abc"], **listening(answers, "values"))
    qtbot.waitUntil(lambda: not jobs.busy, timeout=PATIENCE_MS)
    assert answers == [("values", ["a", "b", "c"]), ("look", "report")]
    assert asked_kinds(session) == [RunForward, *[FetchStats] * 3, RunForward]


def test_that_what_is_cancelled_before_it_is_asked_says_so(
    jobs: Jobs, session: ScriptedSession, answers: Answers, qtbot: Any
) -> None:
    gate = Gate("reading")

    def work(_progress: Progress) -> Any:
        gate(lambda *_words: None)
        return jobs.ask(FetchStats("a"))

    jobs.start(work, **listening(answers, "values"))
    qtbot.waitUntil(gate.entered.is_set, timeout=PATIENCE_MS)
    assert jobs.cancel() == "asked"
    gate.opened.set()
    qtbot.waitUntil(lambda: bool(answers), timeout=PATIENCE_MS)
    assert answers == [("values failed", Failed((), cancelled=True))]
    assert session.asked == []
