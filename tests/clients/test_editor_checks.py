"""What editors look at before they accept a server, step by step as their sources do it."""

import asyncio
import json
import re
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Any

import httpx
import msgspec
import pytest

from clients.stage import box
from clients.zed import ZedDelta, ZedTags, zed_chat
from hearth.rehearsal import ModelScript, Rehearsal, Script
from hearth.rehearsal.script import MODELS
from hearth_home import Home, beside, running

PINNED = '[models.fast]\nuse = ["{provider}/scripted"]\n'
CODER = ModelScript(name="qwen2.5-coder:7b", capabilities=("completion",))
OLLAMA = Script(models=(*MODELS, CODER))
LLAMA = Script(kind="openai", flavour="llama-server")
GENERIC = Script(kind="openai", models=(*MODELS, CODER))
EACH = pytest.mark.parametrize("part", [OLLAMA, LLAMA, GENERIC], ids=["ollama", "llama-server", "generic"])
WEATHER = {
    "type": "function",
    "function": {"name": "get_weather", "description": "", "parameters": {"type": "object", "properties": {}}},
}


class Editor:
    """An editor that has been told our address."""

    def __init__(self, client: httpx.AsyncClient, home: Home) -> None:
        self.client = client
        self.home = home

    async def get(self, path: str) -> Any:  # noqa: ANN401 -- JSON
        reply = await self.client.get(path)
        assert reply.status_code == 200, f"{path}: {reply.text}"
        return reply.json()

    async def post(self, path: str, body: object) -> Any:  # noqa: ANN401 -- JSON
        reply = await self.client.post(path, json=body)
        assert reply.status_code == 200, f"{path}: {reply.text}"
        return reply.json()

    async def lines(self, path: str, body: object) -> list[bytes]:
        """The lines of a stream."""
        reply = await self.client.post(path, json=body)
        assert reply.status_code == 200, f"{path}: {reply.text}"
        return reply.content.splitlines()


def edited(part: Script, act: Any, agent: str = "") -> Any:  # noqa: ANN401 -- what it saw
    """Let an editor do its steps."""

    async def play() -> Any:  # noqa: ANN401 -- what it saw
        async with AsyncExitStack() as stack:
            rehearsal = await stack.enter_async_context(Rehearsal(part))
            name = "ollama" if part.kind == "ollama" else "box"
            config = (beside if part.kind == "ollama" else box)(rehearsal, PINNED.format(provider=name))
            home = await stack.enter_async_context(running(config))
            headers = {"User-Agent": agent} if agent else {}
            client = await stack.enter_async_context(httpx.AsyncClient(base_url=home.url, headers=headers, timeout=20))
            return await act(Editor(client, home))

    return asyncio.run(play())


@EACH
def test_vs_code_lists_every_model_of_the_ollama_provider(part: Script) -> None:
    """microsoft/vscode-copilot-chat, src/extension/byok/vscode-node/ollamaProvider.ts: the version is compared number
    by number; then each model of /api/tags is asked for by its `model`, and a single one without `capabilities` or
    `model_info` throws the whole list away (pain 25).
    """

    async def act(editor: Editor) -> dict[str, bool]:
        version = [int(part) for part in (await editor.get("/api/version"))["version"].split(".")]
        assert version >= [0, 6, 4]
        tools = {}
        for listed in (await editor.get("/api/tags"))["models"]:
            shown = await editor.post("/api/show", {"model": listed["model"]})
            facts = shown["model_info"]
            window = facts.get(f"{facts['general.architecture']}.context_length", 4096)
            assert isinstance(window, int)
            assert facts["general.basename"] == listed["model"]
            tools[listed["model"]] = "tools" in shown["capabilities"]
        return tools

    tools = edited(part, act, "GitHubCopilotChat/0.35.0")

    assert tools["fast"]
    assert len(tools) >= 6


