"""Options that several commands share, and what they mean."""

import json
import os
from argparse import ArgumentParser, Namespace
from typing import Any

from torchloupe.analysis.input_specs import parse_input_spec
from torchloupe.wire.errors import UsageError
from torchloupe.wire.requests import OpenTarget, RunForward

TARGET_HELP = "file.py, file.py:Name, package.module:Name, or a file with a whole model (with --trust)"


def add_json_option(parser: ArgumentParser) -> None:
    """``--json``."""
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")


def add_model_options(parser: ArgumentParser) -> None:
    """How to construct a target."""
    parser.add_argument(
        "--args",
        metavar="JSON",
        help="constructor keywords, such as '{\"classes\": 10}'; a module is a class with its own keywords, such as "
        '\'{"encoder": {"Encoder": {"width": 64}}}\' or \'{"act": "torch.nn.ReLU"}\'',
    )
    parser.add_argument("--mode", choices=("train", "eval"), help="set the model to this mode (default: as it was constructed)")
    parser.add_argument("--device", help="cpu, cuda, cuda:1, mps (default: where the model is)")
    parser.add_argument(
        "--python",
        metavar="INTERPRETER",
        help="the Python that has torch and what the model needs: a path, the folder of an environment, a name on the PATH, "
        "or a command line such as 'ssh host python3', whose far side needs nothing else",
    )
    parser.add_argument(
        "--import-folder", metavar="DIR", action="append", default=[], help="search this folder, too, for what the model imports"
    )
    parser.add_argument("--working-folder", metavar="DIR", help="run in this folder, which relative paths start from")
    parser.add_argument("--trust", action="store_true", help="load a model file even though that runs code in it")
    parser.add_argument("--allow-downloads", action="store_true", help="let the model download files while it is constructed")
    parser.add_argument("--seed", type=int, default=0, help="seed of the random numbers (default: 0)")


def add_checkpoint_option(parser: ArgumentParser) -> None:
    """``--checkpoint``, and ``--solve``."""
    parser.add_argument("--checkpoint", metavar="FILE", help="compare the keys of this checkpoint with those of the model")
    add_solve_option(parser)


def add_solve_option(parser: ArgumentParser) -> None:
    """``--solve``."""
    parser.add_argument(
        "--solve",
        action="store_true",
        help="work out from the checkpoint with which arguments the model has its shapes, also of arguments that have a default; "
        "those of --args stay",
    )


def add_input_option(parser: ArgumentParser) -> None:
    """``--input``, several times."""
    parser.add_argument(
        "--input",
        metavar="SPEC",
        action="append",
        default=[],
        help="an input, in positional order: float32[2,3,28,28], int64[2,16]<1000, a .npy/.pt/image file, or name=SPEC",
    )


def add_shapes_only_option(parser: ArgumentParser) -> None:
    """``--shapes-only``."""
    parser.add_argument("--shapes-only", action="store_true", help="no data: shapes alone, on the meta device")


def open_request(target: str, options: Namespace) -> OpenTarget:
    """The request to construct a target. Raises ``UsageError``."""
    folders = tuple(os.path.abspath(folder) for folder in options.import_folder)
    return OpenTarget(
        target,
        constructor_arguments(options.args),
        options.mode,
        options.device,
        options.seed,
        import_folders=folders,
        working_folder=os.path.abspath(options.working_folder) if options.working_folder else None,
        allow_downloads=options.allow_downloads,
        trusted=options.trust,
    )


def forward_request(options: Namespace) -> RunForward:
    """The request to run it. Raises ``UsageError``."""
    return RunForward(checked_inputs(options.input), options.device, options.mode, options.seed, options.shapes_only)


def checked_inputs(specs: list[str]) -> tuple[str, ...]:
    """The input specs as they were given, each of them understood. Raises ``UsageError``."""
    for spec in specs:
        parse_input_spec(spec)
    return tuple(specs)


def constructor_arguments(text: str | None) -> dict[str, Any] | None:
    """The keywords of ``--args``; None when it was not given. Raises ``UsageError``."""
    if text is None:
        return None
    hint = 'Write constructor keywords as JSON: --args \'{"hidden": 64, "classes": 10}\'.'
    try:
        arguments = json.loads(text)
    except ValueError as error:
        raise UsageError(f"--args is not JSON: {error}.", hint) from error
    if not isinstance(arguments, dict):
        raise UsageError(f"--args is a JSON {type(arguments).__name__}, not an object.", hint)
    return arguments
