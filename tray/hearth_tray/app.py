"""`hearth-tray`: the icon as a process of its own. It never supervises the daemon, and the daemon never needs it."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import nullcontext

import click

from hearth.told import Happening
from hearth_config.paths import Paths
from hearth_tray.backends import NoTray, choose
from hearth_tray.bar import is_dark
from hearth_tray.doing import Doer
from hearth_tray.facts import Facts
from hearth_tray.feed import Feed
from hearth_tray.menu import Action
from hearth_tray.notices import Announcer, Notice
from hearth_tray.programs import Programs
from hearth_tray.single import ShownAlready, hold, lock_file
from hearth_tray.spare import skip_the_terminal
from hearth_tray.view import view

PATIENCE_S = 20.0
"""At login the tray may be started before the panel that shows it."""


class App:
    """All parts of the tray, put together around one icon."""

    def __init__(self, paths: Paths, home: str, *, dark: bool) -> None:
        """Nothing is shown or dialled before `run`."""
        from hearth_tray.tray import Tray

        self.feed = Feed(paths, self._show, self._hear)
        self.programs = Programs(home)
        self.announcer = Announcer()
        self.doer = Doer(self.feed, self.programs, paths.config_file, self._tell, self.leave)
        self.tray = Tray(view(None), self.choose, dark=dark)

    def run(self) -> None:
        """Show the icon until it is told to leave."""
        self.tray.run(self._begin)

    def _begin(self) -> None:
        self.feed.start()
        self.feed.at_login = self.programs.runs_at_login()
        self.feed.poke()

    def leave(self) -> None:
        """End the feed and take the icon away."""
        self.feed.stop()
        self.tray.leave()

    def choose(self, action: Action) -> None:
        """Do what was chosen in the menu."""
        self.doer.choose(action)

    def _show(self, facts: Facts | None) -> None:
        self.tray.show(view(facts))

    def _hear(self, happening: Happening) -> None:
        notice = self.announcer.hear(happening)
        if notice is not None:
            self._tell(notice)

    def _tell(self, notice: Notice) -> None:
        self.tray.tell(notice)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--home", metavar="FOLDER", default="", help="The folder of another Hearth, as in hearth --home.")
@click.option(
    "--light/--dark", "light", default=None, help="The bar behind the icon; asked of the desktop if left out."
)
@click.option("--wait", type=float, metavar="SECONDS", help="How long a desktop may take to show icons; else 20.")
def main(*, home: str, light: bool | None, wait: float | None) -> None:
    """Show Hearth as an icon: models, mode, cost, and a switch that stops all that leaves this machine."""
    try:
        paths = Paths.find(home or None, os.environ)
        choose(patience_s=PATIENCE_S if wait is None else wait)
        held = hold(lock_file(paths, os.environ), make=not home)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    except ShownAlready:
        click.echo("The icon is shown already.")
        return
    except NoTray as error:
        click.echo(str(error), err=True)
        sys.exit(1)
    skip_the_terminal()
    app = App(paths, home, dark=is_dark() if light is None else not light)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: app.leave())
    with held or nullcontext():
        app.run()
