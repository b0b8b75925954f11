"""A report as one page that needs nothing else: light or dark as the reader's screen is, and printed light."""

import html
from typing import Iterator, Mapping

from ..wording import count_text
from .document import Block, Bullets, Cell, Code, Document, Facts, Figure, Name, Section, Table, Text, printable

MOST_ROWS, FOLDED_FROM, FEW_LETTERS = 5_000, 60, 24
_MARKS = {"error": "✖", "warning": "▲", "info": "●"}
_STYLE = """
:root{color-scheme:light dark;--text:#1b1f24;--base:#fff;--soft:#f4f5f7;--line:#dfe2e7;--muted:#5a626d;--error:#b3261e;
--warning:#855700;--info:#1f5fbf;--good:#1a6b40}
@media(prefers-color-scheme:dark){:root{--text:#dfe3e8;--base:#17191c;--soft:#20242a;--line:#343941;--muted:#9da6b0;--error:#ff8a80;
--warning:#f0b958;--info:#82b4f7;--good:#6fcf97}}
body{font:15px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif;margin:2.5em auto;max-width:70em;padding:0 1.5em;color:var(--text);
background:var(--base)}
h1{font-size:1.7em;margin:0 0 .6em}h2{font-size:1.3em;margin:2em 0 .6em;border-bottom:1px solid var(--line);padding-bottom:.25em}
h3{font-size:1.05em;margin:0 0 .5em}h4{font-size:1em}p{margin:.5em 0}ul{margin:.5em 0;padding-left:1.4em}
section.problem{border-left:4px solid var(--line);padding:.1em 0 .1em 1em;margin:1.4em 0}
section.error{border-color:var(--error)}section.warning{border-color:var(--warning)}section.info{border-color:var(--info)}
h3 code{font-size:1em;font-weight:600}
.error>h3>i{color:var(--error)}.warning>h3>i{color:var(--warning)}.info>h3>i{color:var(--info)}i{font-style:normal}
code,pre{font:.87em/1.45 ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace}
pre{background:var(--soft);padding:.7em 1em;overflow-x:auto;border-radius:4px}
.add{color:var(--good)}.del{color:var(--error)}.at{color:var(--muted)}
.wide{overflow-x:auto}table{border-collapse:collapse;font-size:.93em}
th,td{text-align:left;padding:.22em .8em .22em 0;border-bottom:1px solid var(--line);vertical-align:top}
th{color:var(--muted);font-weight:600;white-space:nowrap}td code{white-space:nowrap}.r{text-align:right;white-space:nowrap}
.n{white-space:nowrap}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.2em 1.2em;margin:.8em 0}dt{color:var(--muted)}dd{margin:0;overflow-wrap:anywhere}
s{color:var(--error)}ins{color:var(--info);font-weight:600}summary{cursor:pointer;color:var(--muted);margin:.5em 0}
figure{margin:1.2em 0;max-width:100%}figure svg{max-width:100%;height:auto;border:1px solid var(--line);border-radius:4px}
figcaption{color:var(--muted);font-size:.93em}
@media print{:root{--text:#000;--base:#fff;--soft:#f4f5f7}details>*{display:block}}
"""


def document_html(document: Document, light: Mapping[str, str] = {}, dark: Mapping[str, str] = {}) -> str:
    """All of it. ``light`` and ``dark`` are colours of the drawings, and by what they are replaced on such a screen."""
    body = [f"<h1>{_inline(document.title)}</h1>", *(part for block in document.blocks for part in _parts(block, 2))]
    style = _STYLE.strip().replace("\n", "") + _recolored("light", light) + _recolored("dark", dark)
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{_told(document.title)}</title>'
    start = f'<!doctype html>\n<html lang="en"><head>{head}<style>{style}</style></head><body>\n'
    return start + "\n".join(body) + "\n</body></html>\n"


