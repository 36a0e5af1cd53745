"""What `hearth doctor` says of the machine: memory and cores, the disk, and who may read Hearth's own files."""

from __future__ import annotations

import shutil
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

from hearth.senses.hardware import hardware
from hearth.status import Finding
from hearth_config.paths import Paths

_LITTLE_DISK = 1_000_000_000
_LITTLE_MEMORY = 0.1


def machine(where: Paths) -> Iterator[Finding]:
    """Yield what is to be known of the machine, and what is short."""
    found = hardware()
    free = f"{found.free / 1e9:.1f} of {found.memory / 1e9:.1f} GB of memory free, {found.cores} cores"
    short = found.free < found.memory * _LITTLE_MEMORY
    step = "Models that are not loaded will count as busy (free_memory under [busy]): close something." if short else ""
    yield Finding("note" if short else "ok", free, step)
    yield _disk(where.data_dir)
    if sys.platform != "win32":
        yield from _rights(where)


def _disk(folder: Path) -> Finding:
    """Say how much room the usage log has, on the disk of the nearest folder that is there."""
    there = next(one for one in (folder, *folder.parents) if one.exists())
    free = shutil.disk_usage(there).free
    text = f"{free / 1e9:.1f} GB free on the disk of the usage log"
    if free < _LITTLE_DISK:
        return Finding("bad", text, f"Make room, or shorten keep under [usage]: {folder}.")
    return Finding("ok", text)


def _rights(where: Paths) -> Iterator[Finding]:
    """Yield files that others may read or write, though they hold tokens, keys or the way to ask."""
    private = (where.env_file, where.token_file, where.state_file, where.database, where.socket, where.answers_key)
    for file in private:
        if file.exists() and stat.S_IMODE(file.stat().st_mode) & 0o077:
            yield Finding("bad", f"{file} is open to other users of this machine", f"Run: chmod go= '{file}'.")
