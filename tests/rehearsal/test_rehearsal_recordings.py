"""The rehearsal answers recorded requests in the recorded shape: status, headers, order of members, kinds of values."""

import asyncio
import base64
import json
from pathlib import Path
from typing import Any

import pytest

from hearth.rehearsal import MODELS, ModelScript, Rehearsal, Script
from rehearsal.raw_client import Answer, connected, head, read

GOLDEN = Path(__file__).resolve().parent.parent / "golden"
PLAYED = (("ollama", "*"), ("models", "ollama-*"), *((f"openai_{kind}", "ollama-*") for kind in (
    "chat", "completions", "embeddings")))  # fmt: skip
STATE = {
    "ollama-blob-head": "needs the upload before it",
    "ollama-blob-post-again": "needs the upload before it",
    "ollama-delete": "needs the copy before it",
    "ollama-delete-name-key": "needs the create before it",
    "ollama-ps-loaded": "needs the loads before it",
    "ollama-recommendations": "a list of products, which the rehearsal does not repeat",
    "ollama-show-copilot": "general.basename comes from the model file",
    "ollama-show-persona": "a Modelfile with SYSTEM, MESSAGE and LICENSE, which no rehearsed model has",
    "ollama-v1-models-empty": "a server without models",
    "error-queue-full": "needs the waiting loads before it",
    "runner-dies-mid-stream": "a fault; see test_rehearsal_faults",
    "runner-dies-whole": "a fault; see test_rehearsal_faults",
}
"""Recordings that one request alone cannot repeat, each with its reason. Those of whole clients are left out too."""

MOVING = ("Date", "Content-Length", "Connection", "Transfer-Encoding")
PARTS = (*MODELS, *(ModelScript(name=name) for name in ("slow", "slow2", "persona")))


def _recordings() -> list[Any]:
    found = [
        pytest.param(file, id=f"{folder}/{file.stem}")
        for folder, pattern in PLAYED
        for file in sorted((GOLDEN / folder).glob(f"{pattern}.json"))
        if file.stem not in STATE and not file.stem.startswith("client-")
    ]
    return found or [pytest.param(None, marks=pytest.mark.skip(reason="no recordings in this checkout"))]


async def _replay(recorded: dict[str, Any], *, disabled: bool) -> Answer:
    request = recorded["request"]
    body = base64.b64decode(request["body_base64"]) if "body_base64" in request else request["body"].encode()
    headers = [(name, value) for name, value in request["headers"] if name.lower() != "content-length"]
    script = Script(models=PARTS, cloud_disabled=disabled, truncates_to="half")
    async with Rehearsal(script) as rehearsal, connected(rehearsal) as (reader, writer):
        writer.write(head(request["method"], request["path"], headers, body))
        answer = await read(reader, head_only=request["method"] == "HEAD")
        assert not rehearsal.panics
        return answer


@pytest.mark.parametrize("file", _recordings())
def test_a_recorded_request_gets_an_answer_of_the_recorded_shape(file: Path) -> None:
    """Same status, same headers in the same order, same members in the same order, same kinds of values."""
    recorded = json.loads(file.read_text())
    reply = recorded["response"]
    disabled = "cloud" not in file.stem or "disabled" in file.stem or "show-cloud" in file.stem
    disabled = disabled or file.stem == "ollama-status"

    answer = asyncio.run(_replay(recorded, disabled=disabled))

    said = "".join(chunk for _, chunk in reply["chunks"] if isinstance(chunk, str))
    assert answer.status == reply["status"]
    assert answer.ended == "complete"
    assert [name for name, _ in answer.headers] == [name for name, _ in reply["headers"]]
    assert _still(answer.headers) == _still([(name, value) for name, value in reply["headers"]])
    assert _shapes(answer.body.decode(), answer.header("Content-Type")) == _shapes(said, answer.header("Content-Type"))


def _still(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in headers if name not in MOVING]


def _shapes(text: str, content_type: str) -> list[str]:
    """The shapes of the records in their order, runs of equal ones as one."""
    if "ndjson" in content_type:
        records = text.splitlines(keepends=True) if "\u0085" not in text else text.replace("\u0085", "").splitlines()
    elif "event-stream" in content_type:
        records = [event.removeprefix("data: ") for event in text.split("\n\n") if event]
    else:
        records = [text]
    shapes = [_shape_of(record) for record in records]
    return [shape for place, shape in enumerate(shapes) if place == 0 or shape != shapes[place - 1]]


def _shape_of(record: str) -> str:
    try:
        return json.dumps(_shape(json.loads(record))) + ("\n" if record.endswith("\n") else "")
    except ValueError:
        return record


def _shape(value: object) -> object:
    if isinstance(value, dict):
        return {name: _shape(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_shape(value[0])] if value else []
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__
