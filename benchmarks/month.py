"""A month of calls in minutes: the usage log's sums against the providers' own books, and limits under load.

`python benchmarks/month.py [CALLS]` (50,000 unless said) plays three providers that answer, refuse, fail, dawdle and
break off, asked by 32 callers at once through a daemon of its own. It prints what it found, and exits 1 when a sum is
off by a token or by a billionth of the currency, when a cut call is not marked as estimated, or when a limit broke.
"""

from __future__ import annotations

import asyncio
import json
import random
import sqlite3
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack, closing
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

from hearth.daemon import Daemon
from hearth.rehearsal import Fault, Rehearsal, Script
from hearth.rehearsal.http import Request
from hearth_config.load import load
from hearth_config.paths import Paths

CALLERS = 32
LIMIT_EACH = 0.000_14
"""Dollars a call that the day's limit allows for: less than calls cost, so that it is reached before the end."""
KEYS = ("sk-a", "sk-b", "sk-c")
PRICES = {
    "first": (Fraction(3), Fraction(15)),
    "second": (Fraction(1, 2), Fraction(3, 2)),
    "third": (Fraction(2), Fraction(7)),
}
"""Dollars (third: euros) a million tokens in and out."""
CONFIG = """
mode = "any"
[listen]
tcp = "127.0.0.1:0"
[busy]
other_cpu = "off"
free_memory = "off"
[models.all]
use = ["first/scripted", "second/scripted", "third/scripted"]
strategy = "round_robin"
[budget]
daily_limit = {limit}
rates = {{ EUR = 1.08 }}
[retry]
backoff = "1ms"
"""
PROVIDER = """
[providers.{name}]
dialect = "openai_chat"
address = "{url}/v1"
place = "cloud"
price = {{ input_per_million = {given}, output_per_million = {made}, currency = "{currency}" }}
keys = [ {{ id = "a", value = "sk-a" }}, {{ id = "b", value = "sk-b" }}, {{ id = "c", value = "sk-c" }} ]
"""


class Books(NamedTuple):
    """What came to pass, by the providers' own count, and by the usage log."""

    statuses: Counter[int]
    told: dict[str, tuple[int, int]]
    """Tokens in and out of the replies that told of them, by provider."""
    logged: dict[str, tuple[int, int, float]]
    """Tokens and cost of the attempts that are not estimated, by provider."""
    cut: int
    """Replies that broke off before they told of tokens, in the providers' books."""
    estimated: int
    limit: float
    spent: float

    def faults(self) -> list[str]:
        """Return what is wrong, in sentences."""
        found = []
        for name, (given, made) in self.told.items():
            logged_in, logged_out, cost = self.logged.get(name, (0, 0, 0.0))
            if (given, made) != (logged_in, logged_out):
                found.append(f"{name} told of {given} + {made} tokens, the log has {logged_in} + {logged_out}")
            due = (given * PRICES[name][0] + made * PRICES[name][1]) / 1_000_000
            if abs(Fraction(cost) - due) > Fraction(1, 10**9):
                found.append(f"{name} is due {float(due)!r}, the log says {cost!r}")
        if self.cut != self.estimated:
            found.append(f"{self.cut} replies were cut, {self.estimated} attempts are marked as estimated")
        if self.spent > self.limit:
            found.append(f"{self.spent} was spent of {self.limit}")
        return found


class Chance:
    """Goes wrong now and then, the same way with the same seed."""

    def __init__(self, seed: int) -> None:
        """Begin at the beginning."""
        self._dice = random.Random(seed)

    def of(self, share: float) -> bool:
        """Say whether this is one of so many."""
        return self._dice.random() < share

    def match(self, share: float, *, key: str = "", stream: bool = False) -> Callable[[Request], bool]:
        """Return a test for requests of which this share goes wrong."""

        def fits(request: Request) -> bool:
            wanted = request.path.endswith("/chat/completions") and (not stream or b'"stream":true' in request.body)
            return wanted and key in dict(request.headers).get("Authorization", key) and self.of(share)

        return fits


def _trouble(provider: Rehearsal, seed: int) -> None:
    chance = Chance(seed)
    for share, fault in (
        (0.01, Fault.refuse(429, retry_after="1")),
        (0.02, Fault.refuse(500)),
        (0.01, Fault.refuse(503)),
        (0.01, Fault.late_head(0.02)),
    ):
        provider.when(chance.match(share), fault)
    provider.when(chance.match(0.05, stream=True), Fault.cut(objects=3))
    provider.when(chance.match(0.0005, key="sk-b"), Fault.refuse(401))
    provider.when(chance.match(0.0005, key="sk-c"), Fault.refuse(402))


