"""The one door: stored tensors under new keys become a new checkpoint file. Memory stays at a few megabytes for any size."""

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Dict, Mapping, Optional, Protocol, Sequence, Set, Tuple

from ...wire.contents import CheckpointContents, StoredTensor
from ...wire.errors import TorchloupeError, UsageError
from ..safetensors_file import metadata_of
from ..source import SourceFile
from ..values import CheckpointValues, open_values
from .copying import Copying, Progress
from .new_file import new_file
from .safetensors import SafetensorsLayout
from .torch_zip import TorchLayout

SAFETENSORS, TORCH = "safetensors", "torch zip"
SUFFIXES: Mapping[str, str] = {".safetensors": SAFETENSORS, **dict.fromkeys((".pt", ".pth", ".ckpt", ".bin"), TORCH)}
"""The format that is written, by the end of the file's name."""


class Layout(Protocol):
    """Where everything will stand in the new file: so many ``bytes`` of values; what ``shared`` and ``repeated`` say of ``Written``."""

    bytes: int
    shared: int
    repeated: int

    def write(self, file: BinaryIO, values: CheckpointValues, copying: Copying) -> None:
        """The whole file."""


@dataclass(frozen=True)
class Written:
    """A checkpoint that was written: ``bytes`` of values, as they were in the source, bit for bit.

    ``shared`` is how many tensors lie in memory of another one, ``repeated`` how many did so in the source and are now written each
    by itself, which safetensors wants.
    """

    path: str
    format: str
    tensors: int
    bytes: int
    shared: int = 0
    repeated: int = 0


def write_checkpoint(
    contents: CheckpointContents,
    named: Sequence[Tuple[str, StoredTensor]],
    goal: Path,
    overwrite: bool = False,
    progress: Optional[Progress] = None,
) -> Written:
    """Write tensors of a checkpoint under the keys that are given, as a state_dict, to ``goal``; its suffix says the format.

    Raises UsageError when ``goal`` exists (unless ``overwrite``), is the source or has another suffix, CheckpointError when a tensor
    cannot be read or written as it is, TorchloupeError when the disk refuses. ``goal`` is then what it was before.
    """
    form = SUFFIXES.get(goal.suffix.lower())
    if form is None:
        raise UsageError(f"The name {goal.name} does not say a format.", f"End it with one of {', '.join(SUFFIXES)}.")
    _check_keys([key for key, _ in named])
    with open_values(contents) as values:
        sizes = [_size(key, tensor, values) for key, tensor in named]
        layout: Layout = TorchLayout(named)
        if form == SAFETENSORS:
            layout = SafetensorsLayout(named, sizes, {"format": "pt", **_metadata(contents)})
        with new_file(goal, layout.bytes, overwrite, values.files) as file:
            layout.write(file, values, Copying(progress or _silent, layout.bytes))
    return Written(str(goal), form, len(named), layout.bytes, layout.shared, layout.repeated)


def _silent(done: int, total: int, what: str) -> None:
    del done, total, what


def _check_keys(keys: Sequence[str]) -> None:
    seen: Set[str] = set()
    for key in keys:
        if key in seen:
            raise UsageError(f"Two tensors would be called {key}.", "Give one of them another name.")
        seen.add(key)
    if not keys:
        raise UsageError("There is no tensor to write.", "Choose another container.")


def _size(key: str, tensor: StoredTensor, values: CheckpointValues) -> int:
    try:
        return len(values.of(tensor))
    except TorchloupeError as error:
        if key not in str(error) and tensor.key not in str(error):
            raise type(error)(f"{tensor.key} cannot be written: {error}", error.hint) from None
        raise


def _metadata(contents: CheckpointContents) -> Dict[str, str]:
    """What a safetensors file says about itself beside its tensors."""
    if contents.format != SAFETENSORS or not Path(contents.path).is_file():
        return {}
    with SourceFile(contents.path) as source:
        return metadata_of(source)
