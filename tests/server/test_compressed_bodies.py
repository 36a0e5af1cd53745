"""Bodies that Codex compresses: zstd on OpenAI's routes, held to the limit of a plain body when decoded."""

import asyncio
import subprocess
import sys

import pytest
import zstandard

from hearth.problems import BadRequest, TooLarge
from hearth.rehearsal import Rehearsal
from hearth.server.compressed import unpack
from hearth_home import Home, beside, running
from server.door import Answer, ask

BODY = b'{"model":"scripted","stream":false,"messages":[{"role":"user","content":"Hello there"}]}'


def _asked(path: str, body: bytes, coding: str = "zstd", more: str = "") -> Answer:
    async def act() -> Answer:
        async with Rehearsal() as ollama, running(beside(ollama, more)) as home:
            return await _sent(home)

    async def _sent(home: Home) -> Answer:
        return await ask(home, "POST", path, [("Content-Encoding", coding)], body)

    return asyncio.run(act())


@pytest.mark.parametrize("coding", ["zstd", "ZSTD"])
def test_a_zstd_body_is_answered(coding: str) -> None:
    """A chat request compressed as Codex does is answered like a plain one."""
    answer = _asked("/v1/chat/completions", zstandard.compress(BODY), coding)

    assert answer.status == 200
    assert b"Hello! I am a small test model." in answer.body


@pytest.mark.parametrize("path", ["/api/chat", "/api/show"])
def test_zstd_is_read_on_openai_routes_alone(path: str) -> None:
    """T25: everywhere else a compressed body stays refused, unread."""
    assert _asked(path, zstandard.compress(BODY)).status == 415


def test_a_bomb_is_refused_before_it_is_large() -> None:
    """T25: 400 MB in 13 kB are refused at the limit, with status 413, and cost no more memory than it."""
    bomb = zstandard.compress(bytes(400_000_000))

    answer = _asked("/v1/chat/completions", bomb, more='[listen]\ntcp = "127.0.0.1:0"\nbody_limit = "1MB"\n')

    assert len(bomb) < 100_000
    assert answer.status == 413
    assert b"body_limit" in answer.body


@pytest.mark.parametrize(
    "body",
    [b"", b"no zstd", zstandard.compress(BODY)[:-1], zstandard.compress(BODY)[:9], zstandard.compress(BODY) + b"x"],
    ids=["empty", "something else", "cut at its end", "cut at its beginning", "followed by more"],
)
def test_a_broken_frame_is_refused(body: bytes) -> None:
    """F30: what is not one whole frame is a 400 in the caller's dialect."""
    answer = _asked("/v1/chat/completions", body)

    assert answer.status == 400
    assert b"invalid_request_error" in answer.body


@pytest.mark.parametrize("size", [0, 1, 511, 512, 513, 300_000])
def test_unpacking_gives_back_what_was_packed(size: int) -> None:
    """Any length comes back whole, with and without its size in the frame; a limit one byte lower refuses it."""
    body = bytes(number * 7 % 251 for number in range(size))
    stream = zstandard.ZstdCompressor(write_content_size=False).compressobj()

    for packed in (zstandard.compress(body), stream.compress(body) + stream.flush()):
        assert unpack(packed, size) == body
        if size:
            with pytest.raises(TooLarge):
                unpack(packed, size - 1)


def test_a_window_that_would_eat_memory_is_refused() -> None:
    """T25: a frame may not make its decoder keep more than 8 MB."""
    wide = zstandard.ZstdCompressionParameters(window_log=27, write_content_size=False)
    stream = zstandard.ZstdCompressor(compression_params=wide).compressobj()
    packed = stream.compress(b"a" * 100) + stream.flush()

    with pytest.raises(BadRequest):
        unpack(packed, 1000)


def test_the_library_waits_for_the_first_such_body() -> None:
    """A daemon that meets no compressed body never imports the library."""
    code = "import sys, hearth.server.intake; print('zstandard' in sys.modules)"

    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)

    assert said.stdout.strip() == "False"
