"""What goes into the frozen app: everything that our code imports, nothing of torch, and no library that has to fit another machine."""

import ast
import io
import re
import sys
import zipfile
import zlib
from pathlib import Path

import pytest

import frozen_parts
from architecture.sources import modules
from frozen_parts import EXCLUDED, data_files, is_kept, licences, needed, own_modules, without_symbols
from torchloupe import __version__
from torchloupe.gui.licences import OTHERS, QT
from torchloupe.session.luggage import LENGTH_DIGITS, luggage

ROOT = Path(__file__).resolve().parents[2]
SPEC = (ROOT / "packaging/torchloupe.spec").read_text(encoding="utf-8")


def places() -> set[str]:
    """Where the data files lie in the app."""
    return {f"{folder}/{Path(file).name}" for file, folder in data_files()}


# modules


def test_that_nothing_our_window_or_command_line_imports_is_excluded() -> None:
    imported = {found.name for name in own_modules() for found in modules()[name].imports}
    out = [name for name in imported for each in EXCLUDED if f"{name}.".startswith(f"{each}.")]
    assert out == []
    assert "pyqtgraph" in imported
    assert "PySide6.QtWidgets" in imported


def test_that_torch_is_out_and_so_is_the_worker() -> None:
    assert "torch" in EXCLUDED
    assert [name for name in own_modules() if name.startswith("torchloupe.worker")] == []


def test_that_every_other_module_of_ours_is_named_for_some_are_imported_by_a_text() -> None:
    expected = {name for name in modules() if not f"{name}.".startswith("torchloupe.worker.")}
    assert set(own_modules()) == expected
    assert {"torchloupe", "torchloupe.__main__", "torchloupe.gui.main_window"} <= expected


def test_that_qt_for_two_starts_of_one_window_is_kept() -> None:
    assert not [name for name in EXCLUDED if name == "PySide6.QtNetwork"]
    assert is_kept("PySide6/Qt/lib/libQt6Network.so.6")
    assert is_kept("PySide6/QtNetwork.abi3.so")


# data


def test_that_the_sources_of_the_worker_go_along_for_an_interpreter_to_have() -> None:
    there = places()
    with zipfile.ZipFile(io.BytesIO(zlib.decompress(luggage()[LENGTH_DIGITS:]))) as archive:
        sent = {name for name in archive.namelist() if name.endswith(".py")}
    assert sent - there == set()
    assert "torchloupe/worker/from_archive.py" in sent


def test_that_what_is_drawn_opened_and_read_goes_along() -> None:
    there = places()
    for name in ("icons/run.svg", "example/classifier.py", "example/checkpoint.pt", "licences/LGPL-3.0.txt"):
        assert f"torchloupe/resources/{name}" in there
    assert not [name for name in there if "/pictures/" in name or "__pycache__" in name]


def test_that_each_distribution_goes_with_what_tells_of_it() -> None:
    there = places()
    for name in (QT, *OTHERS):
        folder = re.sub("[-_.]+", "[-_.]", name)
        assert [each for each in there if re.match(rf"{folder}-[\d.]+dist-info/METADATA$", each, re.I)], name
    assert set(frozen_parts.DISTRIBUTIONS) == {QT, *OTHERS}


def test_that_our_licence_and_that_of_python_lie_where_about_looks_for_them() -> None:
    found = {place: Path(file) for file, place in licences([])}
    assert found["torchloupe/resources/licences/LICENSE"] == ROOT / "LICENSE"
    assert "torchloupe/resources/licences/python.txt" in found
    assert all(file.is_file() for file in found.values())


@pytest.mark.skipif(not Path("/var/lib/dpkg/status").exists(), reason="no Debian packages here")
def test_that_a_library_of_the_system_goes_with_the_notice_of_its_package() -> None:
    loader = Path("/proc/self/maps").read_text().split()
    libc = next(word for word in loader if re.search(r"/libc[.-]", word))
    found = {place: Path(file) for file, place in licences([libc, libc, "/nowhere/libnone.so"])}
    system = [place for place in found if "/system/" in place]
    assert system == ["torchloupe/resources/licences/system/libc6.txt"]
    assert "copyright" in found[system[0]].read_text(encoding="utf-8", errors="replace").lower()


# libraries


@pytest.mark.parametrize(
    ("place", "kept"),
    [
        ("PySide6/Qt/plugins/platforms/libqxcb.so", True),
        ("PySide6/Qt/plugins/platforms/libqoffscreen.so", True),
        ("PySide6/Qt/plugins/platforms/libqwayland.so", True),
        ("PySide6/plugins/platforms/qwindows.dll", True),
        ("PySide6\\plugins\\platforms\\qminimal.dll", False),
        ("PySide6/Qt/plugins/platforms/libqlinuxfb.so", False),
        ("PySide6/Qt/plugins/platformthemes/libqgtk3.so", False),
        ("PySide6/Qt/plugins/imageformats/libqsvg.so", True),
        ("PySide6/Qt/plugins/iconengines/libqsvgicon.so", True),
        ("PySide6/Qt/plugins/tls/libqopensslbackend.so", False),
        ("PySide6/Qt/translations/qtbase_de.qm", False),
        ("libGL.so.1", False),
        ("libEGL.so.1", False),
        ("libfontconfig.so.1", False),
        ("libxcb-cursor.so.0", True),
        ("numpy.libs/libscipy_openblas64_.so", True),
    ],
)
def test_that_what_is_not_used_or_belongs_to_the_machine_stays_out(place: str, kept: bool) -> None:
    assert is_kept(place) is kept


