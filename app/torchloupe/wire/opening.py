"""What is told of a target while it is being opened."""

from dataclasses import dataclass

from .modules import ModuleTree


@dataclass(frozen=True)
class TreeSeen:
    """Event: the modules of a large model that is being opened, as soon as they were walked. Their settings and hooks, what the model
    hides and what is wrong with it is still being looked for: that comes with the answer, which has the whole tree."""

    tree: ModuleTree
