"""What real clients were recorded to send is sent again, byte for byte, to the daemon; status and shape must agree."""

import asyncio
import json

import pytest

from clients.reciter import Recording, recordings
from hearth.rehearsal import ModelScript, Rehearsal, Script
from hearth_home import beside, running

CLIENTS = (
    "ai-sdk",
    "langchain-ollama",
    "litellm",
    "llm-ollama",
    "ollama-cli",
    "ollama-js",
    "ollama-python",
    "openai-js",
    "openai-python",
)
MADE = ("persona", "slow", "twin", "copied", "made2")
"""Models that the recorded clients had made before."""
VOLATILE = ("logprobs", "context", "license", "system", "messages", "parent_model", "system_fingerprint")
"""Members that depend on the model, and on what a server knows of itself."""
ALLOWED = {
    ".models[].details.embedding_length is missing": "it may be left out, and was before 0.30.0",
    ".choices[].message.content: NoneType instead of str": "beside calls OpenAI's own is null, Ollama's an empty text",
    ".choices[].message.tool_calls[].index is missing": "OpenAI has it in streams alone",
    ".error is missing": "the recorded machine could not reach a registry",
}


def script() -> Script:
    """The models that were there when the clients were recorded."""
    told = {one.model for client in CLIENTS for one in recordings(f"clients/{client}") if one.status == 200}
    extra = {name for name in told | set(MADE) if name and name.removesuffix(":latest") not in _PLAYED}
    installed = tuple(ModelScript(name=name) for name in sorted(extra) if "/" not in name)
    return Script(models=Script().models + installed)


_PLAYED = {model.name for model in Script().models}


def raw_request(one: Recording, port: int) -> bytes:
    """The recorded request as it went over the wire, for a server at another port."""
    lines = [f"{one.method} {one.path} HTTP/1.1"]
    lines += [f"{name}: {f'127.0.0.1:{port}' if name.lower() == 'host' else value}" for name, value in one.headers]
    chunked = any(name.lower() == "transfer-encoding" for name, _ in one.headers)
    body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(one.asked), one.asked) if chunked else one.asked
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body


async def replay(one: Recording, port: int) -> tuple[int, str, bytes]:
    """Send it on a connection of its own; returns status, content type and body."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(raw_request(one, port))
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.split("\r\n")
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = b"" if one.method == "HEAD" else await _body(reader, fields)
        return int(first.split(" ")[1]), fields.get("content-type", ""), body
    finally:
        writer.close()


async def _body(reader: asyncio.StreamReader, fields: dict[str, str]) -> bytes:
    if fields.get("transfer-encoding") != "chunked":
        return await reader.readexactly(int(fields.get("content-length", "0")))
    body = b""
    while size := int(await reader.readline(), 16):
        body += await reader.readexactly(size)
        await reader.readexactly(2)
    return body


def records(body: bytes) -> list[object]:
    """The JSON records of a body: one, or those of a stream in either framing."""
    lines = body.decode().replace("data: ", "").splitlines()
    if len(lines) == 1 or not body.startswith((b"{", b"data:")):
        lines = [body.decode()]
    return [json.loads(line) for line in lines if line and line != "[DONE]"]


def shape(value: object) -> object:
    """The members and their types, without what differs between models: values, and how many there are of them."""
    if isinstance(value, dict):
        return {key: shape(each) for key, each in value.items() if key not in VOLATILE}
    if isinstance(value, list):
        return [united([shape(each) for each in value])] if value else []
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__


def united(shapes: list[object]) -> object:
    """One shape with the members of all."""
    first, *rest = [each for each in shapes if each != "NoneType"] or ["NoneType"]
    for each in rest:
        if isinstance(first, dict) and isinstance(each, dict):
            keys = {**first, **each}
            first = {key: united([one[key] for one in (first, each) if key in one]) for key in keys}
        elif isinstance(first, list) and isinstance(each, list):
            first = [united(first + each)] if first + each else []
    return first


def lacks(ours: object, theirs: object, path: str = "") -> list[str]:
    """What the recorded reply has and ours has not, or has of another type; more is allowed."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        return [
            lack
            for key, each in theirs.items()
            for lack in ([f"{path}.{key} is missing"] if key not in ours else lacks(ours[key], each, f"{path}.{key}"))
        ]
    if isinstance(theirs, list) and isinstance(ours, list):
        return lacks(ours[0], theirs[0], f"{path}[]") if ours and theirs else []
    return [] if theirs in (ours, "NoneType") else [f"{path}: {ours} instead of {theirs}"]


@pytest.mark.parametrize("client", CLIENTS)
def test_recorded_clients_get_what_they_got_from_the_real_server(client: str) -> None:
    """Status, content type and every member, for all that a client sends in its usual life, in its order."""

    async def compare() -> list[str]:
        async with Rehearsal(script()) as rehearsal, running(beside(rehearsal)) as home:
            found = []
            for one in recordings(f"clients/{client}"):
                status, kind, body = await replay(one, home.port)
                found += [f"{one.name} {one.path}: {lack}" for lack in differences(one, status, kind, body)]
            return found

    assert recordings(f"clients/{client}")
    assert asyncio.run(compare()) == []


def differences(one: Recording, status: int, kind: str, body: bytes) -> list[str]:
    """Where our reply is not what the recorded client got."""
    if status != one.status and not (status == 201 and "blobs" in one.path):
        return [f"status {status} instead of {one.status}: {body[:200]!r}"]
    if kind.partition(";")[0] != one.content_type.partition(";")[0]:
        return [f"content type {kind} instead of {one.content_type}"]
    if not one.body or not kind.startswith(("application/", "text/event-stream")):
        return []
    ours, theirs = (united([shape(each) for each in records(said)]) for said in (body, one.body))
    return [lack for lack in lacks(ours, theirs) if lack not in ALLOWED]
