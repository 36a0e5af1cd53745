"""Clients of Ollama, Anthropic, Gemini and Cohere, as plain as their wire formats."""

from __future__ import annotations

import json

from matrix.heard import Heard, Object, call, events, lines
from matrix.questions import ASKED, CITY, LIMIT, PIXEL, RESULT, SCHEMA, STOP, SYSTEM, Feature

_FUNCTION = {"name": "get_weather", "description": "Weather of a town", "parameters": CITY}
_OPENAI_TOOL = {"type": "function", "function": _FUNCTION}


def ollama_body(feature: Feature) -> Object:
    """A body of `/api/chat`."""
    words: Object = {"role": "user", "content": ASKED[feature]}
    body: Object = {"messages": [{"role": "system", "content": SYSTEM}, words], "think": feature == "thinking"}
    if "tool" in feature:
        body["tools"] = [_OPENAI_TOOL]
    if feature == "tool results":
        made = {"function": {"name": "get_weather", "arguments": {"city": "Paris"}}}
        answered = {"role": "tool", "tool_name": "get_weather", "content": RESULT}
        body["messages"] += [{"role": "assistant", "content": "", "tool_calls": [made]}, answered]
    elif feature == "image":
        words["images"] = [PIXEL]
    elif feature == "JSON schema":
        body["format"] = SCHEMA
    elif feature == "stop":
        body["options"] = {"stop": [STOP]}
    elif feature == "length":
        body["options"] = {"num_predict": LIMIT}
    return body


def ollama_stream(body: bytes) -> Heard:
    """Understand lines, or the one object of a whole reply."""
    text, thought, finish, error, ended, calls = "", "", "", "", False, []
    for line in lines(body):
        error = error or line.get("error", "")
        message = line.get("message") or {}
        text += message.get("content") or ""
        thought += message.get("thinking") or ""
        calls += [
            call(one["function"]["name"], one["function"]["arguments"]) for one in message.get("tool_calls") or ()
        ]
        ended = ended or line.get("done") is True
        finish = {"stop": "tools" if calls else "stop", "length": "length"}.get(line.get("done_reason") or "", finish)
    return Heard(text, thought, tuple(calls), finish, ended=ended and not error, error=error)


def ollama_whole(reply: Object) -> Heard:
    """Understand the one object."""
    return ollama_stream(json.dumps(reply).encode())


def anthropic_body(feature: Feature) -> Object:
    """A body of `/v1/messages`."""
    words: Object = {"role": "user", "content": ASKED[feature]}
    body: Object = {"system": SYSTEM, "messages": [words], "max_tokens": LIMIT if feature == "length" else 4000}
    if "tool" in feature:
        body["tools"] = [{"name": "get_weather", "description": "Weather of a town", "input_schema": CITY}]
    if feature == "tool results":
        made = {"type": "tool_use", "id": "toolu_0123456", "name": "get_weather", "input": {"city": "Paris"}}
        answered = {"type": "tool_result", "tool_use_id": "toolu_0123456", "content": RESULT}
        body["messages"] += [{"role": "assistant", "content": [made]}, {"role": "user", "content": [answered]}]
    elif feature == "image":
        source = {"type": "base64", "media_type": "image/png", "data": PIXEL}
        words["content"] = [{"type": "text", "text": ASKED[feature]}, {"type": "image", "source": source}]
    elif feature == "thinking":
        body["thinking"] = {"type": "adaptive", "display": "summarized"}
    elif feature == "JSON schema":
        body["output_config"] = {"format": {"type": "json_schema", "schema": SCHEMA}}
    elif feature == "stop":
        body["stop_sequences"] = [STOP]
    return body


_ANTHROPIC = {"end_turn": "stop", "stop_sequence": "stop", "max_tokens": "length", "tool_use": "tools"}


def anthropic_whole(reply: Object) -> Heard:
    """Understand a message."""
    if reply.get("type") == "error":
        return Heard(error=reply["error"]["message"])
    blocks = reply["content"]
    return Heard(
        "".join(one["text"] for one in blocks if one["type"] == "text"),
        "".join(one["thinking"] for one in blocks if one["type"] == "thinking"),
        tuple(call(one["name"], one["input"]) for one in blocks if one["type"] == "tool_use"),
        _ANTHROPIC[reply["stop_reason"]],
        ended=True,
    )


def anthropic_stream(body: bytes) -> Heard:
    """Understand the events of a message; only `message_stop` ends it."""
    text, thought, finish, error, ended = "", "", "", "", False
    names: dict[int, str] = {}
    inputs: dict[int, str] = {}
    for event in events(body):
        kind, delta = event["type"], event.get("delta") or {}
        error = error or (event["error"]["message"] if kind == "error" else "")
        ended = ended or kind == "message_stop"
        text += delta.get("text") or ""
        thought += delta.get("thinking") or ""
        finish = _ANTHROPIC.get(delta.get("stop_reason") or "", finish)
        if kind == "content_block_start" and event["content_block"]["type"] == "tool_use":
            names[event["index"]] = event["content_block"]["name"]
        inputs[event.get("index", -1)] = inputs.get(event.get("index", -1), "") + (delta.get("partial_json") or "")
    calls = tuple(call(name, inputs[index] or "{}") for index, name in names.items()) if ended else ()
    return Heard(text, thought, calls, finish, ended=ended and not error, error=error)


