"""A report for a program: the same sections, with all of their rows."""

import json
from typing import Any, Dict, List

from .document import Block, Bullets, Cell, Code, Document, Facts, Figure, Name, Section, Table, Text

VERSION = 1


def document_json(document: Document) -> str:
    """All of it; drawings are left to the page."""
    found = {"report": VERSION, "title": document.title, "blocks": _objects(document.blocks)}
    return json.dumps(found, ensure_ascii=False, indent=1) + "\n"


def _objects(blocks: "tuple[Block, ...]") -> List[Dict[str, Any]]:
    return [_object(block) for block in blocks if not isinstance(block, Figure)]


def _object(block: Block) -> Dict[str, Any]:
    if isinstance(block, Section):
        severity = {"severity": block.severity} if block.severity else {}
        return {"section": block.title, **severity, "blocks": _objects(block.blocks)}
    if isinstance(block, Table):
        rows = [dict(zip(block.titles, map(_text, row))) for row in block.rows]
        return {"table": block.about, "rows": rows, "left_out": block.left_out}
    if isinstance(block, Facts):
        return {"facts": {name: _text(value) for name, value in block.rows}}
    if isinstance(block, Code):
        return {"code": block.text, "language": block.language, "about": block.about}
    if isinstance(block, Bullets):
        return {"list": list(block.lines)}
    return {"text": block.text if isinstance(block, Text) else ""}


def _text(cell: Cell) -> str:
    return cell.text if isinstance(cell, Name) else cell
