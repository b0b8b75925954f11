"""What to say about keys that differ by a prefix or a wrapper: the cause, and the line of Python that repairs it."""

from typing import Callable, Dict, Sequence, Tuple

from .diff_rows import Cause
from .key_matchers import Explained
from .key_prefixes import PrefixRule
from .key_wrappers import WrapperRule, makers_of
from .wording import count_text, counted

Repair = Tuple[Callable[[str], str], str]
"""How a key is renamed, and the same as a line of Python over ``state``."""


def rename_cause(explained: Explained, found_keys: Sequence[str], kept_keys: Sequence[str]) -> Cause:
    """The cause of renamed keys. ``found_keys`` are all keys of the checkpoint, ``kept_keys`` those that fit as they are."""
    rule, keys = explained.rule, [pair.found.key for pair in explained.pairs]
    if isinstance(rule, PrefixRule):
        kind, text, hint = "prefix", _prefix_text(rule, len(keys), found_keys), _prefix_hint(rule)
        data = {"prefix": rule.found_prefix or rule.expected_prefix, "checkpoint_prefix": rule.found_prefix}
        data["model_prefix"] = rule.expected_prefix
        rename, code = _prefix_repair(rule, bool(kept_keys))
    else:
        kind, text, hint = "wrapper", _wrapper_text(rule, len(keys)), _wrapper_hint(rule)
        data = {"checkpoint_wrappers": " ".join(rule.found), "model_wrappers": " ".join(rule.expected)}
        rename, code = _wrapper_repair(rule)
    wanted = {pair.found.key: pair.expected.key for pair in explained.pairs}
    wanted.update((key, key) for key in kept_keys)
    facts = {**data, "how": rule.how, "code": code, "verified": is_repair(rename, wanted, found_keys), "keys": keys}
    return Cause(kind, text, hint, len(keys), facts)


def is_repair(rename: Callable[[str], str], wanted: Dict[str, str], found_keys: Sequence[str]) -> bool:
    """Try it on all keys of the checkpoint: does each get the key that is wanted, and do no two become one?"""
    renamed = {key: rename(key) for key in found_keys}
    return len(set(renamed.values())) == len(renamed) and all(renamed[key] == home for key, home in wanted.items())


def _prefix_text(rule: PrefixRule, fitting: int, found_keys: Sequence[str]) -> str:
    """The prefix is counted on all keys that carry it, also on those that fit nothing without it either."""
    mine, theirs, total = rule.found_prefix, rule.expected_prefix, len(found_keys)
    count = sum(key.startswith(mine) for key in found_keys) if mine else fitting
    whose = f"All {counted(total, 'key')}" if count == total else f"{count_text(count)} of {counted(total, 'key')}"
    if total == 1:
        whose = "The one key"
    verb, lacks = ("starts", "lacks") if total == 1 else ("start", "lack")
    if not mine and count < total:
        return f'{whose} of the checkpoint fit the model with the prefix "{theirs}" before them.'
    if not mine:
        return f'{whose} of the checkpoint {lacks} the prefix "{theirs}", with which the keys of the model start.'
    end = f' where those of the model have "{theirs}"' if theirs else ", a prefix which the keys of the model do not have"
    some = f" {count_text(fitting)} of them fit {'with that change' if theirs else 'without it'}." if fitting < count else ""
    return f'{whose} of the checkpoint {verb} with "{mine}"{end}.{some}'


def _prefix_hint(rule: PrefixRule) -> str:
    mine, theirs = rule.found_prefix, rule.expected_prefix
    makers = makers_of((mine or theirs).split("."))
    hint = f"It is left by {' and '.join(makers)}. " if makers else ""
    if theirs and not mine:
        hint += f"Add it to the keys, or load into model.{theirs.rstrip('.')}."
    else:
        hint += "Replace it before loading." if theirs else "Take it off before loading."
    rivals = [f'"{rival}"' for rival in rule.rivals if rival]
    return hint + (f" Under {' and '.join(rivals)} the same keys fit just as well: choose one." if rivals else "")


def _prefix_repair(rule: PrefixRule, some_fit: bool) -> Repair:
    mine, theirs = rule.found_prefix, rule.expected_prefix
    if mine and theirs:
        code = f'{{"{theirs}" + k.removeprefix("{mine}") if k.startswith("{mine}") else k: v for k, v in state.items()}}'
    elif mine:
        code = f'{{k.removeprefix("{mine}"): v for k, v in state.items()}}'
    elif some_fit:
        code = f'{{k if k.startswith("{theirs}") else "{theirs}" + k: v for k, v in state.items()}}'
        return (lambda key: key if key.startswith(theirs) else theirs + key), code
    else:
        code = f'{{"{theirs}" + k: v for k, v in state.items()}}'
    return (lambda key: rule.expected_key(key) if key.startswith(mine) else key), code


def _wrapper_text(rule: WrapperRule, count: int) -> str:
    sides = [("the checkpoint", rule.found), ("the model", rule.expected)]
    owners = " and ".join(f'{side} has "{".".join(names)}." in them' for side, names in sides if names)
    return f"{counted(count, 'key')} of checkpoint and model differ only by a wrapper: {owners}."


def _wrapper_hint(rule: WrapperRule) -> str:
    makers = " and ".join(makers_of(rule.found + rule.expected))
    return f"It is left by {makers}. Save and load the state_dict of the module inside."


def _wrapper_repair(rule: WrapperRule) -> Repair:
    if rule.expected:
        return (lambda key: key), ""
    code = "".join(f'.replace("{name}.", "")' for name in rule.found)

    def rename(key: str) -> str:
        for name in rule.found:
            key = key.replace(f"{name}.", "")
        return key

    return rename, f"{{k{code}: v for k, v in state.items()}}"
