"""A sealed daemon as a process of its own: the tests around it must stay unsealed."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

from end_to_end.callers import call
from sealing.sealed_process import needs_a_seal

SEALED = 'mode = "offline"\nsealed = true\n'
START = "from hearth.cli import main; main()"
READY_S = 30.0


class Home(NamedTuple):
    """A daemon's process and where it answers."""

    process: asyncio.subprocess.Process
    port: int
    folder: Path

    async def admin(self, path: str, method: str = "GET", body: object = None) -> Any:  # noqa: ANN401 -- any JSON
        """Ask the control API with the owner's token."""
        lines = (self.folder / "token").read_text(encoding="ascii").splitlines()
        token = dict(line.split() for line in lines)["admin"]
        answer = await call(self, f"/hearth/v1/{path}", body, method=method, Authorization=f"Bearer {token}")
        return json.loads(answer.body)

    async def looked_around(self) -> None:
        """Wait until a local provider has told what it has; one whose key cannot be had is never asked."""
        async with asyncio.timeout(READY_S):
            while all(one["reachable"] is None for one in await self._near()):  # noqa: ASYNC110 -- no event says it
                await asyncio.sleep(0.02)

    async def _near(self) -> list[Any]:
        return [one for one in (await self.admin("status"))["providers"] if one["place"] == "machine"]

    async def edit(self, config: str) -> Any:  # noqa: ANN401 -- any JSON
        """Write the config anew, have it read, and return the status after that."""
        _write(self.folder, config)
        await self.admin("reload", "POST")
        return await self.admin("status")

    def held(self) -> set[str]:
        """Return what the kernel says of its threads: 2 is a filter."""
        tasks = Path(f"/proc/{self.process.pid}/task").iterdir()
        return {line for task in tasks for line in (task / "status").read_text().splitlines() if "Seccomp:" in line}

    def brokers(self) -> list[int]:
        """Return the process ids of its children."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text(encoding="ascii")
        return [int(child) for child in children.split()]


def _write(folder: Path, config: str) -> None:
    file = folder / "hearth.toml"
    file.write_text(f'{config}\n[listen]\ntcp = "127.0.0.1:0"\n')
    file.chmod(0o600)


@asynccontextmanager
async def started(
    folder: Path, config: str, *words: str, environ: Mapping[str, str] | None = None, inherits: tuple[int, ...] = ()
) -> AsyncIterator[Home]:
    """Run `hearth run` until the block ends; raises EOFError with its words when it does not start."""
    needs_a_seal()
    _write(folder, config)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", START, "--home", str(folder), "run", *words,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, pass_fds=inherits,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **(environ or {})},
    )  # fmt: skip
    try:
        home = Home(process, await _port(process), folder)
        await home.looked_around()
        yield home
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()


async def _port(process: asyncio.subprocess.Process) -> int:
    """Return the port it listens on, once it has said that it is sealed too."""
    assert process.stdout is not None
    said, port = "", 0
    async with asyncio.timeout(READY_S):
        while line := (await process.stdout.readline()).decode():
            said += line
            if "http://127.0.0.1:" in line:
                port = int(line.rpartition(":")[2])
            if line.startswith("Sealed"):
                return port
    raise EOFError(said)
