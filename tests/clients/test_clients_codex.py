"""What Codex sends and how it reads: its request, compressed or not, played against a daemon (wire/providers §5.2).

The request is put together from what its source says (codex-rs, 2026-09): headers, tools that no engine knows, freeform
tools with a grammar, history in items. `heard` reads the stream as its parser does.
"""

import json
from typing import Any

import httpx
import pytest
import zstandard

from clients.responses_stage import UPSTREAMS, Stage, Upstream, played
from clients.stage import HELLO
from hearth.rehearsal import Fault

every = pytest.mark.parametrize("upstream", UPSTREAMS)
PATCH = {
    "type": "custom",
    "name": "apply_patch",
    "description": "Use the `apply_patch` tool to edit files.",
    "format": {"type": "grammar", "syntax": "lark", "definition": 'start: "*** Begin Patch" LF'},
}
SHELL = {
    "type": "function",
    "name": "shell_command",
    "description": "Runs a shell command and returns its output.",
    "strict": False,
    "parameters": {
        "type": "object",
        "properties": {"command": {"type": "string"}, "timeout_ms": {"type": "number"}},
        "required": ["command"],
        "additionalProperties": False,
    },
}
SPACE = {
    "type": "namespace",
    "name": "mcp__files",
    "description": "Files",
    "tools": [{"type": "function", "name": "read", "parameters": {"type": "object", "properties": {}}}],
}
SEARCH = {"type": "web_search", "external_web_access": False}
HEADERS = {
    "Accept": "text/event-stream",
    "Content-Type": "application/json",
    "User-Agent": "codex_cli_rs/0.98.0 (Ubuntu 24.4.0; x86_64) xterm-256color",
    "originator": "codex_cli_rs",
    "session_id": "019a0000-0000-7000-8000-000000000001",
    "conversation_id": "019a0000-0000-7000-8000-000000000001",
    "version": "0.98.0",
    "Authorization": "Bearer dummy",
}


def _message(role: str, text: str) -> dict[str, Any]:
    kind = "output_text" if role == "assistant" else "input_text"
    return {"type": "message", "role": role, "content": [{"type": kind, "text": text}]}


def _request(said: list[dict[str, Any]], tools: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "model": "thinker",
        "instructions": "You are Codex, a coding agent.",
        "input": [
            _message("developer", "<permissions instructions>Sandbox: workspace-write</permissions instructions>"),
            _message("user", "<environment_context>\n  <cwd>/home/u</cwd>\n</environment_context>"),
            *said,
        ],
        "tools": tools,
        "tool_choice": "auto",
        "parallel_tool_calls": True,
        "reasoning": {"effort": "medium", "summary": "auto"},
        "store": False,
        "stream": True,
        "include": ["reasoning.encrypted_content"],
        "prompt_cache_key": HEADERS["conversation_id"],
        "text": {"verbosity": "low"},
    }


async def heard(on: Stage, request: dict[str, Any], *, compressed: bool = False) -> tuple[list[Any], dict[str, Any]]:
    """Send it and return the items that are done, and the last event: completed, or what Codex takes for a failure."""
    body = json.dumps(request).encode()
    headers = dict(HEADERS)
    if compressed:
        body, headers["Content-Encoding"] = zstandard.compress(body), "zstd"
    items: list[Any] = []
    last: dict[str, Any] = {}
    begun = False
    async with (
        httpx.AsyncClient() as client,
        client.stream("POST", f"{on.home.url}/v1/responses", content=body, headers=headers, timeout=20) as reply,
    ):
        assert reply.status_code == 200, await reply.aread()
        async for line in reply.aiter_lines():
            if not line.startswith("data: "):
                continue
            event = json.loads(line[6:])
            begun = begun or event["type"] == "response.created"
            if event["type"] == "response.output_item.done":
                items.append(event["item"])
            if event["type"] in ("response.completed", "response.failed", "response.incomplete"):
                assert isinstance(event["response"]["id"], str)
                last = event
                break
    assert begun
    return items, last


