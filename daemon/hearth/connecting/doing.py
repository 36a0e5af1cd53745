"""An app's file changed, and changed back: the copy from before is what counts as long as nobody else wrote since."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from hearth.connecting.app import CannotEdit, Door, Edit
from hearth.connecting.files import back_up, digest, read, write
from hearth.connecting.notebook import Connection, Notebook


class Done(Struct, frozen=True):
    """What happened to a file: whether it changed, and its copy from before, if there is one."""

    file: Path
    changed: bool
    backup: Path | None = None


def connect(
    app: str, file: Path, edit: Edit, notebook: Notebook, door: Door | None = None, earlier: Edit | None = None
) -> Done:
    """Put a setting into a file. Raises `CannotEdit` and `OSError`, both before anything has changed.

    `door` is what the setting leads to; `earlier` is the one for another door, which this one replaces.
    """
    known = notebook.find(app)
    before = read(file)
    backup = Path(known.backup) if known and known.backup and Path(known.backup).exists() else None
    after = edit.put(earlier.take_out(before, _before(backup)) if earlier else before)
    if after == before:
        return Done(file, changed=False)
    if known is None:
        backup = back_up(file)
    between = known is not None and digest(before) != known.written
    leads = (door.url, door.model) if door else ("", "")
    noted = Connection(str(file), str(backup or ""), "" if between else digest(after), *leads)
    notebook.note(app, noted)
    try:
        write(file, after)
    except OSError:
        notebook.note(app, known)
        raise
    return Done(file, changed=True, backup=backup)


def disconnect(app: str, file: Path, edit: Edit, notebook: Notebook) -> Done:
    """Take a setting out of a file. Raises `CannotEdit` and `OSError`.

    A file that nobody has changed since is what it was, byte for byte; else only our part goes, and the copy stays.
    """
    known = notebook.find(app)
    file = Path(known.file) if known else file
    now = read(file)
    backup = Path(known.backup) if known and known.backup else None
    before = _before(backup)
    untouched = known is not None and digest(now) == known.written
    if untouched and (backup is None or backup.exists()):
        write(file, before)
        if backup:
            backup.unlink()
        notebook.note(app, None)
        return Done(file, changed=True)
    after = edit.take_out(now, before)
    if after != now:
        write(file, after)
    if known:
        notebook.note(app, None)
    return Done(file, changed=after != now, backup=backup if backup and backup.exists() else None)


def _before(backup: Path | None) -> str:
    if backup is not None:
        with suppress(OSError, CannotEdit):
            return read(backup)
    return ""
