"""Ollama's /api/chat and /api/generate requests, read and judged as the real server judges them (wire/ollama §2)."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

from hearth.rehearsal.content import count_tokens
from hearth.rehearsal.engine import LOAD_OPTIONS, Engine, Wish
from hearth.rehearsal.generation import Message, Task
from hearth.rehearsal.golang import Refusal, expect, go_json, lowered
from hearth.rehearsal.script import ModelScript, with_tag

_NAME = re.compile(r"^(?:[\w.:-]+/)?(?:[\w-]{1,80}/)?\w[\w.-]{0,79}(?::\w[\w.-]{0,79})?$", re.ASCII)
_PERIOD = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)")
_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_FLOATS = {"temperature", "top_p", "min_p", "typical_p", "repeat_penalty", "presence_penalty", "frequency_penalty"}
_INTS = {"num_ctx", "num_predict", "num_batch", "num_gpu", "top_k", "seed", "num_keep", "repeat_last_n", "num_thread"}
CLOUD_OFF = "ollama cloud is disabled: remote model is unavailable"
LEVELS = ("low", "medium", "high", "max")


def is_cloud(name: str) -> bool:
    """Whether a name means one of Ollama's cloud models (wire/ollama §3.6)."""
    head, colon, tag = name.strip().rpartition(":")
    return bool(colon and head) and (tag.lower() == "cloud" or (tag.lower().endswith("-cloud") and "/" not in tag))


def check_name(name: str) -> None:
    """Refuse a malformed model name."""
    if not _NAME.match(name.removesuffix(":local")):
        raise Refusal(400, "invalid model name")


def find(engine: Engine, name: str, missing: str = "model '{}' not found") -> ModelScript:
    """The installed model of that name, or Ollama's refusal: malformed, cloud, not found."""
    model = engine.find(name)
    if model is not None:
        if model.remote_host and engine.script.cloud_disabled:
            raise Refusal(403, CLOUD_OFF, cloud=True)
        return model
    if is_cloud(name):
        if engine.script.cloud_disabled:
            raise Refusal(403, CLOUD_OFF, cloud=True)
        raise Refusal(
            502, f'Post "https://ollama.com:443/api/chat": no route to "{name}": this is the rehearsal', cloud=True
        )
    if name:
        check_name(name)
    raise Refusal(404, missing.format(name))


def keep_alive(value: object) -> float | None:
    """Seconds to keep a model: a number, or a Go duration; negative is for ever."""
    if value is None:
        return None
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, str):
        raise Refusal(400, f"json: cannot unmarshal {type(value).__name__} into keep_alive", early=True)
    body = value.removeprefix("-")
    parts = _PERIOD.findall(body)
    if body != "0" and "".join(number + unit for number, unit in parts) != body:
        raise Refusal(400, f'time: missing unit in duration "{value}"', early=True)
    seconds = sum(float(number) * _UNITS[unit] for number, unit in parts)
    return -seconds if value.startswith("-") else seconds


def wish(members: dict[str, Any], options: dict[str, Any]) -> Wish:
    """How the request wants its model loaded and kept."""
    named = tuple((name, str(options[name])) for name in LOAD_OPTIONS if options.get(name) is not None)
    return Wish(
        load_options=named,
        num_ctx=int(options.get("num_ctx") or 0),
        shift=members.get("shift") is not False,
        keep_alive=keep_alive(members.get("keep_alive")),
    )


def check_options(options: dict[str, Any]) -> None:
    """Refuse an option of the wrong type; unknown ones are nobody's business."""
    for name, value in options.items():
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if name in _FLOATS and value is not None and not number:
            raise Refusal(500, f'option "{name}" must be of type float32')
        if name in _INTS and value is not None and not number:
            raise Refusal(500, f'option "{name}" must be of type integer')
    stop = options.get("stop")
    if stop is not None and not isinstance(stop, list):
        raise Refusal(500, 'option "stop" must be of type array')


def wants_json(value: object) -> bool:
    """Whether `format` asks for JSON; neither json nor a schema is refused."""
    if value in (None, ""):
        return False
    if value == "json" or isinstance(value, dict):
        return True
    shown = go_json(value).decode()
    raise Refusal(500, f'invalid format: {go_json(shown).decode()}; expected "json" or a valid JSON Schema object')


