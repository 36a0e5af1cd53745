"""Calls to write down, a usage log that is quick about its pauses, and ways to wait for it."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from time import monotonic, sleep

from hearth.ledger.ledger import Ledger
from hearth.ledger.state import LedgerState, Limits
from hearth.ledger.store import Store, open_store
from hearth.ledger.writer import Opener
from hearth.record import Attempt, CallRecord, Ending, Entry

QUICK = Limits(window=0.01, busy=0.05, backoff=0.01, longest_backoff=0.05)
YEAR_S = 365 * 86_400.0
NOON = 1_750_000_000.0


def attempt(call_id: str, number: int = 1, *, target: str = "ollama/qwen3:8b", **fields: object) -> Attempt:
    provider, _, model = target.partition("/")
    values: dict[str, object] = {
        "call_id": call_id,
        "number": number,
        "target": target,
        "provider": provider,
        "model": model,
        "place": "machine" if provider == "ollama" else "cloud",
        "key_id": "" if provider == "ollama" else "main",
        "started": NOON,
        "ending": "complete",
    }
    make: Callable[..., Attempt] = Attempt
    return make(**{**values, **fields})


def call(call_id: str, *, target: str = "ollama/qwen3:8b", ending: Ending = "complete", **fields: object) -> CallRecord:
    values: dict[str, object] = {
        "id": call_id,
        "time": NOON,
        "app": "zed",
        "dialect": "ollama",
        "route": "/api/chat",
        "task": "chat",
        "asked": "fast",
        "mode": "prefer-local",
        "stream": True,
        "target": target,
        "place": "machine" if target.startswith("ollama/") else "cloud",
        "reason": "local",
        "attempts": 1,
        "ending": ending,
    }
    make: Callable[..., CallRecord] = CallRecord
    return make(**{**values, **fields})


def entry(call_id: str, **fields: object) -> Entry:
    make: Callable[..., CallRecord] = call
    return Entry(make(call_id, **fields), (attempt(call_id),))


@contextmanager
def ledger(
    path: Path, *, keep_s: float | None = None, limits: Limits = QUICK, opener: Opener = open_store
) -> Iterator[Ledger]:
    """A started usage log, closed at the end."""
    one = Ledger(path, keep_s, limits=limits, opener=opener)
    one.start()
    try:
        yield one
    finally:
        one.close(10)


def write(path: Path, *entries: Entry) -> None:
    """Write entries to a file as a daemon of before would have left it."""
    store = open_store(path, QUICK, check=True)
    store.write(entries)
    store.close()


def ids(path: Path) -> list[str]:
    """The ids of all calls on disk, in the order of writing."""
    with closing(sqlite3.connect(path)) as connection:
        return [id for (id,) in connection.execute("SELECT id FROM calls ORDER BY row")]


def sound(path: Path) -> bool:
    with closing(sqlite3.connect(path)) as connection:
        return bool(connection.execute("PRAGMA integrity_check").fetchone() == ("ok",))


def until(one: Ledger, holds: Callable[[LedgerState], bool], within: float = 20.0) -> LedgerState:
    """Wait until the log's state is as wished; returns it."""
    deadline = monotonic() + within
    while not holds(state := one.state()):
        assert monotonic() < deadline, f"still {state}"
        sleep(0.005)
    return state


class Traced:
    """Opens the database and keeps every statement that is run through it."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def __call__(self, path: Path, limits: Limits, *, check: bool) -> Store:
        store = open_store(path, limits, check=check)
        store.connection.set_trace_callback(self.said.append)
        return store
