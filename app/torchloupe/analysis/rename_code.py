"""A mapping as a few lines of Python with plain torch: rules where numbers repeat, names for what is left."""

import re
from dataclasses import replace
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

from .arrangement import arrangement, can_be_arranged
from .diff_rows import FUSED, RESHAPED, SPLIT, TIED, TRANSPOSED, DiffRow, StateDictDiff
from .mapping.rules import template_of

_NUMBER = re.compile(r"\d+")
_LEAST = 2
"""So many keys make a rule worth its line."""


class _Rule(NamedTuple):
    """``shifts``: for each number of the new key, which number of the old one it is and what is added; (-1, n) is always n.

    ``padded``: the old numbers have zeros before them (``layer_000``), the new ones have not.
    """

    old: str
    new: str
    shifts: Tuple[Tuple[int, int], ...]
    padded: bool = False

    def pattern(self) -> str:
        parts = [re.escape(part) for part in self.old.split("#")]
        return r"(\d+)".join(parts)

    def applied(self, key: str) -> Optional[str]:
        match = re.fullmatch(self.pattern(), key)
        if match is None:
            return None
        numbers = [str(add if at < 0 else int(match[at + 1]) + add) for at, add in self.shifts]
        return "".join(part + (numbers[place] if place < len(numbers) else "") for place, part in enumerate(self.new.split("#")))

    def code(self) -> str:
        parts = self.new.split("#")
        if all(at >= 0 and add == 0 for at, add in self.shifts) and not self.padded:
            told = [f"\\{at + 1}" for at, _ in self.shifts]
            joined = "".join(part + (told[place] if place < len(told) else "") for place, part in enumerate(parts))
            return f'(r"{self.pattern()}", r"{joined}")'
        told = [
            str(add) if at < 0 else f"{{int(m[{at + 1}]){f' {add:+d}'.replace('+', '+ ').replace('-', '- ') if add else ''}}}"
            for at, add in self.shifts
        ]
        joined = "".join(
            part.replace("{", "{{").replace("}", "}}") + (told[place] if place < len(told) else "")
            for place, part in enumerate(parts)
        )
        return f'(r"{self.pattern()}", lambda m: f"{joined}")'


def rename_code(diff: StateDictDiff) -> str:
    """Python that makes ``state``, the checkpoint's state_dict, fit the model: new names, turned and joined and cut tensors, and
    nothing that the model has no place for.
    """
    diff = _without_the_unknown(diff)
    mapping = {found: expected for found, expected in diff.mapping.items() if found != expected}
    found = [row.found.key for row in diff.rows if row.found]
    rules, names = _rules_for(mapping, found)
    lines = ["import re", "", "import torch", ""] if rules else ["import torch", ""]
    lines += _dropped(diff)
    joined = _joined(diff)
    lines += joined
    if rules:
        lines += ["RULES = [", *(f"    {rule.code()}," for rule in rules), "]"]
    if names:
        lines += ["NAMES = {", *(f"    {old!r}: {new!r}," for old, new in names.items()), "}"]
    lines += _renaming(bool(rules), bool(names))
    lines += ["state.update(made)"] if joined else []
    return "\n".join([*lines, *_after(diff)]) + "\n"


def _without_the_unknown(diff: StateDictDiff) -> StateDictDiff:
    """Tensors of which it is not known how their numbers are to be arranged have no place."""
    unknown = {row.found.key for row in diff.rows if row.status == RESHAPED and row.found and row.expected and not _is_known(row)}
    mapping = {found: expected for found, expected in diff.mapping.items() if found not in unknown}
    rows = tuple(row._replace(expected=None) if row.found and row.found.key in unknown else row for row in diff.rows)
    return replace(diff, mapping=mapping, rows=rows) if unknown else diff


def _is_known(row: DiffRow) -> bool:
    return bool(row.found and row.expected and can_be_arranged(row.found.shape, row.expected.shape))


def _rules_for(mapping: Dict[str, str], found: Sequence[str]) -> Tuple[List[_Rule], Dict[str, str]]:
    """Rules that give the right name to every key that they match, and the names of all other keys."""
    held: Dict[Tuple[str, str], List[Tuple[str, str]]] = {}
    for old, new in mapping.items():
        held.setdefault((template_of(old), template_of(new)), []).append((old, new))
    rules = []
    for (old, new), pairs in held.items():
        if len(pairs) >= _LEAST and "#" in old:
            rule = _fitted(old, new, pairs)
            if rule and all(rule.applied(key) in (None, mapping.get(key)) for key in found):
                rules.append(rule)
    done = {key for key in mapping for rule in rules if rule.applied(key) == mapping[key]}
    return rules, {old: new for old, new in mapping.items() if old not in done}


