"""Which files were changed for which app, so that it can be taken back: connections.json in the state folder."""

from __future__ import annotations

from pathlib import Path

import msgspec
from msgspec import Struct

from hearth.connecting.app import Door
from hearth.connecting.files import write

NAME = "connections.json"
USUAL_URL = "http://127.0.0.1:11430"
"""What a setting says that nobody has written down."""


class Connection(Struct, frozen=True):
    """One changed file: where it is, its copy from before ("" where there was none), the digest of what we wrote.

    Without a digest somebody else wrote between two changes of ours: then the copy is not to be put back whole.
    `url` and `model` are what the setting says, by which it is found again.
    """

    file: str
    backup: str
    written: str
    url: str = ""
    model: str = ""

    @property
    def door(self) -> Door:
        """The door that the setting was made for."""
        usual = Door(USUAL_URL)
        return Door(self.url or usual.url, self.model or usual.model)


class Notebook:
    """The connections that are written down in a folder. A damaged file counts as an empty one."""

    def __init__(self, folder: Path) -> None:
        """Read what is there."""
        self._file = folder / NAME
        try:
            self._known = msgspec.json.decode(self._file.read_bytes(), type=dict[str, Connection])
        except (OSError, msgspec.DecodeError):
            self._known = {}

    def find(self, app: str) -> Connection | None:
        """Return what was done for an app."""
        return self._known.get(app)

    def all(self) -> dict[str, Connection]:
        """Return everything that is written down, by app."""
        return dict(self._known)

    def note(self, app: str, done: Connection | None) -> None:
        """Write down what was done for an app; None forgets it."""
        if done is None:
            self._known.pop(app, None)
        else:
            self._known[app] = done
        known = self._known
        write(self._file, msgspec.json.format(msgspec.json.encode(known), indent=2).decode() if known else "")
