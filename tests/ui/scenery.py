"""What the dashboard's tests look at: two providers with models, weeks of calls in the usage log, calls in flight."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from time import time

from end_to_end.callers import Caller, call, calm, chat, cloud, engine
from hearth.record import Attempt, CallRecord, Ending, Entry
from hearth.rehearsal import ModelScript, Rehearsal, Script
from hearth_home import Home, running

DAY_S = 86_400.0
ENDLESS = "count"
SLOW = 20.0
"""Tokens a second of what is still under way when somebody looks."""
HERE = Script(
    models=(
        ModelScript(
            name="qwen3:8b", size=5_225_388_164, context_length=40960, vram=5_225_388_164, tokens_per_second=SLOW
        ),
        ModelScript(name="qwen2.5-coder:1.5b", size=986_062_089, context_length=32768, tokens_per_second=SLOW),
        ModelScript(name="thinker", capabilities=("tools", "thinking", "completion")),
        ModelScript(name="nomic-embed-text", size=274_302_450, capabilities=("embedding",)),
    ),
    registry=(ModelScript(name="gemma3:4b", size=3_338_801_718),),
    parallel=2,
    pull_seconds=1.0,
)
FAR = Script(kind="openai", models=(ModelScript(name="qwen/qwen3-8b", tokens_per_second=SLOW),))
KEYS = """
keys = [ { id = "main", value = "sk-main-canary-5f1e", requests_per_minute = 60, tokens_per_day = 200000 },
         { id = "spare", value = "env:FAR_SPARE_KEY" } ]
models."qwen/qwen3-8b".price = { input_per_million = 0.4, output_per_million = 1.6, currency = "USD" }
"""
LIMITS = """
[budget]
daily_limit = 0.05
monthly_limit = 0.60
[apps.zed]
match = { user_agent = "Zed/*" }
requests_per_minute = 30
parallel = 4
"""
NAMES = '[models.fast]\nuse = ["ollama/qwen3:8b", "far/qwen/qwen3-8b"]\n'
_TARGETS = (
    ("ollama/qwen3:8b", "machine", "zed", 0.55),
    ("ollama/qwen2.5-coder:1.5b", "machine", "continue", 0.25),
    ("box/llama3.3:70b", "lan", "open-webui", 0.08),
    ("far/qwen/qwen3-8b", "cloud", "zed", 0.12),
)


def config(here: Rehearsal, far: Rehearsal, more: str = "") -> str:
    """Return a config with an Ollama on this machine and a provider in the cloud, both of them rehearsals."""
    return "\n".join((f'default_model = "fast"\n{more}', calm(), engine(here), cloud(far, more=KEYS), NAMES))


def week_of_calls(days: int, a_day: int, *, seed: int = 1, first: int = 0) -> Iterator[Entry]:
    """Yield calls over the last days, oldest first, busier by day than by night."""
    dice = random.Random(seed)
    now = time()
    moments = sorted(now - dice.random() * days * DAY_S for _ in range(days * a_day))
    for number, moment in enumerate(moments, first):
        yield _call(f"{number:016x}", moment, dice)


def _call(id: str, moment: float, dice: random.Random) -> Entry:
    target, place, app, _ = dice.choices(_TARGETS, weights=[one[3] for one in _TARGETS])[0]
    provider, _, model = target.partition("/")
    failed = dice.random() < 0.02
    sent, got = dice.randint(40, 4000), 0 if failed else dice.randint(10, 900)
    first, took = dice.uniform(60, 900), dice.uniform(1000, 9000)
    cost = sent * 4e-7 + got * 1.6e-6 if place == "cloud" else 0.0
    ending: Ending = "failed" if failed else "complete"
    problem = "provider_error" if failed else ""
    attempt = Attempt(
        call_id=id, number=1, target=target, provider=provider, model=model, place=place,
        key_id="main" if place == "cloud" else "", started=moment, ending=ending, problem=problem,
        detail="The provider broke off." if failed else "", upstream_status=200, connect_ms=1.2,
        first_token_ms=None if failed else first, total_ms=took, input_tokens=sent, output_tokens=got,
        cost=cost, currency="USD", cost_source="config" if cost else "local",
        reason="local" if place == "machine" else "busy", address="127.0.0.1:11434",
        bytes_out=sent * 4, bytes_in=got * 60,
    )  # fmt: skip
    record = CallRecord(
        id=id, time=moment, app=app, dialect="ollama", route="chat", task="chat", asked="fast", mode="prefer-local",
        stream=True, target=target, place=place, reason=attempt.reason, attempts=1, ending=ending, problem=problem,
        detail=attempt.detail, status=200, input_tokens=sent, output_tokens=got, cost=cost, currency=attempt.currency,
        queue_ms=0.0 if place == "machine" else 240.0, first_token_ms=attempt.first_token_ms, total_ms=took,
        overhead_ms=0.4, user_agent=f"{app}/1.0",
    )  # fmt: skip
    return Entry(record, (attempt,))


async def written_down(home: Home, entries: Iterator[Entry]) -> int:
    """Hand calls to the daemon's own usage log, as fast as it takes them, and wait until they are on disk."""
    ledger, count = home.daemon.ledger, 0
    for count, entry in enumerate(entries, 1):
        ledger.add(entry)
        if not count % 1000:
            await asyncio.to_thread(ledger.flush, 60.0)
    await asyncio.to_thread(ledger.flush, 60.0)
    assert not ledger.state().dropped
    return count


@asynccontextmanager
async def lively(more: str = "", *, days: int = 30, a_day: int = 40) -> AsyncIterator[Home]:
    """A daemon in full use: weeks of calls behind it, and three under way, one of them in the cloud."""
    async with Rehearsal(HERE) as here, Rehearsal(FAR) as far, running(config(here, far, more)) as home:
        await written_down(home, week_of_calls(days, a_day))
        await call(home, "/api/chat", chat("fast"), User_Agent="Zed/1.0")
        asked = [
            await Caller.ask(home, "/api/chat", chat("fast", ENDLESS), User_Agent="Zed/1.0"),
            await Caller.ask(home, "/v1/chat/completions", chat("qwen2.5-coder:1.5b", ENDLESS, stream=True)),
            await Caller.ask(home, "/v1/chat/completions", chat("far/qwen/qwen3-8b", ENDLESS, stream=True)),
        ]
        for caller in asked:
            await caller.until(b"one")
        try:
            yield home
        finally:
            for caller in asked:
                caller.leave()
