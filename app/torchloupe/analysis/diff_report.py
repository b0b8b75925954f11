"""A comparison as a report to hand on: Markdown for an issue, HTML for a browser. Equal layers are folded, causes come first."""

import html
from typing import Iterator, List, NamedTuple, Sequence, Tuple

from .changed_parts import changed_parts
from .diff_folding import RowGroup, folded
from .diff_rows import MATCHED, StateDictDiff
from .explained import explained, explained_text
from .wording import count_text, describe_difference, shape_text

MOST_ROWS = 500
"""So many folded rows are told; the counts above them tell of all."""
Sides = Tuple[str, str]
_STYLE = (
    "body{font:14px/1.45 system-ui,sans-serif;margin:2em;color:#1b1f24;background:#fff}table{border-collapse:collapse}"
    "th,td{text-align:left;padding:.25em .7em;border-bottom:1px solid #dfe2e7;vertical-align:top}"
    "code{font:13px ui-monospace,monospace}s{color:#b3261e}ins{color:#1f5fbf;font-weight:600}"
    "@media(prefers-color-scheme:dark){body{color:#dfe3e8;background:#17191c}th,td{border-color:#343941}s{color:#ff8a80}ins{color:#82b4f7}}"
)


class _Line(NamedTuple):
    """A row of the table; keys with their marks are left to each format."""

    status: str
    expected: str
    found: str
    shapes: str
    sure: str
    note: str


def _lines(groups: Sequence[RowGroup], sides: Sides) -> Iterator[_Line]:
    for group in groups[:MOST_ROWS]:
        row, times = group.row, len(group.rows)
        shapes = dict.fromkeys(shape_text(side.shape) for side in (row.found, row.expected) if side)
        yield _Line(
            row.status + (f" ×{count_text(times)}" if times > 1 else ""),
            group.expected,
            group.found,
            " → ".join(shapes),
            f"{round(100 * row.confidence)} %" if row.expected and row.found else "",
            "" if row.status == MATCHED else (row.how or describe_difference(row, *sides)),
        )


def _summary(diff: StateDictDiff, sides: Sides) -> List[str]:
    counts = ", ".join(f"{count_text(count)} {status}" for status, count in diff.counts.items() if count)
    return [f"{sides[1]} against {sides[0]}: {counts or 'no keys'}.", explained_text(explained(diff))]


def _differing(diff: StateDictDiff) -> List[RowGroup]:
    return folded([row for row in diff.rows if row.status != MATCHED])


def diff_markdown(diff: StateDictDiff, sides: Sides) -> str:
    """The whole report; ``sides`` are what the expected and the found one are called."""
    lines = ["# State dict", "", *(_escaped(line) + "\n" for line in _summary(diff, sides))]
    for cause in diff.causes:
        lines.append(f"* {_escaped(cause.text)} {_escaped(cause.hint)}".rstrip())
    groups = _differing(diff)
    if groups:
        lines += [
            "",
            f"| status | {_escaped(sides[0])} | {_escaped(sides[1])} | shape | sure | note |",
            "|---|---|---|---|--:|---|",
        ]
        for each in _lines(groups, sides):
            cells = (each.status, _code(each.expected), _code(each.found), each.shapes, each.sure, _escaped(each.note))
            lines.append("| " + " | ".join(cells) + " |")
        lines += [f"\nand {count_text(len(groups) - MOST_ROWS)} more rows"] if len(groups) > MOST_ROWS else []
    return "\n".join(lines) + "\n"


def diff_html(diff: StateDictDiff, sides: Sides) -> str:
    """The same as one page without anything outside of it."""
    parts = [f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{_told(" and ".join(sides))}</title>']
    parts += [f"<style>{_STYLE}</style><h1>State dict</h1>", *(f"<p>{_told(line)}</p>" for line in _summary(diff, sides))]
    if diff.causes:
        parts.append("<ul>" + "".join(f"<li>{_told(f'{each.text} {each.hint}'.strip())}</li>" for each in diff.causes) + "</ul>")
    groups = _differing(diff)
    if groups:
        titles = ("Status", sides[0], sides[1], "Shape", "Sure", "Note")
        parts.append("<table><tr>" + "".join(f"<th>{_told(title)}</th>" for title in titles) + "</tr>")
        parts += map(_html_row, _lines(groups, sides))
        parts.append("</table>")
        parts += [f"<p>and {count_text(len(groups) - MOST_ROWS)} more rows</p>"] if len(groups) > MOST_ROWS else []
    return "\n".join([*parts, "</html>"]) + "\n"


def _html_row(each: _Line) -> str:
    new, old = changed_parts(each.expected, each.found), changed_parts(each.found, each.expected)
    keys = (_marked(each.expected, new, "ins"), _marked(each.found, old, "s"))
    cells = (_told(each.status), *keys, _told(each.shapes), _told(each.sure), _told(each.note))
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _marked(key: str, spans: Sequence[Tuple[int, int]], tag: str) -> str:
    done, parts = 0, []
    for begin, end in spans:
        parts += [_told(key[done:begin]), f"<{tag}>{_told(key[begin:end])}</{tag}>"]
        done = end
    return f"<code>{''.join(parts)}{_told(key[done:])}</code>" if key else ""


def _told(text: str) -> str:
    return html.escape(_printable(text))


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in text)


def _escaped(text: str) -> str:
    return "".join("\\" + char if char in "\\|*_<>[]#`" else char for char in _printable(text))


def _code(text: str) -> str:
    plain = _printable(text).replace("`", "'").replace("|", "\\|")
    return f"`{plain}`" if plain else ""
