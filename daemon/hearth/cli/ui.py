"""`hearth ui`: open the dashboard in a browser, signed in by a link that works once."""

from __future__ import annotations

import os
import sys

import click

from hearth.cli.context import client, json_option
from hearth.cli.output import print_json, say


@click.command()
@click.option("--print", "only_print", is_flag=True, help="Print the link instead of opening a browser.")
@json_option
def ui(*, only_print: bool, as_json: bool) -> None:
    """Open the dashboard in your browser.

    The link signs one browser in, once, within a minute; it stays signed in
    for 12 hours. Anybody who opens the page without one sees nothing.
    """
    found = client().ui_link()
    if not found.urls:
        raise click.ClickException(
            'The dashboard needs a TCP address, and this Hearth has none. Set tcp = "127.0.0.1:11430" under [listen].'
        )
    if as_json:
        print_json({"urls": found.urls, "seconds": found.seconds})
    elif only_print or not _open(found.urls[0]):
        say(found.urls[0])
        say(f"Open it within {found.seconds:.0f} seconds; it works once.", err=True)
    else:
        say("The dashboard is open in your browser.")


def _open(url: str) -> bool:
    """Open a browser where there is one to be seen; a terminal's own browser would hide what is here."""
    import webbrowser

    has_screen = sys.platform in ("win32", "darwin") or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )
    return has_screen and webbrowser.open(url)
