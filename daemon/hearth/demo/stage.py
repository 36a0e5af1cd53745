"""What the demo is played on: a temporary home, a real daemon in it, a rehearsed engine and a rehearsed cloud."""

from __future__ import annotations

import asyncio
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self, TypeVar

from hearth.client import Client
from hearth.daemon import Daemon
from hearth.rehearsal import ModelScript, Rehearsal, Script
from hearth_config.load import load
from hearth_config.paths import Paths

T = TypeVar("T")
PACE = 25.0
"""Tokens a second of the local models: slow enough to be seen, quick enough to be waited for."""
PATIENCE_S = 5.0
KEY = "the-demo's-own-key"
LOCAL_WORDS = "I am the stand-in on this machine, no model."
CLOUD_WORDS = "I am the stand-in for a cloud, no model."
CONFIG = """\
mode = "prefer-local"
default_model = "small"

[listen]
tcp = "{tcp}"

[busy]
queue = 1            # so that one waiting call makes the model busy
other_cpu = "off"    # the story is the same on a busy machine
free_memory = "off"

[providers.ollama]
preset = "ollama"
address = "{engine}"

[providers.demo-cloud]
preset = "openai"
address = "{cloud}/v1"
place = "cloud"      # its address is this machine; the story takes it for a cloud
key = "env:DEMO_CLOUD_KEY"

[fallback]
cloud = ["demo-cloud/large"]
"""
_TCP = "127.0.0.1:0" if hasattr(socket, "AF_UNIX") else "127.0.0.1:11439"
"""Any free port, save where the client needs to know it because there is no Unix socket."""


class Stage:
    """Everything the demo needs, up within `with`. The daemon and both servers run in a thread of their own."""

    def __init__(self) -> None:
        """Nothing is started yet."""
        models = (ModelScript(name="small", tokens_per_second=PACE), ModelScript(name="other", says=LOCAL_WORDS))
        self.engine = Rehearsal(Script(models=models))
        self.cloud = Rehearsal(
            Script(kind="openai", models=(ModelScript(name="large", says=CLOUD_WORDS),), keys=(KEY,))
        )
        self.home = Path()
        self._daemon: Daemon | None = None
        self._loop = asyncio.new_event_loop()
        self._closing = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as undo:
            self.home = Path(undo.enter_context(tempfile.TemporaryDirectory(prefix="hearth-demo-")))
            thread = threading.Thread(target=self._loop.run_forever, name="demo")
            thread.start()
            undo.callback(self._end_loop, thread)
            undo.callback(self._run, self._strike())
            self._run(self._build())
            self._closing = undo.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.close()

    def client(self) -> Client:
        """Return a new client of the daemon: one for each thread."""
        return Client(self.paths, {})

    @property
    def paths(self) -> Paths:
        """The daemon's files."""
        return Paths.find(str(self.home), {})

    def edit(self, old: str, new: str) -> None:
        """Save hearth.toml with one line changed, as an editor does: a new file takes the old one's place."""
        file = self.paths.config_file
        fresh = file.with_suffix(".new")
        _write(fresh, file.read_text(encoding="utf-8").replace(old, new))
        fresh.replace(file)

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _build(self) -> None:
        await self.engine.start()
        await self.cloud.start()
        text = CONFIG.format(tcp=_TCP, engine=self.engine.url, cloud=self.cloud.url)
        _write(self.paths.config_file, text)
        _write(self.paths.env_file, f"DEMO_CLOUD_KEY={KEY}\n")
        daemon = Daemon(self.paths, load(self.paths, {}), {})
        await daemon.start()
        self._daemon = daemon
        await daemon.inventory.everywhere()

    async def _strike(self) -> None:
        """Stop everything that was started; a call in flight is not waited for."""
        if self._daemon is not None:
            self._loop.call_later(0.1, self._daemon.stopping.set)
            await self._daemon.stop()
        await self.engine.stop()
        await self.cloud.stop()

    def _end_loop(self, thread: threading.Thread) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        thread.join()
        self._loop.close()


def wait_until(seen: Callable[[], bool]) -> bool:
    """Look again and again, for `PATIENCE_S` at most; returns whether it was seen."""
    until = time.monotonic() + PATIENCE_S
    while not (found := seen()) and time.monotonic() < until:
        time.sleep(0.02)
    return found


def _write(file: Path, text: str) -> None:
    file.touch(mode=0o600)
    file.write_text(text, encoding="utf-8")
