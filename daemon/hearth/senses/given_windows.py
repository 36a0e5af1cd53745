"""The context windows that engines were seen to give models for which nobody says one, kept over restarts.

Until such a model is loaded again, this is what its editor should be told it will get (pain 25).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import msgspec

from hearth.routing.inventory import Inventory
from hearth_config.files import replace_private
from hearth_config.settings import Provider

NAME = "windows.json"
MOST = 64
"""So many engines are remembered, those seen last."""
LARGEST = 100_000_000
"""No window is larger: what says more is spoiled."""
_LARGEST_FILE = 65_536


class GivenWindows:
    """What each engine gives, in tokens, by its address; in the file `NAME` of the state folder.

    A file that is missing, spoiled or cannot be written costs nothing but what was seen before.
    """

    def __init__(self, folder: Path) -> None:
        """Read what an earlier run has seen."""
        self._file = folder / NAME
        self._known = _read(self._file)
        self._saving = asyncio.Lock()

    def of(self, settings: Provider) -> int | None:
        """Return what this engine was seen to give; None where it was not."""
        return self._known.get(str(settings.address))

    def see(self, inventory: Inventory, engines: Mapping[str, Provider]) -> bool:
        """Take over what engines give now; returns whether that is news."""
        before = dict(self._known)
        for name, settings in engines.items():
            given, address = inventory.of(name).given_window, str(settings.address)
            if given == self._known.get(address) or settings.dialect != "ollama":
                continue
            self._known.pop(address, None)
            if given is not None:
                self._known[address] = given
        for address in list(self._known)[:-MOST]:
            del self._known[address]
        return self._known != before

    async def save(self) -> None:
        """Write down what is known now. Never raises for a disk."""
        async with self._saving:
            with suppress(OSError):
                await asyncio.to_thread(replace_private, self._file, msgspec.json.encode(self._known))


def _read(file: Path) -> dict[str, int]:
    try:
        with file.open("rb") as opened:
            known = msgspec.json.decode(opened.read(_LARGEST_FILE), type=dict[str, int])
    except (OSError, msgspec.DecodeError, RecursionError):
        return {}
    sound = {address: given for address, given in known.items() if 0 < given <= LARGEST}
    return dict(list(sound.items())[-MOST:])
