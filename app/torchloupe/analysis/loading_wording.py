"""What became of loading a checkpoint into a model, in words and as problems."""

from collections import Counter
from typing import Dict, List, Optional, Sequence, Tuple

from ..wire.loading import DIFFERS, LOADED, REFUSED, TIED, UNEXPECTED, LoadedCheckpoint, LoadedKey
from ..wire.problems import WARNING, Problem
from .loading import loaded_keys
from .wording import count_text, counted

NOTHING_LOADED = "checkpoint-nothing-loaded"
_NAMED = 3


def loading_sentence(loaded: LoadedCheckpoint) -> str:
    """What was loaded, in one sentence: how many of the model's tensors, and which of them stay as they were constructed."""
    in_model = _in_model(loaded)
    stay = [each for each in in_model if each.status not in (LOADED, TIED, DIFFERS)]
    differ = [each for each in in_model if each.status == DIFFERS]
    converted = [each for each in in_model if each.stored]
    have, unexpected = len(loaded_keys(loaded)), len(loaded.keys) - len(in_model)
    parts = [_how_many(have, len(in_model), loaded.verified)]
    ways = Counter(each.reason for each in in_model if each.status == LOADED and each.reason)
    if ways:
        parts.append(", ".join(f"{count_text(count)} {way}" for way, count in ways.most_common()))
    if stay:
        parts.append(f"{_verb(stay, 'stays', 'stay')} as constructed: {_named(stay)}")
    if differ:
        parts.append(f"{_verb(differ, 'has', 'have')} other values than the checkpoint: {_named(differ)}")
    if converted:
        parts.append(f"{count_text(len(converted))} {_converted(converted)}")
    if unexpected:
        parts.append(f"{count_text(unexpected)} of the checkpoint {'has' if unexpected == 1 else 'have'} no place in the model")
    return "; ".join(parts) + "."


def _in_model(loaded: LoadedCheckpoint) -> List[LoadedKey]:
    return [each for each in loaded.keys if each.status != UNEXPECTED]


def _how_many(have: int, of: int, verified: bool) -> str:
    said = " loaded and verified" if verified and have else " loaded"
    if have == of == 1:
        return "The one tensor is" + said
    return (f"All {count_text(of)} tensors are" if have == of else f"{count_text(have)} of {counted(of, 'tensor')}") + said


def _verb(keys: Sequence[LoadedKey], one: str, several: str) -> str:
    return f"{count_text(len(keys))} {one if len(keys) == 1 else several}"


def _named(keys: Sequence[LoadedKey]) -> str:
    """A few with their reasons; of many one for each reason."""
    if len(keys) <= _NAMED:
        return ", ".join(f"{each.key} ({_short(each)})" for each in keys)
    counts, first = Counter(map(_short, keys)), {_short(each): each.key for each in reversed(keys)}
    if len(counts) == 1:
        return f"{_short(keys[0])}, such as {keys[0].key}"
    return ", ".join(f"{count_text(count)} {reason} (such as {first[reason]})" for reason, count in counts.most_common(_NAMED))


def _short(key: LoadedKey) -> str:
    return key.reason.partition(":")[0] or key.status


def _converted(keys: Sequence[LoadedKey]) -> str:
    """``converted from float64, which changed 3 values``."""
    changed, types = sum(each.changed for each in keys), ", ".join(dict.fromkeys(each.stored for each in keys))
    return f"converted from {types}, which changed {counted(changed, 'value') if changed else 'no value'}"


def left_out_lines(loaded: LoadedCheckpoint) -> Tuple[str, ...]:
    """Every key that was not loaded, with the reason."""
    left = (each for each in loaded.keys if each.status not in (LOADED, TIED))
    return tuple(f"not loaded: {each.key}, {each.reason or each.status}" for each in left)


