"""A key that has no room keeps both of its ends, in the pieces that it is painted in."""

import pytest

from torchloupe.gui.compare.key_delegate import Piece, pieces, shortened

KEY = "model.layers.{0..3}.self_attn.q_proj.weight"
PARTS = pieces(KEY, ((0, 12), (20, 36)))


def letters(text: str, _changed: bool) -> int:
    return len(text)


def said(parts: list[Piece]) -> str:
    return "".join(text for text, _ in parts)


def test_that_a_key_with_room_is_whole() -> None:
    assert shortened(PARTS, len(KEY), letters) == PARTS


@pytest.mark.parametrize("room", range(3, len(KEY)))
def test_that_without_room_the_middle_is_left_out_and_nothing_more(room: int) -> None:
    text = said(shortened(PARTS, room, letters))
    head, tail = text.split("…")
    assert len(text) == room
    assert KEY.startswith(head)
    assert KEY.endswith(tail)
    assert len(head) == (room - 1) // 3  # the end tells more


def test_that_keys_that_begin_alike_are_told_apart() -> None:
    shown = {said(shortened(pieces(KEY.replace("q_", f"{name}_"), ()), 24, letters)) for name in "qkv"}
    assert len(shown) == 3


def test_that_what_stays_is_still_marked_as_changed() -> None:
    assert shortened(PARTS, 20, letters) == [("model.", True), ("…", False), ("q_proj", True), (".weight", False)]


@pytest.mark.parametrize("room", [-5, 0, 1])
def test_that_no_room_at_all_leaves_the_sign_that_something_is_there(room: int) -> None:
    assert said(shortened(PARTS, room, letters)) == "…"


def test_that_bold_parts_take_the_room_they_take() -> None:
    assert len(said(shortened(PARTS, 30, lambda text, changed: len(text) * (2 if changed else 1)))) < 30