def thinking(members: dict[str, Any], asked: str, model: ModelScript) -> bool | str | None:
    """What `think` asks for, refused on a model that cannot."""
    think = members.get("think")
    if isinstance(think, str) and think not in LEVELS:
        raise Refusal(400, f'invalid think value: "{think}" (must be "high", "medium", "low", "max", true, or false)')
    if think and "thinking" not in model.capabilities:
        raise Refusal(400, f'"{asked}" does not support thinking')
    return think if isinstance(think, (bool, str)) else None


def check_capable(model: ModelScript, need: str) -> None:
    """Refuse what the model cannot do, with its fully qualified name."""
    if need not in model.capabilities:
        raise Refusal(400, f"registry.ollama.ai/library/{with_tag(model.name)} does not support {need}")


def messages(members: dict[str, Any]) -> tuple[Message, ...]:
    """The history of a chat request."""
    return tuple(_message(lowered(each)) for each in members.get("messages") or [] if isinstance(each, dict))


def _message(members: dict[str, Any]) -> Message:
    text = expect(members, "content", str, "ChatRequest.messages") or ""
    calls = "".join(str(call) for call in members.get("tool_calls") or [])
    return Message(str(members.get("role") or "").lower(), f"{text}{calls}", images(members))


def images(members: dict[str, Any]) -> int:
    """How many images there are; each must be plain base64."""
    found = members.get("images") or []
    for image in found:
        bad = re.search(r"[^A-Za-z0-9+/=]", image)
        if bad:
            raise Refusal(400, f"illegal base64 data at input byte {bad.start()}", early=True)
        try:
            base64.b64decode(image, validate=True)
        except binascii.Error:
            raise Refusal(400, f"illegal base64 data at input byte {len(image)}", early=True) from None
    return len(found)


def tools(members: dict[str, Any]) -> tuple[tuple[str, ...], int]:
    """The names of the offered functions, and what their description takes of the window."""
    offered = [each["function"] for each in members.get("tools") or [] if isinstance(each.get("function"), dict)]
    names = tuple(str(function.get("name", "")) for function in offered)
    return names, count_tokens(go_json(offered).decode()) if offered else 0


def logprobs(members: dict[str, Any]) -> int:
    """How many alternatives each token shall list, -1 for no log probabilities."""
    top = members.get("top_logprobs") or 0
    if not 0 <= top <= 20:
        raise Refusal(400, "top_logprobs must be between 0 and 20")
    return int(top) if members.get("logprobs") else -1


def chat_task(members: dict[str, Any], model: ModelScript) -> Task:
    """A chat request in the engine's terms."""
    options = lowered(expect(members, "options", dict, "ChatRequest") or {})
    asked = str(members.get("model"))
    names, size = tools(members)
    if names:
        check_capable(model, "tools")
    think = thinking(members, asked, model)
    check_options(options)
    return Task(
        route="chat", asked=asked, messages=messages(members), tools=names, tool_tokens=size, thinks=think,
        wants_json=wants_json(members.get("format")), wish=wish(members, options), logprobs=logprobs(members),
        truncate=members.get("truncate") is not False, num_predict=_limit(options), stops=_stops(options),
    )  # fmt: skip


def generate_task(members: dict[str, Any], model: ModelScript) -> Task:
    """A generate request in the engine's terms."""
    options = lowered(expect(members, "options", dict, "GenerateRequest") or {})
    asked = str(members.get("model"))
    if members.get("raw") and any(members.get(name) for name in ("template", "system", "context")):
        raise Refusal(400, "raw mode does not support template, system, or context")
    suffix = str(members.get("suffix") or "")
    if suffix:
        check_capable(model, "insert")
    think = thinking(members, asked, model)
    check_options(options)
    history = [Message("system", str(members["system"]))] if members.get("system") else []
    history.append(Message("user", str(members.get("prompt") or ""), images(members)))
    return Task(
        route="generate", asked=asked, messages=tuple(history), suffix=suffix, thinks=think,
        raw=bool(members.get("raw")), wants_json=wants_json(members.get("format")), wish=wish(members, options),
        truncate=members.get("truncate") is not False, num_predict=_limit(options), stops=_stops(options),
        context=tuple(members.get("context") or ()), logprobs=logprobs(members),
    )  # fmt: skip


def _limit(options: dict[str, Any]) -> int:
    value = options.get("num_predict")
    return -1 if value is None else int(value)


def _stops(options: dict[str, Any]) -> tuple[str, ...]:
    return tuple(str(stop) for stop in options.get("stop") or ())