@EACH
def test_vs_code_chats_on_the_openai_route_of_the_same_address(part: Script) -> None:
    """Its provider is an OpenAI-compatible one with another list: streamed, with tools and usage."""

    async def act(editor: Editor) -> list[bytes]:
        body = {
            "model": "fast",
            "messages": [{"role": "user", "content": "Hello there"}],
            "stream": True,
            "stream_options": {"include_usage": True},
            "tools": [WEATHER],
            "tool_choice": "auto",
            "temperature": 0.1,
            "top_p": 1,
            "max_tokens": 4096,
            "n": 1,
        }
        return await editor.lines("/v1/chat/completions", body)

    lines = edited(part, act, "GitHubCopilotChat/0.35.0")

    assert lines[-2] == b"data: [DONE]"
    assert any(b'"usage":{' in line for line in lines)


@EACH
def test_zed_can_read_all_it_asks_for(part: Script) -> None:
    """zed-industries/zed, crates/ollama/src/ollama.rs: /api/tags, /api/show by `model`, then /api/chat line by line,
    each line read into strict types; its `num_ctx` and `keep_alive` do not reload the model (pain 26).
    """

    async def act(editor: Editor) -> list[ZedDelta]:
        tags = await editor.client.get("/api/tags", headers={"Accept": "application/json"})
        listed = msgspec.json.decode(tags.content, type=ZedTags).models
        assert len(listed) >= 5
        for one in listed:
            shown = await editor.post("/api/show", {"model": one.name})
            assert isinstance(shown["capabilities"], list)
        asks = (zed_chat("Hello there"), zed_chat("What is the weather?", tools=[WEATHER]))
        found = [await editor.lines("/api/chat", ask) for ask in asks]
        return [msgspec.json.decode(line, type=ZedDelta) for lines in found for line in lines]

    deltas = edited(part, act)

    assert sum(delta.done for delta in deltas) == 2
    assert any(delta.message.tool_calls for delta in deltas)
    assert deltas[-1].prompt_eval_count


CONTINUE_LINE = re.compile(r"^(\S+)\s+((?:\".*\")|\S+)$")


@EACH
def test_continue_reads_the_description_of_a_model(part: Script) -> None:
    """continuedev/continue, core/llm/llms/Ollama.ts: /api/show by `name`; each line of `parameters` must match, or the
    rest is not read; a template that names `.Suffix` says that the model fills gaps.
    """

    async def act(editor: Editor) -> dict[str, bool]:
        fills = {}
        for listed in (await editor.get("/api/tags"))["models"]:
            shown = await editor.post("/api/show", {"name": listed["name"]})
            lines = shown["parameters"].split("\n") if shown.get("parameters") else []
            assert all(CONTINUE_LINE.match(line) for line in lines), lines
            fills[listed["name"]] = ".Suffix" in shown.get("template", "")
        return fills

    fills = edited(part, act)

    if part is GENERIC:
        assert fills["qwen2.5-coder:7b"]
        assert not fills["scripted"]


@pytest.mark.parametrize("part", [OLLAMA, GENERIC], ids=["ollama", "generic"])
def test_continue_chats_embeds_and_fills(part: Script) -> None:
    """The same file: /api/generate with a suffix, /api/chat with tools and no stream, /api/embed with a list."""

    async def act(editor: Editor) -> tuple[str, str, int]:
        shared = {"options": {"num_predict": 64, "num_ctx": 8192}, "keep_alive": 1800}
        fill = {"model": "qwen2.5-coder:7b", "prompt": "def f(", "suffix": "): pass", "stream": True, **shared}
        pieces = [json.loads(line) for line in await editor.lines("/api/generate", fill)]
        assert not any("error" in piece for piece in pieces)
        messages = [{"role": "user", "content": "What is the weather?"}]
        chat = {"model": "scripted", "messages": messages, "tools": [WEATHER], "stream": False, **shared}
        message = (await editor.post("/api/chat", chat))["message"]
        vectors = await editor.post("/api/embed", {"model": "embedder", "input": ["a", "b"]})
        filled = "".join(piece["response"] for piece in pieces)
        return filled, message["tool_calls"][0]["function"]["name"], len(vectors["embeddings"])

    filled, called, vectors = edited(part, act)

    assert filled
    assert (called, vectors) == ("get_weather", 2)


