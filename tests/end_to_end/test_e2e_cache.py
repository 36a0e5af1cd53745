"""The answer cache as callers meet it: marked, in their own form and dialect, never across modes, never in the way."""

from __future__ import annotations

import asyncio
import json

import pytest

from end_to_end.callers import (
    PATIENT_S,
    Answer,
    Caller,
    Object,
    admin,
    call,
    calm,
    chat,
    cloud,
    engine,
    inference,
    until,
)
from hearth.rehearsal import Fault, ModelScript, Rehearsal, Script
from hearth_home import Home, running

ON = '[cache]\nanswers = "exact"\nembeddings = "exact"\n'
ROUTES = ("/api/chat", "/v1/chat/completions", "/v1/messages", "/v1/responses")
CLOUD = Script(kind="openai", models=(ModelScript(name="scripted"),), cost_per_token=1e-6)
SLOW = Script(models=(ModelScript(name="scripted", tokens_per_second=50.0),))
VECTORS = Script(models=(ModelScript(name="embedder", embedding_length=8, capabilities=("embedding",)),))


def cold(path: str, words: str = "hello", model: str = "scripted", **more: object) -> Object:
    """Return the body of a chat on that route that leaves nothing to chance."""
    if path == "/api/chat":
        return chat(model, words, options={"temperature": 0}, **more)
    if path == "/v1/responses":
        return {"model": model, "input": words, "temperature": 0, **more}
    limit = {"max_tokens": 50} if path == "/v1/messages" else {}
    return chat(model, words, temperature=0, **limit, **more)


async def kept(home: Home, count: int) -> None:
    """Wait until so many answers are on disk."""
    cache = home.daemon.core.cache
    assert cache is not None
    async with asyncio.timeout(PATIENT_S):
        while (await cache.sums()).answers < count:  # noqa: ASYNC110 -- it watches what nobody announces
            await asyncio.sleep(0.01)


async def _again(path: str, forms: tuple[bool, bool], provider: str) -> tuple[Answer, Answer, int]:
    """Ask the same twice in these forms (streamed or not); what was read, and how often the provider was asked."""
    script = CLOUD if provider == "far" else Script(models=(ModelScript(name="scripted"),))
    async with Rehearsal(script) as one:
        config = ON + calm() + (cloud(one) if provider == "far" else engine(one))
        async with running(config) as home:
            model = f"{provider}/scripted"
            first = await call(home, path, cold(path, model=model, stream=forms[0]))
            await kept(home, 1)
            second = await call(home, path, cold(path, model=model, stream=forms[1]))
        return first, second, inference(one)


@pytest.mark.parametrize("provider", ["ollama", "far"])
@pytest.mark.parametrize("forms", [(True, True), (False, False), (True, False), (False, True)], ids=str)
@pytest.mark.parametrize("path", ROUTES)
def test_the_same_request_is_answered_from_disk(path: str, forms: tuple[bool, bool], provider: str) -> None:
    """In each dialect, in the same dialect and translated, streamed and whole: one call upstream, two good answers."""
    first, second, asked = asyncio.run(_again(path, forms, provider))

    assert asked == 1
    assert (first.status, second.status) == (200, 200)
    assert "x-hearth-cache" not in first.headers
    assert second.headers["x-hearth-cache"] == "hit"
    assert (second.headers["x-hearth-reason"], second.headers["x-hearth-attempts"]) == ("cache", "0")
    assert second.headers["x-hearth-target"] == first.headers["x-hearth-target"]
    assert "Hello" in second.body.decode()
    assert second.ended
    if forms[0] == forms[1]:
        assert second.headers["content-type"] == first.headers["content-type"]
    if not forms[1]:
        assert second.headers["x-hearth-cost"] == "0"