async def month(calls: int, seed: int = 7) -> Books:
    """Play so many calls, and return both books."""
    limit = round(calls * LIMIT_EACH, 6)
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hearth-month-")))
        providers = {name: Rehearsal(Script(kind="openai", keys=KEYS)) for name in PRICES}
        for number, provider in enumerate(providers.values()):
            await stack.enter_async_context(provider)
            _trouble(provider, seed + number)
        daemon = await _daemon(folder, providers, limit)
        try:
            statuses = await _ask_all(_port(daemon), calls, seed)
            spent = daemon.core.till.views()[0].spent
        finally:
            await daemon.stop()
        return _books(folder, providers, statuses, limit, spent)


async def _daemon(folder: Path, providers: dict[str, Rehearsal], limit: float) -> Daemon:
    config = CONFIG.format(limit=limit)
    for name, provider in providers.items():
        given, made = map(float, PRICES[name])
        currency = "EUR" if name == "third" else "USD"
        config += PROVIDER.format(name=name, url=provider.url, given=given, made=made, currency=currency)
    file = folder / "hearth.toml"
    file.write_text(config, encoding="utf-8")
    file.chmod(0o600)
    paths = Paths.find(str(folder), {})
    daemon = Daemon(paths, load(paths, {}), {})
    await daemon.start()
    await daemon.inventory.everywhere()
    return daemon


def _port(daemon: Daemon) -> int:
    return next(int(one.rpartition(":")[2]) for one in daemon.core.listening if one.startswith("http"))


async def _ask_all(port: int, calls: int, seed: int) -> Counter[int]:
    left = iter(range(calls))
    statuses: Counter[int] = Counter()

    async def caller(dice: random.Random) -> None:
        for _ in left:
            statuses[await _ask(port, dice)] += 1

    await asyncio.gather(*(caller(random.Random(f"{seed} {n}")) for n in range(CALLERS)))
    return statuses


async def _ask(port: int, dice: random.Random) -> int:
    words = " ".join(dice.choices(("one", "two", "three", "four"), k=dice.randint(1, 60)))
    body = {
        "model": dice.choice(("all", "first/scripted", "second/scripted", "third/scripted")),
        "messages": [{"role": "user", "content": words}],
        "max_tokens": dice.randint(4, 40),
        "stream": dice.random() < 0.5,
    }
    content = json.dumps(body, separators=(",", ":")).encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n"
        writer.write(
            f"{head}Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n".encode() + content
        )
        answer = await reader.read(-1)
    finally:
        writer.close()
    return int(answer[9:12] or b"0")


def _books(folder: Path, providers: dict[str, Rehearsal], statuses: Counter[int], limit: float, spent: float) -> Books:
    told, cut = {}, 0
    for name, provider in providers.items():
        answered = [one for one in provider.calls if one.path.endswith("/chat/completions") and one.status == 200]
        known = [one.tokens for one in answered if one.tokens is not None]
        told[name] = (sum(given for given, _ in known), sum(made for _, made in known))
        cut += len(answered) - len(known)
    with closing(sqlite3.connect(folder / "usage.db")) as log:
        rows = log.execute(_LOGGED).fetchall()
        (estimated,) = log.execute("SELECT count(*) FROM attempts WHERE estimated").fetchone()
    logged = {name: (given, made, cost) for name, given, made, cost in rows}
    return Books(statuses, told, logged, cut, estimated, limit, spent)


_LOGGED = """
SELECT provider, sum(input_tokens), sum(output_tokens), total(cost) FROM attempts
WHERE NOT estimated AND input_tokens IS NOT NULL GROUP BY provider
"""


def main() -> int:
    """Play a month and say what came of it."""
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 50_000
    books = asyncio.run(month(calls))
    answers = ", ".join(f"{count} × {status}" for status, count in sorted(books.statuses.items()))
    sys.stdout.write(f"{calls} calls: {answers}\n")
    for name, (given, made) in books.told.items():
        sys.stdout.write(f"{name}: {given} + {made} tokens told, cost {books.logged[name][2]:.9f} in the log\n")
    sys.stdout.write(f"{books.cut} replies cut, {books.estimated} estimated; {books.spent:.6f} of {books.limit} USD\n")
    faults = books.faults()
    sys.stdout.write("".join(f"WRONG: {fault}\n" for fault in faults) or "Every book agrees.\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