def weights_text(loaded: Optional[LoadedCheckpoint]) -> str:
    """What a run is made with: ``weights as constructed``, ``weights of epoch3.pt``, ``20 of 21 weights of epoch3.pt``."""
    if loaded is None:
        return "weights as constructed"
    name = _name(loaded)
    have, of = len(loaded_keys(loaded)), len(_in_model(loaded))
    return f"weights of {name}" if have == of else f"{count_text(have)} of {count_text(of)} weights of {name}"


def values_text(loaded: LoadedCheckpoint, key: str) -> str:
    """Where the values of one key come from: ``loaded from epoch3.pt``, ``as constructed: shape differs``."""
    found = next((each for each in loaded.keys if each.key == key and each.status != UNEXPECTED), None)
    if found is None or found.status not in (LOADED, TIED, DIFFERS):
        return "as constructed" + (f": {_short(found)}" if found else "")
    if found.status == DIFFERS:
        return f"others than in {_name(loaded)}: {found.reason}"
    note = _converted([found]) if found.stored else found.reason
    return f"loaded from {_name(loaded)}" + (f", {note}" if note else "")


def _name(loaded: LoadedCheckpoint) -> str:
    return loaded.path.replace("\\", "/").rstrip("/").rpartition("/")[2]


def loading_problems(loaded: LoadedCheckpoint, known: Sequence[Problem] = ()) -> Tuple[Problem, ...]:
    """What went wrong beyond the differences of the keys, which are told already (``known``): nothing fits, values that cannot be
    read or put there."""
    problems = []
    if not loaded_keys(loaded) and not any(each.code == NOTHING_LOADED for each in known):
        problems.append(_nothing(loaded))
    problems += _lost(loaded)
    failed = [each for each in loaded.keys if each.status in (REFUSED, DIFFERS)]
    problems += [_not_loaded(each) for each in failed[:_NAMED]]
    if failed[_NAMED:]:
        text = f"{counted(len(failed) - _NAMED, 'more tensor')} could not be loaded either, such as {failed[_NAMED].key}."
        problems.append(Problem("checkpoint-not-loaded", text, hint="The log names all of them.", data=_facts(loaded)))
    return tuple(problems)


def _lost(loaded: LoadedCheckpoint) -> List[Problem]:
    """Values that the model's dtype cannot hold."""
    lost = [each for each in loaded.keys if each.lost]
    if not lost:
        return []
    first, more = lost[0], len(lost) - 1
    count = sum(each.lost for each in lost)
    others = f", and so on in {counted(more, 'more tensor')}" if more else ""
    whose = f"{first.key} is {first.stored} in the checkpoint, and the model's dtype does not hold its numbers"
    text = f"{counted(count, 'value')} became infinite or zero: {whose}{others}."
    hint = "Load it into a model of the checkpoint's dtype, or of bfloat16, which has the range of float32."
    facts = {"keys": [each.key for each in lost[:20]], "values": count}
    module = first.key.rpartition(".")[0]
    return [Problem("checkpoint-dtype", text, WARNING, hint, module, parameter=first.key, data=facts)]


def _nothing(loaded: LoadedCheckpoint) -> Problem:
    text = f"0 of {counted(len(_in_model(loaded)), 'tensor')} of the model could be loaded from the checkpoint."
    hint = "The model has the values that it was constructed with. The comparison of the keys says why none fits."
    return Problem(NOTHING_LOADED, text, hint=hint, data=_facts(loaded))


def _not_loaded(key: LoadedKey) -> Problem:
    if key.status == REFUSED:
        text, hint = f"{key.key} was not loaded: {key.reason}.", "It has the value that it was constructed with."
    else:
        text = f"{key.key} has other values than the checkpoint: {key.reason}."
        hint = "load_state_dict leaves it so, too. Break the tie, or store the same values under both keys."
    return Problem("checkpoint-not-loaded", text, hint=hint, module=key.key.rpartition(".")[0], parameter=key.key)


def _facts(loaded: LoadedCheckpoint) -> Dict[str, object]:
    return {"file": loaded.path, "counts": dict(Counter(each.status for each in loaded.keys))}
