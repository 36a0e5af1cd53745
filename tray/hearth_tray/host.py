"""Whether somebody shows icons on a Linux desktop: a watcher on the message bus, or a tray of X11.

pystray cannot tell: an icon that nobody shows looks to it like any other (pain 47).
"""

from __future__ import annotations

from time import monotonic, sleep

WATCHER = "org.kde.StatusNotifierWatcher"
LOOK_S = 0.5


def has_host(patience_s: float = 0.0) -> bool:
    """Return whether there is one; at login it may come later than we do, so it is waited for."""
    deadline = monotonic() + patience_s
    while not (_on_the_bus() or _on_the_screen()):
        if monotonic() >= deadline:
            return False
        sleep(LOOK_S)
    return True


def _on_the_bus() -> bool:
    """Ask the session's message bus for the watcher of StatusNotifierItem (its specification, "Watcher")."""
    try:
        from gi.repository import Gio, GLib

        bus = Gio.bus_get_sync(Gio.BusType.SESSION, None)
        asked = GLib.Variant("(s)", (WATCHER,))
        place = ("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "NameHasOwner")
        answer = bus.call_sync(*place, asked, None, Gio.DBusCallFlags.NONE, 1000, None)
    except Exception:  # noqa: BLE001 -- without PyGObject or a bus there is no watcher; both say so in their own way
        return False
    return bool(answer.unpack()[0])


def _on_the_screen() -> bool:
    """Ask the X server who owns the tray of its screen (the system tray protocol's manager selection)."""
    try:
        from Xlib import X, display

        screen = display.Display()
    except Exception:  # noqa: BLE001 -- no X server, each kind of failure has an error of its own
        return False
    try:
        atom = screen.intern_atom(f"_NET_SYSTEM_TRAY_S{screen.get_default_screen()}")
        return bool(screen.get_selection_owner(atom) != X.NONE)
    finally:
        screen.close()
