"""What a target file offers, read from its syntax tree: Module classes, factories, which one is meant. Nothing is executed."""

import ast
import re
from typing import Dict, Iterator, List, Optional, Set, Tuple, Union

from ..wire.problems import WARNING, Problem
from ..wire.requests import TargetChoice, TargetChoices
from .module_classes import ModuleClasses, dotted_name, required_arguments, top_statements
from .notebook_source import notebook_problem, plain_source
from .project_classes import ProjectClasses, ReadText

MAKE_MODEL = "make_model"
PROVIDED = ("example_inputs", "loss_fn", "make_optimizer", "train_step")
"""Functions of a target file that are used when it has them."""
_MAKES = re.compile(r"(build|create|get|make)_")
_MAKES_OTHER = re.compile(
    r"optim|load|data|loss|sched|arg|conf|pars|transform|device|seed|logger|input|batch|token|path|dir|mask|param"
)
_ASKING = {"isinstance", "issubclass", "super", "print"}
_Function = Union[ast.FunctionDef, ast.AsyncFunctionDef]
_TARGET = re.compile(r"(.+):([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)?", re.DOTALL)


def split_target(text: str) -> Tuple[str, Optional[str]]:
    """``a/b.py:Name`` gives ``a/b.py`` and ``Name``; the name is None when there is none."""
    found = _TARGET.fullmatch(text)
    return (found.group(1), found.group(2)) if found else (text, None)


def target_choices(source: str, file: str, read: Optional[ReadText] = None) -> TargetChoices:
    """The Module classes, factories and finished models of a file, in source order. Raises ``SyntaxError`` as Python does.

    With ``read`` base classes are followed into other files of the project. Notebook commands are passed over.
    """
    plain = plain_source(source)
    tree = ast.parse(plain.text, file)
    classes = ProjectClasses(read).of(tree, file) if read else ModuleClasses(tree)
    choices = [_class_choice(node, classes) for node in classes.listed.values()]
    choices += [_factory_choice(node) for node in _functions(tree) if _is_factory(node, classes)]
    choices += _assigned_choices(tree, classes)
    default = MAKE_MODEL if MAKE_MODEL in _top_names(tree) else _only_whole_model(tree, classes)
    if default is None and len(choices) == 1:
        default = choices[0].name if choices[0].kind == "variable" else None
    problems = [notebook_problem(file, plain.left_out)] if plain.left_out else []
    problems += _namesakes(tree, classes, file)
    return TargetChoices(file, tuple(sorted(choices, key=lambda choice: choice.line)), default, tuple(problems))


def _assigned_choices(tree: ast.Module, classes: ModuleClasses) -> List[TargetChoice]:
    """``model = Net()`` is a finished model, ``small = partial(Net, 10)`` a factory."""
    found: Dict[str, TargetChoice] = {}
    for node in top_statements(tree.body):
        if not isinstance(node, (ast.Assign, ast.AnnAssign)) or not isinstance(node.value, ast.Call):
            continue
        made = node.value.args[0] if _is_partial(node.value) else node.value.func
        if not classes.is_module(dotted_name(made)):
            continue
        kind = "factory" if _is_partial(node.value) else "variable"
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        for name in (target.id for target in targets if isinstance(target, ast.Name)):
            found[name] = TargetChoice(name, kind, node.lineno, (dotted_name(made),))
    return list(found.values())


def _is_partial(call: ast.Call) -> bool:
    return dotted_name(call.func).rpartition(".")[2] == "partial" and bool(call.args)


def _namesakes(tree: ast.Module, classes: ModuleClasses, file: str) -> List[Problem]:
    """Of two classes with one name the later one replaces the earlier, as Python has it."""
    lines: Dict[str, List[int]] = {}
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            lines.setdefault(node.name, []).append(node.lineno)
    return [
        Problem(
            "target-namesakes",
            f"`{name}` is defined {len(places)} times, in lines {', '.join(map(str, places))}: the last one counts.",
            WARNING,
            "Rename or remove the others.",
            file=file,
            line=places[-1],
            data={"lines": places},
        )
        for name, places in lines.items()
        if len(places) > 1 and name in classes.listed
    ]


def _class_choice(node: ast.ClassDef, classes: ModuleClasses) -> TargetChoice:
    bases = tuple(ast.unparse(base) for base in node.bases)
    return TargetChoice(node.name, "class", node.lineno, bases, classes.required_arguments(node), _summary(node))


def _factory_choice(node: _Function) -> TargetChoice:
    return TargetChoice(node.name, "factory", node.lineno, (), required_arguments(node.args), _summary(node))


def _summary(node: Union[ast.ClassDef, _Function]) -> str:
    return (ast.get_docstring(node) or "").strip().partition("\n")[0].strip()


