"""What the colours are to eyes that lack one kind of cones: states stay apart, and so do the sizes in a heat map."""

from itertools import combinations, pairwise

import pytest
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication

from torchloupe.gui import theme
from torchloupe.gui.tensor.colors import ABOVE, BELOW, color_table
from torchloupe.gui.theme import COLORS, Theme

Triple = tuple[float, float, float]

VISION: dict[str, tuple[Triple, Triple, Triple]] = {
    "usual": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}
"""What remains of linear red, green and blue: Machado, Oliveira and Fernandes 2009, without any of the cones in question."""
TO_XYZ = ((0.4124564, 0.3575761, 0.1804375), (0.2126729, 0.7151522, 0.0721750), (0.0193339, 0.1191920, 0.9503041))
WHITE = (0.95047, 1.0, 1.08883)

STATES = ("error", "warning", "info", "matched", "unexpected", "shape")
APART = 12.0
"""In units of CIELAB, where 2.3 is just noticeable beside each other; text is thin, so several times that."""
SETS = [pytest.param(tokens, id=f"{name} {tokens.name}") for name, both in COLORS.items() for tokens in both]


def linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)


def times(matrix: tuple[Triple, ...], triple: Triple) -> Triple:
    one, two, three = (sum(factor * part for factor, part in zip(row, triple, strict=True)) for row in matrix)
    return one, two, three


def seen(text: str, vision: str) -> Triple:
    """A colour in CIELAB as these eyes see it."""
    color = QColor(text)
    light = times(VISION[vision], (linear(color.redF()), linear(color.greenF()), linear(color.blueF())))
    red, green, blue = (min(max(part, 0.0), 1.0) for part in light)
    x, y, z = (part / full for part, full in zip(times(TO_XYZ, (red, green, blue)), WHITE, strict=True))
    fx, fy, fz = (part ** (1 / 3) if part > 0.008856 else 7.787 * part + 16 / 116 for part in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


def difference(one: str, other: str, vision: str) -> float:
    pairs = zip(seen(one, vision), seen(other, vision), strict=True)
    return float(sum((a - b) ** 2 for a, b in pairs) ** 0.5)


@pytest.mark.parametrize("vision", VISION)
@pytest.mark.parametrize("tokens", SETS)
def test_that_no_two_states_look_alike_and_none_like_plain_or_muted_text(tokens: Theme, vision: str) -> None:
    roles = (*STATES, "text", "muted")
    close = {
        (one, other): round(difference(getattr(tokens, one), getattr(tokens, other), vision), 1)
        for one, other in combinations(roles, 2)
    }
    assert {pair: far for pair, far in close.items() if far < APART} == {}


@pytest.mark.parametrize("tokens", SETS)
def test_that_what_is_missing_is_coloured_as_an_error_and_a_link_as_information(tokens: Theme) -> None:
    assert tokens.missing == tokens.error
    assert tokens.accent == tokens.info


def test_that_the_check_finds_a_pair_that_some_eyes_cannot_tell_apart() -> None:
    red, brown = "#b3261e", "#855700"
    assert difference(red, brown, "usual") > 40
    assert difference(red, brown, "deuteranopia") < 5


def test_that_white_and_black_are_as_far_apart_as_can_be_for_all_eyes() -> None:
    for vision in VISION:
        assert difference("#ffffff", "#000000", vision) == pytest.approx(100, abs=1)


@pytest.mark.parametrize("vision", VISION)
@pytest.mark.parametrize("mode", ["light", "dark"])
def test_that_a_heat_map_is_in_order_and_its_signs_are_apart_for_all_eyes(mode: str, vision: str, qapp: QApplication) -> None:
    theme.apply_theme(qapp, mode)
    names = [QColor.fromRgb(rgb).name() for rgb in color_table()]
    zero, away = (BELOW + ABOVE) // 2, 1 if mode == "dark" else -1
    for codes in (range(zero, ABOVE + 1, 18), range(zero, BELOW - 1, -18)):
        bright = [seen(names[code], vision)[0] for code in codes]
        assert all(away * (after - before) > 1 for before, after in pairwise(bright))
    for step in range(36, zero - BELOW + 1, 18):
        assert difference(names[zero - step], names[zero + step], vision) > 2 * APART
