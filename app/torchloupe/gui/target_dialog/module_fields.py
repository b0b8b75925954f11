"""Arguments that are modules: the fields of the class that is named for each unfold below it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from torchloupe.gui.target_dialog.form_rows import Path, Texts, typed_texts
from torchloupe.wire.arguments import ArgumentField

Fields = tuple[ArgumentField, ...]
Classes = Mapping[str, Fields]
"""What Module classes ask for, by the names that are typed for them."""
DEEPEST = 8


def unfolded(fields: Sequence[ArgumentField], texts: Texts, classes: Classes, above: Path = ()) -> Fields:
    """The fields with those of the classes that are typed for modules."""
    made = []
    for field in fields:
        path = (*above, field.name)
        inner = classes.get(texts.get(path, "").strip(), ()) if field.kind == "module" else field.fields
        made.append(replace(field, fields=unfolded(inner, texts, classes, path) if len(path) < DEEPEST else ()))
    return tuple(made)


def spread(fields: Fields, arguments: Mapping[str, Any], classes: Classes) -> tuple[Fields, dict[Path, str], dict[str, Any]]:
    """Keywords in rows: the unfolded fields, what is typed there, and what has no row."""
    texts, rest = typed_texts(fields, arguments)
    for _ in range(DEEPEST):
        below = unfolded(fields, texts, classes)
        texts, rest = typed_texts(below, arguments)
        if below == fields:
            break
        fields = below
    return fields, texts, rest


def named_classes(fields: Sequence[ArgumentField], texts: Texts, above: Path = ()) -> Iterator[str]:
    """The classes that are typed for modules, of those that are offered."""
    for field in fields:
        path = (*above, field.name)
        name = texts.get(path, "").strip()
        if field.kind == "module" and name in field.choices:
            yield name
        yield from named_classes(field.fields, texts, path)
