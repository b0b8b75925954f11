"""Programs without their chatter."""

import sys

import pytest

import quiet


def python(script: str) -> list[str]:
    return [sys.executable, "-c", script]


def test_that_a_program_that_succeeds_shows_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    assert quiet.run(python("print('chatter')")) == "chatter\n"
    assert capfd.readouterr() == ("", "")


def test_that_a_program_that_fails_shows_all_it_said(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(quiet.Failed, match="status 3"):
        quiet.run(python("import sys; print('first'); print('then', file=sys.stderr); sys.exit(3)"))
    said = capfd.readouterr().err
    assert "first" in said
    assert "then" in said


def test_that_a_program_that_may_fail_is_forgiven(capfd: pytest.CaptureFixture[str]) -> None:
    quiet.run(python("raise SystemExit(1)"), must_succeed=False)
    assert capfd.readouterr() == ("", "")


def test_that_a_program_cannot_wait_for_an_answer() -> None:
    assert quiet.run(python("import sys; print(repr(sys.stdin.read()))")) == "''\n"
