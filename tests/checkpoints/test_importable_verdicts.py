"""A plain verdict on every importable name."""

import pytest

from torchloupe.checkpoints.importable_verdicts import DANGEROUS, HARMLESS, UNKNOWN, judged_names, verdict_of


@pytest.mark.parametrize(
    ("name", "word", "part"),
    [
        ("torch._utils._rebuild_tensor_v2", HARMLESS, "puts a tensor together"),
        ("torch._utils._rebuild_parameter", HARMLESS, "puts a tensor together"),
        ("collections.OrderedDict", HARMLESS, "data"),
        ("torch.FloatStorage", HARMLESS, "block of numbers"),
        ("torch.bfloat16", HARMLESS, "data"),
        ("numpy.core.multiarray.scalar", HARMLESS, "only holds data"),
        ("numpy._core.multiarray._reconstruct", HARMLESS, "only holds data"),
        ("numpy.dtype", HARMLESS, "only holds data"),
        ("pathlib.PosixPath", HARMLESS, "only holds data"),
        ("my.project.Config", UNKNOWN, "would be imported"),
        ("torch.optim.adam.Adam", UNKNOWN, "would be imported"),
        ("posix.system", DANGEROUS, "runs programs"),
        ("subprocess.Popen", DANGEROUS, "runs programs"),
        ("builtins.eval", DANGEROUS, "runs Python code"),
        ("builtins.exec", DANGEROUS, "runs Python code"),
        ("builtins.getattr", DANGEROUS, "by its name"),
        ("builtins.__import__", DANGEROUS, "runs Python code"),
        ("runpy._run_code", DANGEROUS, "other code"),
        ("importlib.import_module", DANGEROUS, "other code"),
        ("socket.socket", DANGEROUS, "network"),
        ("webbrowser.open", DANGEROUS, "network"),
        ("ctypes.CDLL", DANGEROUS, "libraries"),
        ("shutil.rmtree", DANGEROUS, "files"),
        ("pickle.loads", DANGEROUS, "another pickle"),
        ("torch.storage._load_from_bytes", DANGEROUS, "another pickle"),
        ("torch.load", DANGEROUS, "another pickle"),
        ("torch.hub.load", DANGEROUS, "any code"),
        ("torch.utils.collect_env.run", DANGEROUS, "any code"),
        ("torch._dynamo.guards.GuardBuilder.get", DANGEROUS, "any code"),
        ("numpy.f2py.crackfortran.getlincoef", DANGEROUS, "any code"),
        ("numpy.testing._private.utils.runstring", DANGEROUS, "any code"),
        ("functools.partial", DANGEROUS, "any code"),
    ],
)
def test_that_a_name_has_its_verdict_with_a_reason(name: str, word: str, part: str) -> None:
    verdict = verdict_of(name)
    assert verdict.word == word
    assert part in verdict.reason
    assert verdict.reason.endswith(".")
    assert verdict.reason[0].isupper()


def test_that_the_worst_names_come_first_and_those_alike_by_name() -> None:
    names = ["torch.FloatStorage", "zoo.Thing", "os.system", "app.Thing", "builtins.eval"]
    assert [judged.name for judged in judged_names(names)] == [
        "builtins.eval",
        "os.system",
        "app.Thing",
        "zoo.Thing",
        "torch.FloatStorage",
    ]


@pytest.mark.parametrize("name", ["", ".", "x", "..", "torch", "builtins", "os"])
def test_that_odd_names_have_a_verdict_too(name: str) -> None:
    assert verdict_of(name).word in (HARMLESS, UNKNOWN, DANGEROUS)
