"""The problems of a state_dict diff: one for each cause, an error when ``load_state_dict`` would refuse, but for tied keys."""

import json
from dataclasses import replace
from typing import Any, Dict, Optional, Set, Tuple

from ..wire.arguments import SolvedArguments
from ..wire.problems import ERROR, INFO, WARNING, Fix, Problem
from .diff_causes import is_lossy
from .diff_rows import Cause, StateDictDiff
from .wording import count_text, counted

KEYS_SHOWN = 20
SOLVE = "solve_arguments"
"""The kind of the fix that works the constructor arguments out from the checkpoint."""
_LONGEST = 120
_CODES = {
    "prefix": "checkpoint-renamed",
    "wrapper": "checkpoint-renamed",
    "renamed": "checkpoint-renamed",
    "shifted": "checkpoint-renamed",
    "tie": "checkpoint-renamed",
    "reshaped": "checkpoint-shape",
    "fused": "checkpoint-shape",
    "split": "checkpoint-shape",
    "stacked": "checkpoint-shape",
    "optimizer": "checkpoint-unexpected",
    "buffer": "checkpoint-unexpected",
    "nothing": "checkpoint-nothing-loaded",
    "missing": "checkpoint-missing",
    "tied": "checkpoint-missing",
    "counter": "checkpoint-missing",
    "unexpected": "checkpoint-unexpected",
    "shape": "checkpoint-shape",
    "transposed": "checkpoint-shape",
    "dtype": "checkpoint-dtype",
}


def diff_problems(diff: StateDictDiff) -> Tuple[Problem, ...]:
    """One problem per cause of the diff."""
    return tuple(_problem(cause) for cause in diff.causes)


def two_checkpoint_problems(diff: StateDictDiff, expected: str, found: str) -> Tuple[Problem, ...]:
    """The same in the words for two files, which go by their names: there is no model that could be constructed otherwise."""

    def named(text: str) -> str:
        return text.replace("the checkpoint", found).replace("the model", expected)

    return tuple(
        replace(problem, message=named(problem.message), hint="", fixes=tuple(fix for fix in problem.fixes if fix.kind != SOLVE))
        for problem in diff_problems(diff)
    )


def with_solution(problem: Problem, solved: Optional[SolvedArguments], fitting: int) -> Problem:
    """The problem, after arguments were looked for that give the shapes of the checkpoint: whether there are any, and which.

    ``fitting`` keys fit as it is. Where no arguments make it better, that is offered no more.
    """
    fixes = tuple(_solved(fix, solved) if fix.kind == SOLVE and solved else fix for fix in problem.fixes)
    if solved is None or solved.matched <= fitting:
        fixes = tuple(fix for fix in fixes if fix.kind != SOLVE)
    return replace(problem, fixes=fixes)


def _solved(fix: Fix, solved: SolvedArguments) -> Fix:
    told = {name: value for name, value in solved.arguments.items() if name in _told_names(solved)}
    words = json.dumps(told)
    given = f" or --args '{words}'" if len(words) <= _LONGEST else ""
    outcome = f"{counted(solved.matched, 'key')} of {count_text(solved.wanted)} have the shape of the checkpoint"
    return replace(
        fix,
        text=f"Construct it with {_named(told)} (--solve{given}).",
        value=solved.arguments,
        verified=solved.exact,
        outcome="keys and shapes are all the same" if solved.exact else outcome,
    )


def _told_names(solved: SolvedArguments) -> Set[str]:
    """Arguments whose value is not only the default."""
    return {each.name.partition(".")[0].partition("[")[0] for each in solved.values if each.source != "default"}


def _named(arguments: Dict[str, Any]) -> str:
    text = ", ".join(f"{name}={value!r}" for name, value in arguments.items())
    return text if len(text) <= _LONGEST else f"other values of {', '.join(arguments)}"


def _problem(cause: Cause) -> Problem:
    keys = cause.data.get("keys", [])
    return Problem(
        _CODES[cause.kind],
        cause.text,
        _severity(cause),
        cause.hint,
        module=_common_module(keys) if cause.kind in ("missing", "shape") else None,
        parameter=keys[0] if cause.kind in ("missing", "tied", "shape", "transposed") and keys else None,
        fixes=_fixes(cause),
        data=_facts(cause),
    )


def _severity(cause: Cause) -> str:
    if cause.kind == "dtype":
        return WARNING if is_lossy(cause.data["checkpoint_dtype"], cause.data["model_dtype"]) else INFO
    # BatchNorm itself fills the counter in when a state_dict without version lacks it; of tied keys safetensors and transformers
    # save one, and nothing is lost.
    return INFO if cause.kind in ("counter", "tied") else ERROR


def _facts(cause: Cause) -> Dict[str, Any]:
    """The data of the cause, with no more keys than a person or a script would look at."""
    told = {name: value for name, value in cause.data.items() if name != "ties"}
    shown = {name: value[:KEYS_SHOWN] if name.endswith("keys") else value for name, value in told.items()}
    return {"cause": cause.kind, "key_count": cause.key_count, **shown}


def _fixes(cause: Cause) -> Tuple[Fix, ...]:
    if cause.data.get("code"):
        return (Fix("change_keys", cause.data["code"], verified=bool(cause.data["verified"])),)
    if cause.kind == "transposed":
        keys = set(cause.data["keys"])
        names = repr(keys.pop()) + "," if len(keys) == 1 else ", ".join(repr(key) for key in cause.data["keys"])
        shown = f"({names})" if len(cause.data["keys"]) <= KEYS_SHOWN else "transposed_keys"
        return (Fix("change_values", f"{{k: v.t() if k in {shown} else v for k, v in state.items()}}"),)
    if cause.kind == "shape":
        return (Fix(SOLVE, "Work the constructor arguments out from the checkpoint (--solve)."),)
    return ()


def _common_module(keys: Any) -> Any:
    """The module path that all keys share; None when it is none but the root."""
    owners = [key.split(".")[:-1] for key in keys]
    common = []
    for parts in zip(*owners):
        if len(set(parts)) > 1:
            break
        common.append(parts[0])
    return ".".join(common) or None
