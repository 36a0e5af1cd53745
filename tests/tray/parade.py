"""A tray that shows each state it is told on its input: "cloud", "away", …; it answers each with a line."""

import sys
import threading

from hearth_tray.backends import choose
from hearth_tray.menu import Action, Line, View
from hearth_tray.tray import Tray


def say(line: str) -> None:
    """Answer the test."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def said(action: Action) -> None:
    """Say what was chosen."""
    say(f"chosen {action.doing}")


def main() -> None:
    """Show what is told until the input ends."""
    say(choose().name)
    lines = (Line("Hearth: a parade"), Line("Open config", Action("config")), Line("Quit", Action("quit")))
    tray = Tray(View("idle", "Hearth", lines), said, dark=sys.argv[1] == "dark")

    def follow() -> None:
        for word in sys.stdin:
            tray.show(View(word.strip(), f"Hearth: {word}", lines))  # type: ignore[arg-type]  # the test's own words
            say("shown")
        tray.leave()

    tray.run(threading.Thread(target=follow, daemon=True).start)


main()
