"""Plays a desktop's notification service on a message bus, writes down what it is told, and starts a program."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from hearth_tray.backends import borrow_gi

borrow_gi()
from gi.repository import Gio, GLib  # noqa: E402 -- found by the line above

SPEAKS = """<node><interface name="org.freedesktop.Notifications"><method name="Notify">
<arg type="s" direction="in"/><arg type="u" direction="in"/><arg type="s" direction="in"/><arg type="s" direction="in"/>
<arg type="s" direction="in"/><arg type="as" direction="in"/><arg type="a{sv}" direction="in"/>
<arg type="i" direction="in"/><arg type="u" direction="out"/></method></interface></node>"""


def main() -> None:
    """Own the name, then start the program; each notification is a line of JSON in the file."""
    file, program = Path(sys.argv[1]), sys.argv[2:]

    def told(*call: Any) -> None:  # noqa: ANN401 -- what Gio hands over
        parameters, invocation = call[5], call[6]
        with file.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(parameters.unpack()[3:5]) + "\n")
        invocation.return_value(GLib.Variant("(u)", (1,)))

    def ready(bus: Any, _: str) -> None:  # noqa: ANN401 -- the bus
        speaks = Gio.DBusNodeInfo.new_for_xml(SPEAKS).interfaces[0]
        bus.register_object("/org/freedesktop/Notifications", speaks, told, None, None)

    def named(*_: object) -> None:
        subprocess.Popen(program)

    name = "org.freedesktop.Notifications"
    Gio.bus_own_name(Gio.BusType.SESSION, name, Gio.BusNameOwnerFlags.NONE, ready, named, None)
    GLib.MainLoop().run()


main()
