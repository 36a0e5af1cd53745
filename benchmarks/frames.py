"""Frames of all dialects, read to the little that a benchmark must know of them."""

from typing import Any

import msgspec

from routes import Route


class Spoiled(Exception):
    """The reply cannot be counted, and this is why."""


class Frame(msgspec.Struct, frozen=True):
    """What one frame says in any dialect; `last` is the dialect's last word."""

    model: str = ""
    text: str = ""
    finished: bool = False
    last: bool = False


DONE = Frame(last=True)
Object = dict[str, Any]


def read_frame(route: Route, line: bytes) -> Frame:
    """Read one JSON object of the route's dialect. Raises Spoiled if it is none, or carries an error."""
    try:
        found = msgspec.json.decode(line, type=Object)
        if found.get("error"):
            raise Spoiled(f"an error in the reply: {str(found['error'])[:160]}")
        return _READERS[route.dialect](found)
    except (msgspec.DecodeError, UnicodeDecodeError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise Spoiled(f"frame is not what the dialect says: {error}: {line[:80]!r}") from error


def _ollama(found: Object) -> Frame:
    text = found["message"].get("content") or ""
    return Frame(found["model"], text, found.get("done_reason") is not None, found["done"])


def _openai(found: Object) -> Frame:
    if not found["choices"]:
        return Frame(found["model"])
    choice = found["choices"][0]
    said = choice.get("delta") or choice.get("message") or {}
    return Frame(found["model"], said.get("content") or "", choice.get("finish_reason") is not None)


def _responses(found: Object) -> Frame:
    kind = found.get("type", "")
    response = found.get("response") or (found if found.get("object") == "response" else {})
    ended = response.get("status") == "completed"
    text = found["delta"] if kind == "response.output_text.delta" else ""
    if not kind:
        text = found["output"][0]["content"][0]["text"]
    return Frame(response.get("model", ""), text, ended, ended)


def _anthropic(found: Object) -> Frame:
    kind, delta = found["type"], found.get("delta") or {}
    message = found if kind == "message" else found.get("message") or {}
    text = found["content"][0]["text"] if kind == "message" else delta.get("text", "")
    finished = (message.get("stop_reason") or delta.get("stop_reason")) is not None
    return Frame(message.get("model", ""), text, finished, kind in {"message", "message_stop"})


def _gemini(found: Object) -> Frame:
    candidate = found["candidates"][0]
    parts = (candidate.get("content") or {}).get("parts") or [{}]
    ended = "finishReason" in candidate
    return Frame(found["modelVersion"], parts[0].get("text", ""), ended, ended)


def _cohere(found: Object) -> Frame:
    delta = found.get("delta") or found
    content = (delta.get("message") or {}).get("content") or {}
    if isinstance(content, list):
        content = content[0] if content else {}
    ended = delta.get("finish_reason") is not None
    return Frame("", content.get("text", ""), ended, ended)


_READERS = {
    "ollama": _ollama,
    "openai": _openai,
    "responses": _responses,
    "anthropic": _anthropic,
    "gemini": _gemini,
    "cohere": _cohere,
}
