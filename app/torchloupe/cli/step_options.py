"""How a step is trained: its loss and target, its optimizer, how many steps, under which precision."""

from argparse import ArgumentParser, Namespace
from typing import Any

from torchloupe.analysis.input_specs import parse_input_spec
from torchloupe.analysis.step.choices import AUTOCAST
from torchloupe.wire.errors import UsageError
from torchloupe.wire.steps import RunStep

from .options import checked_inputs, constructor_arguments


def add_training_options(parser: ArgumentParser) -> None:
    """Loss, target, optimizer, steps."""
    parser.add_argument(
        "--loss",
        metavar="NAME",
        help="cross_entropy, mse, l1 or bce (against --target), mean_square, mean, sum or model (its own .loss), in place of the file's "
        "loss_fn or train_step",
    )
    parser.add_argument(
        "--target",
        dest="targets",
        metavar="SPEC",
        help="what the loss compares with: int64[2]<10, a .npy/.pt file (default: the file's example_targets(), else random numbers that "
        "fit)",
    )
    parser.add_argument(
        "--optimizer", metavar="NAME", help="a class of torch.optim, such as AdamW, in place of the file's make_optimizer"
    )
    parser.add_argument("--lr", type=float, help="its learning rate")
    parser.add_argument(
        "--optimizer-args", metavar="JSON", help='its other keywords, such as \'{"momentum": 0.9, "weight_decay": 0.01}\''
    )
    parser.add_argument("--steps", type=int, default=1, metavar="N", help="so many steps on the same batch (default: 1)")
    parser.add_argument(
        "--accumulate", type=int, default=1, metavar="N", help="so many backward passes before each step (default: 1)"
    )
    parser.add_argument("--autocast", choices=AUTOCAST, help="forward and loss under torch.autocast with this dtype")


def step_request(options: Namespace) -> RunStep:
    """The request that the options stand for. Raises ``UsageError``."""
    for name in ("steps", "accumulate"):
        if getattr(options, name) < 1:
            raise UsageError(f"--{name} {getattr(options, name)} is no number of {_COUNTED[name]}.", "Give 1 or more.")
    if options.lr is not None and not options.lr >= 0.0:
        raise UsageError(f"--lr {options.lr} is no learning rate.", "Give a number that is not negative.")
    if options.targets is not None:
        parse_input_spec(options.targets)
    return RunStep(
        checked_inputs(options.input),
        options.device,
        options.mode,
        options.seed,
        options.loss,
        options.optimizer,
        options.lr,
        options.steps,
        ("*",) if options.prove else (),
        options.targets,
        _optimizer_arguments(options),
        options.accumulate,
        options.autocast,
    )


_COUNTED = {"steps": "steps", "accumulate": "backward passes"}


def _optimizer_arguments(options: Namespace) -> dict[str, Any]:
    if options.optimizer_args is None:
        return {}
    if options.optimizer is None:
        raise UsageError("--optimizer-args needs an optimizer.", "Name one: --optimizer AdamW.")
    try:
        return constructor_arguments(options.optimizer_args) or {}
    except UsageError as error:
        raise UsageError(
            f"--optimizer-args is no JSON object: {options.optimizer_args}", "Write keywords as JSON: '{\"momentum\": 0.9}'."
        ) from error
