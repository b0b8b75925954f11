"""Folders in which each process of a training run saved its own part: DeepSpeed and Megatron-LM. What lies in which file is listed."""

import re
from dataclasses import replace
from typing import List, Tuple

from ..wire.contents import CheckpointContents, StoredTensor, StoredValue
from ..wire.errors import CheckpointError
from ..wire.problems import INFO, Problem
from .folder import Folder, open_folder
from .inside import path_inside
from .pickle_reading import Progress
from .shards import Shards, full_key, read_shards
from .source import SourceFile
from .tensor_rows import broken_tensors, elements_of

_LATEST = "latest"
_ITERATION = "latest_checkpointed_iteration.txt"
_DEEPSPEED = re.compile(r".*_(model|optim)_states\.pt")
_RANK = re.compile(r"mp_rank_\d{2,}(_\d{3,})*")
_RANK_FILES = ("model_optim_rng.pt", "model_rng.pt", "distrib_optim.pt")
_STEP = re.compile(r"iter_\d{7}|release")
_NAME = re.compile(r"[\w.-]{1,200}")
_LONGEST_NAME = 300


def recognises_deepspeed(folder: Folder) -> bool:
    """True for a folder of one step, or one that says which step in it is the latest."""
    if any(_DEEPSPEED.fullmatch(name) for name in folder.names):
        return True
    step = _named_in(folder, _LATEST)
    return bool(step) and any(_DEEPSPEED.fullmatch(name) for name in _inner(folder, step).names)


def read_deepspeed(folder: Folder, progress: Progress) -> CheckpointContents:
    """The tensors of all files of a step; raises CheckpointError when none can be read."""
    prefix = ""
    names = [name for name in folder.names if _DEEPSPEED.fullmatch(name)]
    if not names:
        step = _named_in(folder, _LATEST)
        prefix = f"{step}/"
        names = [prefix + name for name in _inner(folder, step).names if _DEEPSPEED.fullmatch(name)]
    # The files of the model first: they say what the others belong to.
    names.sort(key=lambda name: (not name.endswith("_model_states.pt"), name))
    shards = read_shards(folder.path, names, progress)
    contents = _contents(folder, "DeepSpeed", shards, prefix.rstrip("/"))
    return replace(contents, problems=(*_about_zero(contents.tensors), *contents.problems))


def recognises_megatron(folder: Folder) -> bool:
    """True for a folder of one step with a folder for each process, or one that says which step in it is the latest."""
    return _ITERATION in folder.names or any(_RANK.fullmatch(name) for name in folder.names)


def read_megatron(folder: Folder, progress: Progress) -> CheckpointContents:
    """The tensors of all processes of a step; raises CheckpointError when none can be read."""
    step = ""
    if not any(_RANK.fullmatch(name) for name in folder.names):
        step = _megatron_step(folder)
    inner = _inner(folder, step) if step else folder
    ranks = [name for name in inner.names if _RANK.fullmatch(name)]
    if not ranks:
        raise CheckpointError(
            f"{folder.name} has no part of a process (mp_rank_00) of the step {step}.",
            f"Open the folder {step} itself: it may be a distributed checkpoint."
            if step
            else "Choose the folder of a checkpoint.",
        )
    prefix = f"{step}/" if step else ""
    names = [f"{prefix}{rank}/{name}" for rank in ranks for name in _inner(inner, rank).names if name in _RANK_FILES]
    return _contents(folder, "Megatron-LM", read_shards(folder.path, names, progress), step)


def _megatron_step(folder: Folder) -> str:
    text = _named_in(folder, _ITERATION)
    step = f"iter_{int(text):07}" if text.isdigit() and len(text) < 10 else text
    if _STEP.fullmatch(step):
        return step
    raise CheckpointError(f"{_ITERATION} in {folder.name} names no step: {text[:50]!r}.", "Open the folder of a step, iter_...")


def _named_in(folder: Folder, name: str) -> str:
    """The plain name that a small text file of the folder holds, ``""`` when there is none."""
    if name not in folder.names:
        return ""
    try:
        with SourceFile(path_inside(folder.path, name)) as source:
            text = source.head.decode("utf-8", "replace").strip() if source.size <= _LONGEST_NAME else ""
    except CheckpointError:
        return ""
    return text if _NAME.fullmatch(text) and text not in (".", "..") else ""


def _inner(folder: Folder, name: str) -> Folder:
    """A folder inside; one without names when it is none, or leads out."""
    try:
        return open_folder(path_inside(folder.path, name))
    except CheckpointError:
        return Folder(folder.path / name, name, ())


def _contents(folder: Folder, form: str, shards: Shards, step: str) -> CheckpointContents:
    if not shards.contents:
        reason = next(iter(shards.refused.values()), "there is none.")
        raise CheckpointError(f"None of the files of {folder.name} can be read: {reason}", "Get the folder again.")
    several = len(shards.contents) + len(shards.refused) > 1
    rows: List[StoredTensor] = []
    values: List[StoredValue] = [StoredValue("step", "str", step)] if step else []
    for name, part in shards.contents.items():
        # Each process has the same keys: the file's name keeps them apart.
        own = name[len(step) + 1 :] if step else name
        rows.extend(
            replace(row, file=name, container=".".join(filter(None, (own, row.container))) if several else row.container)
            for row in part.tensors
        )
        values.extend(replace(value, path=f"{own}.{value.path}") if several else value for value in part.values)
    listed = Problem(
        "checkpoint-parts",
        f"Each process saved its own part: {len(shards.contents):,} files are listed one after another, not put together.",
        INFO,
        "To get one state_dict, run the script that the training library has for it (zero_to_fp32.py, or a converter of Megatron-LM).",
    )
    return CheckpointContents(
        path=str(folder.path),
        format=form,
        file_bytes=shards.file_bytes,
        bytes_read=shards.bytes_read,
        tensors=tuple(rows),
        values=tuple(values),
        globals=tuple(sorted(shards.globals)),
        stamps=shards.stamps,
        problems=(*([listed] if several else []), *shards.problems(), *broken_tensors(rows)),
    )


def _about_zero(rows: Tuple[StoredTensor, ...]) -> List[Problem]:
    """Stage 3 of ZeRO leaves empty tensors in the model's files; people take them for the weights."""
    model = [row for row in rows if (row.file or "").endswith("_model_states.pt")]
    empty = [row for row in model if elements_of(row.shape) == 0]
    if not empty or 2 * len(empty) < len(model):
        return []
    return [
        Problem(
            "checkpoint-zero-stage-3",
            f"{len(empty):,} tensors of the model are empty here, such as {full_key(empty[0])[:200]!r}: "
            "ZeRO stage 3 keeps the weights in the files of the optimizer.",
            INFO,
            "Run zero_to_fp32.py in the folder to get the weights in one file.",
        )
    ]