@every
@pytest.mark.parametrize("compressed", [False, True], ids=["plain", "zstd"])
def test_codex_gets_its_answer(upstream: Upstream, *, compressed: bool) -> None:
    """Its whole request, web search and namespace included, is answered by whatever stands behind; counts are whole."""
    request = _request([_message("user", "Hello there")], [SHELL, PATCH, SEARCH])

    items, last = played(lambda on: heard(on, request, compressed=compressed), upstream)

    assert [item["type"] for item in items] == ["message"]
    assert items[0]["content"][0]["text"] == HELLO
    usage = last["response"]["usage"]
    assert last["type"] == "response.completed"
    assert all(isinstance(usage[name], int) for name in ("input_tokens", "output_tokens", "total_tokens"))
    assert isinstance(usage["input_tokens_details"]["cached_tokens"], int)
    assert isinstance(usage["output_tokens_details"]["reasoning_tokens"], int)


@every
def test_a_freeform_tool_is_called_as_one(upstream: Upstream) -> None:
    """An engine that knows functions alone calls apply_patch as one; Codex gets its `custom_tool_call` all the same."""
    request = _request([_message("user", "How is the weather?")], [PATCH, SHELL, SEARCH])

    items, _ = played(lambda on: heard(on, request), upstream)

    call = items[-1]
    assert (call["type"], call["name"]) == ("custom_tool_call", "apply_patch")
    assert "Paris" in call["input"]
    assert call["call_id"]


@every
def test_history_goes_back_and_is_understood(upstream: Upstream) -> None:
    """Thinking, a freeform call, its output: the next turn carries them, and the engine answers the output."""

    async def act(on: Stage) -> tuple[list[Any], list[Any]]:
        said = [_message("user", "Tell me why the weather is fine")]
        first, _ = await heard(on, _request(said, [PATCH, SHELL]))
        said += first
        said.append({"type": "custom_tool_call_output", "call_id": first[-1]["call_id"], "output": "Done!"})
        second, _ = await heard(on, _request(said, [PATCH, SHELL]))
        return first, second

    first, second = played(act, upstream)

    assert [item["type"] for item in first] == ["reasoning", "custom_tool_call"]
    assert first[0]["summary"][0]["text"] == "I need the weather.\n"
    assert second[-1]["content"][0]["text"].startswith("It is 21 degrees")


def test_a_tool_of_a_namespace_keeps_its_name() -> None:
    """For Ollama it is a function `mcp__files__read`; the call comes back with name and namespace apart."""
    request = _request([_message("user", "How is the weather?")], [SPACE])

    async def act(on: Stage) -> tuple[list[Any], bytes]:
        items, _ = await heard(on, request)
        return items, next(call.body for call in on.rehearsal.calls if call.path == "/api/chat")

    items, sent = played(act, "ollama")

    assert (items[-1]["name"], items[-1]["namespace"]) == ("read", "mcp__files")
    assert b"mcp__files__read" in sent


def test_web_search_is_left_out_for_an_engine_without_it_and_the_reply_says_so() -> None:
    """An agent that brings its own tools goes on without one it offers to everybody; `tools` shows what there was."""
    request = _request([_message("user", "Hello there")], [SHELL, SEARCH])

    async def act(on: Stage) -> tuple[dict[str, Any], bytes]:
        _, last = await heard(on, request)
        return last, next(call.body for call in on.rehearsal.calls if call.path == "/api/chat")

    last, sent = played(act, "ollama")

    assert b"web_search" not in sent
    assert [tool["type"] for tool in last["response"]["tools"]] == ["function"]


@every
def test_a_failure_in_the_middle_is_one_that_codex_reads(upstream: Upstream) -> None:
    """F8: `response.failed` with a code; a stream that merely stops would be tried again and again."""
    path = {"ollama": "/api/chat", "openai_chat": "/chat/completions", "openai_responses": "/responses"}[upstream]
    request = _request([_message("user", "Hello there")], [SHELL])

    async def act(on: Stage) -> dict[str, Any]:
        on.rehearsal.next(Fault.cut(objects=6), path=path)
        _, last = await heard(on, request)
        return last

    last = played(act, upstream)

    assert last["type"] == "response.failed"
    assert last["response"]["error"]["code"] == "server_error"
    assert last["response"]["error"]["message"]
