"""Who sealed what, over restarts: a file of the state folder with keyed hashes, which say nothing to anybody else.

It begins with the key; each record after that is a seal's hash and its maker's. A file that is missing, spoiled or
cannot be written costs nothing but what was known before.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from pathlib import Path

from hearth.server.seal_makers import KEY_BYTES, MAKER_BYTES, MOST_SEALS, SEAL_BYTES, SealMakers

NAME = "seals"
STEP_S = 0.25
"""What comes within so many seconds is written together."""
RECORD = SEAL_BYTES + MAKER_BYTES
MOST_BYTES = KEY_BYTES + 2 * MOST_SEALS * RECORD
"""A file that has grown to this is written anew, with the younger half."""


class SealsKept:
    """The file of one daemon, and what it has not taken down yet."""

    def __init__(self, folder: Path, makers: SealMakers) -> None:
        """Tell `makers` what an earlier run has heard, and hear from it from now on."""
        self._file = folder / NAME
        self._key = makers.key
        self._pending: list[bytes] = []
        self._news = asyncio.Event()
        found = _read(self._file)
        if found:
            self._key = makers.key = found[:KEY_BYTES]
            for start in range(KEY_BYTES, len(found), RECORD):
                makers.recall(found[start : start + SEAL_BYTES], found[start + SEAL_BYTES : start + RECORD])
        makers.heard = self._hear

    async def run(self) -> None:
        """Take down what is heard, and the rest at the end."""
        try:
            while True:
                await self._news.wait()
                await asyncio.sleep(STEP_S)
                await asyncio.to_thread(_append, self._file, self._key, self._taken())
        finally:
            _append(self._file, self._key, self._taken())

    def _hear(self, seal: bytes, maker: bytes) -> None:
        self._pending.append(seal + maker)
        self._news.set()

    def _taken(self) -> bytes:
        taken, self._pending = b"".join(self._pending), []
        self._news.clear()
        return taken


def _read(file: Path) -> bytes:
    """Return the key and whole records, the youngest if there are too many; b"" where there is no key."""
    try:
        with file.open("rb") as opened:
            found = opened.read(2 * MOST_BYTES)
    except OSError:
        return b""
    return _shortened(found) if len(found) >= KEY_BYTES else b""


def _shortened(found: bytes) -> bytes:
    whole = len(found) - (len(found) - KEY_BYTES) % RECORD
    return found[:KEY_BYTES] + found[KEY_BYTES:whole][-MOST_SEALS * RECORD :]


def _append(file: Path, key: bytes, records: bytes) -> None:
    """Add records; a file that is new, too long, broken off or of another key is written as a whole. Never raises."""
    if not records:
        return
    with suppress(OSError):
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        size = file.stat().st_size if file.exists() else 0
        sound = size >= KEY_BYTES and (size - KEY_BYTES) % RECORD == 0 and size < MOST_BYTES
        if sound:
            with file.open("ab") as opened:
                opened.write(records)
        else:
            _replace(file, _shortened((_read(file) or key) + records))


def _replace(file: Path, content: bytes) -> None:
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
        opened.write(content)
    draft.replace(file)
