"""Names that an engine made up: they pass as names, and never as a header, nor as a line of the log."""

from __future__ import annotations

import asyncio
import logging

import msgspec
import pytest

from hearth.rehearsal import ModelScript, Rehearsal, Script
from hearth_home import beside, running
from server.door import admin, ask, host, quiet_log, read, say, spell

NAMES = ["evil\r\nX-Injected: 1", "evil\r\n\r\nHTTP/1.1 200 OK", "ev\u2028\u0085il", "ev\x1b[31mil", "ünï", "evil\x00"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("path", ["/api/chat", "/v1/chat/completions"])
def test_a_models_name_is_never_a_header(name: str, stream: bool, path: str) -> None:
    """T23, T26: line ends and bytes beyond ASCII are escaped in X-Hearth-Target; the answer itself is whole."""
    asked = {"model": name, "stream": stream, "messages": [{"role": "user", "content": "Hello there"}]}

    async def act() -> bytes:
        async with Rehearsal(Script(models=(ModelScript(name=name),))) as ollama, running(beside(ollama)) as home:
            return await say(
                home, spell("POST", path, [host(home), ("Connection", "close")], msgspec.json.encode(asked))
            )

    with quiet_log():
        data = asyncio.run(act())

    answer = read(data)
    assert answer.status == 200
    assert "x-injected" not in answer.headers
    assert answer.headers["x-hearth-target"].startswith("ollama/")
    assert data.count(b"HTTP/1.1 200 OK\r\n") == 1


def test_a_models_name_is_never_a_line_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """T26: what a hostile engine calls its models cannot forge an entry, nor paint the terminal that shows it."""
    name = "evil\r\n2026-01-01 ERROR all is lost\x1b[2J"

    async def act() -> int:
        async with Rehearsal(Script(models=(ModelScript(name=name),))) as ollama, running(beside(ollama)) as home:
            order = msgspec.json.encode({"model": name})
            return (await ask(home, "PUT", "/hearth/v1/default-model", [admin(home)], order)).status

    with caplog.at_level(logging.INFO):
        status = asyncio.run(act())

    said = [record.getMessage() for record in caplog.records if record.name == "hearth"]
    assert status == 200
    assert any("all is lost" in line for line in said)
    assert all(line.isprintable() for line in said)
