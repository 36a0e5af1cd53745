"""`hearth connect`: show an app's setting for Hearth, or write it where the app keeps it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from hearth.cli.context import json_option, paths, yes_option
from hearth.cli.output import print_json, print_table, say

if TYPE_CHECKING:
    from hearth.connecting.app import App, Desk, Door, Setting

NEW_PORT = 11436
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:@+-]*")


def complete_app(_: click.Context, __: click.Parameter, begun: str) -> list[str]:
    """Return the apps whose names begin so, for the shell."""
    from hearth.connecting.apps import APPS

    return [app.name for app in APPS if app.name.startswith(begun)]


@click.command()
@click.argument("app", default="", shell_complete=complete_app)
@click.option("--write", is_flag=True, help="Write the setting into the app's file; a copy of the file is kept.")
@click.option("--model", default="default", help="The model's name in the app's setting.")
@click.option("--front", is_flag=True, help="With `ollama`: take over Ollama's port, and move Ollama to another.")
@click.option("--port", type=click.IntRange(1, 65535), default=NEW_PORT, help="Where Ollama moves to with --front.")
@yes_option
@json_option
def connect(*, app: str, write: bool, model: str, front: bool, port: int, yes: bool, as_json: bool) -> None:
    """Show how an app is set to use Hearth, or set it (--write).

    Without APP: list the apps, and which are found here. `hearth disconnect APP` takes it back.
    """
    from hearth.cli.door import door

    if front:
        if app != "ollama":
            raise click.UsageError("--front goes with `hearth connect ollama`.")
        from hearth.cli.front import move_in

        move_in(port, yes=yes)
        return
    from hearth.connecting.app import desk_here

    desk = desk_here()
    if not app:
        _list(desk, as_json=as_json)
        return
    known = known_app(app)
    if not _NAME.fullmatch(model):
        raise click.UsageError("--model takes one name, of letters, digits and . _ / : @ + - only.")
    found = door(model)
    setting = known.setting(desk, found)
    if write:
        _write(known, setting, found)
    elif as_json:
        file = None if setting.file is None else str(setting.file)
        print_json({"app": known.name, "setting": setting.text, "file": file, "by_hand": setting.by_hand})
    else:
        _show(known, setting, found)


def known_app(name: str) -> App:
    """Return the app of that name. Raises `ClickException` that lists those there are."""
    from hearth.connecting.apps import APPS, find

    known = find(name)
    if known is None:
        listed = ", ".join(app.name for app in APPS)
        raise click.ClickException(f"Hearth knows no app {name!r}. It knows: {listed}.")
    return known


def _list(desk: Desk, *, as_json: bool) -> None:
    from hearth.connecting.apps import APPS
    from hearth.connecting.notebook import Notebook

    notebook = Notebook(paths().state_dir)
    rows = [(app, app.found(desk), notebook.find(app.name)) for app in APPS]
    if as_json:
        shown = [
            {"app": app.name, "title": app.title, "found": here, "file": done and done.file, "page": app.page}
            for app, here, done in rows
        ]
        print_json(shown)
        return
    cells = ((app.name, app.title, "yes" if here else "", done.file if done else "") for app, here, done in rows)
    print_table(("APP", "NAME", "FOUND", "CONNECTED IN"), cells)


def _show(known: App, setting: Setting, found: Door, *, tried: bool = False) -> None:
    if setting.file is not None:
        say(f"In {setting.file}:", err=True)
    say(setting.text)
    if setting.by_hand:
        say(f"This is made by hand: {setting.by_hand}.", err=True)
    elif not _token_hint(found) and not tried:
        say(f"`hearth connect {known.name} --write` writes it.", err=True)
    for sentence in setting.after:
        say(sentence, err=True)
    say(f"See {known.page}", err=True)


def _token_hint(found: Door) -> bool:
    from hearth.cli.door import TOKEN, needs_token

    if needs_token(found):
        say(f"In the place of {TOKEN} put what `hearth token` prints.", err=True)
    return needs_token(found)


def _write(known: App, setting: Setting, found: Door) -> None:
    from hearth.cli.door import needs_token
    from hearth.connecting.app import CannotEdit, desk_here
    from hearth.connecting.doing import connect as change
    from hearth.connecting.notebook import Notebook

    why = setting.by_hand
    if needs_token(found):
        why = 'trust = "token" wants a token in it, and such files are shared and synchronised'
    if setting.edit is None or setting.file is None or why:
        _show(known, setting, found, tried=True)
        raise click.ClickException(f"Nothing was written: {why}.")
    notebook = Notebook(paths().state_dir)
    before = notebook.find(known.name)
    other = before is not None and before.door != found
    earlier = known.setting(desk_here(), before.door).edit if before is not None and other else None
    try:
        done = change(known.name, setting.file, setting.edit, notebook, found, earlier)
    except CannotEdit as error:
        _show(known, setting, found, tried=True)
        raise click.ClickException(f"{setting.file} was left as it is: {error}. Make the setting by hand.") from None
    if not done.changed:
        say(f"{done.file} has the setting already.")
        return
    kept = f"; what it was is in {done.backup}" if done.backup else ""
    say(f"Wrote {done.file}{kept}.")
    for sentence in setting.after:
        say(sentence)
    say(f"`hearth disconnect {known.name}` takes it back.")
