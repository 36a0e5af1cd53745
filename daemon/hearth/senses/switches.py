"""The run-time switches (`hearth mode`, `hearth use`, the kill switch), in the state file: they survive restarts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
from msgspec import Raw, Struct

from hearth.call import MODES, Mode
from hearth.problems import Forbidden, Internal
from hearth_config.files import replace_private
from hearth_config.settings import Settings

_UNREADABLE = (msgspec.DecodeError, RecursionError)


class ModeTooLoose(Forbidden):
    """The switch may only tighten what the file says."""


class SwitchNotKept(Internal):
    """The switch holds now, but could not be written down: it will be gone after a restart."""


class Use(Struct, frozen=True):
    """What `hearth use` chose, and what the file's default_model was then: the choice lasts until that changes."""

    model: str
    file_said: str | None = None


class Before(Struct, frozen=True):
    """What the mode was switched to when the kill switch was thrown; None: it was left to the file."""

    mode: Mode | None = None


class Switches:
    """The switches of now. `warning` says what was wrong with the state file, "" when nothing was."""

    def __init__(self, path: Path) -> None:
        """Read the state file. A missing one means no switches, a broken one too, with a warning."""
        self.path = path
        self.warning = ""
        self.mode: Mode | None = None
        self._before: Before | None = None
        self._use: Use | None = None
        self._others: dict[str, Raw] = {}
        self._load()

    def default_model(self, settings: Settings) -> str | None:
        """Return what `hearth use` chose; None: nobody has, or the file has changed since."""
        chosen = self._use
        return chosen.model if chosen is not None and chosen.file_said == settings.default_model else None

    def switch_mode(self, mode: Mode | None, settings: Settings, where: str = "hearth.toml") -> None:
        """Tighten the mode until told otherwise; None leaves it to the file. `where` names the file's line.

        Raises `ModeTooLoose` and changes nothing, or `SwitchNotKept` though it holds.
        """
        if mode is not None and MODES.index(mode) > MODES.index(settings.mode):
            raise ModeTooLoose(
                f'mode {mode} is looser than mode = "{settings.mode}" in {where}.',
                next_step="The file is the ceiling: change it there.",
            )
        self.mode, self._before = mode, None
        self._write()

    @property
    def stopped(self) -> bool:
        """Whether the kill switch holds: nothing leaves this machine until it is lifted, or a mode is chosen."""
        return self._before is not None

    def stop_everything(self) -> None:
        """Throw the kill switch: mode offline, at once and over restarts. It is written down by `keep_stop`."""
        if self._before is None:
            self._before = Before(self.mode)
        self.mode = "offline"

    def keep_stop(self) -> None:
        """Write the kill switch down; raises `SwitchNotKept` though it holds."""
        self._write()

    def lift_stop(self) -> None:
        """Go back to what the mode was switched to before; nothing changes where the kill switch does not hold.

        Raises `SwitchNotKept` though it is lifted.
        """
        if self._before is not None:
            self.mode, self._before = self._before.mode, None
            self._write()

    def use(self, model: str | None, settings: Settings) -> None:
        """Choose the default model until the file's default_model changes; None leaves it to the file.

        Raises `SwitchNotKept` though it holds.
        """
        self._use = None if model is None else Use(model, settings.default_model)
        self._write()

    def _load(self) -> None:
        try:
            members = msgspec.json.decode(self.path.read_bytes(), type=dict[str, Raw])
        except FileNotFoundError:
            return
        except (OSError, *_UNREADABLE) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not JSON"
            self._tighten(f"cannot be read ({why})")
            return
        self.mode = self._take(members, "mode", Mode)
        self._use = self._take(members, "use", Use)
        self._before = self._take(members, "stopped", Before)
        if self._before is not None:
            self.mode = "offline"
        self._others = members

    def _take(self, members: dict[str, Raw], name: str, kind: Any) -> Any:  # noqa: ANN401 -- a kind of value, and one
        """Read one member by itself, so that what is wrong with one does not lose the other."""
        raw = members.pop(name, None)
        try:
            return None if raw is None else msgspec.json.decode(raw, type=kind | None)
        except _UNREADABLE:
            if name == "stopped":
                return Before()
            if name == "mode":
                self._tighten('has a "mode" that means nothing')
                return self.mode
            self._warn(f'has a "{name}" that means nothing: that switch does not hold')
            return None

    def _tighten(self, what: str) -> None:
        """A switch to a tight mode may have been in there: nothing leaves until somebody says so again."""
        self.mode = "offline"
        self._warn(f"{what}: mode offline holds until `hearth mode` says otherwise")

    def _warn(self, what: str) -> None:
        self.warning = f"{self.path} {what}. Set the switches again with `hearth mode` and `hearth use`."

    def _write(self) -> None:
        switches = {"mode": self.mode, "use": self._use, "stopped": self._before}
        text = msgspec.json.format(msgspec.json.encode({**self._others, **switches})) + b"\n"
        try:
            replace_private(self.path, text)
        except OSError as error:
            raise SwitchNotKept(
                f"This holds until the next restart only: {self.path} cannot be written ({error.strerror}).",
                next_step="Free the disk or correct the folder's permissions, then set it again.",
            ) from None
        self.warning = ""
