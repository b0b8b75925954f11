"""What a tensor of a checkpoint is called."""

from ..wire.contents import StoredTensor


def full_key(tensor: StoredTensor) -> str:
    """The dotted path from the top of the file."""
    return f"{tensor.container}.{tensor.key}" if tensor.container else tensor.key
