"""The icon on the desktop: a `View` put into pystray's words. Nothing is decided here."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Callable, Iterator
from html import escape
from typing import TYPE_CHECKING

from hearth_tray.icon import draw
from hearth_tray.menu import Action, IconState, Line, View
from hearth_tray.notices import Notice

if TYPE_CHECKING:
    import pystray
    from PIL.Image import Image

Choose = Callable[[Action], None]


LOOK_AGAIN_S = 0.5
"""How often it is looked at whether an open menu has been closed."""


class Tray:
    """One icon. `show` and `tell` may be called from any thread; `run` needs the main one."""

    def __init__(self, first: View, choose: Choose, *, dark: bool, size: int = 64) -> None:
        """Draw it; it is seen once `run` is called."""
        import pystray

        self._pystray = pystray
        self._choose = choose
        self._dark = dark
        self._size = size
        self._images: dict[IconState, Image] = {}
        self._shown = first
        self._in_menu = first.lines
        self._lock = threading.Lock()
        self._over = False
        self._timer: threading.Timer | None = None
        self.icon = pystray.Icon("hearth", self._image(first.icon), first.title, self._menu(first))

    def run(self, ready: Callable[[], None]) -> None:
        """Show the icon until `leave`; `ready` is called once it is there."""

        def begin(icon: pystray.Icon) -> None:
            icon.visible = True
            ready()

        try:
            self.icon.run(setup=begin)
        except Exception:
            if not self._over:  # else a desktop without notifications complains that there is none to take back
                raise

    def leave(self) -> None:
        """Take the icon away."""
        self._over = True
        self.icon.stop()

    def show(self, view: View) -> None:
        """Show another view; what is the same is left alone."""
        before, self._shown = self._shown, view
        if view.icon != before.icon:
            self.icon.icon = self._image(view.icon)
        if view.title != before.title:
            self.icon.title = view.title
        if view.lines != self._in_menu:
            self._change_menu()

    def _change_menu(self) -> None:
        """Put the newest lines into the menu; one that is open is left as it is, since changing it would close it."""
        with self._lock:
            if self._timer is not None:
                return
            if self._is_open():
                self._timer = threading.Timer(LOOK_AGAIN_S, self._try_again)
                self._timer.daemon = True
                self._timer.start()
                return
        view = self._shown
        self._in_menu = view.lines
        self.icon.menu = self._menu(view)

    def _try_again(self) -> None:
        with self._lock:
            self._timer = None
        self._change_menu()

    def _is_open(self) -> bool:
        """Whether the menu is on the screen; only GTK can say."""
        visible = getattr(getattr(self.icon, "_menu_handle", None), "get_visible", None)
        return bool(visible is not None and visible())

    def tell(self, notice: Notice) -> None:
        """Show a notification, where this kind of tray can."""
        if self.icon.HAS_NOTIFICATION:
            with contextlib.suppress(Exception):  # nobody may show them here, which each toolkit says its own way
                self.icon.notify(_without_markup(notice.text), notice.title)

    def _image(self, state: IconState) -> Image:
        found = self._images.get(state)
        if found is None:
            found = self._images[state] = draw(state, dark=self._dark, size=self._size)
        return found

    def _menu(self, view: View) -> pystray.Menu:
        default = self._pystray.MenuItem(
            "Open dashboard", self._chosen(Action("dashboard")), default=True, visible=False
        )
        return self._pystray.Menu(default, *self._items(view.lines))

    def _items(self, lines: tuple[Line, ...]) -> Iterator[pystray.MenuItem]:
        for line in lines:
            if line.divides:
                yield self._pystray.Menu.SEPARATOR
            elif line.lines:
                yield self._pystray.MenuItem(_escaped(line.label), self._pystray.Menu(*self._items(line.lines)))
            else:
                yield self._item(line)

    def _item(self, line: Line) -> pystray.MenuItem:
        return self._pystray.MenuItem(
            _escaped(line.label),
            self._chosen(line.action),
            checked=None if line.checked is None else (lambda _, held=line.checked: held),
            radio=line.radio,
            enabled=line.action is not None,
        )

    def _chosen(self, action: Action | None) -> Callable[[], None]:
        def chosen() -> None:
            if action is not None:
                self._choose(action)

        return chosen


def _without_markup(text: str) -> str:
    """Return a text that shows as it stands where the body of a notification is markup, as on Linux (T18)."""
    return escape(text, quote=False) if sys.platform not in ("win32", "darwin") else text


def _escaped(label: str) -> str:
    """Return a label that shows its ampersands, which Windows reads as marks of shortcuts."""
    return label.replace("&", "&&") if sys.platform == "win32" else label
