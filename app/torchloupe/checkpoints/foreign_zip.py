"""What a zip file without torch's pickle is."""

from typing import List

from ..wire.errors import UnsupportedFormat

_MEMBERS_SHOWN = 8


def what_zip_is_this(name: str, members: List[str]) -> UnsupportedFormat:
    """The error that says what the zip ``name`` with these ``members`` is, and what to do with it."""
    leaves = {member.rsplit("/", 1)[-1] for member in members}
    if "archive_format" in leaves or "serialized_exported_program.json" in leaves:
        return UnsupportedFormat(
            f"{name} is a program saved by torch.export, of a version whose weights are not read here.",
            "Save it again with a newer torch, or save the module's state_dict() with torch.save and open that.",
        )
    if "model.json" in leaves and any("/tensors/" in member for member in members):
        return UnsupportedFormat(
            f"{name} is a TorchScript archive of torch 1.0 to 1.3, which is not read here.",
            "Load it with torch.jit.load and save it again with torch.jit.save.",
        )
    if "model.weights.h5" in leaves:
        return UnsupportedFormat(
            f"{name} is a Keras model, not a torch checkpoint.",
            "Load it with Keras, save its weights with numpy.savez, and open that.",
        )
    inner = [member for member in members if member.endswith((".pt", ".pth", ".ckpt", ".bin", ".safetensors"))]
    if inner:
        return UnsupportedFormat(
            f"{name} is a zip file with checkpoints in it: {_listed(inner)}.", "Unpack it and open one of them."
        )
    if "[Content_Types].xml" in leaves or "META-INF/MANIFEST.MF" in members:
        return UnsupportedFormat(f"{name} is an office document or a program archive.", "Choose a checkpoint file.")
    if not members:
        return UnsupportedFormat(f"{name} is an empty zip file.", "Choose a checkpoint file.")
    return UnsupportedFormat(
        f"{name} is a zip file without data.pkl, so torch.save did not write it. Its members: {_listed(members)}.",
        "Choose a checkpoint file, or unpack this one and look for one inside.",
    )


def _listed(names: List[str]) -> str:
    shown = ", ".join(name[:100] for name in names[:_MEMBERS_SHOWN])
    return f"{shown} and {len(names) - _MEMBERS_SHOWN:,} more" if len(names) > _MEMBERS_SHOWN else shown
