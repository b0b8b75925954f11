"""Commands of the menus View and Help: what is shown, and how it looks."""

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from torchloupe.gui import theme
from torchloupe.gui.actions import Action
from torchloupe.gui.menu_entry import AddToMenu, is_offered
from torchloupe.gui.settings import COLORS
from torchloupe.gui.shell import Shell

if TYPE_CHECKING:
    from torchloupe.gui.checkpoint.panel import CheckpointPanel


class ViewCommands(QObject):
    """Areas, themes, text size, panels, help."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell.window)
        self._shell = shell
        self._menu = self.tr("&View")

    def areas(self) -> tuple[Action, ...]:
        """The sides of the window."""
        docks, menu = self._shell.docks, self._menu
        reset_tip = self.tr("Put all panels back where they were at first")
        return (
            self._area("left", self.tr("&Left side"), "Ctrl+B"),
            self._area("bottom", self.tr("&Bottom"), "Ctrl+J"),
            self._area("right", self.tr("&Right side")),
            Action("view.start", self.tr("&Start page"), docks.show_start, (), menu),
            self._checkpoint_tree(),
            Action("view.reset", self.tr("Reset la&yout"), docks.reset, (), menu, reset_tip),
        )

    def _area(self, name: str, text: str, keys: str = "") -> Action:
        docks = self._shell.docks
        run = partial(docks.toggle_area, name)
        return Action(f"view.{name}", text, run, (keys,) if keys else (), self._menu, checked=lambda: docks.is_shown(name))

    def _checkpoint_tree(self) -> Action:
        panel, bench = self._shell.docks.panels["checkpoint"], self._shell.workbench

        def inside() -> "CheckpointPanel":
            from torchloupe.gui.checkpoint.panel import CheckpointPanel

            built = panel.inside()
            assert isinstance(built, CheckpointPanel)
            return built

        return Action(
            "view.checkpoint_tree",
            self.tr("Checkpoint as a tr&ee"),
            lambda: inside().set_tree(not inside().as_tree),
            menu=self._menu,
            tip=self.tr("Show the keys of the checkpoint as a tree of their parts, or all of them in a flat list"),
            when=lambda: bench.checkpoint is not None,
            checked=lambda: not panel.is_built or inside().as_tree,
        )

    def appearance(self) -> tuple[Action, ...]:
        """Colours and sizes."""
        size, menu, full_screen = self._shell.set_text_size, self._menu, self._shell.window.isFullScreen
        system_tip = self.tr("Follow the desktop; light when it does not say")
        return (
            self._theme("light", self.tr("Ligh&t theme"), group=True),
            self._theme("dark", self.tr("Dar&k theme")),
            self._theme("system", self.tr("Theme of the &desktop"), system_tip),
            self._colors(
                "green", self.tr("Colours with &green"), self.tr("What fits is green; clear with every kind of colour vision")
            ),
            self._colors("blue", self.tr("Colours with&out green"), self.tr("What fits is blue, what does not is orange")),
            Action("view.larger", self.tr("Larger te&xt"), partial(size, 1), ("Ctrl+=", "Ctrl++"), menu, group=True),
            Action("view.smaller", self.tr("S&maller text"), partial(size, -1), ("Ctrl+-",), menu),
            Action("view.normal", self.tr("&Normal text"), partial(size, 0), ("Ctrl+0",), menu),
            Action("view.full_screen", self.tr("F&ull screen"), self._full_screen, ("F11",), menu, checked=full_screen),
        )

    def _theme(self, name: str, text: str, tip: str = "", group: bool = False) -> Action:
        run = partial(self._shell.set_theme, name)
        return Action(
            f"theme.{name}", text, run, (), self._menu, tip, checked=lambda: theme.mode() == name, group=group, one_of="theme"
        )

    def _colors(self, name: str, text: str, tip: str) -> Action:
        def choose() -> None:
            theme.use_colors(name)
            self._shell.settings.set_text(COLORS, name)
            self._shell.set_theme(theme.mode())

        return Action(
            f"colors.{name}",
            text,
            choose,
            (),
            self._menu,
            tip,
            checked=lambda: theme.colors() == name,
            group=name == "green",
            one_of="colors",
        )

    def _full_screen(self) -> None:
        window = self._shell.window
        if window.isFullScreen():
            window.showNormal()
        else:
            window.showFullScreen()

    def panels(self) -> tuple[Action, ...]:
        """Alt and the number of a panel, 0 for the tenth."""
        docks = self._shell.docks
        places = [place for place in docks.places.values() if place.id != "start"]
        return tuple(
            Action(
                f"panel.{place.id}",
                f"{_marked(number)} {place.title}",
                partial(docks.focus_panel, place.id),
                (f"Alt+{number % 10}",) if number <= 10 else (),
                self._menu,
                self.tr("Go to the panel {0}").format(place.title),
                group=number == 1,
            )
            for number, place in enumerate(places, start=1)
        )

    def help(self) -> tuple[Action, ...]:
        """What keys there are, and what this is."""
        dialogs, menu = self._shell.dialogs, self.tr("&Help")
        menu_tip = self.tr(
            "Start Torchloupe from the desktop and open checkpoints from the file manager; what opens them now stays"
        )
        keys_tip = self.tr("What the panel with the focus is for, and all commands with their keys")
        return (
            Action("help.keys", self.tr("&Keys and commands"), self._help, ("F1",), menu, keys_tip, "help"),
            Action(
                "help.menu_entry", self.tr("Add to applications &menu"), self._add_to_menu, (), menu, menu_tip, when=is_offered
            ),
            Action("help.about", self.tr("&About Torchloupe"), dialogs.about, (), menu),
        )

    def _add_to_menu(self) -> None:
        self._shell.jobs.start(AddToMenu(), done=self._shell.say, tag="menu entry", label=self.tr("writing the menu entry"))

    def _help(self) -> None:
        """About the panel that has the focus, and the field in it."""
        from torchloupe.gui.help.topics import field_topic, topic_of

        parts = (topic_of(self._shell.docks.focused_panel()), field_topic(self._shell.window.focusWidget()))
        self._shell.dialogs.keys("\n\n".join(part for part in parts if part))


def _marked(number: int) -> str:
    """A number with its digit that is a key marked."""
    return f"&{number}" if number < 10 else "1&0" if number == 10 else str(number)
