"""Words in, exit status out: finds the sub-command, draws its reports, turns what went wrong into one sentence."""

import argparse
import contextlib
import json
import os
from collections.abc import Sequence
from typing import NoReturn

import torchloupe
from torchloupe.wire.errors import TorchloupeError, UsageError
from torchloupe.wire.problems import Problem

from .check import Check
from .command import Command, Desk
from .convert import Convert
from .diff import Diff
from .interpreters import Interpreters
from .json_report import report_object
from .rank import Rank
from .report import CANCELLED, OK, Report, problem_of
from .run import Run
from .show import Show
from .step import Step
from .terminal import Terminal, standard_terminal
from .text_report import print_report
from .tree import Tree
from .wanted_interpreter import tell_holders

COMMANDS: tuple[Command, ...] = (Show(), Diff(), Rank(), Tree(), Run(), Step(), Check(), Convert(), Interpreters())
DESCRIPTION = "A desktop inspector and debugger for PyTorch models. Without a command the window opens; FILES are opened in it."


class _Parser(argparse.ArgumentParser):
    """A parser that complains like the rest of the app."""

    def error(self, message: str) -> NoReturn:
        """A usage error, instead of an exit."""
        sentence = message[:1].upper() + message[1:]
        raise UsageError(sentence if sentence.endswith(".") else sentence + ".", f"See {self.prog} --help.")


def run_command_line(words: Sequence[str], desk: Desk | None = None) -> int:
    """Run a command line that names a sub-command. The exit status: 0 no error found, 1 some, 2 could not be run, 130 cancelled."""
    desk = desk or Desk(standard_terminal())
    name = next((command.name for command in COMMANDS if command.name in words[:1]), "")
    as_json = "--json" in words
    try:
        options = _parser().parse_args(words)
        command = next((each for each in COMMANDS if each.name == options.command), None)
        if command is None:
            raise UsageError("There is no command.", "See torchloupe --help.")
        worst = OK
        for report in command.reports(options, desk):
            tell_holders(report, getattr(options, "python", None))
            _draw(report, as_json, desk.terminal)
            worst = max(worst, report.exit_status)
        return worst
    except SystemExit as leaving:  # --help and --version have printed what they have to say
        return int(leaving.code or 0)
    except TorchloupeError as error:
        return _failed(name, problem_of(error), as_json, desk.terminal)
    except KeyboardInterrupt:
        desk.terminal.complain("Cancelled.")
        return CANCELLED
    except BrokenPipeError:
        return _reader_left(desk.terminal)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser("torchloupe", description=DESCRIPTION, epilog="torchloupe COMMAND --help tells more about one command.")
    parser.add_argument("--version", action="version", version=f"torchloupe {torchloupe.__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)
    for command in COMMANDS:
        text = (type(command).__doc__ or "").strip()
        command.add_options(commands.add_parser(command.name, help=text, description=text))
    return parser


def _draw(report: Report, as_json: bool, terminal: Terminal) -> None:
    if as_json:
        terminal.line(json.dumps(report_object(report), allow_nan=False))
        terminal.out.flush()
        for problem in () if report.could_run else report.problems:
            terminal.complain(f"{problem.message} {problem.hint}".strip())
    else:
        print_report(report, terminal)
        terminal.out.flush()


def _failed(command: str, problem: Problem, as_json: bool, terminal: Terminal) -> int:
    report = Report(command)
    report.fail(problem)
    _draw(report, as_json, terminal)
    return report.exit_status


def _reader_left(terminal: Terminal) -> int:
    """Whoever read our output (``head``) has enough. Nothing may be flushed into the closed pipe at exit."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), terminal.out.fileno())
    return OK
