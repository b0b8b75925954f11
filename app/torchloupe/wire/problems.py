"""A problem: what is wrong, where, and what to do - as a value."""

from dataclasses import dataclass, field
from typing import Any, Dict, Optional, Tuple

ERROR = "error"
WARNING = "warning"
INFO = "info"


@dataclass(frozen=True)
class Fix:
    """One concrete repair of a problem.

    ``kind`` is a word such as ``set_argument``, ``set_shape``, ``change_input``, ``edit_source`` or ``change_keys``; ``text`` says it to a
    person; ``verified`` is true only when the repair was applied to a copy and the problem was gone. ``outcome`` says what came of
    trying it; it is empty when it was not tried. ``patch`` is the change of the user's file as a unified diff; empty where the repair
    is none, or the source does not say what to change. ``evidence`` is what the open checkpoint says of it.
    """

    kind: str
    text: str
    module: Optional[str] = None
    argument: Optional[str] = None
    value: Any = None
    verified: bool = False
    outcome: str = ""
    patch: str = ""
    evidence: str = ""


@dataclass(frozen=True)
class Problem:
    """What is wrong (``message``), what to do (``hint``) and where.

    ``code`` is one of the catalogue (kebab-case), ``module`` a module path (``""`` is the root module), ``call`` the index of a
    ``LayerCall``, ``file`` and ``line`` a place in the user's code. ``data`` holds the facts behind the sentence as plain JSON.
    ``details`` is what a person unfolds: usually the traceback.
    """

    code: str
    message: str
    severity: str = ERROR
    hint: str = ""
    module: Optional[str] = None
    parameter: Optional[str] = None
    attribute: Optional[str] = None
    call: Optional[int] = None
    file: Optional[str] = None
    line: Optional[int] = None
    fixes: Tuple[Fix, ...] = ()
    data: Dict[str, Any] = field(default_factory=dict)
    details: str = ""
