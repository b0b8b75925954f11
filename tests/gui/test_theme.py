"""The colours: readable in both themes, by role, and the same everywhere."""

import re
from pathlib import Path

import pytest
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication, QWidget

from torchloupe.gui import theme
from torchloupe.gui.python_spans import ROLES as PYTHON_ROLES
from torchloupe.gui.theme import BLUE_DARK, BLUE_LIGHT, COLORS, DARK, LIGHT, MARKED, ROLES, TINT, Theme, contrast

GUI = Path(theme.__file__).parent

NAMES = {"light": LIGHT, "dark": DARK, "blue light": BLUE_LIGHT, "blue dark": BLUE_DARK}
THEMES = pytest.mark.parametrize("tokens", NAMES.values(), ids=NAMES.keys())
GROUNDS = ("window", "base", "alternate", "button")


@THEMES
@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("role", ["text", *(role for role in ROLES if role not in ("grid", "contained"))])
def test_that_every_text_colour_can_be_read_on_every_ground(tokens: Theme, ground: str, role: str) -> None:
    assert contrast(getattr(tokens, role), getattr(tokens, ground)) >= 4.5


@THEMES
@pytest.mark.parametrize("ground", ["base", "alternate"])
def test_that_an_error_further_down_can_be_read_in_rows_and_has_the_hue_of_errors_but_paler(tokens: Theme, ground: str) -> None:
    assert contrast(tokens.contained, getattr(tokens, ground)) >= 4.5
    pale, full = QColor(tokens.contained), QColor(tokens.error)
    assert abs(pale.hslHue() - full.hslHue()) <= 5
    assert pale.hsvSaturation() < full.hsvSaturation()


@THEMES
@pytest.mark.parametrize("ground", GROUNDS)
def test_that_disabled_text_can_still_be_made_out(tokens: Theme, ground: str) -> None:
    assert contrast(tokens.disabled, getattr(tokens, ground)) >= 3.0


def blended(over: str, ground: str, alpha: int) -> str:
    """The colour that is seen where one that can be seen through lies on another."""
    pairs = zip(QColor(over).getRgb()[:3], QColor(ground).getRgb()[:3], strict=True)
    return QColor(*(round((front * alpha + back * (255 - alpha)) / 255) for front, back in pairs)).name()


@THEMES
@pytest.mark.parametrize("role", sorted({"text", *PYTHON_ROLES.values()}))
def test_that_python_can_be_read_on_a_marked_line(tokens: Theme, role: str) -> None:
    assert contrast(getattr(tokens, role), blended(tokens.accent, tokens.base, MARKED)) >= 4.5


@THEMES
@pytest.mark.parametrize("ground", ["window", "base"])
@pytest.mark.parametrize("role", ["error", "muted", "matched"])
def test_that_a_word_on_a_ground_of_its_own_colour_can_be_read(tokens: Theme, role: str, ground: str) -> None:
    assert contrast(getattr(tokens, role), blended(getattr(tokens, role), getattr(tokens, ground), TINT)) >= 4.5


@THEMES
def test_that_a_ground_that_is_tinted_can_be_told_from_one_that_is_not(tokens: Theme) -> None:
    assert contrast(blended(tokens.accent, tokens.base, MARKED), tokens.base) > 1.08


def test_that_a_tint_leaves_the_colour_as_it_was(qapp: QApplication) -> None:
    theme.apply_theme(qapp, "dark")
    assert theme.tint("error").alpha() == TINT
    assert theme.color("error").alpha() == 255


@pytest.mark.parametrize("file", sorted(GUI.rglob("*.py")), ids=lambda path: str(path.relative_to(GUI)))
def test_that_nobody_changes_a_colour_that_belongs_to_all(file: Path) -> None:
    """``color`` hands out the one that is kept; a name that was given it must not be set to anything else."""
    text = file.read_text(encoding="utf-8")
    names = re.findall(r"^\s*(\w+) = color\([^()]*\)$", text, re.MULTILINE)
    assert not [name for name in names if re.search(rf"\b{name}\.set(?:Alpha|Red|Green|Blue|Rgb|Hsv|Hsl|Named)", text)]


@THEMES
def test_that_selected_text_can_be_read(tokens: Theme) -> None:
    assert contrast(tokens.highlighted_text, tokens.highlight) >= 4.5


def test_that_contrast_is_that_of_the_accessibility_guidelines() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#ffffff", "#ffffff") == pytest.approx(1)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_that_the_roles_are_those_that_panels_ask_for() -> None:
    wanted = {"error", "warning", "info", "matched", "missing", "unexpected", "shape", "accent", "muted", "grid", "contained"}
    assert set(ROLES) == wanted


@pytest.mark.parametrize(("name", "tokens"), [("light", LIGHT), ("dark", DARK)])
def test_that_a_theme_sets_the_palette_and_the_roles(qapp: QApplication, name: str, tokens: Theme) -> None:
    theme.apply_theme(qapp, name)
    assert qapp.palette().color(QPalette.ColorRole.Base) == QColor(tokens.base)
    assert theme.color("error") == QColor(tokens.error)
    assert theme.current() is tokens
    assert theme.mode() == name


def test_that_the_desktop_decides_in_the_system_mode(qapp: QApplication) -> None:
    theme.apply_theme(qapp, "system")
    assert theme.mode() == "system"
    assert theme.current() in (LIGHT, DARK)


@pytest.mark.parametrize("name", COLORS)
def test_that_a_set_of_colours_counts_when_a_theme_is_applied_next_and_knows_the_other_theme(
    qapp: QApplication, name: str
) -> None:
    theme.use_colors(name)
    light, dark = COLORS[name]
    theme.apply_theme(qapp, "dark")
    assert (theme.current(), theme.counterpart(), theme.colors()) == (dark, light, name)
    assert theme.color("matched") == QColor(dark.matched)
    theme.apply_theme(qapp, "light")
    assert (theme.current(), theme.counterpart()) == (light, dark)
    assert qapp.palette().color(QPalette.ColorRole.Link) == QColor(light.accent)


@pytest.mark.parametrize("unknown", ["", "purple", "\0"])
def test_that_settings_which_name_no_set_mean_the_first_one(qapp: QApplication, unknown: str) -> None:
    theme.use_colors("blue")
    theme.use_colors(unknown)
    theme.apply_theme(qapp, "light")
    assert theme.current() is LIGHT


def test_that_an_unknown_theme_is_refused_with_the_choices(qapp: QApplication) -> None:
    with pytest.raises(ValueError, match="light, dark, system"):
        theme.apply_theme(qapp, "blue")


def test_that_disabled_text_has_its_own_colour_in_the_palette() -> None:
    palette = theme.palette_of(DARK)
    assert palette.color(QPalette.ColorGroup.Disabled, QPalette.ColorRole.Text) == QColor(DARK.disabled)


def test_that_lengths_follow_the_font(qtbot: object, qapp: QApplication) -> None:
    widget = QWidget()
    small = theme.em(widget)
    font = widget.font()
    font.setPointSizeF(font.pointSizeF() * 2)
    widget.setFont(font)
    assert theme.em(widget) > 1.7 * small
    assert theme.em(widget, 2) == pytest.approx(2 * theme.em(widget), abs=1)


def test_that_the_fixed_font_is_as_large_as_the_others(qapp: QApplication) -> None:
    assert theme.fixed_font().pointSizeF() == pytest.approx(qapp.font().pointSizeF())