def gemini_body(feature: Feature) -> Object:
    """A body of `:generateContent`."""
    parts: list[Object] = [{"text": ASKED[feature]}]
    config: Object = {}
    body: Object = {
        "systemInstruction": {"parts": [{"text": SYSTEM}]},
        "contents": [{"role": "user", "parts": parts}],
        "generationConfig": config,
    }
    if "tool" in feature:
        body["tools"] = [{"functionDeclarations": [_FUNCTION]}]
    if feature == "tool results":
        made: Object = {"functionCall": {"name": "get_weather", "args": {"city": "Paris"}}}
        made["thoughtSignature"] = "skip_thought_signature_validator"
        answered = {"functionResponse": {"name": "get_weather", "response": {"result": RESULT}}}
        body["contents"] += [{"role": "model", "parts": [made]}, {"role": "user", "parts": [answered]}]
    elif feature == "image":
        parts.append({"inlineData": {"mimeType": "image/png", "data": PIXEL}})
    elif feature == "thinking":
        config["thinkingConfig"] = {"includeThoughts": True, "thinkingLevel": "low"}
    elif feature == "JSON schema":
        config |= {"responseMimeType": "application/json", "responseJsonSchema": SCHEMA}
    elif feature == "stop":
        config["stopSequences"] = [STOP]
    elif feature == "length":
        config["maxOutputTokens"] = LIMIT
    return body


def gemini_chunks(chunks: list[Object]) -> Heard:
    """Understand chunks, or the one of a whole reply: a finish reason ends it."""
    text, thought, finish, error, calls = "", "", "", "", []
    for chunk in chunks:
        error = error or (chunk.get("error") or {}).get("message", "")
        for candidate in chunk.get("candidates") or ():
            for part in (candidate.get("content") or {}).get("parts") or ():
                thought += part.get("text", "") if part.get("thought") else ""
                text += "" if part.get("thought") else part.get("text", "")
                made = part.get("functionCall")
                calls += [call(made["name"], made.get("args") or {})] if made else []
            finish = {"STOP": "stop", "MAX_TOKENS": "length"}.get(candidate.get("finishReason") or "", finish)
    finish = "tools" if calls and finish == "stop" else finish
    return Heard(text, thought, tuple(calls), finish, ended=bool(finish) and not error, error=error)


def gemini_stream(body: bytes) -> Heard:
    """Understand a stream of events; an error stands behind them bare, over several lines."""
    last = body.rpartition(b"\r\n\r\n")[2].strip() if body.rstrip().endswith(b"}") else b""
    bare = [json.loads(last)] if last.startswith(b"{") else []
    return gemini_chunks([*events(body), *bare])


def gemini_whole(reply: Object) -> Heard:
    """Understand a whole reply."""
    return gemini_chunks([reply])


def cohere_body(feature: Feature) -> Object:
    """A body of `/v2/chat`."""
    words: Object = {"role": "user", "content": ASKED[feature]}
    body: Object = {"messages": [{"role": "system", "content": SYSTEM}, words]}
    body["thinking"] = {"type": "enabled" if feature == "thinking" else "disabled"}
    if "tool" in feature:
        body["tools"] = [_OPENAI_TOOL]
    if feature == "tool results":
        made = {"name": "get_weather", "arguments": '{"city":"Paris"}'}
        called = {"role": "assistant", "tool_calls": [{"id": "c_0123456", "type": "function", "function": made}]}
        body["messages"] += [called, {"role": "tool", "tool_call_id": "c_0123456", "content": RESULT}]
    elif feature == "image":
        picture = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}
        words["content"] = [{"type": "text", "text": ASKED[feature]}, picture]
    elif feature == "JSON schema":
        body["response_format"] = {"type": "json_object", "json_schema": SCHEMA}
    elif feature == "stop":
        body["stop_sequences"] = [STOP]
    elif feature == "length":
        body["max_tokens"] = LIMIT
    return body


_COHERE = {"COMPLETE": "stop", "STOP_SEQUENCE": "stop", "MAX_TOKENS": "length", "TOOL_CALL": "tools"}


def cohere_whole(reply: Object) -> Heard:
    """Understand a whole reply; an error is a bare message."""
    if "finish_reason" not in reply:
        return Heard(error=str(reply.get("message")))
    message = reply["message"]
    said = message.get("content") or ()
    return Heard(
        "".join(one.get("text") or "" for one in said),
        "".join(one.get("thinking") or "" for one in said) + (message.get("tool_plan") or ""),
        tuple(call(one["function"]["name"], one["function"]["arguments"]) for one in message.get("tool_calls") or ()),
        _COHERE[reply["finish_reason"]],
        ended=True,
    )


def cohere_stream(body: bytes) -> Heard:
    """Understand the events; `message-end` with a good reason ends it."""
    text, thought, finish, error = "", "", "", ""
    calls: dict[int, list[str]] = {}
    for event in events(body):
        delta = event.get("delta") or {}
        message = delta.get("message") or {}
        content = message.get("content") or {}
        if isinstance(content, dict):
            text += content.get("text") or ""
            thought += content.get("thinking") or ""
        made = (message.get("tool_calls") or {}) if event.get("type", "").startswith("tool-call-") else {}
        if function := made.get("function") or {}:
            known = calls.setdefault(event["index"], ["", ""])
            known[0] += function.get("name") or ""
            known[1] += function.get("arguments") or ""
        if event.get("type") == "message-end":
            error = str(delta.get("error") or "")
            finish = _COHERE.get(delta.get("finish_reason") or "", "")
    made_calls = tuple(call(name, arguments) for name, arguments in calls.values()) if finish else ()
    return Heard(text, thought, made_calls, finish, ended=bool(finish) and not error, error=error)