def _fitted(old: str, new: str, pairs: Sequence[Tuple[str, str]]) -> Optional[_Rule]:
    """The rule that explains all of the pairs, if there is one."""
    rows = [([int(n) for n in _NUMBER.findall(mine)], [int(n) for n in _NUMBER.findall(theirs)]) for mine, theirs in pairs]
    shifts: List[Tuple[int, int]] = []
    for place in range(len(rows[0][1])):
        ways = [(at, theirs[place] - mine[at]) for mine, theirs in rows[:1] for at in range(len(mine))] + [
            (-1, rows[0][1][place])
        ]
        fitting = [
            (at, add) for at, add in ways if all(theirs[place] == (add if at < 0 else mine[at] + add) for mine, theirs in rows)
        ]
        if not fitting:
            return None
        shifts.append(min(fitting, key=lambda way: (way[1] != 0, way[0] < 0)))
    padded = any(number.startswith("0") and number != "0" for mine, _ in pairs for number in _NUMBER.findall(mine))
    return _Rule(old, new, tuple(shifts), padded)


def _renaming(rules: bool, names: bool) -> List[str]:
    if not (rules or names):
        return []
    lines = ["", "", "def rename(key):"]
    if names:
        lines += ["    if key in NAMES:", "        return NAMES[key]"]
    if rules:
        lines += [
            "    for pattern, name in RULES:",
            "        if re.fullmatch(pattern, key):",
            "            return re.sub(pattern, name, key)",
        ]
    return [*lines, "    return key", "", "", "state = {rename(key): value for key, value in state.items()}"]


def _dropped(diff: StateDictDiff) -> List[str]:
    """What the model has no place for, or one of another size."""
    housed = set(diff.mapping) | {row.found.key for row in diff.rows if row.found and row.status in (SPLIT, FUSED)}
    lost = list(dict.fromkeys(row.found.key for row in diff.rows if row.found and row.found.key not in housed))
    return [*_loop(lost, "del state[key]"), ""] if lost else []


def _loop(keys: Sequence[str], line: str) -> List[str]:
    return ["for key in (", *(f"    {key!r}," for key in keys), "):", f"    {line}"]


def _joined(diff: StateDictDiff) -> List[str]:
    """Tensors are cut and joined under their old names, and wait for the others."""
    wholes: Dict[Tuple[str, int], List[Tuple[str, int]]] = {}
    pieces: Dict[Tuple[str, int], List[str]] = {}
    stacks: Dict[Tuple[str, Tuple[int, ...]], List[DiffRow]] = {}
    for row in diff.rows:
        if row.found and row.expected and row.cut:
            axis, begin, end = row.cut
            if row.expert is not None:
                stacks.setdefault((row.expected.key, row.expected.shape), []).append(row)
            elif row.status == SPLIT:
                wholes.setdefault((row.found.key, axis), []).append((row.expected.key, end - begin))
            else:
                pieces.setdefault((row.expected.key, axis), []).append(row.found.key)
    lines: List[str] = []
    for (whole, axis), parts in wholes.items():
        names = ", ".join(f"made[{key!r}]" for key, _ in parts)
        lines.append(f"{names} = torch.split(state.pop({whole!r}), {[size for _, size in parts]}, dim={axis})")
    for (key, axis), parts_of in pieces.items():
        lines.append(f"made[{key!r}] = torch.cat([{', '.join(f'state.pop({part!r})' for part in parts_of)}], dim={axis})")
    lines += [_stacked(key, shape, rows) for (key, shape), rows in stacks.items()]
    return ["made = {}", *lines, ""] if lines else []


def _stacked(key: str, shape: Tuple[int, ...], rows: Sequence[DiffRow]) -> str:
    """Experts number after number, of each its parts in their order. Their keys differ in the number alone."""
    first = [row.found.key for row in rows if row.found and row.expert == 0]
    parent = re.match(r"(.*experts\w*)\.0\.", first[0])
    above = parent[1] if parent else ""
    leaves = [part[len(above) + 3 :] for part in first]
    part_of, experts = f"{above}.{{expert}}.", f"for expert in range({shape[0]})"
    if len(leaves) == 1:
        return f'made[{key!r}] = torch.stack([state.pop(f"{part_of}{leaves[0]}") {experts}])'
    inner = f'state.pop(f"{part_of}{{part}}") {experts} for part in {tuple(leaves)}'
    return f"made[{key!r}] = torch.cat([{inner}]).reshape{shape}"


def _after(diff: StateDictDiff) -> List[str]:
    """Tensors are turned under their new names."""
    turned = [row.expected.key for row in diff.rows if row.expected and (row.status == TRANSPOSED or row.turned)]
    lines = _loop(turned, "state[key] = state[key].t().contiguous()") if turned else []
    for row in diff.rows:
        if row.expected and row.found and row.status == RESHAPED:
            key = repr(row.expected.key)
            lines.append(f"state[{key}] = state[{key}]{_arranged(row.found.shape, row.expected.shape)}")
    there = set(diff.mapping.values()) | {row.expected.key for row in diff.rows if row.expected and row.cut}
    for row in diff.rows:
        home = next((key for key in row.expected.tied_to if key in there), "") if row.status == TIED and row.expected else ""
        if home and row.expected:
            lines.append(f"state[{row.expected.key!r}] = state[{home!r}]")
    return lines


def _arranged(found: Tuple[int, ...], expected: Tuple[int, ...]) -> str:
    """How a tensor of one shape becomes one of the other."""
    order = arrangement(found, expected)
    turned = f".permute({', '.join(map(str, order))})" if order else ""
    sizes = tuple(found[at] for at in order) if order else found
    return turned + (".contiguous()" if sizes == expected else f".reshape{expected}")
