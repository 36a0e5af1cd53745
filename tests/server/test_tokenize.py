"""llama.cpp's /tokenize and /detokenize, where the engine has them (recordings llama-tokenize, llama-detokenize)."""

import asyncio

import httpx
import pytest

from hearth.rehearsal import Rehearsal, Script
from hearth_home import beside, running


def asked(part: Script, path: str, body: dict[str, object], mode: str = "") -> httpx.Response:
    """The reply to one request."""

    async def act() -> httpx.Response:
        async with Rehearsal(part) as rehearsal:
            known = f'[providers.box]\npreset = "llama-server"\naddress = "{rehearsal.url}/v1"\n'
            box = f'default_model = "box/scripted"\n{known}'
            async with (
                running(box if part.kind == "openai" else beside(rehearsal)) as home,
                httpx.AsyncClient(base_url=home.url, timeout=20) as client,
            ):
                return await client.post(path, json=body, headers={"X-Hearth-Mode": mode} if mode else {})

    return asyncio.run(act())


LLAMA = Script(kind="openai", flavour="llama-server")


@pytest.mark.parametrize("named", [{}, {"model": "box/scripted"}, {"model": "scripted"}])
def test_an_engine_that_has_tokens_shows_them(named: dict[str, object]) -> None:
    """The default model's, or those of the one that is named."""
    there = asked(LLAMA, "/tokenize", {"content": "day", "add_special": True, **named})
    back = asked(LLAMA, "/detokenize", {"tokens": [100, 97, 121], **named}, "offline")

    assert there.json() == {"tokens": [100, 97, 121]}
    assert back.json() == {"content": "day"}
    assert there.headers["X-Hearth-Target"] == "box/scripted"


def test_an_engine_without_is_refused_by_name() -> None:
    """In llama.cpp's own form: nobody makes tokens up."""
    reply = asked(Script(), "/tokenize", {"content": "day", "model": "scripted"})

    assert reply.status_code == 400
    error = reply.json()["error"]
    assert (error["code"], error["type"]) == (400, "invalid_request_error")
    assert "ollama/scripted" in error["message"]
