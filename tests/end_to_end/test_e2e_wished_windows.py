"""Apps that ask an Ollama for windows of their own are named, once, and do not make it load the model again."""

import asyncio
from typing import Any

import httpx
import pytest

from hearth.rehearsal import Rehearsal
from hearth_home import beside, running

PINNED = '[providers.ollama.models."scripted"]\nnum_ctx = 1024\n'
ZED = '[apps.zed]\nmatch = { user_agent = "Zed/*" }\n'


def told(*wishes: tuple[str, object], more: str = PINNED) -> tuple[list[dict[str, Any]], list[int]]:
    """What was told of windows after these calls (User-Agent, options), and the windows the engine was asked for."""

    async def act() -> tuple[list[dict[str, Any]], list[int]]:
        async with (
            Rehearsal() as ollama,
            running(beside(ollama, ZED) + more) as home,
            httpx.AsyncClient(base_url=home.url, timeout=20) as client,
        ):
            for agent, options in wishes:
                body = {"model": "scripted", "messages": [{"role": "user", "content": "Hello"}], "options": options}
                answer = await client.post("/api/chat", json=body, headers={"User-Agent": agent})
                assert answer.status_code == httpx.codes.OK
            events = [dict(one.facts) for one in home.daemon.core.events.recent if one.kind == "window_kept"]
            bodies = [
                httpx.Response(200, content=call.body).json() for call in ollama.calls if call.path == "/api/chat"
            ]
            return events, [(body.get("options") or {}).get("num_ctx", 0) for body in bodies]

    return asyncio.run(act())


def test_the_app_is_named_once() -> None:
    """Pain 2: with what it asked for, what calls get, and where to change it for all."""
    events, windows = told(("Zed/1", {"num_ctx": 8192}), ("Zed/1", {"num_ctx": 8192}), ("curl/8", {"num_ctx": 4096}))

    assert [(one["app"], one["wished"], one["window"]) for one in events] == [
        ("zed", 8192, 1024),
        ("curl/8", 4096, 1024),
    ]
    assert 'num_ctx in [providers.ollama.models."scripted' in events[0]["next"]
    assert set(windows) == {1024}


@pytest.mark.parametrize("options", [{"num_ctx": 1024}, {"temperature": 0}, {"num_ctx": None}])
def test_who_asks_for_no_other_window_is_not_named(options: object) -> None:
    """The one that calls get anyway, or none."""
    assert told(("Zed/1", options))[0] == []
