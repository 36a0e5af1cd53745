"""What no provider would take is refused in the caller's form before anything is sent; the words say what would do."""

import asyncio
from collections.abc import Callable
from typing import Any, NamedTuple

import httpx
import pytest

from clients.stage import PIXEL
from hearth.rehearsal import ModelScript, Rehearsal, Script
from hearth_home import beside, running

Body = dict[str, Any]
NO_PICTURE = "bm90IGEgcGljdHVyZQ=="
SEES = ("tools", "thinking", "completion", "vision")
MODELS = (ModelScript(name="scripted", capabilities=SEES), ModelScript(name="plain", capabilities=("completion",)))


class Voice(NamedTuple):
    """How clients of one dialect say things, and where they find the words of an error."""

    path: str
    turns: Callable[..., Body]
    """The body for these texts, all of them the user's."""
    orphan: Callable[[], Body]
    """A question, and the result of a tool that nobody called."""
    picture: Callable[[str, str], Body]
    """One picture: its media type and its data."""
    tools: Callable[[], Body]
    words: Callable[[Any], str]


def _said(texts: tuple[str, ...]) -> list[Body]:
    return [{"role": "user", "content": text} for text in texts]


def _url(kind: str, data: str) -> str:
    return f"data:{kind};base64,{data}"


def _contents(*parts: Body) -> Body:
    return {"contents": [{"role": "user", "parts": [part]} for part in parts]}


SCHEMA: Body = {"type": "object", "properties": {"city": {"type": "string"}}}
TOOL: Body = {"type": "function", "function": {"name": "look", "parameters": SCHEMA}}
TOLD: Body = {"role": "tool", "tool_call_id": "c1", "content": "21"}
VOICES = {
    "ollama": Voice(
        "/api/chat",
        lambda *texts: {"messages": _said(texts)},
        lambda: {"messages": [*_said(("Hello",)), {"role": "tool", "tool_name": "look", "content": "21"}]},
        lambda _, data: {"messages": [{"role": "user", "content": "Hello", "images": [data]}]},
        lambda: {"messages": _said(("Hello",)), "tools": [TOOL]},
        lambda body: body["error"],
    ),
    "openai_chat": Voice(
        "/v1/chat/completions",
        lambda *texts: {"messages": _said(texts)},
        lambda: {"messages": [*_said(("Hello",)), TOLD]},
        lambda kind, data: {
            "messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": _url(kind, data)}}]}]
        },
        lambda: {"messages": _said(("Hello",)), "tools": [TOOL]},
        lambda body: body["error"]["message"],
    ),
    "openai_responses": Voice(
        "/v1/responses",
        lambda *texts: {"input": _said(texts)},
        lambda: {
            "input": [*_said(("Hello",)), {"type": "function_call_output", "call_id": "c1", "output": "21"}],
        },
        lambda kind, data: {
            "input": [{"role": "user", "content": [{"type": "input_image", "image_url": _url(kind, data)}]}]
        },
        lambda: {"input": "Hello", "tools": [{"type": "function", "name": "look", "parameters": SCHEMA}]},
        lambda body: body["error"]["message"],
    ),
    "anthropic": Voice(
        "/v1/messages",
        lambda *texts: {"messages": _said(texts), "max_tokens": 50},
        lambda: {
            "messages": [
                *_said(("Hello",)),
                {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c1", "content": "21"}]},
            ],
            "max_tokens": 50,
        },
        lambda kind, data: {
            "messages": [
                {
                    "role": "user",
                    "content": [{"type": "image", "source": {"type": "base64", "media_type": kind, "data": data}}],
                }
            ],
            "max_tokens": 50,
        },
        lambda: {
            "messages": _said(("Hello",)),
            "max_tokens": 50,
            "tools": [{"name": "look", "input_schema": SCHEMA}],
        },
        lambda body: body["error"]["message"],
    ),
    "gemini": Voice(
        "/v1beta/models/{model}:generateContent",
        lambda *texts: _contents(*({"text": text} for text in texts)),
        lambda: _contents({"text": "Hello"}, {"functionResponse": {"name": "look", "response": {"temp": 21}}}),
        lambda kind, data: _contents({"inlineData": {"mimeType": kind, "data": data}}),
        lambda: _contents({"text": "Hello"}) | {"tools": [{"functionDeclarations": [{"name": "look"}]}]},
        lambda body: body["error"]["message"],
    ),
    "cohere": Voice(
        "/v2/chat",
        lambda *texts: {"messages": _said(texts)},
        lambda: {"messages": [*_said(("Hello",)), TOLD]},
        lambda kind, data: {
            "messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": _url(kind, data)}}]}]
        },
        lambda: {"messages": _said(("Hello",)), "tools": [TOOL]},
        lambda body: body["message"],
    ),
}
SCRIPTS = {
    "ollama": Script(kind="ollama", models=MODELS),
    "openai": Script(kind="openai", models=MODELS),
    "anthropic": Script(kind="anthropic", models=MODELS),
    "gemini": Script(kind="gemini", models=MODELS),
    "cohere": Script(kind="cohere", models=MODELS),
    "perplexity": Script(kind="openai", flavour="perplexity", models=MODELS),
}
PRESETS = {
    "openai": ("openai", "/v1"),
    "anthropic": ("anthropic", ""),
    "gemini": ("gemini", "/v1beta"),
    "cohere": ("cohere", ""),
    "perplexity": ("perplexity", ""),
}
SERVED = pytest.mark.parametrize("served", VOICES)
OWN = (("openai_chat", "openai"), ("openai_responses", "openai"), ("anthropic",) * 2, ("gemini",) * 2, ("cohere",) * 2)
"""Each dialect before the makers of it: nothing is translated."""
TRANSLATED = (("ollama", "openai"), ("openai_chat", "anthropic"), ("anthropic", "gemini"), ("gemini", "cohere"))
HOSTED = pytest.mark.parametrize(("served", "target"), [*OWN, *TRANSLATED, ("cohere", "perplexity")])
ANYWHERE = pytest.mark.parametrize(
    ("served", "target"), [*((served, "ollama") for served in VOICES), *OWN, *TRANSLATED]
)


