"""Which importable names a pickle mentions, in groups: what torch needs, what is harmless, what runs code, what is unknown."""

from typing import Dict, List

from ..wire.problems import INFO, WARNING, Problem

TORCH = "torch"
HARMLESS = "harmless"
RUNS_CODE = "runs code"
UNKNOWN = "unknown"

_NAMES_SHOWN = 8

_LOADED_BY_TORCH = {
    "collections.OrderedDict",
    "collections.Counter",
    "builtins.set",
    "builtins.bytearray",
    "builtins.complex",
    "_codecs.encode",
    "torch.Size",
    "torch.Tensor",
    "torch.device",
    "torch.serialization._get_layout",
    "torch.nn.parameter.Parameter",
    "torch._tensor._rebuild_from_type_v2",
    "torch.storage.UntypedStorage",
    "torch.storage.TypedStorage",
}
_HARMLESS = {
    "argparse.Namespace",
    "collections.defaultdict",
    "collections.deque",
    "builtins.frozenset",
    "builtins.list",
    "builtins.dict",
    "builtins.tuple",
    "builtins.int",
    "builtins.float",
    "builtins.str",
    "builtins.bool",
    "builtins.bytes",
    "builtins.slice",
    "builtins.range",
    "builtins.object",
    "copyreg._reconstructor",
    "types.SimpleNamespace",
    "uuid.UUID",
}
_HARMLESS_CLASSES = {
    "pathlib": {"Path", "PosixPath", "WindowsPath", "PurePath", "PurePosixPath", "PureWindowsPath"},
    "pathlib._local": {"Path", "PosixPath", "WindowsPath", "PurePath", "PurePosixPath", "PureWindowsPath"},
    "datetime": {"date", "datetime", "time", "timedelta", "timezone"},
    "decimal": {"Decimal"},
    "fractions": {"Fraction"},
    "enum": {"Enum", "IntEnum", "Flag", "IntFlag"},
}
_LAYERS = "torch.nn.modules."
_THROUGH_HARMLESS = (*(f"{module}." for module in _HARMLESS_CLASSES), _LAYERS, "torch._utils._rebuild", "numpy.random.")
"""What is reached through these and is none of their classes: ``pathlib.os.system``, ``pathlib.Path.unlink``."""
_NUMPY_DATA = {
    "numpy.dtype", "numpy.ndarray", "numpy.core.multiarray._reconstruct", "numpy.core.multiarray.scalar",
    "numpy.core.numeric._frombuffer", "numpy.ma.core._mareconstruct", "numpy.ma.core.MaskedArray",
}  # fmt: skip
_NUMPY_KINDS = ("bool", "int", "uint", "float", "complex")
_NUMPY_RANDOM = ("_", "mtrand.", "bit_generator.")
_CODE_MODULES = {
    "os", "posix", "nt", "subprocess", "sys", "runpy", "socket", "shutil", "importlib", "pty", "webbrowser", "ctypes",
    "commands", "code", "codeop", "pip", "timeit", "pdb", "bdb", "profile", "cProfile", "multiprocessing", "threading",
    "asyncio", "signal", "imp", "pickle", "_pickle", "marshal", "types", "requests", "urllib", "http", "ftplib", "smtplib",
    "pydoc", "doctest", "trace", "operator", "functools", "platform", "tempfile", "io", "linecache", "venv", "ensurepip",
    "dill", "cloudpickle", "joblib", "shelve", "pkgutil", "inspect", "gc", "site", "zipimport", "idlelib",
}  # fmt: skip
_CODE_BUILTINS = {"eval", "exec", "execfile", "compile", "open", "getattr", "setattr", "delattr", "__import__", "apply", "globals",
                  "input", "breakpoint", "vars", "map", "filter"}  # fmt: skip
_CODE_PREFIXES = (
    "torch.hub.", "torch.utils.", "torch._dynamo.", "torch._inductor.", "torch.distributed.rpc.", "torch.jit.", "torch.package.",
    "torch._utils._import", "torch.storage._load_from_bytes", "torch.serialization.load", "torch.load", "torch.ops.load_library",
    "numpy.f2py.", "numpy.testing.", "numpy.distutils.", "numpy.load", "numpy.lib.npyio.", "uuid._", "logging.config.",
)  # fmt: skip


