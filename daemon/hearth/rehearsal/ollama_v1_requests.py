"""How Ollama's OpenAI layer reads requests: OpenAI's words turned into those of /api/chat (wire/ollama §4.1)."""

from __future__ import annotations

from typing import Any

import msgspec

from hearth.rehearsal.golang import NAMES, Refusal, lowered

Object = dict[str, Any]
EFFORTS: dict[str, bool | str] = {"none": False, "minimal": "low", "xhigh": "max", "ultra": "max"}


def options(members: Object) -> Object:
    """The knobs that this layer knows; `max_completion_tokens` and the window are not among them."""
    for name in ("temperature", "top_p", "frequency_penalty", "presence_penalty"):
        value = members.get(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, (int, float))):
            where = "ChatCompletionRequest" if "messages" in members else "CompletionRequest"
            text = f"json: cannot unmarshal {NAMES[type(value)]} into Go struct field {where}.{name} of type float64"
            raise Refusal(400, text, early=True)
    stop = members.get("stop")
    options = {"num_predict": members.get("max_tokens"), "stop": [stop] if isinstance(stop, str) else stop}
    return {"options": {name: value for name, value in options.items() if value is not None}}


def think(members: Object) -> bool | str | None:
    """What the effort becomes; absent means the model's own habit."""
    effort: str | None = (members.get("reasoning") or {}).get("effort") or members.get("reasoning_effort")
    return EFFORTS.get(effort, effort) if effort else None


def wanted_format(wanted: Object | None) -> object:
    """What `response_format` becomes: json, a schema, or nothing."""
    wanted = wanted or {}
    kind = wanted.get("type")
    if kind == "json_object":
        return "json"
    return wanted.get("json_schema", {}).get("schema") if kind == "json_schema" else None


def messages(history: list[Object]) -> list[Object]:
    """Each part becomes a message of its own, as this layer does it."""
    found: list[Object] = []
    for each in map(lowered, history):
        content = each.get("content")
        for call in each.get("tool_calls") or []:
            _check_arguments(call)
        if isinstance(content, list):
            found += [_part(each, part) for part in content]
        elif content is None and not each.get("tool_calls"):
            raise Refusal(400, "invalid message content type: <nil>", early=True)
        else:
            found.append({**each, "content": content or ""})
    return found


def _check_arguments(call: Object) -> None:
    try:
        msgspec.json.decode((call.get("function") or {}).get("arguments") or "{}")
    except msgspec.DecodeError:
        raise Refusal(400, "invalid tool call arguments", early=True) from None


def _part(message: Object, part: Object) -> Object:
    if part.get("type") == "text":
        return {"role": message.get("role"), "content": part.get("text", "")}
    if part.get("type") == "image_url":
        image = part.get("image_url")
        url = image.get("url", "") if isinstance(image, dict) else str(image)
        if url.startswith("http"):
            text = "image URLs are not currently supported, please use base64 encoded data instead"
            raise Refusal(400, text, early=True)
        return {"role": message.get("role"), "content": "", "images": [url.partition(",")[2]]}
    raise Refusal(400, "invalid message format", early=True)