@pytest.mark.parametrize(("path", "provider"), [("/api/chat", "ollama"), ("/v1/chat/completions", "far")])
@pytest.mark.parametrize("stream", [True, False])
def test_in_the_same_dialect_the_bytes_are_the_same(stream: bool, path: str, provider: str) -> None:
    """What passed unchanged the first time passes unchanged the second time, down to the byte."""
    first, second, _ = asyncio.run(_again(path, (stream, stream), provider))

    assert second.body == first.body


@pytest.mark.parametrize(
    ("config", "body"),
    [
        ("", cold("/api/chat")),
        ('[cache]\nembeddings = "exact"\n', cold("/api/chat")),
        (ON, chat()),
        (ON, chat(options={"temperature": 0.5})),
        (ON, cold("/api/chat", hearth={"cache": False})),
    ],
    ids=["off", "the other switch", "no temperature", "chance", "the caller says no"],
)
def test_what_is_not_for_the_cache_is_asked_each_time(config: str, body: Object) -> None:
    """Off is off, chance is chance, and a caller's no is a no."""

    async def scene() -> tuple[int, Answer]:
        async with Rehearsal() as near, running(config + calm() + engine(near)) as home:
            await call(home, "/api/chat", body)
            await asyncio.sleep(0.1)
            answer = await call(home, "/api/chat", body)
            return inference(near), answer

    asked, answer = asyncio.run(scene())

    assert asked == 2
    assert "x-hearth-cache" not in answer.headers


def test_an_answer_of_the_cloud_never_reaches_an_offline_app() -> None:
    """Never across modes: what another app got from the cloud is not there for an app that is offline."""
    config = ON + calm() + '[models.it]\nuse = ["far/scripted", "ollama/scripted"]\nstrategy = "as_listed"\n'
    config += '[apps.zed]\nmatch = { user_agent = "Zed/*" }\nmode = "offline"\n'

    async def scene() -> tuple[Answer, Answer, Answer, Answer]:
        async with (
            Rehearsal() as near,
            Rehearsal(CLOUD) as far,
            running('mode = "any"\n' + config + engine(near) + cloud(far)) as home,
        ):
            body = cold("/v1/chat/completions", model="it")
            open_call = await call(home, "/v1/chat/completions", body)
            await kept(home, 1)
            private = await call(home, "/v1/chat/completions", body, User_Agent="Zed/1")
            await kept(home, 2)
            again = await call(home, "/v1/chat/completions", body, User_Agent="Zed/1")
            lan = await call(home, "/v1/chat/completions", body, X_Hearth_Mode="lan")
            return open_call, private, again, lan

    open_call, private, again, lan = asyncio.run(scene())

    assert open_call.headers["x-hearth-place"] == "cloud"
    assert private.headers["x-hearth-place"] == "machine"
    assert "x-hearth-cache" not in private.headers
    assert (again.headers["x-hearth-place"], again.headers["x-hearth-cache"]) == ("machine", "hit")
    assert "x-hearth-cache" not in lan.headers


def test_the_log_says_what_a_hit_saved() -> None:
    """A row with the reason `cache`, a cost of 0 and the tokens saved; the sums of usage are those of one call."""

    async def scene() -> tuple[Object, Object, Object, Object]:
        async with Rehearsal(CLOUD) as far, running(ON + calm() + cloud(far)) as home:
            body = cold("/v1/chat/completions", model="far/scripted")
            await call(home, "/v1/chat/completions", body)
            await kept(home, 1)
            await call(home, "/v1/chat/completions", body)
            await until(lambda: home.daemon.ledger.state().written >= 2)
            newest, first = await admin(home, "/hearth/v1/calls")
            usage = await admin(home, "/hearth/v1/usage?by=model")
            return newest, first, usage, await admin(home, "/hearth/v1/cache")

    hit, first, usage, stats = asyncio.run(scene())

    assert (hit["reason"], hit["attempts"], hit["cost"], hit["target"]) == ("cache", 0, 0.0, "far/scripted")
    assert (hit["input_tokens"], hit["output_tokens"]) == (first["input_tokens"], first["output_tokens"])
    assert sum(row["input_tokens"] for row in usage["rows"]) == first["input_tokens"]
    assert (stats["hits"], stats["misses"], stats["kept"]) == (1, 1, 1)
    assert stats["saved_tokens"] == first["input_tokens"] + first["output_tokens"]