def kind_of(name: str) -> str:
    """The group of one dotted name."""
    module, _, attribute = name.rpartition(".")
    package = module.partition(".")[0]
    if name in _LOADED_BY_TORCH or (module == "torch._utils" and attribute.startswith("_rebuild")):
        return TORCH
    if module in ("torch", "torch.cuda") and _is_data(attribute):
        return TORCH
    if (
        name in _HARMLESS
        or attribute in _HARMLESS_CLASSES.get(module, ())
        or _is_numpy_data(name)
        or _is_layer(module, attribute)
    ):
        return HARMLESS
    if package in _CODE_MODULES or (module == "builtins" and attribute in _CODE_BUILTINS) or name.startswith(_CODE_PREFIXES):
        return RUNS_CODE
    if package == "__torch__":
        return HARMLESS
    return RUNS_CODE if name.startswith(_THROUGH_HARMLESS) and _reaches_through(name) else UNKNOWN


def _is_layer(module: str, attribute: str) -> bool:
    """True for ``torch.nn.modules.linear.Linear``, false for what such a module imports."""
    return module.startswith(_LAYERS) and module.count(".") == _LAYERS.count(".") and attribute.lstrip("_")[:1].isupper()


def _reaches_through(name: str) -> bool:
    """True for more names than a module and its class: a pickle may look up an attribute of an attribute."""
    usual = next(prefix for prefix in _THROUGH_HARMLESS if name.startswith(prefix)).count(".")
    return name.count(".") > usual + name.startswith((_LAYERS, "numpy.random."))


def _is_numpy_data(name: str) -> bool:
    """True for arrays, scalars and dtypes, whose pickles numpy itself writes; false for ``numpy.testing`` and the like."""
    name = name.replace("numpy._core.", "numpy.core.")
    if name in _NUMPY_DATA:
        return True
    module, _, attribute = name.rpartition(".")
    if module.startswith("numpy.random."):
        return module.count(".") == 2 and name[len("numpy.random.") :].startswith(_NUMPY_RANDOM)
    return module == "numpy.dtypes" or (module == "numpy" and attribute.startswith(_NUMPY_KINDS))


def _is_data(attribute: str) -> bool:
    """True for ``torch.FloatStorage``, ``torch.float32``, ``torch.per_tensor_affine``; false for functions such as ``torch.load``."""
    return attribute.endswith(("Storage", "Tensor", "_affine", "_float_qparams")) or attribute[-1:].isdigit() or attribute in (
        "bool", "float", "double", "half", "int", "long", "short", "strided", "sparse_coo", "sparse_csr",
        "float8_e4m3fn", "float8_e4m3fnuz", "float8_e5m2fnuz", "float8_e8m0fnu", "float4_e2m1fn_x2",
    )  # fmt: skip


def name_problems(places: Dict[str, int]) -> List[Problem]:
    """What is worth saying about the names, given where each was mentioned first: one problem for code, one for other classes."""
    groups: Dict[str, List[str]] = {}
    for name in sorted(places):
        groups.setdefault(kind_of(name), []).append(name)
    problems = []
    code = groups.get(RUNS_CODE, [])
    if code:
        problems.append(
            Problem(
                "checkpoint-runs-code",
                f"This file would run code if it were loaded with weights_only=False: it calls for {_listed(code)}. "
                "Nothing of it was run here.",
                WARNING,
                "Do not load it with weights_only=False unless you made it yourself.",
                data={"names": {name: places[name] for name in code[:100]}},
            )
        )
    others = groups.get(UNKNOWN, []) + groups.get(HARMLESS, [])
    if others:
        problems.append(
            Problem(
                "checkpoint-pickled-objects",
                f"This file stores Python objects ({_listed(others)}). Names and shapes are shown; torch.load may refuse it.",
                INFO,
                "Load it with weights_only=False where you trust it and have these classes, then save only the state_dict.",
                data={"names": {name: places[name] for name in others[:100]}},
            )
        )
    return problems


def _listed(names: List[str]) -> str:
    shown = ", ".join(name[:200] for name in names[:_NAMES_SHOWN])
    return f"{shown} and {len(names) - _NAMES_SHOWN:,} more" if len(names) > _NAMES_SHOWN else shown
