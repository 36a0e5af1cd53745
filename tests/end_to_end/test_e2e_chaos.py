"""Many things at once: a thousand streams, and faults of all kinds while config and mode change."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections import Counter
from contextlib import closing

import pytest

from end_to_end.callers import PATIENT_S, Answer, Caller, admin, call, calm, chat, cloud, engine, rounds
from hearth.rehearsal import Fault, ModelScript, Rehearsal, Script
from hearth_home import LISTEN, Home, running

SEED = 20261121
STREAMS = 1000
FAR = Script(kind="openai", models=(ModelScript(name="scripted"),), keys=("sk-canary-4711",))
SLOW = Script(kind="openai", models=(ModelScript(name="scripted", tokens_per_second=20.0),))
FAULTS = (
    Fault.refuse(500), Fault.refuse(429), Fault.refuse(400), Fault.cut(size=0), Fault.cut(objects=2),
    Fault.cut(objects=1, by="rst"), Fault.html(), Fault.error(), Fault.noise(), Fault.missing_terminator(),
    Fault.drip(0.001, 7), Fault.header_flood(500), Fault.interim_storm(200), Fault.wrong_length(40),
    Fault.redirect(307, "http://127.0.0.1:9/"), Fault.late_head(0.2),
)  # fmt: skip


@pytest.mark.timeout(240)
def test_a_thousand_streams_at_once_arrive_whole() -> None:
    """F33, G10: each of them is what a stream alone would have been, word for word, and ends as one."""

    async def act() -> tuple[Counter[bytes], bytes, int]:
        async with Rehearsal(SLOW, record=False) as far, running(calm() + cloud(far)) as home:
            body = chat("far/scripted", stream=True)
            alone = await call(home, "/v1/chat/completions", body)
            callers = await asyncio.gather(*(Caller.ask(home, "/v1/chat/completions", body) for _ in range(STREAMS)))
            answers = await asyncio.gather(*(caller.rest(120.0) for caller in callers))
            await rounds()
            return Counter(map(_words, answers)), _words(alone), len(home.daemon.core.calls)

    found, expected, left = asyncio.run(act())

    assert found == {expected: STREAMS}
    assert left == 0


def _words(answer: Answer) -> bytes:
    """What was said, and whether it ended as an answer does."""
    said = "".join(
        choice["delta"].get("content") or ""
        for event in answer.events
        if isinstance(event, dict)
        for choice in event["choices"]
    )
    return f"{said} {answer.finished}".encode()


@pytest.mark.timeout(180)
def test_faults_of_all_kinds_at_once_leave_every_caller_with_an_honest_end() -> None:
    """F59, G6, G11, G13: 240 calls into 16 kinds of faults; config edited, mode switched, log held meanwhile.

    Each caller reads a finished answer or an error; each call is written down once; the key stands nowhere.
    """
    chance = random.Random(SEED)

    async def act() -> tuple[list[Answer], int, bytes, str]:
        async with (
            Rehearsal() as near,
            Rehearsal(FAR) as far,
            running(_config(near, far)) as home,
        ):
            for upstream in (near, far):
                upstream.when(lambda request: request.method == "POST" and chance.random() < 0.5, _any(chance))
            trouble = asyncio.create_task(_trouble(home, near, far, chance))
            answers = await _ask_all(home, chance)
            trouble.cancel()
            await asyncio.gather(trouble, return_exceptions=True)
            near.clear()
            far.clear()
            await admin(home, "/hearth/v1/mode", "POST", {"mode": "prefer-local"})
            late = await call(home, "/api/chat", chat())
            await asyncio.to_thread(home.daemon.ledger.flush, PATIENT_S)
            files = b"".join(one.read_bytes() for one in home.folder.glob("usage.db*"))
            with closing(sqlite3.connect(home.folder / "usage.db")) as database:
                (rows,) = database.execute("SELECT count(*) FROM calls").fetchone()
            return [*answers, late], rows, files, str(await admin(home, "/hearth/v1/status"))

    answers, rows, files, status = asyncio.run(act())

    dishonest = [one for one in answers if not one.finished and not _is_error(one)]
    assert not dishonest, f"seed {SEED}: {dishonest[:2]}"
    assert answers[-1].finished
    assert rows == len(answers)
    assert b"sk-canary" not in files
    assert "sk-canary" not in status


def _config(near: Rehearsal, far: Rehearsal, patience: str = "2s") -> str:
    fallback = '[fallback]\ncloud = ["far/scripted"]\n[retry]\nattempts = 2\nbackoff = "10ms"\n'
    return calm(patience) + fallback + engine(near) + cloud(far, more='key = "sk-canary-4711"') + LISTEN


def _any(chance: random.Random) -> Fault:
    return chance.choice(FAULTS)


async def _trouble(home: Home, near: Rehearsal, far: Rehearsal, chance: random.Random) -> None:
    """Edit, switch and hold, as long as it lasts."""
    file = home.folder / "hearth.toml"
    for number in range(10_000):
        await asyncio.sleep(0.05)
        near.clear()
        far.clear()
        for upstream in (near, far):
            upstream.when(lambda request: request.method == "POST" and chance.random() < 0.5, _any(chance))
        kind = number % 3
        if kind == 0:
            bad = chance.random() < 0.3
            file.write_text("mode = = 1" if bad else _config(near, far, f"{chance.randint(1, 5)}s"))
            await admin(home, "/hearth/v1/reload", "POST")
        elif kind == 1:
            await admin(home, "/hearth/v1/mode", "POST", {"mode": chance.choice(("offline", "lan", "prefer-local"))})
        else:
            await asyncio.to_thread(_hold, str(home.folder / "usage.db"))


def _hold(path: str) -> None:
    """Lock the usage log for a moment."""
    database = sqlite3.connect(path, timeout=0.2)
    try:
        database.execute("BEGIN EXCLUSIVE")
        database.rollback()
    except sqlite3.OperationalError:
        pass  # it is being written
    finally:
        database.close()


async def _ask_all(home: Home, chance: random.Random) -> list[Answer]:
    left = iter(range(240))

    async def caller() -> list[Answer]:
        found = []
        for number in left:
            path = ("/api/chat", "/v1/chat/completions")[number % 2]
            body = chat(chance.choice(("scripted", "far/scripted", "default")), stream=number % 3 > 0)
            found.append(await asyncio.wait_for(call(home, path, body), PATIENT_S))
        return found

    return [one for found in await asyncio.gather(*(caller() for _ in range(12))) for one in found]


def _is_error(answer: Answer) -> bool:
    if answer.status >= 400:
        return "error" in answer.json()
    return b'"error"' in answer.body
