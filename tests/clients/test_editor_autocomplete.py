"""What editors ask for at each keystroke, in their own forms, against every kind of target behind us."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest
from mistralai.client import Mistral
from mistralai.client.errors import SDKError

from clients.reciter import reciting, recordings
from clients.stage import Stage, played
from hearth.rehearsal import ModelScript, Rehearsal, Script
from hearth_home import running

INSERTS = ModelScript(name="qwen2.5-coder:1.5b", capabilities=("completion", "insert"), template_path="B")
RAW_ONLY = ModelScript(name="qwen2.5-coder:7b", capabilities=("completion",))
STRANGER = ModelScript(name="stranger", capabilities=("completion",))
OLLAMA = Script(models=(INSERTS, RAW_ONLY, STRANGER))
LLAMA_SERVER = Script(kind="openai", flavour="llama-server")
GENERIC = Script(kind="openai", models=(RAW_ONLY, STRANGER))
FILE = {"filename": "a.py", "text": "x = 1\n"}
Replies = list[httpx.Response]


def gap(**more: object) -> dict[str, Any]:
    """What llama.vim and llama.vscode post (ggml-org/llama.vim, autoload/llama.vim): all their members."""
    return {
        "input_prefix": "def add(a, b):\n",
        "input_suffix": "\nprint(add(1, 2))",
        "input_extra": [],
        "prompt": "   ",
        "n_predict": 16,
        "n_indent": 4,
        "top_k": 40,
        "top_p": 0.9,
        "stream": False,
        "samplers": ["top_k", "top_p", "infill"],
        "cache_prompt": True,
        "t_max_prompt_ms": 500,
        "t_max_predict_ms": 500,
        **more,
    }


def asked(part: Script, path: str, *bodies: dict[str, Any], more: str = "") -> tuple[Replies, list[dict[str, Any]]]:
    """The replies to these requests, and what arrived at the provider."""

    async def act(on: Stage) -> tuple[Replies, list[dict[str, Any]]]:
        async with httpx.AsyncClient(base_url=on.home.url) as client:
            replies = [await client.post(path, json=body) for body in bodies]
        sent = [call for call in on.rehearsal.calls if call.method == "POST" and call.path != "/api/show"]
        return replies, [{"path": call.path, **call.json()} for call in sent if call.json().get("prompt") != ""]

    return played(act, part, more)


def filled(replies: Replies) -> list[str]:
    """What each of llama.cpp's replies says; a problem is shown as it is."""
    return [reply.json().get("content", reply.text) for reply in replies]


def test_llama_vim_is_answered_by_an_ollama_that_inserts() -> None:
    """The gap goes out natively; what stands on the line before the cursor belongs to the prefix there."""
    replies, sent = asked(OLLAMA, "/infill", gap(model="qwen2.5-coder:1.5b"))

    assert filled(replies) == [" return a + b"]
    reply = replies[0].json()
    assert (reply["stop"], reply["stop_type"], reply["model"]) == (True, "eos", "qwen2.5-coder:1.5b")
    assert (sent[-1]["path"], sent[-1]["prompt"]) == ("/api/generate", "def add(a, b):\n   ")
    assert sent[-1]["suffix"] == "\nprint(add(1, 2))"
    assert sent[-1]["options"]["num_predict"] == 16


def test_other_files_make_the_familys_tokens_the_better_form() -> None:
    """Ollama's own form has no place for them, the family has; so it has for a gap at the end of a file."""
    model = {"model": "qwen2.5-coder:1.5b"}
    replies, sent = asked(OLLAMA, "/infill", gap(**model, input_extra=[FILE]), gap(**model, input_suffix=""))

    assert [reply.status_code for reply in replies] == [200, 200]
    with_file, at_the_end = sent[-2:]
    assert with_file["raw"] is True
    assert "<|file_sep|>a.py\nx = 1\n" in with_file["prompt"]
    assert with_file["prompt"].endswith("<|fim_suffix|>\nprint(add(1, 2))<|fim_middle|>   ")
    assert at_the_end["prompt"] == "<|fim_prefix|>def add(a, b):\n<|fim_suffix|><|fim_middle|>   "


