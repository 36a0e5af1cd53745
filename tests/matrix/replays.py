"""How clients go on after a tool call: the turn as it came, in their own dialect, and what the tool answered."""

from __future__ import annotations

import json
from collections.abc import Callable

from matrix.heard import Object
from matrix.questions import RESULT


def _ollama(body: Object, reply: Object) -> Object:
    turn = {name: value for name, value in reply["message"].items() if name != "thinking"}
    answered = {"role": "tool", "tool_name": "get_weather", "content": RESULT}
    return body | {"messages": [*body["messages"], turn, answered]}


def _chat(body: Object, reply: Object) -> Object:
    message = reply["choices"][0]["message"]
    turn = {name: message[name] for name in ("role", "content", "tool_calls")}
    answered = {"role": "tool", "tool_call_id": message["tool_calls"][0]["id"], "content": RESULT}
    return body | {"messages": [*body["messages"], turn, answered]}


def _responses(body: Object, reply: Object) -> Object:
    (made,) = (item for item in reply["output"] if item["type"] == "function_call")
    answered = {"type": "function_call_output", "call_id": made["call_id"], "output": RESULT}
    return body | {"input": [*body["input"], *reply["output"], answered]}


def _anthropic(body: Object, reply: Object) -> Object:
    (made,) = (block for block in reply["content"] if block["type"] == "tool_use")
    answered = {"type": "tool_result", "tool_use_id": made["id"], "content": RESULT}
    turns = [{"role": "assistant", "content": reply["content"]}, {"role": "user", "content": [answered]}]
    return body | {"messages": [*body["messages"], *turns]}


def _gemini(body: Object, reply: Object) -> Object:
    turn = reply["candidates"][0]["content"]
    (made,) = (part["functionCall"] for part in turn["parts"] if "functionCall" in part)
    said = {"name": made["name"], "response": {"result": RESULT}} | ({"id": made["id"]} if "id" in made else {})
    return body | {"contents": [*body["contents"], turn, {"role": "user", "parts": [{"functionResponse": said}]}]}


def _cohere(body: Object, reply: Object) -> Object:
    message = reply["message"]
    kept = {name: message[name] for name in ("role", "tool_calls", "tool_plan") if name in message}
    answered = {"role": "tool", "tool_call_id": message["tool_calls"][0]["id"], "content": RESULT}
    return body | {"messages": [*body["messages"], kept, answered]}


_REPLAYS: dict[str, Callable[[Object, Object], Object]] = {
    "ollama": _ollama,
    "openai_chat": _chat,
    "openai_responses": _responses,
    "anthropic": _anthropic,
    "gemini": _gemini,
    "cohere": _cohere,
}


def replay(served: str, body: Object, reply: bytes) -> Object:
    """Return the body of the next request: the same conversation, one turn longer."""
    return _REPLAYS[served](body, json.loads(reply))
