"""Folders of a model as Hugging Face saves them: an index with its files, files without their index, or one single file."""

import re
from dataclasses import replace
from typing import Dict, List, Tuple

from ..wire.contents import CheckpointContents
from ..wire.errors import CheckpointError, UnsupportedFormat
from ..wire.problems import INFO, Problem
from .folder import Folder
from .index_json import SUFFIX
from .index_json import read as read_index
from .inside import path_inside
from .pickle_reading import Progress, odd_file, with_change
from .shards import read_shards
from .single_file import read_file
from .source import SourceFile
from .tensor_rows import broken_tensors

_SUFFIXES = (".safetensors", ".bin", ".pt", ".pth", ".ckpt", ".gguf", ".onnx", ".pt2", ".npz", ".tar")
_PREFERRED = (
    "model.safetensors",
    "adapter_model.safetensors",
    "diffusion_pytorch_model.safetensors",
    "pytorch_model.bin",
    "adapter_model.bin",
    "diffusion_pytorch_model.bin",
    "model.onnx",
)
_BESIDE = {"optimizer.pt", "optimizer.bin", "scheduler.pt", "scaler.pt", "training_args.bin", "rng_state.pth"}
"""What a trainer saves beside the model."""
_NUMBERED = re.compile(r"(.+)-(\d{1,6})-of-(\d{1,6})(\.safetensors|\.bin)")
_SHOWN = 6


def recognises(folder: Folder) -> bool:
    """True for every folder; asked last."""
    del folder
    return True


def read(folder: Folder, progress: Progress) -> CheckpointContents:
    """The contents of the model in the folder; raises UnsupportedFormat when there is none, or several and no rule for one."""
    indexes = folder.files(SUFFIX)
    if indexes:
        return _by_index(folder, indexes, progress)
    numbered = _numbered(folder)
    if numbered:
        return _without_index(folder, numbered, progress)
    chosen, others = _single(folder)
    with SourceFile(path_inside(folder.path, chosen)) as source:
        contents = with_change(source, read_file(source, progress))
    return _with_remark(contents, chosen, others)


def _with_remark(contents: CheckpointContents, chosen: str, others: List[str]) -> CheckpointContents:
    more = f" It also has {_listed(others)}." if others else ""
    remark = Problem(
        "checkpoint-folder",
        f"{chosen} of the folder is shown.{more}",
        INFO,
        "Open another file of it by its own name." if others else "",
    )
    return replace(contents, problems=(*contents.problems, remark))


def _by_index(folder: Folder, indexes: List[str], progress: Progress) -> CheckpointContents:
    of_safetensors = [name for name in indexes if name.endswith(".safetensors" + SUFFIX)]
    choices = of_safetensors or indexes
    if len(choices) > 1:
        raise UnsupportedFormat(
            f"{folder.name} is a folder with {len(choices):,} checkpoints in several files: {_listed(choices)}.",
            "Open one of these index files.",
        )
    with SourceFile(path_inside(folder.path, choices[0])) as source:
        contents = read_index(source, progress)
    others = [name for name in indexes if name != choices[0]]
    return _with_remark(contents, choices[0], others) if others else contents


def _numbered(folder: Folder) -> List[str]:
    """The files of a set such as ``model-00001-of-00003.safetensors``, when the folder has exactly one such set."""
    sets: Dict[str, List[str]] = {}
    for name in folder.names:
        match = _NUMBERED.fullmatch(name)
        if match:
            sets.setdefault(f"{match.group(1)}-of-{match.group(3)}{match.group(4)}", []).append(name)
    return next(iter(sets.values())) if len(sets) == 1 else []


def _without_index(folder: Folder, names: List[str], progress: Progress) -> CheckpointContents:
    shards = read_shards(folder.path, names, progress)
    if not shards.contents:
        raise CheckpointError(
            f"None of the {len(names):,} files of {folder.name} can be read: {next(iter(shards.refused.values()))}",
            "Get the folder again from where it came from.",
        )
    rows = [replace(row, file=name) for name, part in shards.contents.items() for row in part.tensors]
    match = _NUMBERED.fullmatch(names[0])
    total = int(match.group(3)) if match else len(names)
    remarks = ["The folder has no index of its files; all of them are read."]
    if len(names) != total:
        remarks.append(f"{len(names):,} of {total:,} files are here; get the others.")
    return CheckpointContents(
        path=str(folder.path),
        format=f"sharded {shards.format}",
        file_bytes=shards.file_bytes,
        bytes_read=shards.bytes_read,
        tensors=tuple(rows),
        values=tuple(shards.values()),
        globals=tuple(sorted(shards.globals)),
        stamps=shards.stamps,
        problems=(*map(odd_file, remarks), *shards.problems(), *broken_tensors(rows)),
    )


def _single(folder: Folder) -> Tuple[str, List[str]]:
    """The name of the model's file and of other model files in the folder."""
    files = folder.files(*_SUFFIXES)
    models = [name for name in files if name not in _BESIDE and not name.startswith("rng_state")] or files
    preferred = [name for name in _PREFERRED if name in models]
    if preferred or len(models) == 1:
        chosen = preferred[0] if preferred else models[0]
        return chosen, [name for name in files if name != chosen]
    if models:
        raise UnsupportedFormat(
            f"{folder.name} is a folder with {len(models):,} checkpoints: {_listed(models)}.", "Open one of these files."
        )
    inner = _listed([name for name in folder.names if not name.startswith(".")])
    raise UnsupportedFormat(
        f"{folder.name} is a folder without a checkpoint in it{': it has ' + inner if inner else ''}.",
        "Choose a checkpoint file.",
    )


def _listed(names: List[str]) -> str:
    shown = ", ".join(name[:100] for name in names[:_SHOWN])
    return f"{shown} and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else shown