@pytest.mark.parametrize(("part", "route"), [(OLLAMA, "/api/generate"), (GENERIC, "/v1/completions")])
@pytest.mark.parametrize("path", ["/infill", "/v1/completions", "/v1/fim/completions"])
def test_a_model_without_a_native_form_is_asked_in_its_familys_tokens(part: Script, route: str, path: str) -> None:
    """In whichever form the editor asks: never as a plain completion (pain 23)."""
    body = gap() if path == "/infill" else {"prompt": "def add(a, b):\n   ", "suffix": "\nprint(add(1, 2))"}
    replies, sent = asked(part, path, {**body, "model": "qwen2.5-coder:7b"})

    assert [reply.status_code for reply in replies] == [200]
    assert sent[-1]["path"] == route
    assert sent[-1]["prompt"].startswith("<|fim_prefix|>def add(a, b):\n")
    assert "suffix" not in sent[-1]


@pytest.mark.parametrize("part", [OLLAMA, GENERIC])
@pytest.mark.parametrize("path", ["/infill", "/v1/completions", "/v1/fim/completions"])
def test_a_model_that_cannot_fill_gaps_is_refused_and_nobody_is_asked(part: Script, path: str) -> None:
    """Each route says so in its own form."""
    body = gap() if path == "/infill" else {"prompt": "a", "suffix": "b"}
    replies, sent = asked(part, path, {**body, "model": "stranger"})

    assert replies[0].status_code == 400
    said = replies[0].json()
    text = said["message"] if path == "/v1/fim/completions" else said["error"]["message"]
    assert "fill in the middle" in text
    assert not [one for one in sent if one["path"] in ("/api/generate", "/v1/completions")]


def test_other_files_that_nobody_can_read_are_refused() -> None:
    """They are never left out silently."""
    script = Script(models=(ModelScript(name="codellama:7b-code", capabilities=("completion", "insert")),))

    replies, _ = asked(script, "/infill", gap(model="codellama:7b-code", input_extra=[FILE]))

    assert replies[0].status_code == 400
    assert "other files" in replies[0].json()["error"]["message"]


def test_a_request_that_names_no_model_gets_the_one_for_autocompletion() -> None:
    """llama.vim names none: `[tasks] autocomplete` says which (design §8)."""
    replies, sent = asked(OLLAMA, "/infill", gap(), more='[tasks]\nautocomplete = "qwen2.5-coder:1.5b"\n')

    assert filled(replies) == [" return a + b"]
    assert sent[-1]["model"].startswith("qwen2.5-coder:1.5b")


def test_a_stream_for_llama_vscode_has_llama_cpps_shape() -> None:
    """Over an Ollama too: pieces, then one that stops; no [DONE]."""
    replies, _ = asked(OLLAMA, "/infill", gap(model="qwen2.5-coder:1.5b", stream=True))

    lines = [json.loads(line.removeprefix("data: ")) for line in replies[0].text.split("\n\n") if line]
    assert replies[0].headers["Content-Type"].startswith("text/event-stream")
    assert "".join(line["content"] for line in lines) == " return a + b"
    assert [line["stop"] for line in lines] == [False] * (len(lines) - 1) + [True]


@pytest.mark.parametrize("name", ["llama-infill-stream", "llama-infill-extra", "llama-infill-extra-stream"])
def test_a_llama_servers_own_bytes_reach_its_own_clients(name: str) -> None:
    """Timings, generation settings and all: in the same form nothing is changed (design §2.4)."""
    one = next(each for each in recordings("openai_completions") if each.name.endswith(name))

    async def act() -> tuple[httpx.Response, bytes]:
        async with AsyncExitStack() as stack:
            reciter = await stack.enter_async_context(reciting(["scripted"]))
            config = f'[providers.box]\npreset = "llama-server"\naddress = "{reciter.url}/v1"\n'
            home = await stack.enter_async_context(running('default_model = "box/scripted"\n' + config))
            client = await stack.enter_async_context(httpx.AsyncClient(base_url=home.url))
            reciter.recite(one)
            return await client.post("/infill", content=one.asked), reciter.asked[-1][1]

    reply, heard = asyncio.run(act())

    assert reply.content == one.body
    assert json.loads(heard) == {"model": "scripted", **json.loads(one.asked)}