def test_that_a_library_only_a_dropped_part_asked_for_is_dropped_with_it() -> None:
    loads = {
        "/b/_struct.so": ["libpython3.11.so"],
        "/b/libqxcb.so": ["libxcb-cursor.so.0", "libQt6Gui.so.6"],
        "/b/libqgtk3.so": ["libgtk-3.so.0"],
        "/b/libgtk-3.so.0": ["libcairo.so.2"],
        "/b/libQt6Gui.so.6": ["libQt6Core.so.6", "libGL.so.1"],
        "/b/libGL.so.1": ["libX11.so.6"],
    }
    parts = [
        ("python3.11/lib-dynload/_struct.so", "/b/_struct.so", "EXTENSION"),
        ("libpython3.11.so.1.0", "/b/libpython3.11.so.1.0", "BINARY"),
        ("PySide6/Qt/plugins/platforms/libqxcb.so", "/b/libqxcb.so", "BINARY"),
        ("PySide6/Qt/plugins/platformthemes/libqgtk3.so", "/b/libqgtk3.so", "BINARY"),
        ("PySide6/Qt/lib/libQt6Gui.so.6", "/b/libQt6Gui.so.6", "BINARY"),
        ("PySide6/Qt/lib/libQt6Core.so.6", "/b/libQt6Core.so.6", "BINARY"),
        ("libQt6Core.so.6", "PySide6/Qt/lib/libQt6Core.so.6", "SYMLINK"),
        ("PySide6/Qt/lib/libQt6Quick.so.6", "/b/libQt6Quick.so.6", "BINARY"),
        *((f"{name}", f"/b/{name}", "BINARY") for name in ("libxcb-cursor.so.0", "libgtk-3.so.0", "libcairo.so.2", "libGL.so.1")),
        ("libX11.so.6", "/b/libX11.so.6", "BINARY"),
    ]
    kept = [place for place, *_ in needed(parts, lambda file: loads.get(file, ()))]
    assert kept == [
        "python3.11/lib-dynload/_struct.so",
        "libpython3.11.so.1.0",
        "PySide6/Qt/plugins/platforms/libqxcb.so",
        "PySide6/Qt/lib/libQt6Gui.so.6",
        "PySide6/Qt/lib/libQt6Core.so.6",
        "libQt6Core.so.6",
        "libxcb-cursor.so.0",
    ]


def test_that_symbols_are_taken_from_python_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frozen_parts.shutil, "which", lambda _name: "/usr/bin/strip")
    monkeypatch.setattr(frozen_parts.subprocess, "run", lambda words, **_: Stripped())
    stripped = str(tmp_path / "libpython3.11.so.1.0")
    assert without_symbols("libpython3.11.so.1.0", "/usr/lib/libpython3.11.so.1.0", tmp_path) == stripped
    assert without_symbols("python3.11/lib-dynload/_ssl.so", "/b/_ssl.so", tmp_path) == str(tmp_path / "_ssl.so")
    openblas = "numpy.libs/libscipy_openblas64_.so"  # which does not survive it
    assert without_symbols(openblas, f"/b/{openblas}", tmp_path) == f"/b/{openblas}"
    Stripped.returncode = 1
    assert without_symbols("libpython3.11.so.1.0", "/x/libpython3.11.so.1.0", tmp_path) == "/x/libpython3.11.so.1.0"


class Stripped:
    """How ``strip`` ended."""

    returncode = 0


# the definition


def test_that_the_definition_is_python_and_excludes_by_this_list() -> None:
    ast.parse(SPEC)
    assert "excludes=list(frozen_parts.EXCLUDED)" in SPEC
    assert frozen_parts.version() == __version__


def test_that_what_was_never_run_says_so() -> None:
    assert "never run" in SPEC
    assert "Windows and macOS" in SPEC


def test_that_macos_is_told_of_the_documents_that_linux_is_told_of() -> None:
    sys.path.insert(0, str(ROOT / "packaging/macos"))
    try:
        from info_plist import info_plist
    finally:
        sys.path.pop(0)
    told = info_plist("1.2.3")
    suffixes = {
        suffix
        for each in told["UTImportedTypeDeclarations"]
        for suffix in each["UTTypeTagSpecification"]["public.filename-extension"]
    }
    mime = (ROOT / "resources/desktop/torchloupe-mime.xml").read_text(encoding="utf-8")
    assert suffixes == {suffix.lstrip("*.") for suffix in re.findall(r'pattern="(.+?)"', mime)}
    assert {each["LSHandlerRank"] for each in told["CFBundleDocumentTypes"]} == {"Alternate"}
    named = {kind for each in told["CFBundleDocumentTypes"] for kind in each["LSItemContentTypes"]}
    assert named == {each["UTTypeIdentifier"] for each in told["UTImportedTypeDeclarations"]}
    assert told["CFBundleShortVersionString"] == "1.2.3"


def test_that_windows_is_told_the_version_and_that_paths_may_be_long() -> None:
    text = (ROOT / "packaging/windows/version_info.txt").read_text(encoding="utf-8").replace("VERSION", "1.2.3")
    ast.parse(text, mode="eval")
    assert 'StringStruct("ProductVersion", "1.2.3")' in text
    assert '"1.2.3.0".split(".")' in text
    assert ">true</longPathAware>" in (ROOT / "packaging/windows/torchloupe.manifest").read_text(encoding="utf-8")