def _recolored(scheme: str, pairs: Mapping[str, str]) -> str:
    rules = [f'svg [{what}="{old}"]{{{what}:{new}}}' for old, new in pairs.items() for what in ("fill", "stroke")]
    return f"@media screen and (prefers-color-scheme:{scheme}){{{''.join(rules)}}}" if rules else ""


def _parts(block: Block, level: int) -> Iterator[str]:
    if isinstance(block, Section):
        yield f'<section class="problem {block.severity}">' if block.severity else "<section>"
        mark = f"<i>{_MARKS.get(block.severity, '')} {block.severity}</i> " if block.severity else ""
        yield f"<h{level}>{mark}{_inline(block.title)}</h{level}>"
        for inner in block.blocks:
            yield from _parts(inner, min(level + 1, 6))
        yield "</section>"
    elif isinstance(block, Text):
        yield f"<p>{_inline(block.text)}</p>"
    elif isinstance(block, Facts):
        yield "<dl>" + "".join(f"<dt>{_inline(name)}</dt><dd>{_cell(value)}</dd>" for name, value in block.rows) + "</dl>"
    elif isinstance(block, Bullets):
        yield "<ul>" + "".join(f"<li>{_inline(line)}</li>" for line in block.lines) + "</ul>"
    elif isinstance(block, Table):
        yield from _folded(block.about if len(block.rows) >= FOLDED_FROM else "", _table(block))
    elif isinstance(block, Code):
        yield from _folded(block.about, f"<pre>{_code(block)}</pre>")
    elif isinstance(block, Figure):
        yield f"<figure>{block.svg}<figcaption>{_inline(block.about)}</figcaption></figure>"


def _folded(about: str, inside: str) -> Iterator[str]:
    yield f"<details><summary>{_inline(about)}</summary>{inside}</details>" if about else inside


def _table(table: Table) -> str:
    lines = [
        "<tr>" + "".join(f"<th{_class(at in table.right)}>{_inline(each)}</th>" for at, each in enumerate(table.titles)) + "</tr>"
    ]
    for row in table.rows[:MOST_ROWS]:
        cells = (f"<td{_class(at in table.right, cell)}>{_cell(cell)}</td>" for at, cell in enumerate(row))
        lines.append(f"<tr>{''.join(cells)}</tr>")
    left = table.left_out + max(0, len(table.rows) - MOST_ROWS)
    more = f"<p>and {count_text(left)} more rows</p>" if left else ""
    return '<div class="wide"><table>\n' + "\n".join(lines) + f"\n</table></div>{more}"


def _class(is_right: bool, cell: Cell = "") -> str:
    """Numbers stand to the right; a few words stay on one line."""
    few = isinstance(cell, str) and 0 < len(cell) <= FEW_LETTERS
    return ' class="r"' if is_right else ' class="n"' if few else ""


def _cell(cell: Cell) -> str:
    if not isinstance(cell, Name):
        return _inline(cell)
    if not cell.text:
        return ""
    tag, done, parts = "ins" if cell.is_new else "s", 0, []
    for begin, end in cell.spans:
        parts += [_told(cell.text[done:begin]), f"<{tag}>{_told(cell.text[begin:end])}</{tag}>"]
        done = end
    indent = f' style="margin-left:{1.2 * cell.depth:.1f}em"' if cell.depth else ""
    return f"<code{indent}>{''.join(parts)}{_told(cell.text[done:])}</code>"


def _code(code: Code) -> str:
    lines = [_told(line) for line in code.text.expandtabs(4).strip("\n").split("\n")]
    if code.language == "diff":
        lines = [_diff_line(line) for line in lines]
    return "\n".join(lines)


def _diff_line(line: str) -> str:
    kind = {"+": "add", "-": "del", "@": "at"}.get(line[:1], "")
    return f'<span class="{kind}">{line}</span>' if kind else line


def _inline(text: str) -> str:
    """Names in backticks are names."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return _told(text)
    return "".join(f"<code>{_told(part)}</code>" if at % 2 else _told(part) for at, part in enumerate(parts))


def _told(text: str) -> str:
    return html.escape(printable(text))
