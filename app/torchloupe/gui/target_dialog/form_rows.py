"""The rows of the form of constructor arguments, what is typed into them, and the keywords that this means.

An argument that is a module has a row for its class, and rows for the arguments of that class once they are known.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torchloupe.analysis.row_filter import row_filter
from torchloupe.analysis.wording import counted
from torchloupe.gui.target_dialog.field_values import default_text, is_default, read_value, text_of
from torchloupe.wire.arguments import ArgumentField

Path = tuple[str, ...]
Texts = Mapping[Path, str]
"""What is typed, by the path of the row; a row that is not there is empty."""

FILTER_FROM = 12
"""With more rows than these a form has a filter field."""
FILTER_COLUMNS = ("name", "type", "default", "summary")


@dataclass(frozen=True)
class FormRow:
    """One argument, or one field of a configuration object; ``path`` is its name under the names of the objects around it."""

    path: Path
    field: ArgumentField

    @property
    def name(self) -> str:
        """``config.encoder.width``."""
        return ".".join(self.path)

    @property
    def is_group(self) -> bool:
        """A configuration object; its fields follow as rows."""
        return self.field.kind == "config"

    @property
    def is_required(self) -> bool:
        """It has no default, and something has to be typed."""
        return not self.field.has_default and not self.is_group


def rows_of(fields: Sequence[ArgumentField], above: Path = ()) -> Iterator[FormRow]:
    """All rows in the order of the signature, the fields of an object behind it."""
    for field in fields:
        row = FormRow((*above, field.name), field)
        yield row
        if field.fields:
            yield from rows_of(field.fields, row.path)


def keywords(fields: Sequence[ArgumentField], texts: Texts, rest: Mapping[str, Any], above: Path = ()) -> dict[str, Any]:
    """The keywords that differ from the defaults. ``rest`` are those that have no row. What cannot be read is left out."""
    made: dict[str, Any] = {}
    for field in fields:
        path = (*above, field.name)
        if field.kind == "config":
            more = rest.get(field.name, {})
            if not isinstance(more, Mapping):
                continue
            inner = keywords(field.fields, texts, more, path)
            if inner or (not field.has_default and (not above or is_typed(texts, above))):
                made[field.name] = inner
        elif texts.get(path, "").strip() and not reason(field, texts[path]):
            value = read_value(field, texts[path])
            if field.kind == "module" and isinstance(value, str):
                inner = keywords(field.fields, texts, _inside(rest, field.name, value), path)
                value = {value: inner} if inner else value
            if not is_default(field, value):
                made[field.name] = value
    modules = {field.name for field in fields if field.kind == "module"}  # their rest is that of the class that is typed
    return {**made, **{name: value for name, value in rest.items() if name not in made and name not in modules}}


def _inside(rest: Mapping[str, Any], argument: str, name: str) -> Mapping[str, Any]:
    """What is kept for a class that an argument names."""
    kept = rest.get(argument)
    found = kept.get(name) if isinstance(kept, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def typed_texts(fields: Sequence[ArgumentField], arguments: Mapping[str, Any]) -> tuple[dict[Path, str], dict[str, Any]]:
    """What has to be typed to give these keywords, and those of them that have no row."""
    texts: dict[Path, str] = {}
    rest = dict(arguments)
    for field in fields:
        if field.name not in arguments:
            continue
        value = arguments[field.name]
        if field.kind == "module" and isinstance(value, Mapping) and len(value) == 1:
            ((name, given),) = value.items()
            texts[field.name,] = str(name)
            inner, more = typed_texts(field.fields, given if isinstance(given, Mapping) else {})
            texts.update({(field.name, *path): text for path, text in inner.items()})
            rest[field.name] = {name: more}
            if not more:
                del rest[field.name]
        elif field.kind != "config":
            texts[field.name,] = text_of(field, value)
            del rest[field.name]
        elif isinstance(value, Mapping):
            inner, more = typed_texts(field.fields, value)
            texts.update({(field.name, *path): text for path, text in inner.items()})
            rest[field.name] = more
            if not more:
                del rest[field.name]
    return texts, rest


def is_typed(texts: Texts, above: Path) -> bool:
    """Something is typed for a field of this object."""
    return any(text.strip() and path[: len(above)] == above for path, text in texts.items())


def reason(field: ArgumentField, text: str) -> str:
    """Why a text is not what the argument takes; empty when it is, and for an empty text."""
    if not text.strip():
        return ""
    try:
        read_value(field, text)
    except ValueError as error:
        return str(error)
    return ""


def lacking(rows: Sequence[FormRow], texts: Texts, rest: Mapping[str, Any]) -> list[str]:
    """Names that have to be typed. Of an object only when nothing of it is: its class knows what it can do without."""
    return [
        row.name
        for row in rows
        if row.is_required
        and not texts.get(row.path, "").strip()
        and (
            _is_of_named_class(rows, texts, row.path)
            or (row.path[0] not in rest and (len(row.path) == 1 or not _may_lack(rows, texts, row.path)))
        )
    ]


def _may_lack(rows: Sequence[FormRow], texts: Texts, path: Path) -> bool:
    """A field of an object that is begun, or need not be given."""
    return is_typed(texts, path[:1]) or _is_optional_object(rows, path)


def _is_of_named_class(rows: Sequence[FormRow], texts: Texts, path: Path) -> bool:
    """An argument of a class that is typed for a module."""
    return any(row.field.kind == "module" and row.path == path[:-1] and texts.get(row.path, "").strip() for row in rows)


def _is_optional_object(rows: Sequence[FormRow], path: Path) -> bool:
    groups = {row.path: row.field for row in rows if row.is_group}
    return any(groups[path[:depth]].has_default for depth in range(1, len(path)) if path[:depth] in groups)


def shown_rows(rows: Sequence[FormRow], text: str, folded: Iterable[Path] = ()) -> set[Path]:
    """The rows that a filter accepts, with the objects around them; without a filter all that lie in no folded object."""
    if not text.strip():
        closed = set(folded)
        return {row.path for row in rows if not any(row.path[:depth] in closed for depth in range(1, len(row.path)))}
    accepts = row_filter(text, FILTER_COLUMNS)
    cells = {row.path: (row.name, row.field.annotation, default_text(row.field), row.field.summary) for row in rows}
    found = {row.path for row in rows if accepts(cells[row.path])}
    return {path[:depth] for path in found for depth in range(1, len(path) + 1)}


def help_text(row: FormRow) -> str:
    """The row in words: its name, annotation, default, and what the docstring says of it."""
    kinds = {"other": "", "config": f"an object with {counted(len(row.field.fields), 'field')}"}
    kind = row.field.annotation or kinds.get(row.field.kind, row.field.kind)
    default = default_text(row.field)
    said = f"{row.name}: {kind}" if kind else row.name
    said += f" = {default}" if default else ", required" if row.is_required else ""
    return f"{said}. {row.field.summary}" if row.field.summary else said
