"""``torchloupe step``."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from typing import ClassVar

from torchloupe.wire.errors import UsageError
from torchloupe.wire.steps import RunStep

from .command import AnySession, Desk
from .options import TARGET_HELP, add_input_option, add_json_option, add_model_options, checked_inputs, open_request
from .report import Report
from .stepping import run_step
from .target_runs import open_target
from .watching import add_watch_option, rounds


class Step:
    """Run one training step: which weights moved and by how much, which did not and why. Everything is put back."""

    name: ClassVar[str] = "step"

    def add_options(self, parser: ArgumentParser) -> None:
        """A target, its input, its loss and its optimizer."""
        parser.add_argument("target", metavar="TARGET", help=TARGET_HELP)
        add_input_option(parser)
        parser.add_argument(
            "--loss",
            metavar="NAME",
            help="mean_square, mean, sum or model (its own .loss), in place of the file's loss_fn or train_step",
        )
        parser.add_argument(
            "--optimizer", metavar="NAME", help="a class of torch.optim, such as AdamW, in place of the file's make_optimizer"
        )
        parser.add_argument("--lr", type=float, help="its learning rate")
        parser.add_argument("--steps", type=int, default=1, metavar="N", help="so many steps on the same batch (default: 1)")
        add_model_options(parser)
        add_json_option(parser)
        add_watch_option(parser)

    def reports(self, options: Namespace, desk: Desk) -> Iterator[Report]:
        """The step."""
        to_open, to_run = open_request(options.target, options), step_request(options)

        def one_round(session: AnySession) -> Iterator[Report]:
            report = Report(self.name)
            if open_target(session, to_open, report) is not None:
                run_step(session, to_run, report)
            yield report

        return rounds(options, desk, [options.target], one_round)


def step_request(options: Namespace) -> RunStep:
    """The request that the options stand for. Raises ``UsageError``."""
    if options.steps < 1:
        raise UsageError(f"--steps {options.steps} is no number of steps.", "Give 1 or more.")
    if options.lr is not None and not options.lr >= 0.0:
        raise UsageError(f"--lr {options.lr} is no learning rate.", "Give a number that is not negative.")
    inputs = checked_inputs(options.input)
    return RunStep(inputs, options.device, options.mode, options.seed, options.loss, options.optimizer, options.lr, options.steps)
