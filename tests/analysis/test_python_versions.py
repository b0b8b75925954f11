"""What a line or a module tells about the Python it was written for, and what pip calls a module."""

import pytest

from torchloupe.analysis.package_names import package_of
from torchloupe.analysis.python_versions import gone_since, version_text, written_for


@pytest.mark.parametrize(
    ("line", "version"),
    [
        ("    match command.split():", (3, 10)),
        ("match x:  # a comment", (3, 10)),
        ("        case [a, b]:", (3, 10)),
        ("    except* ValueError:", (3, 11)),
        ("def first[T](items: list[T]) -> T:", (3, 12)),
        ("class Box[T]:", (3, 12)),
        ("type Shape = tuple[int, ...]", (3, 12)),
        ("x = t'{a}'", (3, 14)),
    ],
)
def test_that_late_syntax_names_its_python(line: str, version: tuple[int, int]) -> None:
    assert written_for(line) == version


@pytest.mark.parametrize("line", ["class Net(nn.Module)", "def f(:", "match = 3", "type(x) = 3", "x = [1, 2", "print 'a'", ""])
def test_that_other_lines_name_none(line: str) -> None:
    assert written_for(line) is None


def test_that_modules_that_python_gave_up_are_known() -> None:
    assert gone_since("distutils.util") == (3, 12)
    assert gone_since("torch") is None
    assert version_text((3, 9)) == "3.9"


@pytest.mark.parametrize(
    ("module", "package"),
    [("cv2", "opencv-python"), ("PIL.Image", "Pillow"), ("sklearn.svm", "scikit-learn"), ("yaml", "PyYAML"), ("timm", "timm")],
)
def test_that_a_module_has_the_name_that_pip_knows(module: str, package: str) -> None:
    assert package_of(module) == package
