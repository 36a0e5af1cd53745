"""`hearth disconnect`: take back what `hearth connect` wrote."""

from __future__ import annotations

import click

from hearth.cli.connect import complete_app, known_app
from hearth.cli.context import paths, yes_option
from hearth.cli.output import say


@click.command()
@click.argument("app", shell_complete=complete_app)
@yes_option
def disconnect(*, app: str, yes: bool) -> None:
    """Take Hearth's setting out of an app's file again.

    A file that nobody has changed since is restored byte for byte; of any other only Hearth's part goes.
    `hearth disconnect ollama` gives Ollama its port back.
    """
    if app == "ollama":
        from hearth.cli.front import move_out

        move_out(yes=yes)
        return
    from hearth.connecting.app import CannotEdit, Door, desk_here
    from hearth.connecting.doing import disconnect as change
    from hearth.connecting.notebook import USUAL_URL, Notebook

    known = known_app(app)
    notebook = Notebook(paths().state_dir)
    noted = notebook.find(app)
    setting = known.setting(desk_here(), noted.door if noted else Door(USUAL_URL))
    if setting.edit is None or setting.file is None:
        raise click.ClickException(f"{known.title} is set by hand, and so it is unset: {setting.by_hand}.")
    try:
        done = change(known.name, setting.file, setting.edit, notebook)
    except CannotEdit as error:
        raise click.ClickException(f"{setting.file} was left as it is: {error}. Take it out by hand.") from None
    if not done.changed:
        say(f"{done.file} has no setting of Hearth's.")
        return
    kept = f" You have changed it since, so the copy stays: {done.backup}." if done.backup else ""
    gone = "is without Hearth again" if done.file.exists() else "was Hearth's own, and is deleted"
    say(f"{done.file} {gone}.{kept}")
