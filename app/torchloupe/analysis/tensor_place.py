"""``model.pt::encoder.fc.weight[0, :]``: a file, a tensor in it, and a part of that tensor."""

from dataclasses import dataclass


@dataclass(frozen=True)
class TensorPlace:
    """``key`` and ``index`` are empty where the word names a file alone; ``index`` has no brackets."""

    file: str
    key: str = ""
    index: str = ""


def tensor_place(word: str) -> TensorPlace:
    """What a word of the command line names. A file whose name has ``::`` in it is meant where nothing follows that could be a key."""
    file, colons, rest = word.rpartition("::")
    if not (colons and file and rest):
        return TensorPlace(word)
    key, bracket, index = rest.partition("[")
    if bracket and not index.endswith("]"):
        return TensorPlace(file, rest)
    return TensorPlace(file, key, index[:-1].strip())
