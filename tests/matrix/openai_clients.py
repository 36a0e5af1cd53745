"""Clients of OpenAI's two dialects, as plain as their wire formats: what they send, and what they understand."""

from __future__ import annotations

from matrix.heard import Heard, Object, call, events
from matrix.questions import ASKED, CITY, LIMIT, PIXEL, RESULT, SCHEMA, STOP, SYSTEM, Feature

FINISH = {"stop": "stop", "length": "length", "tool_calls": "tools", None: ""}
_FUNCTION = {"name": "get_weather", "description": "Weather of a town", "parameters": CITY}
_CALL = {"id": "call_0123456", "type": "function", "function": {"name": "get_weather", "arguments": '{"city":"Paris"}'}}


def chat_body(feature: Feature) -> Object:
    """A body of `/v1/chat/completions`."""
    words = {"role": "user", "content": ASKED[feature]}
    body: Object = {"messages": [{"role": "system", "content": SYSTEM}, words]}
    if "tool" in feature:
        body["tools"] = [{"type": "function", "function": _FUNCTION}]
    if feature == "tool results":
        answered = {"role": "tool", "tool_call_id": "call_0123456", "content": RESULT}
        body["messages"] += [{"role": "assistant", "content": None, "tool_calls": [_CALL]}, answered]
    elif feature == "image":
        picture = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}
        words["content"] = [{"type": "text", "text": ASKED[feature]}, picture]  # type: ignore[assignment]  # JSON
    elif feature == "thinking":
        body["reasoning_effort"] = "low"
    elif feature == "JSON schema":
        schema = {"name": "weather", "schema": SCHEMA, "strict": True}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    elif feature == "stop":
        body["stop"] = [STOP]
    elif feature == "length":
        body["max_completion_tokens"] = LIMIT
    return body


def chat_whole(reply: Object) -> Heard:
    """Understand a whole completion."""
    if "error" in reply:
        return Heard(error=reply["error"]["message"])
    choice = reply["choices"][0]
    message = choice["message"]
    calls = tuple(
        call(one["function"]["name"], one["function"]["arguments"]) for one in message.get("tool_calls") or ()
    )
    thought = message.get("reasoning_content") or message.get("reasoning") or ""
    return Heard(message.get("content") or "", thought, calls, FINISH[choice["finish_reason"]], ended=True)


def chat_stream(body: bytes) -> Heard:
    """Understand a stream of chunks; only `[DONE]` ends it."""
    text, thought, finish, error, ended = "", "", "", "", False
    calls: dict[int, list[str]] = {}
    for event in events(body):
        ended = ended or not event
        error = error or (event.get("error") or {}).get("message", "")
        for choice in event.get("choices") or ():
            delta = choice["delta"]
            text += delta.get("content") or ""
            thought += delta.get("reasoning_content") or delta.get("reasoning") or ""
            finish = FINISH[choice.get("finish_reason")] or finish
            for piece in delta.get("tool_calls") or ():
                known = calls.setdefault(piece["index"], ["", ""])
                known[0] += piece["function"].get("name") or ""
                known[1] += piece["function"].get("arguments") or ""
    made = tuple(call(name, arguments) for name, arguments in calls.values()) if ended else ()
    return Heard(text, thought, made, finish, ended=ended and not error, error=error)


def responses_body(feature: Feature) -> Object:
    """A body of `/v1/responses`."""
    words: Object = {"role": "user", "content": ASKED[feature]}
    body: Object = {"instructions": SYSTEM, "input": [words], "store": False}
    if "tool" in feature:
        body["tools"] = [{"type": "function", "strict": False, **_FUNCTION}]
    if feature == "tool results":
        made = {"type": "function_call", "call_id": "call_0123456", "name": "get_weather"}
        answered = {"type": "function_call_output", "call_id": "call_0123456", "output": RESULT}
        body["input"] += [{**made, "arguments": '{"city":"Paris"}'}, answered]
    elif feature == "image":
        picture = {"type": "input_image", "image_url": f"data:image/png;base64,{PIXEL}"}
        words["content"] = [{"type": "input_text", "text": ASKED[feature]}, picture]
    elif feature == "thinking":
        body["reasoning"] = {"effort": "low", "summary": "auto"}
    elif feature == "JSON schema":
        body["text"] = {"format": {"type": "json_schema", "name": "weather", "schema": SCHEMA, "strict": True}}
    elif feature == "length":
        body["max_output_tokens"] = LIMIT
    return body


def responses_whole(reply: Object) -> Heard:
    """Understand a response."""
    if reply.get("error"):
        return Heard(error=reply["error"]["message"])
    text, thought, calls = "", "", []
    for item in reply["output"]:
        if item["type"] == "message":
            text += "".join(part["text"] for part in item["content"])
        elif item["type"] == "reasoning":
            shown = [*(item.get("summary") or ()), *(item.get("content") or ())]
            thought += shown[0]["text"] if shown else ""
        elif item["type"] == "function_call":
            calls.append(call(item["name"], item["arguments"]))
    cut = (reply.get("incomplete_details") or {}).get("reason") == "max_output_tokens"
    finish = "length" if cut else "tools" if calls else "stop"
    return Heard(text, thought, tuple(calls), finish, ended=reply["status"] in ("completed", "incomplete"))


def responses_stream(body: bytes) -> Heard:
    """Understand a stream of events: the last one holds the whole response."""
    said = events(body)
    for event in reversed(said):
        if event.get("type") in ("response.completed", "response.incomplete"):
            return responses_whole(event["response"])
        if event.get("type") == "response.failed":
            return Heard(error=event["response"]["error"]["message"])
        if event.get("type") == "error" or "error" in event:
            return Heard(error=event.get("message") or event["error"]["message"])
    return Heard()
