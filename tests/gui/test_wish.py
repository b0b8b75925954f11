"""What is asked for on a command line, as one line that another window understands."""

import json
from pathlib import Path

import pytest

from torchloupe.gui.wish import Wish, is_imported, wish_of_text, wish_of_words


def test_that_a_wish_comes_through_the_socket_as_it_is() -> None:
    wish = Wish(("/m/Модель.pt",), "fc1", "0, :", True, True, "/usr/bin/python3", "dark", "token")
    assert wish_of_text(wish.as_text()) == wish
    assert "\n" not in wish.as_text()
    assert "Модель" in wish.as_text()


def test_that_a_newer_wish_is_understood_as_far_as_it_goes() -> None:
    assert wish_of_text('{"paths": ["/a.pt"], "colour": "red"}') == Wish(("/a.pt",))


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "7", '{"paths": "a.pt"}', '{"paths": [1]}', '{"goto": 7}', '{"compare": "yes"}', '{"paths": null}']
)
def test_that_what_is_no_wish_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        wish_of_text(text)


def test_that_words_get_the_folder_in_which_they_were_said(tmp_path: Path) -> None:
    for name in ("a.pt", "net.py", "odd::name.pt"):
        (tmp_path / name).touch()
    wish = wish_of_words(["a.pt", "net.py:Net", "package.module:Net", "gone.pt", "odd::name.pt"], tmp_path)
    assert wish.paths == (
        f"{tmp_path}/a.pt",
        f"{tmp_path}/net.py:Net",
        "package.module:Net",
        "gone.pt",
        f"{tmp_path}/odd::name.pt",
    )
    assert [is_imported(path) for path in wish.paths] == [False, False, True, True, False]
    assert wish.goto == ""


def test_that_a_tensor_in_a_file_is_where_to_go(tmp_path: Path) -> None:
    (tmp_path / "a.pt").touch()
    wish = wish_of_words(["a.pt::fc.weight[0, :]"], tmp_path)
    assert (wish.paths, wish.goto, wish.index) == ((f"{tmp_path}/a.pt",), "fc.weight", "0, :")
    assert wish_of_words(["a.pt::fc.weight"], tmp_path, goto="head").goto == "head"
    assert json.loads(wish.as_text())["index"] == "0, :"