@pytest.mark.parametrize("part", [OLLAMA, GENERIC])
def test_a_prompt_that_continue_has_templated_is_left_alone(part: Script) -> None:
    """Continue writes its own templates into a raw prompt (core/autocomplete/templating): nothing is put around it."""
    prompt = "<|fim_prefix|>a<|fim_suffix|>b<|fim_middle|>"
    body = {"model": "qwen2.5-coder:7b", "prompt": prompt, "stream": False}

    _, natively = asked(part, "/api/generate", {**body, "raw": True, "options": {"stop": ["<|fim_pad|>"]}})
    _, openai = asked(part, "/v1/completions", {**body, "suffix": ""})

    for sent in (natively[-1], openai[-1]):
        assert sent["prompt"] == prompt
        assert sent.get("raw", True) is True


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/infill", gap(model="gone")),
        ("/v1/fim/completions", {"model": "gone", "prompt": "a", "suffix": "b"}),
        ("/v1/completions", {"model": "gone", "prompt": "<PRE> a <SUF>b <MID>"}),
        ("/api/generate", {"model": "gone", "prompt": "<PRE> a <SUF>b <MID>", "raw": True, "stream": False}),
    ],
)
def test_a_gap_stays_home_unless_autocompletion_may_leave(path: str, body: dict[str, Any]) -> None:
    """G2: the kind of request counts, whatever the route: `fallback.tasks` names no autocompletion by itself."""

    async def act() -> tuple[list[int], int]:
        script = Script(kind="openai", models=(ModelScript(name="codellama"),))
        async with Rehearsal(Script()) as ollama, Rehearsal(script) as far:
            cloud = f'[providers.far]\ndialect = "openai_chat"\naddress = "{far.url}/v1"\nplace = "cloud"\n'
            rest = f'[providers.ollama]\npreset = "ollama"\naddress = "{ollama.url}"\n'
            statuses = []
            for tasks in ('["chat"]', '["chat", "autocomplete"]'):
                fallback = f'[fallback]\ncloud = ["far/codellama"]\ntasks = {tasks}\n'
                async with running(fallback + cloud + rest) as home, httpx.AsyncClient(base_url=home.url) as client:
                    statuses.append((await client.post(path, json=body)).status_code)
            return statuses, len([call for call in far.calls if call.method == "POST"])

    statuses, far = asyncio.run(act())

    assert statuses == [403, 200]
    assert far == 1


def with_mistral(act: Callable[[Mistral], Awaitable[Any]], part: Script = OLLAMA) -> Any:  # noqa: ANN401 -- what it saw
    """Let Mistral's own client talk to us."""

    async def play(on: Stage) -> Any:  # noqa: ANN401 -- what it saw
        async with Mistral(api_key="dummy", server_url=on.home.url) as client:
            return await act(client)

    return played(play, part)


def test_mistrals_sdk_fills_a_gap() -> None:
    """Whole and streamed, over an Ollama, with its text, its end and its usage."""

    async def act(client: Mistral) -> Any:  # noqa: ANN401 -- what it saw
        asks: dict[str, Any] = {"model": "qwen2.5-coder:1.5b", "prompt": "def add(a, b):", "suffix": "\n"}
        whole = await client.fim.complete_async(**asks, max_tokens=16)
        stream = await client.fim.stream_async(**asks)
        return whole, [event.data async for event in stream]

    whole, pieces = with_mistral(act)

    assert whole.choices[0].message.content == " return a + b"
    assert (whole.choices[0].finish_reason, whole.usage.completion_tokens) == ("stop", 4)
    assert "".join(piece.choices[0].delta.content or "" for piece in pieces) == " return a + b"
    assert pieces[-1].choices[0].finish_reason == "stop"
    assert pieces[-1].usage.completion_tokens == 4


def test_mistrals_sdk_reads_our_refusals() -> None:
    """As an error of its own, with status and words."""

    async def act(client: Mistral) -> SDKError:
        with pytest.raises(SDKError) as caught:
            await client.fim.complete_async(model="stranger", prompt="a", suffix="b")
        return caught.value

    error = with_mistral(act)

    assert error.status_code == 400
    assert "fill in the middle" in error.body
