"""Every fault is produced as bytes, so that what is tested against it is tested against the real thing."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest

from hearth.rehearsal import Fault, Rehearsal, Script
from hearth.rehearsal.faults import Ending
from rehearsal.raw_client import Answer, ask, chat, chat_body, connected, head, read_head

T = TypeVar("T")
CLOUD = Script(kind="openai")


def play(act: Callable[[Rehearsal], Awaitable[T]], *faults: Fault, script: Script | None = None) -> T:
    async def run() -> T:
        async with Rehearsal(script) as rehearsal:
            rehearsal.next(*faults)
            return await asyncio.wait_for(act(rehearsal), 10)

    return asyncio.run(run())


def request(*, stream: bool = True) -> bytes:
    return head("POST", "/api/chat", [("Host", "127.0.0.1")], json.dumps(chat_body(stream=stream)).encode())


async def raw(rehearsal: Rehearsal) -> bytes:
    """Everything that comes until the server closes."""
    async with connected(rehearsal) as (reader, writer):
        writer.write(request().replace(b"Host:", b"Connection: close\r\nHost:"))
        return await reader.read()


def test_a_refusal_has_its_status_headers_and_the_dialects_error() -> None:
    """A 503 with Retry-After speaks as Ollama on /api and as OpenAI on /v1."""

    async def act(rehearsal: Rehearsal) -> tuple[Answer, Answer]:
        return await chat(rehearsal), await ask(rehearsal, "/v1/chat/completions", chat_body())

    native, compatible = play(act, Fault.refuse(503, retry_after="3"), Fault.refuse(429))

    assert (native.status, native.header("Retry-After")) == (503, "3")
    assert isinstance(json.loads(native.body)["error"], str)
    assert compatible.status == 429
    assert "message" in json.loads(compatible.body)["error"]


def test_a_fault_is_used_up_by_inference_and_not_by_probes() -> None:
    """A probe of /api/tags in between leaves the fault for the chat it was meant for."""

    async def act(rehearsal: Rehearsal) -> list[int]:
        probe = await ask(rehearsal, "/api/tags", method="GET")
        return [probe.status, (await chat(rehearsal)).status, (await chat(rehearsal)).status]

    assert play(act, Fault.refuse(500)) == [200, 500, 200]


@pytest.mark.parametrize(("by", "ended"), [("fin", "closed early"), ("rst", "reset")])
def test_a_stream_is_cut_after_so_many_objects(by: Ending, ended: str) -> None:
    """Three lines arrive, then FIN or RST, and never a terminator."""
    answer = play(chat, Fault.cut(objects=3, by=by))

    assert answer.status == 200
    assert answer.ended == ended
    assert len(answer.objects()) == 3
    assert not any(each["done"] for each in answer.objects())


@pytest.mark.parametrize("size", [1, 57, 200, 400])
def test_a_stream_is_cut_after_so_many_bytes(size: int) -> None:
    """Exactly so many bytes of the body arrive."""
    answer = play(chat, Fault.cut(size=size))

    assert answer.ended == "closed early"
    assert len(answer.body) == size


def test_a_whole_reply_is_cut_too() -> None:
    """A body with a length that ends early."""
    answer = play(lambda rehearsal: chat(rehearsal, stream=False), Fault.cut(size=20))

    assert answer.ended == "closed early"
    assert len(answer.body) == 20


def test_a_missing_terminator_comes_after_the_last_object() -> None:
    """The last object says done, and still the body is not whole."""
    answer = play(chat, Fault.missing_terminator())

    assert answer.objects()[-1]["done"] is True
    assert answer.ended == "closed early"


def test_an_error_in_mid_stream_is_the_last_line_and_the_end_is_clean() -> None:
    """Status stays 200, the last line has only `error` (as recorded when a runner dies)."""
    answer = play(chat, Fault.error("an error was encountered", after=2))

    assert answer.status == 200
    assert answer.ended == "complete"
    assert len(answer.objects()) == 3
    assert answer.objects()[-1] == {"error": "an error was encountered"}


def test_an_error_of_an_unstreamed_answer_is_its_status() -> None:
    """A runner that dies before the answer is whole gives 500."""
    answer = play(lambda rehearsal: chat(rehearsal, stream=False), Fault.error("unexpected EOF"))

    assert answer.status == 500
    assert json.loads(answer.body) == {"error": "unexpected EOF"}


def test_an_error_of_openai_in_mid_stream_is_an_event() -> None:
    """Data with an error, and no [DONE] after it."""

    async def act(rehearsal: Rehearsal) -> Answer:
        return await ask(rehearsal, "/v1/chat/completions", chat_body(stream=True))

    answer = play(act, Fault.error("out of memory", after=2), script=CLOUD)

    assert b'"error":{"message":"out of memory"' in answer.chunks[-1]
    assert b"[DONE]" not in answer.body


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_points_to_the_canary(status: int) -> None:
    """The reply names another address, and nothing else."""
    answer = play(chat, Fault.redirect(status, "http://127.0.0.1:9/canary"))

    assert (answer.status, answer.header("Location")) == (status, "http://127.0.0.1:9/canary")


def test_a_web_page_comes_with_status_200() -> None:
    """A captive portal answers everything with HTML."""
    answer = play(chat, Fault.html())

    assert answer.status == 200
    assert answer.header("Content-Type").startswith("text/html")
    assert answer.body.startswith(b"<!DOCTYPE html>")


def test_interim_answers_come_before_the_real_one() -> None:
    """Each 1xx is a head of its own; the real reply follows on the same connection."""

    async def act(rehearsal: Rehearsal) -> list[int]:
        async with connected(rehearsal) as (reader, writer):
            writer.write(request(stream=False))
            return [(await read_head(reader))[0] for _ in range(21)]

    assert play(act, Fault.interim_storm(20)) == [103] * 20 + [200]


def test_a_header_flood_comes_with_the_reply() -> None:
    """Two thousand headers precede a body that is otherwise right."""
    answer = play(lambda rehearsal: chat(rehearsal, stream=False), Fault.header_flood(2000, 100))

    assert len(answer.headers) > 2000
    assert json.loads(answer.body)["done"] is True


@pytest.mark.parametrize("off", [-5, 5])
def test_a_stated_length_is_wrong(off: int) -> None:
    """Content-Length promises more or less than comes before the close."""
    data = play(_raw_whole, Fault.wrong_length(off))

    top, _, body = data.partition(b"\r\n\r\n")
    stated = int(top.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
    assert stated == len(body) + off


async def _raw_whole(rehearsal: Rehearsal) -> bytes:
    async with connected(rehearsal) as (reader, writer):
        writer.write(request(stream=False))
        return await reader.read()


def test_garbage_stands_between_the_objects() -> None:
    """The bytes come where they were planned and the stream goes on."""
    answer = play(chat, Fault.noise(b"\x00\xff not json\n", after=2))

    assert answer.chunks[2] == b"\x00\xff not json\n"
    assert b'"done":true' in answer.chunks[-1]


def test_bytes_instead_of_http() -> None:
    """A server that is none answers as it was told and closes."""
    assert play(raw, Fault.bytes_instead(b"SSH-2.0-OpenSSH_9.9\r\n")) == b"SSH-2.0-OpenSSH_9.9\r\n"


def test_a_dripped_reply_is_the_same_reply() -> None:
    """One byte at a time, head included, is byte for byte what comes otherwise."""
    answer = play(lambda rehearsal: chat(rehearsal, text="Say nothing."), Fault.drip())

    assert answer.ended == "complete"
    assert [each["done"] for each in answer.objects()] == [True]


def test_two_faults_together() -> None:
    """`|` does both: a dripped stream that is cut."""
    answer = play(chat, Fault.drip() | Fault.cut(objects=1))

    assert answer.ended == "closed early"
    assert len(answer.objects()) == 1


def test_faults_may_be_bound_to_a_model_or_to_a_predicate() -> None:
    """Other models are served; `when` holds until it is cleared."""

    async def act(rehearsal: Rehearsal) -> list[int]:
        rehearsal.next(Fault.refuse(500), model="thinker", times=-1)
        rehearsal.when(lambda request: b"secret" in request.body, Fault.refuse(418))
        first = [(await chat(rehearsal, model=name)).status for name in ("scripted", "thinker", "thinker:latest:local")]
        second = [(await chat(rehearsal, "a secret")).status for _ in range(2)]
        rehearsal.clear()
        return [*first, *second, (await chat(rehearsal, model="thinker")).status]

    assert play(act) == [200, 500, 500, 418, 418, 200]
