"""Colours: a token set for light and one for dark, in two sets of colours of states; the palette made of it, and colours by role.

Our own palette, because without a desktop's theme plugin Qt ignores a request for dark. Every text token has a contrast of at
least 4.5:1 against every ground it is drawn on, and no two states look alike with any kind of colour blindness; a test computes both.
"""

from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Any

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QFontMetrics, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication, QWidget

MODES = ("light", "dark", "system")


@dataclass(frozen=True)
class Theme:
    """About twenty colours. The last eleven are the roles that ``color`` answers; a role is never the only carrier of a meaning."""

    name: str
    window: str
    base: str
    alternate: str
    button: str
    text: str
    disabled: str
    border: str
    highlight: str
    highlighted_text: str
    error: str
    warning: str
    info: str
    matched: str
    missing: str
    unexpected: str
    shape: str
    accent: str
    muted: str
    grid: str
    contained: str  # an error further down: the hue of errors, paler; for rows only


LIGHT = Theme(
    name="light",
    window="#f2f3f5",
    base="#ffffff",
    alternate="#f7f8fa",
    button="#e8eaee",
    text="#1b1f24",
    disabled="#7d848e",
    border="#c9ced6",
    highlight="#2661b8",
    highlighted_text="#ffffff",
    error="#b8370c",
    warning="#4f3600",
    info="#1f5fe0",
    matched="#00593f",
    missing="#b8370c",
    unexpected="#5f1f80",
    shape="#77643c",
    accent="#1f5fe0",
    muted="#5a626d",
    grid="#dfe2e7",
    contained="#ac5330",
)
DARK = Theme(
    name="dark",
    window="#282b31",
    base="#17191c",
    alternate="#1c1f23",
    button="#343942",
    text="#dfe3e8",
    disabled="#7b838d",
    border="#4a515c",
    highlight="#2f66b0",
    highlighted_text="#ffffff",
    error="#ff8352",
    warning="#f9e07a",
    info="#7aa8ff",
    matched="#8bf7c0",
    missing="#ff8352",
    unexpected="#f7a8ea",
    shape="#c0a078",
    accent="#7aa8ff",
    muted="#9da6b0",
    grid="#343941",
    contained="#d08560",
)
BLUE_LIGHT = replace(
    LIGHT,
    error="#b0410c",
    warning="#4a3800",
    info="#066f92",
    matched="#0b2f86",
    missing="#b0410c",
    unexpected="#a312cf",
    shape="#76623f",
    accent="#066f92",
    contained="#a5572f",
)
BLUE_DARK = replace(
    DARK,
    error="#ff8c5a",
    warning="#f7e27a",
    info="#3ecff2",
    matched="#82a4ff",
    missing="#ff8c5a",
    unexpected="#f08ad8",
    shape="#cdb092",
    accent="#3ecff2",
    contained="#d09068",
)
TINT, MARKED = 26, 36
"""How opaque a ground is under text of its own colour, and that of a marked line."""
COLORS = {"green": (LIGHT, DARK), "blue": (BLUE_LIGHT, BLUE_DARK)}
"""The sets by the colour of what fits; each has a light and a dark theme."""
_OUTLINED: tuple[Any, ...] = ("QCheckBox", "QRadioButton", "QMenu")
"""Any, as PySide's stubs ask for bytes, which PySide refuses."""
ROLES = tuple(field.name for field in fields(Theme))[10:]

_current = LIGHT
_colors: dict[str, QColor] = {}
_mode = "system"
_chosen = "green"
_following = False


def current() -> Theme:
    """The theme that is applied now."""
    return _current


def mode() -> str:
    """What was asked for: ``light``, ``dark`` or ``system``."""
    return _mode


def colors() -> str:
    """The set of colours that was chosen, a name of ``COLORS``."""
    return _chosen


def use_colors(name: str) -> None:
    """Take another set of colours when a theme is applied next; the first one for a name that is unknown."""
    global _chosen
    _chosen = name if name in COLORS else "green"


def counterpart() -> Theme:
    """The dark theme of the same set while the light one is applied, and the other way round."""
    light, dark = COLORS[_chosen]
    return dark if _current == light else light


