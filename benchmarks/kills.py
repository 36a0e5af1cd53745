"""A daemon killed at random moments (`kill -9`): what of its usage log and its budgets is there after the next start.

`python benchmarks/kills.py [TIMES]` (100 unless said) starts a daemon on one folder again and again, lets callers pay
for answers, and kills it. A call that was over for longer than the log's window must be written down, none twice; and
after the restart the budget must know what was spent, the call that was under way when it died included.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sqlite3
import sys
import tempfile
from contextlib import closing, suppress
from pathlib import Path
from time import monotonic
from typing import NamedTuple

from hearth.rehearsal import Rehearsal, Script
from hearth.rehearsal.script import ModelScript
from kept_ports import kept_port

WINDOW_S = 0.25
CALLERS = 4
PRICE = 1000.0
"""Dollars a million tokens: a thousandth for each."""
MODELS = (ModelScript(name="scripted"), ModelScript(name="slow", tokens_per_second=5.0))
CONFIG = """
mode = "any"
[listen]
tcp = "127.0.0.1:{port}"
[budget]
monthly_limit = 1000000
[providers.far]
dialect = "openai_chat"
address = "{url}/v1"
place = "cloud"
price = {{ input_per_million = {price}, output_per_million = {price} }}
"""


class Found(NamedTuple):
    """What all the kills came to."""

    kills: int
    answered: int
    lost: int
    """Answers that are not in the log."""
    latest_s: float
    """How long before its kill the oldest of the lost answers was over."""
    doubled: int
    forgotten: int
    """Restarts whose budget knew less than what the log has, with what was under way at its upper bound."""
    unheld: int
    """Kills long after a call began that found nothing set aside for it in the log."""


class Killed:
    """One folder whose daemon is started, used and killed."""

    def __init__(self, folder: Path, port: int) -> None:
        """Nothing runs yet."""
        self.folder = folder
        self.port = port
        self.ended: dict[str, float] = {}
        """Each answered call, and when its answer was over (monotonic)."""
        self.lost: list[float] = []

    async def start(self) -> asyncio.subprocess.Process:
        """Start the daemon and wait until it answers."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "hearth", "--home", str(self.folder), "run",
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(one for one in sys.path if one)},
        )  # fmt: skip
        async with asyncio.timeout(30):
            while True:
                with suppress(OSError):
                    _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                    writer.close()
                    return process
                await asyncio.sleep(0.01)

    async def ask(self, model: str, *, stream: bool) -> None:
        """Make one call; note when its answer was over, if it came to that."""
        said = [{"role": "user", "content": "hello"}]
        body = {"model": f"far/{model}", "messages": said, "max_tokens": 50, "stream": stream}
        content = json.dumps(body).encode()
        head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nConnection: close\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
        with suppress(OSError):
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            writer.write(head.encode() + content)
            answer = await reader.read(-1)
            writer.close()
            if answer.startswith(b"HTTP/1.1 200") and not stream:
                named = dict(line.split(": ", 1) for line in answer.split(b"\r\n\r\n")[0].decode().split("\r\n")[1:])
                self.ended[named["X-Hearth-Id"]] = monotonic()

    async def live(self, seconds: float) -> None:
        """Call for so long, with one slow answer under way all the time."""
        until = monotonic() + seconds

        async def caller() -> None:
            while monotonic() < until:
                await self.ask("scripted", stream=False)

        slow = asyncio.ensure_future(self.ask("slow", stream=True))
        await asyncio.gather(*(caller() for _ in range(CALLERS)))
        slow.cancel()
        await asyncio.wait({slow})

    async def budget(self) -> float:
        """Ask the daemon what the month has cost."""
        token = dict(line.split() for line in (self.folder / "token").read_text("ascii").splitlines())["admin"]
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        head = f"GET /hearth/v1/status HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nConnection: close\r\n"
        writer.write(f"{head}Authorization: Bearer {token}\r\n\r\n".encode())
        answer = await reader.read(-1)
        writer.close()
        return float(json.loads(answer.partition(b"\r\n\r\n")[2])["budgets"][0]["spent"])

    def written(self) -> tuple[dict[str, int], float, int]:
        """Return how often each call is in the log, what all cost, and for how many calls money is still held."""
        with closing(sqlite3.connect(self.folder / "usage.db")) as log:
            counts = dict(log.execute("SELECT call_id, count(*) FROM attempts GROUP BY call_id"))
            (cost,) = log.execute("SELECT total(cost) FROM attempts").fetchone()
            (held, count) = log.execute("SELECT total(amount), count(*) FROM held").fetchone()
            return counts, cost + held, count


async def kills(times: int, seed: int = 1) -> Found:
    """Kill a daemon so many times, and return what was found."""
    dice = random.Random(seed)
    async with Rehearsal(Script(kind="openai", models=MODELS)) as provider:
        provider.record = False
        with tempfile.TemporaryDirectory(prefix="hearth-kills-") as name, kept_port() as port:
            one = Killed(Path(name), port)
            file = Path(name) / "hearth.toml"
            file.write_text(CONFIG.format(port=one.port, url=provider.url, price=PRICE), "utf-8")
            file.chmod(0o600)
            await _first(one)
            found = Found(0, 0, 0, 0.0, 0, 0, 0)
            for _ in range(times):
                found = await _once(one, dice.uniform(0.3, 1.2), found)
            return found


async def _first(one: Killed) -> None:
    """Let the daemon make its files, so that no kill comes before there is a log."""
    process = await one.start()
    async with asyncio.timeout(30):
        while True:
            with suppress(sqlite3.OperationalError):
                one.written()
                break
            await asyncio.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    await process.wait()


async def _once(one: Killed, seconds: float, found: Found) -> Found:
    process = await one.start()
    one.ended.clear()
    calling = asyncio.ensure_future(one.live(seconds + 60))
    await asyncio.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    at = monotonic()
    await process.wait()
    calling.cancel()
    await asyncio.wait({calling})
    counts, due, held = one.written()
    lost = [at - ended for call, ended in one.ended.items() if ended < at and call not in counts]
    process = await one.start()
    knows = await _known(one, due)
    process.send_signal(signal.SIGKILL)
    await process.wait()
    return Found(
        found.kills + 1,
        found.answered + len(one.ended),
        found.lost + len(lost),
        max([found.latest_s, *lost]),
        found.doubled + sum(count > 1 for count in counts.values()),
        found.forgotten + (abs(knows - due) > 1e-6),
        found.unheld + (held == 0 and seconds > 3 * WINDOW_S),
    )


async def _known(one: Killed, due: float) -> float:
    """Return what the budget knows, once it has read the log."""
    until, knows = monotonic() + 20, await one.budget()
    while abs(knows - due) > 1e-6 and monotonic() < until:
        await asyncio.sleep(0.05)
        knows = await one.budget()
    return knows


def main() -> int:
    """Kill, look, and say what came of it."""
    found = asyncio.run(kills(int(sys.argv[1]) if len(sys.argv) > 1 else 100))
    sys.stdout.write(
        f"{found.kills} kills, {found.answered} answers: {found.lost} not in the log, the oldest over for "
        f"{found.latest_s * 1000:.0f} ms; {found.doubled} twice; {found.forgotten} budgets that forgot, "
        f"{found.unheld} calls under way that were not in the log\n"
    )
    return 1 if found.doubled or found.forgotten or found.unheld or found.latest_s > 2 * WINDOW_S else 0


if __name__ == "__main__":
    sys.exit(main())
