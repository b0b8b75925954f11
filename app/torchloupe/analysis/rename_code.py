"""A mapping as a few lines of Python with plain torch: rules where numbers repeat, names for what is left."""

import re
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

from .diff_rows import FUSED, RESHAPED, SPLIT, TRANSPOSED, StateDictDiff
from .mapping.rules import template_of
from .mapping.shapes import squeezed

_NUMBER = re.compile(r"\d+")
_LEAST = 2
"""So many keys make a rule worth its line."""


class _Rule(NamedTuple):
    """``shifts``: for each number of the new key, which number of the old one it is and what is added; (-1, n) is always n."""

    old: str
    new: str
    shifts: Tuple[Tuple[int, int], ...]

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
        if all(at >= 0 and add == 0 for at, add in self.shifts):
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
    """Python that makes ``state``, the checkpoint's state_dict, fit the model: new names, turned and joined and cut tensors."""
    mapping = {found: expected for found, expected in diff.mapping.items() if found != expected}
    found = [row.found.key for row in diff.rows if row.found]
    rules, names = _rules_for(mapping, found)
    lines = ["import re", "", "import torch", ""] if rules else ["import torch", ""]
    lines += _before(diff)
    if rules:
        lines += ["RULES = [", *(f"    {rule.code()}," for rule in rules), "]"]
    if names:
        lines += ["NAMES = {", *(f"    {old!r}: {new!r}," for old, new in names.items()), "}"]
    lines += _renaming(bool(rules), bool(names))
    return "\n".join([*lines, *_after(diff)]) + "\n"


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
    return _Rule(old, new, tuple(shifts))


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


def _before(diff: StateDictDiff) -> List[str]:
    """Tensors are cut and joined under their old names."""
    lines: List[str] = []
    wholes: Dict[str, List[Tuple[str, int]]] = {}
    pieces: Dict[str, List[str]] = {}
    for row in diff.rows:
        if row.found and row.expected and row.status == SPLIT:
            wholes.setdefault(row.found.key, []).append((row.expected.key, row.expected.shape[_axis(row.how)]))
        if row.found and row.expected and row.status == FUSED:
            pieces.setdefault(row.expected.key, []).append(row.found.key)
    axes = {
        row.found.key if row.status == SPLIT else row.expected.key: _axis(row.how)
        for row in diff.rows
        if row.found and row.expected
    }
    for whole, parts in wholes.items():
        names = ", ".join(f"state[{key!r}]" for key, _ in parts)
        lines.append(f"{names} = torch.split(state.pop({whole!r}), {[size for _, size in parts]}, dim={axes[whole]})")
    for key, parts_of in pieces.items():
        lines.append(f"state[{key!r}] = torch.cat([{', '.join(f'state.pop({part!r})' for part in parts_of)}], dim={axes[key]})")
    return [*lines, ""] if lines else []


def _axis(how: str) -> int:
    """The dimension that a row of a joined tensor names."""
    told = re.search(r"dimension (\d+)", how)
    return int(told[1]) if told else 0


def _after(diff: StateDictDiff) -> List[str]:
    """Tensors are turned under their new names."""
    lines: List[str] = []
    turned = [row.expected.key for row in diff.rows if row.expected and row.status == TRANSPOSED]
    if turned:
        lines += ["for key in (", *(f"    {key!r}," for key in turned), "):", "    state[key] = state[key].t().contiguous()"]
    for row in diff.rows:
        if row.expected and row.found and row.status == RESHAPED:
            lines.append(
                f"state[{row.expected.key!r}] = state[{row.expected.key!r}]{_arranged(row.found.shape, row.expected.shape)}"
            )
    return lines


def _arranged(found: Tuple[int, ...], expected: Tuple[int, ...]) -> str:
    """How a tensor of one shape becomes one of the other."""
    mine, theirs = ([size for size in shape if size != 1] for shape in (found, expected))
    if mine == theirs or squeezed(found) != squeezed(expected):
        return f".reshape{expected}"
    for order in ((3, 2, 0, 1), (2, 3, 0, 1), (2, 1, 0), (1, 0)):
        if len(order) == len(found) and tuple(found[at] for at in order) == expected:
            return f".permute{order}.contiguous()"
    return f".squeeze().t().reshape{expected}"