def color(role: str) -> QColor:
    """The colour of a role (``error``, ``matched``, ``muted`` ...) or of any other token, in the theme that is applied now."""
    found = _colors.get(role)
    if found is None:
        found = _colors[role] = QColor(getattr(_current, role))
    return found


def tint(role: str, alpha: int = TINT) -> QColor:
    """The colour of a role as a ground for text: so faint that what is written on it can be read."""
    made = QColor(color(role))
    made.setAlpha(alpha)
    return made


def apply_theme(app: QApplication, wanted: str) -> None:
    """Use the light or the dark theme, or the one the desktop says (light when it does not say)."""
    global _current, _mode, _following
    if wanted not in MODES:
        raise ValueError(f"{wanted!r} is no theme; choose one of {', '.join(MODES)}.")
    _mode = wanted
    hints = QGuiApplication.styleHints()
    if not _following:
        _following = True
        hints.colorSchemeChanged.connect(partial(_follow, app))
    dark = wanted == "dark" or (wanted == "system" and hints.colorScheme() == Qt.ColorScheme.Dark)
    _current = COLORS[_chosen][dark]
    _colors.clear()
    if app.style().name() != "fusion":
        app.setStyle("Fusion")
    app.setPalette(palette_of(_current))
    for kind in _OUTLINED:
        app.setPalette(outlined(_current), kind)


def _follow(app: QApplication, _scheme: Qt.ColorScheme) -> None:
    """The desktop went light or dark."""
    if _mode == "system":
        apply_theme(app, "system")


def palette_of(theme: Theme) -> QPalette:
    """The Qt palette of a theme."""
    role = QPalette.ColorRole
    tokens = {
        role.Window: theme.window,
        role.WindowText: theme.text,
        role.Base: theme.base,
        role.AlternateBase: theme.alternate,
        role.ToolTipBase: theme.button,
        role.ToolTipText: theme.text,
        role.PlaceholderText: theme.muted,
        role.Text: theme.text,
        role.Button: theme.button,
        role.ButtonText: theme.text,
        role.BrightText: theme.error,
        role.Light: theme.button,
        role.Midlight: theme.window,
        role.Mid: theme.border,
        role.Dark: theme.border,
        role.Shadow: theme.border,
        role.Highlight: theme.highlight,
        role.HighlightedText: theme.highlighted_text,
        role.Accent: theme.highlight,
        role.Link: theme.accent,
        role.LinkVisited: theme.unexpected,
    }
    palette = QPalette()
    for key, value in tokens.items():
        palette.setColor(key, QColor(value))
    for key in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, key, QColor(theme.disabled))
    palette.setColor(QPalette.ColorGroup.Disabled, role.Highlight, QColor(theme.border))
    return palette


def outlined(theme: Theme) -> QPalette:
    """The palette for what Fusion draws no ground for, but an outline: a darker shade of the window, which nobody sees in the dark."""
    palette = palette_of(theme)
    if theme.name == "dark":
        palette.setColor(QPalette.ColorRole.Window, QColor(theme.disabled).lighter(120))
    return palette


def fixed_font() -> QFont:
    """A font of equal widths, as large as the application's: on a widget it stays so when that one changes, as only the family is said."""
    font = QFont()
    font.setFamilies(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont).families())
    return font


def em(widget: QWidget | None = None, times: float = 1.0) -> int:
    """A length in pixels: so many times the height of the font. All sizes of the window are said in it."""
    font = widget.font() if widget is not None else QApplication.font()
    return round(QFontMetrics(font).height() * times)


def size_to(window: QWidget, wide: float, high: float) -> None:
    """Make a window so many times the height of the font wide and high, but no larger than the screen."""
    room = window.screen().availableSize() - QSize(em(window, 3), em(window, 4))
    window.resize(QSize(em(window, wide), em(window, high)).boundedTo(room))


def contrast(one: str, other: str) -> float:
    """Contrast of two colours after WCAG 2, from 1 to 21."""
    bright, dim = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def _luminance(text: str) -> float:
    shown = QColor(text)
    return 0.2126 * _linear(shown.redF()) + 0.7152 * _linear(shown.greenF()) + 0.0722 * _linear(shown.blueF())


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)