@pytest.mark.parametrize(
    "fault", [Fault.cut(objects=3), Fault.error("the engine broke down", after=3)], ids=["cut", "error"]
)
def test_a_broken_answer_is_not_kept(fault: Fault) -> None:
    """A cut stream is never shown as a finished one, tomorrow neither."""

    async def scene() -> tuple[Answer, Answer, int]:
        async with Rehearsal() as near, running(ON + calm() + engine(near)) as home:
            near.next(fault, path="/api/chat")
            first = await call(home, "/api/chat", cold("/api/chat"))
            await asyncio.sleep(0.1)
            second = await call(home, "/api/chat", cold("/api/chat"))
            return first, second, inference(near)

    first, second, asked = asyncio.run(scene())

    assert not first.finished
    assert second.finished
    assert asked == 2


def test_embeddings_are_kept_by_their_own_switch() -> None:
    """The same text has the same vectors, in both dialects, byte for byte."""

    async def scene() -> list[tuple[Answer, Answer]]:
        async with Rehearsal(VECTORS) as near:
            config = '[cache]\nembeddings = "exact"\n' + calm() + engine(near)
            async with running(config) as home:
                found = []
                for number, path in enumerate(("/api/embed", "/v1/embeddings"), 1):
                    body = {"model": "embedder", "input": ["one", "two"]}
                    first = await call(home, path, body)
                    await kept(home, number)
                    found.append((first, await call(home, path, body)))
                return found

    for first, second in asyncio.run(scene()):
        assert second.headers["x-hearth-cache"] == "hit"
        assert json.loads(first.body).get("embeddings") == json.loads(second.body).get("embeddings")
        assert json.loads(first.body).get("data") == json.loads(second.body).get("data")


def test_a_hit_costs_its_caller_nothing_of_the_queue() -> None:
    """A busy model is no reason to wait for an answer that lies on disk."""

    async def scene() -> Answer:
        async with Rehearsal(SLOW) as near, running(ON + calm() + engine(near)) as home:
            await call(home, "/api/chat", cold("/api/chat"))
            await kept(home, 1)
            holder = await Caller.ask(home, "/api/chat", chat("scripted", "count"))
            await holder.until(b"one,")
            answer = await call(home, "/api/chat", cold("/api/chat"))
            holder.leave()
            return answer

    assert asyncio.run(scene()).headers["x-hearth-cache"] == "hit"


def test_hits_and_what_is_kept_stand_in_the_metrics() -> None:
    """What Prometheus reads of the cache is what `hearth cache stats` says."""

    async def scene() -> tuple[Object, str]:
        async with Rehearsal(CLOUD) as far, running(ON + calm() + cloud(far)) as home:
            path = "/v1/chat/completions"
            for _ in range(3):
                await call(home, path, cold(path, model="far/scripted"))
                await kept(home, 1)
            stats: Object = await admin(home, "/hearth/v1/cache")
            asked = await call(home, "/metrics", method="GET", Authorization=f"Bearer {home.token('admin')}")
            return stats, asked.body.decode()

    stats, metrics = asyncio.run(scene())

    values = dict(line.rsplit(" ", 1) for line in metrics.splitlines() if line.startswith("hearth_cache_"))
    assert (stats["hits"], stats["misses"]) == (2, 1)
    assert {name: float(value) for name, value in values.items()} == {
        "hearth_cache_hits_total": 2.0,
        "hearth_cache_shared_total": 0.0,
        "hearth_cache_batched_total": 0.0,
        "hearth_cache_misses_total": 1.0,
        "hearth_cache_saved_tokens_total": float(stats["saved_tokens"]),
        "hearth_cache_size_bytes": float(stats["size"]),
    }
