"""A real daemon in a folder of its own, on free loopback ports, for tests that meet Hearth as its clients do."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from hearth.daemon import Daemon
from hearth.rehearsal import Rehearsal
from hearth.server.connection import Patience
from hearth_config.load import load
from hearth_config.paths import Paths

DISK_S = 20.0
"""How long the disk of a test may take: for an answer of the cache, and for the log's last lines before it is gone."""
LISTEN = '[listen]\ntcp = "127.0.0.1:0"\n'
UNSTRAINED = '[busy]\nother_cpu = "off"\nfree_memory = "off"\n'
"""What else the machine does at the time says nothing about Hearth: the tests beside this one hold it all day."""


class Home(NamedTuple):
    """A daemon that runs, and where it is found."""

    daemon: Daemon
    port: int
    """The same on 127.0.0.1 and on ::1."""
    socket: Path
    folder: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def token(self, name: str) -> str:
        """Return one of its two tokens, "infer" or "admin"."""
        lines = (self.folder / "token").read_text(encoding="ascii").splitlines()
        return dict(line.split() for line in lines)[name]


def beside(rehearsal: Rehearsal, more: str = "") -> str:
    """Return a config whose one provider is this rehearsal, played as an Ollama; `more` goes before it."""
    return f'{more}\n[providers.ollama]\npreset = "ollama"\naddress = "{rehearsal.url}"\n'


def make(
    folder: Path, config: str, environ: Mapping[str, str] | None = None, *, patience: Patience | None = None
) -> Daemon:
    """Return a daemon of that folder, not yet started.

    A config without [listen] gets a free port, and one without [busy] looks at lanes and queues only.
    """
    config = config if "[listen]" in config else f"{config}\n{LISTEN}"
    config = config if "[busy]" in config else f"{config}\n{UNSTRAINED}"
    file = folder / "hearth.toml"
    file.write_text(config, encoding="utf-8")
    file.chmod(0o600)
    paths = Paths.find(str(folder), {})
    return Daemon(paths, load(paths, environ or {}), dict(environ or {}), patience=patience)


@asynccontextmanager
async def running(
    config: str = "", environ: Mapping[str, str] | None = None, *, patience: Patience | None = None
) -> AsyncIterator[Home]:
    """Run a daemon whose file says `config`, and end it. It has asked its local providers what they have."""
    with tempfile.TemporaryDirectory(prefix="hearth-") as name:
        async with started(make(Path(name), config, environ, patience=patience)) as home:
            yield home


@asynccontextmanager
async def started(daemon: Daemon) -> AsyncIterator[Home]:
    """Run a daemon that was made, and end it; another one may be made in its folder then."""
    await daemon.start()
    if daemon.core.cache is not None:
        daemon.core.cache.shelf.patience_s = DISK_S
    try:
        await daemon.inventory.everywhere()
        yield Home(daemon, _port(daemon), daemon.paths.socket, daemon.paths.config_file.parent)
    finally:
        await daemon.stop()
        await asyncio.to_thread(daemon.ledger.close, DISK_S)


def _port(daemon: Daemon) -> int:
    """Return the first TCP port it listens on, 0 where it has none."""
    addresses = [address for address in daemon.core.listening if address.startswith("http")]
    return int(addresses[0].rpartition(":")[2]) if addresses else 0
