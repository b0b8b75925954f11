"""Columns, terminals, interrupts: the small parts of the command line."""

import io
import os
import signal
import sys
import threading

import pytest

from torchloupe.cli.interrupts import cancelling
from torchloupe.cli.terminal import Terminal, standard_terminal
from torchloupe.cli.text_columns import columns, cut_middle, printable


@pytest.mark.parametrize(
    ("text", "width", "cut"),
    [("abcdef", 6, "abcdef"), ("abcdefgh", 5, "ab…gh"), ("abcdefgh", 4, "a…gh"), ("abc", 1, "…"), ("abc", 0, ""), ("", 3, "")],
)
def test_that_long_text_is_cut_in_the_middle(text: str, width: int, cut: str) -> None:
    assert cut_middle(text, width) == cut


def test_that_columns_are_aligned_and_numbers_flush_right() -> None:
    assert columns([("a", "1", "x"), ("bcd", "1,000", "")], right=(1,)) == ["a        1  x", "bcd  1,000"]


def test_that_no_rows_are_no_lines() -> None:
    assert columns([]) == []


def test_that_only_elastic_columns_shrink_the_widest_first() -> None:
    (line,) = columns([("encoder.layers.11.attention.weight", "[768, 768]", "short")], width=41, elastic=(0, 2))
    assert line == "encoder.la…tion.weight  [768, 768]  short"


def test_that_columns_never_shrink_to_nothing() -> None:
    (line,) = columns([("encoder.layers.11.attention.weight", "[768, 768]")], width=5)
    assert line == "encod…weight  [768, 768]"


@pytest.mark.parametrize(("text", "shown"), [("größe", "größe"), ("a\x1b[2J", "a\\x1b[2J"), ("two\nlines", "two\\x0alines")])
def test_that_control_characters_are_spelled_out(text: str, shown: str) -> None:
    assert printable(text) == shown


class FakeTerminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("environment", "colour"), [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)]
)
def test_that_no_color_is_honoured(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], colour: bool) -> None:
    monkeypatch.setattr(sys, "stdout", FakeTerminal())
    terminal = standard_terminal(environment)
    assert terminal.colour is colour
    assert terminal.width > 0


def test_that_a_pipe_gets_no_colours_and_nothing_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    terminal = standard_terminal({})
    assert (terminal.colour, terminal.width) == (False, 0)


def test_that_paint_leaves_text_alone_without_colours() -> None:
    assert Terminal(io.StringIO(), io.StringIO()).paint("x", "error") == "x"
    assert Terminal(io.StringIO(), io.StringIO(), True).paint("x", "nonsense") == "x"


def test_that_an_interrupt_cancels_in_place_of_crashing() -> None:
    cancelled = threading.Event()
    before = signal.getsignal(signal.SIGINT)
    with cancelling(cancelled.set):
        os.kill(os.getpid(), signal.SIGINT)
        assert cancelled.wait(5)
    assert signal.getsignal(signal.SIGINT) == before


def test_that_each_interrupt_cancels_once_more() -> None:
    count = threading.Semaphore(0)
    with cancelling(count.release):
        for _ in range(3):
            os.kill(os.getpid(), signal.SIGINT)
            assert count.acquire(timeout=5)


def test_that_on_another_thread_interrupts_are_left_alone() -> None:
    before = signal.getsignal(signal.SIGINT)
    seen: list[object] = []

    def work() -> None:
        with cancelling(lambda: None):
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]