def answers(served: str, target: str, *bodies: Body, model: str = "scripted") -> tuple[list[httpx.Response], int]:
    """What a client of one dialect gets before a target of some kind, and how many bodies the target got for that."""
    kind, path = ("ollama", "") if target == "ollama" else PRESETS[target]
    script = SCRIPTS[target]

    async def act() -> tuple[list[httpx.Response], int]:
        async with Rehearsal(script) as rehearsal:
            hosted = f'[providers.box]\npreset = "{kind}"\naddress = "{rehearsal.url}{path}"\nkey = "env:KEY"\n'
            able = '[providers.box.models.scripted]\ncapabilities = ["chat", "images", "tools"]\n'
            config = beside(rehearsal) if target == "ollama" else hosted + (able if model == "scripted" else "")
            async with running(config, {"KEY": "k"}) as home, httpx.AsyncClient(base_url=home.url) as client:
                before = _asked(rehearsal)
                address = VOICES[served].path.format(model=model)
                named = [({"model": model} if served != "gemini" else {}) | body for body in bodies]
                replies = [await client.post(address, json={**body, **_whole(served)}) for body in named]
                return replies, _asked(rehearsal) - before

    return asyncio.run(act())


def _whole(served: str) -> Body:
    return {"stream": False} if served == "ollama" else {}


def _asked(rehearsal: Rehearsal) -> int:
    """How many requests for an answer came; a model may have been loaded meanwhile."""
    return sum(bool(call.body) and not call.path.endswith(("/api/generate", "/api/show")) for call in rehearsal.calls)


def refused(served: str, target: str, *bodies: Body, model: str = "scripted") -> list[str]:
    """The words of the refusals, all 400 in the caller's own form; nothing has reached the target."""
    replies, asked = answers(served, target, *bodies, model=model)
    assert ([reply.status_code for reply in replies], asked) == ([400] * len(bodies), 0)
    return [VOICES[served].words(reply.json()) for reply in replies]


@ANYWHERE
def test_what_is_no_picture_goes_nowhere(served: str, target: str) -> None:
    """A text, no base64, another type than a picture's: one refusal each, with what would work."""
    voice = VOICES[served]
    bodies = [voice.picture("image/png", NO_PICTURE), voice.picture("image/png", "%%%")]
    if served not in ("ollama", "gemini"):  # without types, or with files of any type in the same place
        bodies.append(voice.picture("text/html", PIXEL))

    for words in refused(served, target, *bodies):
        assert "Send a PNG, JPEG, GIF or WebP" in words


@HOSTED
def test_a_result_without_its_call_goes_nowhere(served: str, target: str) -> None:
    """Every hosted API refuses it; an Ollama takes what its template takes."""
    for words in refused(served, target, VOICES[served].orphan()):
        assert "before its result" in words


@ANYWHERE
def test_an_empty_conversation_goes_nowhere(served: str, target: str) -> None:
    """Except in Ollama's dialect, where it is how a model is loaded."""
    empty = VOICES[served].turns()

    if served == "ollama":
        assert answers(served, target, empty)[0][0].json()["done_reason"] == "load"
    else:
        assert refused(served, target, empty)


@SERVED
def test_two_turns_alike_go_nowhere_where_they_would_be_refused(served: str) -> None:
    """Perplexity minds; the words name it."""
    assert "box takes turns" in refused(served, "perplexity", VOICES[served].turns("Hello", "there"))[0]


@ANYWHERE
def test_two_turns_alike_are_no_fault_elsewhere(served: str, target: str) -> None:
    """Those that would mind get them as one turn."""
    replies, _ = answers(served, target, VOICES[served].turns("Hello", "there"))

    assert replies[0].status_code == httpx.codes.OK


@SERVED
def test_a_feature_the_model_lacks_goes_nowhere(served: str) -> None:
    """Pictures and tools for a model that has neither: the words name what it cannot do, and a model that can."""
    voice = VOICES[served]

    seen, called = refused(served, "ollama", voice.picture("image/png", PIXEL), voice.tools(), model="plain")

    assert "cannot read images" in seen
    assert "tools" in called
    assert "scripted" in seen
    assert "scripted" in called


def test_a_wrong_label_is_told_where_the_provider_compares() -> None:
    """Anthropic refuses a PNG that is called a JPEG; who is asked in another dialect gets the right name for it."""
    mislabelled = VOICES["anthropic"].picture("image/jpeg", PIXEL)

    words = refused("anthropic", "anthropic", mislabelled)
    replies, _ = answers("openai_chat", "anthropic", VOICES["openai_chat"].picture("image/jpeg", PIXEL))

    assert "it is image/png" in words[0]
    assert replies[0].status_code == httpx.codes.OK
