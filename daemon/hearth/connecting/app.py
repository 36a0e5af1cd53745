"""What is known of an app: whether it is here, where its setting stands, and how that is written."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from msgspec import Struct

_NO_MODEL = "default"
_NO_KEY = "hearth"


class CannotEdit(Exception):
    """The file cannot be changed without a risk to what the user wrote there. The message says why, as a clause."""


class Edit(Protocol):
    """A change of a text, and its undoing; pure."""

    def put(self, text: str) -> str:
        """Return the text with Hearth's setting in it; the same text if it is there. Raises `CannotEdit`."""
        ...

    def take_out(self, text: str, before: str) -> str:
        """Return the text without it, what stood in its place in `before` put back. Raises `CannotEdit`."""
        ...


class Door(Struct, frozen=True):
    """What an app must know of Hearth: an address without a path, a model's name, and a word to send as key."""

    url: str
    model: str = _NO_MODEL
    key: str = _NO_KEY

    @property
    def names_model(self) -> bool:
        """Whether a model is asked for by its name, and not whatever the default is."""
        return self.model != _NO_MODEL

    @property
    def shows_key(self) -> bool:
        """Whether the key is a real one, which must be sent where a mere word would do."""
        return self.key != _NO_KEY

    @property
    def openai(self) -> str:
        """The base address for clients of OpenAI."""
        return f"{self.url}/v1"

    @property
    def authority(self) -> str:
        """Host and port."""
        return self.url.partition("://")[2]


class Desk(Struct, frozen=True):
    """The user's side of this machine: home folder, environment, system (as sys.platform), and where programs are."""

    home: Path
    environ: Mapping[str, str]
    system: str
    which: Callable[[str], str | None]

    @property
    def config(self) -> Path:
        """The folder of settings where the XDG rules hold."""
        said = self.environ.get("XDG_CONFIG_HOME", "")
        return Path(said) if said.startswith("/") else self.home / ".config"

    @property
    def app_data(self) -> Path:
        """The folder where programs with a window keep their settings."""
        if self.system == "darwin":
            return self.home / "Library" / "Application Support"
        if self.system == "win32":
            return Path(self.environ.get("APPDATA") or self.home / "AppData" / "Roaming")
        return self.config

    def has(self, *programs: str) -> bool:
        """Whether one of these programs is on the search path."""
        return any(self.which(program) for program in programs)


def desk_here() -> Desk:
    """The desk of the user who runs this."""
    return Desk(Path.home(), os.environ, sys.platform, shutil.which)


class Setting(Struct, frozen=True):
    """An app's setting for Hearth.

    `text` is shown; `edit` writes it into `file`. Without `edit` it is made by hand, and `by_hand` says why.
    `after` is what the user does next, each a sentence.
    """

    text: str
    file: Path | None = None
    edit: Edit | None = None
    by_hand: str = ""
    after: tuple[str, ...] = ()


class App(Struct, frozen=True):
    """An app: the word for the command line, its name, its own page about the setting, and how to find and set it."""

    name: str
    title: str
    page: str
    found: Callable[[Desk], bool]
    setting: Callable[[Desk, Door], Setting]