def _functions(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    return (node for node in top_statements(tree.body) if isinstance(node, ast.FunctionDef))


def _top_names(tree: ast.Module) -> Set[str]:
    """Names that the file defines or imports at its top."""
    names: Set[str] = set()
    for node in top_statements(tree.body):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names.update(target.id for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names.update(alias.asname or alias.name for alias in node.names)
    return names


def _is_factory(node: ast.FunctionDef, classes: ModuleClasses) -> bool:
    if node.name == MAKE_MODEL:
        return True
    if node.name in PROVIDED or node.name.startswith("_"):
        return False
    arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    if any(_names_module(argument.annotation, classes) for argument in arguments):
        return False  # it is given a model and changes it
    if _names_module(node.returns, classes):
        return True
    returned = [each.value for each in _own_nodes(node) if isinstance(each, ast.Return) and each.value is not None]
    if not returned or any(isinstance(each, (ast.Yield, ast.YieldFrom)) for each in _own_nodes(node)):
        return False
    if any(_makes_module(value, node, classes) for value in returned):
        return True
    return bool(_MAKES.match(node.name)) and not _MAKES_OTHER.search(node.name.partition("_")[2])


def _names_module(annotation: Optional[ast.expr], classes: ModuleClasses) -> bool:
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        try:
            annotation = ast.parse(annotation.value, mode="eval").body
        except SyntaxError:
            return False
    return annotation is not None and classes.is_module(dotted_name(annotation))


def _makes_module(value: ast.expr, node: ast.FunctionDef, classes: ModuleClasses) -> bool:
    """Is it a call of a Module class, or a name that was given one?"""
    if isinstance(value, ast.Call):
        return classes.is_module(dotted_name(value.func))
    if not isinstance(value, ast.Name):
        return False
    given = [each for each in _own_nodes(node) if isinstance(each, ast.Assign)]
    return any(
        isinstance(each.value, ast.Call)
        and classes.is_module(dotted_name(each.value.func))
        and any(isinstance(target, ast.Name) and target.id == value.id for target in each.targets)
        for each in given
    )


def _own_nodes(function: ast.FunctionDef) -> Iterator[ast.AST]:
    """The nodes of a function's body without those of functions and classes inside it."""
    waiting: List[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            waiting.extend(ast.iter_child_nodes(node))


def _only_whole_model(tree: ast.Module, classes: ModuleClasses) -> Optional[str]:
    """The one class that is no part of another: not made, passed on or subclassed inside one."""
    uses = {name: _names_in(node) - {name} for name, node in classes.listed.items()}
    functions = {node.name: _names_in(node) for node in _functions(tree)}
    parts = {name for used in uses.values() for name in _through_functions(used, functions)}
    parts |= {name for node in top_statements(tree.body) for name in _passed_on(node)}
    whole = [name for name in classes.listed if name not in parts] if len(classes.listed) > 1 else list(classes.listed)
    public = [name for name in whole if not name.startswith("_")]
    left = public or whole
    exported = [name for name in left if name in _exported(tree)]
    return (exported or left)[0] if 1 in (len(exported), len(left)) else None


def _exported(tree: ast.Module) -> Set[str]:
    """The names in ``__all__``."""
    assigned = [node for node in tree.body if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)]
    values = [node.value for node in assigned if isinstance(node.targets[0], ast.Name) and node.targets[0].id == "__all__"]
    return {
        each.value
        for value in values
        for each in ast.walk(value)
        if isinstance(each, ast.Constant) and isinstance(each.value, str)
    }


def _names_in(node: ast.AST) -> Set[str]:
    """Names that are read in a class or function, those of annotations left out."""
    names: Set[str] = set()
    waiting: List[ast.AST] = [node]
    while waiting:
        each = waiting.pop()
        if isinstance(each, ast.Name):
            names.add(each.id)
        for field, value in ast.iter_fields(each):
            if field in ("annotation", "returns"):
                continue
            children = value if isinstance(value, list) else [value]
            waiting.extend(child for child in children if isinstance(child, ast.AST))
    return names


def _through_functions(names: Set[str], functions: Dict[str, Set[str]]) -> Set[str]:
    """The names, and those that the file's functions among them use."""
    reached: Set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting.extend(functions.get(name, ()))
    return reached


def _passed_on(statement: ast.stmt) -> Set[str]:
    """Names handed over as they are, but those a class hands over of itself: ``ResNet(BasicBlock, [2, 2])`` passes a part."""
    if isinstance(statement, (ast.If, ast.Try, ast.With)):
        return set()  # what stands in it comes as a statement of its own
    calls = [node for node in ast.walk(statement) if isinstance(node, ast.Call) and dotted_name(node.func) not in _ASKING]
    values = [value for call in calls for value in [*call.args, *(keyword.value for keyword in call.keywords)]]
    return {value.id for value in values if isinstance(value, ast.Name)} - {getattr(statement, "name", "")}