@EACH
def test_cline_lists_and_chats(part: Script) -> None:
    """cline/cline, src/core/controller/models/getOllamaModels.ts and src/core/api/providers/ollama.ts: the names of
    /api/tags, then a stream of /api/chat with a window of its own, which the pinned one outranks.
    """

    async def act(editor: Editor) -> list[bytes]:
        names = sorted({model["name"] for model in (await editor.get("/api/tags"))["models"]})
        assert "fast" in names
        chat = {
            "model": "fast",
            "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello there"}],
            "stream": True,
            "options": {"num_ctx": 32768},
        }
        return await editor.lines("/api/chat", chat)

    lines = [json.loads(line) for line in edited(part, act)]

    assert "".join(line["message"]["content"] for line in lines) == "Hello! I am a small test model."
    assert lines[-1]["done"] is True


@EACH
def test_open_webui_verifies_merges_and_chats(part: Script) -> None:
    """open-webui/open-webui, backend/open_webui/routers/ollama.py: the version is cut to numbers and compared, tags are
    merged by `model`, the times of /api/ps are read as ISO 8601; headers of its own come along.
    """

    async def act(editor: Editor) -> list[bytes]:
        editor.client.headers["X-OpenWebUI-User-Name"] = "A%20B"
        editor.client.headers["Authorization"] = "Bearer none"
        version = (await editor.get("/api/version"))["version"]
        assert tuple(map(int, re.sub(r"^v|-.*", "", version).split("."))) >= (0, 6, 4)
        merged = {model["model"]: model for model in (await editor.get("/api/tags"))["models"]}
        chat = {
            "model": "fast",
            "messages": [{"role": "user", "content": "Hello there"}],
            "stream": True,
            "options": {},
        }
        lines = await editor.lines("/api/chat", chat)
        for loaded in (await editor.get("/api/ps"))["models"]:
            assert loaded["name"] in merged
            assert datetime.fromisoformat(loaded["expires_at"]).timestamp() > 0
        return lines

    assert json.loads(edited(part, act)[-1])["done"] is True


@EACH
def test_open_webui_takes_us_for_an_openai_connection_too(part: Script) -> None:
    """The same project, routers/openai.py: GET /models, whose `data` have ids, then chat completions."""

    async def act(editor: Editor) -> tuple[list[str], list[bytes]]:
        listed = [model["id"] for model in (await editor.get("/v1/models"))["data"]]
        body = {"model": "fast", "messages": [{"role": "user", "content": "Hello there"}], "stream": True}
        return listed, await editor.lines("/v1/chat/completions", body)

    listed, lines = edited(part, act)

    assert "fast" in listed
    assert lines[-2] == b"data: [DONE]"


@EACH
def test_jetbrains_finds_an_ollama(part: Script) -> None:
    """AI Assistant's source is closed; Stream29/ProxyAsLocalModel, which was made for it, serves what it asks for:
    `/`, /api/tags, /api/show (its issue #14: without it the model is not added) and a streamed /api/chat.
    """

    async def act(editor: Editor) -> tuple[str, list[bytes]]:
        root = await editor.client.get("/")
        for listed in (await editor.get("/api/tags"))["models"]:
            shown = await editor.post("/api/show", {"name": listed["name"], "model": listed["name"]})
            assert shown["details"]["family"] is not None
            assert shown["model_info"]
        chat = {"model": "fast", "messages": [{"role": "user", "content": "Hello there"}], "stream": True}
        return root.text, await editor.lines("/api/chat", chat)

    root, lines = edited(part, act, "ktor-client")

    assert root == "Ollama is running"
    assert json.loads(lines[-1])["done"] is True
