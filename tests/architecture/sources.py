"""The source of the app as the architecture tests read it: modules, what they import, how long things are."""

import ast
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
APP = ROOT / "app"
PACKAGE = APP / "torchloupe"
TESTS = ROOT / "tests"
ROOMS = ("wire", "checkpoints", "analysis", "numbers", "worker", "session", "cli", "gui")


@dataclass(frozen=True)
class Import:
    """One imported module by its full name. ``lazy``: inside a function, so only when that runs."""

    importer: str
    name: str
    line: int
    lazy: bool

    def __str__(self) -> str:
        return f"{self.importer}:{self.line} imports {self.name}"


@dataclass(frozen=True)
class Length:
    """How many lines a class or function takes."""

    place: str
    lines: int


@dataclass(frozen=True)
class Source:
    """One Python file and the name it is imported by."""

    path: Path
    name: str

    @property
    def is_package(self) -> bool:
        """Is it an ``__init__.py``?"""
        return self.path.name == "__init__.py"

    @cached_property
    def text(self) -> str:
        """What it says."""
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def tree(self) -> ast.Module:
        """Its syntax tree."""
        return ast.parse(self.text, str(self.path))

    @property
    def line_count(self) -> int:
        """Its lines."""
        return len(self.text.splitlines())

    @cached_property
    def imports(self) -> tuple[Import, ...]:
        """Everything it imports, those inside functions and under TYPE_CHECKING included."""
        return tuple(found for statement, lazy in statements(self.tree) for found in self._imported_by(statement, lazy))

    def _imported_by(self, statement: ast.stmt, lazy: bool) -> list[Import]:
        if isinstance(statement, ast.Import):
            return [Import(self.name, alias.name, statement.lineno, lazy) for alias in statement.names]
        if isinstance(statement, ast.ImportFrom):
            base = self._absolute(statement)
            names = [f"{base}.{alias.name}" for alias in statement.names]
            return [Import(self.name, name if name in modules() else base, statement.lineno, lazy) for name in names]
        return []

    def _absolute(self, statement: ast.ImportFrom) -> str:
        if not statement.level:
            return statement.module or ""
        parts = self.name.split(".") + (["__init__"] if self.is_package else [])
        return ".".join([*parts[: -statement.level], *([statement.module] if statement.module else [])])

    def lengths(self, kinds: tuple[type[ast.AST], ...]) -> list[Length]:
        """Lengths of its definitions of ``kinds``, docstrings and comments included, decorators not."""
        found = [node for node in ast.walk(self.tree) if isinstance(node, kinds)]
        return [Length(f"{self.name}:{node.lineno} {node.name}", (node.end_lineno or 0) - node.lineno + 1) for node in found]


def statements(tree: ast.AST, lazy: bool = False) -> list[tuple[ast.stmt, bool]]:
    """All statements below ``tree``, each with whether it stands inside a function."""
    found: list[tuple[ast.stmt, bool]] = []
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.stmt):
            found.append((node, lazy))
        found += statements(node, lazy or isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)))
    return found


@lru_cache(maxsize=1)
def modules() -> dict[str, Source]:
    """Every file of the app by its module name."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(APP).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = Source(path, name)
    return found


def modules_in(package: str) -> list[Source]:
    """The files of ``torchloupe.<package>``."""
    full = f"torchloupe.{package}"
    return [source for name, source in modules().items() if name == full or name.startswith(full + ".")]


def imports_of(package: str) -> list[Import]:
    """Everything that the files of ``torchloupe.<package>`` import."""
    return [found for source in modules_in(package) for found in source.imports]


def importers_of(library: str) -> list[Import]:
    """Every import of ``library`` (or of a part of it) in the app."""
    return [found for source in modules().values() for found in source.imports if top(found.name) == library]


def room_of(module: str) -> str:
    """``wire`` for ``torchloupe.wire.codec``; empty for the files that stand outside every room."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[0] == "torchloupe" and parts[1] in ROOMS else ""


def top(name: str) -> str:
    """``torch`` for ``torch.nn``."""
    return name.partition(".")[0]
