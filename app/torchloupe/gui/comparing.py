"""The checkpoint against the model: which of its mappings is meant, and how the keys differ.

Apart from the workbench, because the analysis behind it is imported when something is open, not before the window's first picture.
"""

from torchloupe.analysis.containers import keys_of_container, keys_of_tree, model_container
from torchloupe.analysis.state_dict_diff import StateDictDiff, diff_problems, state_dict_diff
from torchloupe.wire.contents import CheckpointContents
from torchloupe.wire.problems import Problem
from torchloupe.wire.requests import OpenedTarget


def container_for(contents: CheckpointContents, model: OpenedTarget | None) -> str:
    """The path of the mapping that is the model's state_dict."""
    return model_container(contents, keys_of_tree(model.tree) if model else ())


def compare(contents: CheckpointContents, container: str, model: OpenedTarget) -> tuple[StateDictDiff, tuple[Problem, ...]]:
    """How the keys differ, and what is wrong with that."""
    diff = state_dict_diff(keys_of_tree(model.tree), keys_of_container(contents, container))
    return diff, diff_problems(diff)
