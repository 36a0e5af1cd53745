"""What editors look at before they trust an Ollama: version, capabilities, the window, and the odd paths they try."""

import asyncio
from typing import Any

import httpx
import pytest

from clients.stage import Stage, box, played
from hearth.rehearsal import ModelScript, Rehearsal, Script
from hearth.rehearsal.script import Kind
from hearth_home import running

both = pytest.mark.parametrize("kind", ["ollama", "openai"])
MODELS = (
    ModelScript(name="large", context_length=40_960, num_ctx=0),
    ModelScript(name="narrow", context_length=40_960, num_ctx=2048),
)
Replies = list[httpx.Response]
PINNED = '[providers.ollama.models."large"]\nnum_ctx = 16384\n'


def asked(part: Kind | Script, *requests: tuple[str, str, Any], more: str = "", agent: str = "") -> Replies:
    """The replies to these requests (method, path, JSON), which follow no redirect."""

    async def act(on: Stage) -> Replies:
        headers = {"User-Agent": agent} if agent else {}
        async with httpx.AsyncClient(base_url=on.home.url, headers=headers) as client:
            return [await client.request(method, path, json=body) for method, path, body in requests]

    return played(act, part, more)


@both
def test_the_version_is_one_that_editors_accept(kind: Kind) -> None:
    """Plain x.y.z, at least 0.6.4, whoever answers behind us (pain 25)."""
    (reply,) = asked(kind, ("GET", "/api/version", None))

    parts = [int(part) for part in reply.json()["version"].split(".")]

    assert len(parts) == 3
    assert parts >= [0, 6, 4]


@both
def test_capabilities_name_tools_and_there_is_model_info(kind: Kind) -> None:
    """VS Code offers agent mode for models with `tools` alone, and reads an architecture and a window (pain 25)."""
    (reply,) = asked(kind, ("POST", "/api/show", {"model": "scripted"}))

    shown = reply.json()

    assert "tools" in shown["capabilities"]
    assert shown["model_info"]["general.architecture"]


def windows(replies: Replies) -> list[int]:
    """The window that each show reply states."""
    facts = [reply.json()["model_info"] for reply in replies]
    return [each[f"{each['general.architecture']}.context_length"] for each in facts]


def test_the_window_shown_is_the_one_served() -> None:
    """Not what the model was trained for but what a call gets: the pin, or what its Modelfile sets (pain 25)."""
    shows = [("POST", "/api/show", {"model": name}) for name in ("large", "narrow")]
    lists = [("GET", f"/v1/models/{name}", None) for name in ("large", "narrow")]

    replies = asked(Script(models=MODELS), *shows, *lists, more=PINNED)

    assert windows(replies[:2]) == [16384, 2048]
    assert [reply.json()["context_length"] for reply in replies[2:]] == [16384, 2048]


def test_a_window_that_somebody_else_loaded_does_not_hide_the_pin() -> None:
    """The next call gets the pinned window, whatever is loaded now."""

    async def act(on: Stage) -> Replies:
        async with httpx.AsyncClient() as client:
            load = {"model": "large", "prompt": "hello", "options": {"num_ctx": 512}, "stream": False}
            await client.post(f"{on.rehearsal.url}/api/generate", json=load)
            await on.home.daemon.inventory.refresh("ollama")
            shown = await client.post(f"{on.home.url}/api/show", json={"model": "large"})
            return [shown, await client.get(f"{on.home.url}/v1/models/large")]

    shown, listed = played(act, Script(models=MODELS), PINNED)

    assert windows([shown]) == [16384]
    assert listed.json()["context_length"] == 16384


def test_copilot_is_shown_the_name_it_asked_for() -> None:
    """It takes `general.basename` for the name to show, and real Ollama puts the asked one there for it alone."""
    show = ("POST", "/api/show", {"model": "scripted"})

    (copilot,) = asked("ollama", show, agent="GitHubCopilotChat/0.30.0")
    (other,) = asked("ollama", show)

    assert copilot.json()["model_info"]["general.basename"] == "scripted"
    assert other.json()["model_info"].get("general.basename") != "scripted"


def test_a_probe_finds_ollama_running() -> None:
    """GET and HEAD of `/`, and HEAD of what has a body; the body of a HEAD is never sent."""
    probes = [("GET", "/", None), *(("HEAD", path, None) for path in ("/", "/api/version", "/api/tags"))]

    replies = asked("ollama", *probes)

    assert [reply.status_code for reply in replies] == [200] * 4
    assert (replies[0].text, replies[0].headers["Content-Type"]) == ("Ollama is running", "text/plain; charset=utf-8")
    assert replies[1].headers["Content-Length"] == "17"
    assert {reply.content for reply in replies[1:]} == {b""}


@pytest.mark.parametrize("path", ["/v1/models/", "/v1/models", "/api/tags/", "/api/version/", "/api/ps/"])
def test_a_trailing_slash_is_no_obstacle(path: str) -> None:
    """Base addresses are often written with one (pain 25's kin); no client has to follow a redirect."""
    (reply,) = asked("ollama", ("GET", path, None))

    assert reply.status_code == 200


def test_a_trailing_slash_on_a_request_for_inference_is_none_either() -> None:
    """The body arrives, and the answer comes at once."""
    body = {"model": "scripted", "messages": [{"role": "user", "content": "Hello there"}], "stream": False}

    replies = asked("ollama", ("POST", "/api/chat/", body), ("POST", "/v1/chat/completions/", body))

    assert [reply.status_code for reply in replies] == [200, 200]


@pytest.mark.parametrize("path", ["/api/chat/api/show", "/api/generate/api/show"])
def test_paths_that_litellm_makes_up_are_not_found(path: str) -> None:
    """It expects the plain 404 of Ollama's router, and goes on."""
    (reply,) = asked("ollama", ("POST", path, {"name": "scripted"}))

    assert (reply.status_code, reply.text) == (404, "404 page not found")


@pytest.mark.parametrize("name", ["gpt-oss:120b-cloud", "nobody/none:cloud"])
def test_a_model_of_ollamas_cloud_is_not_made_out_to_be_here(name: str) -> None:
    """Without `remote_models` no call may go there, so that no description of it is made up (T31)."""
    shown, listed = asked("ollama", ("POST", "/api/show", {"model": name}), ("GET", f"/v1/models/{name}", None))

    assert (shown.status_code, listed.status_code) == (404, 404)


@both
def test_an_editor_may_chat_by_the_name_it_was_listed(kind: Kind) -> None:
    """VS Code lists by `/api/tags` and chats at `/v1/chat/completions`: each listed name is answered there."""

    async def act(on: Stage) -> list[int]:
        async with httpx.AsyncClient(base_url=on.home.url) as client:
            tags = (await client.get("/api/tags")).json()["models"]
            names = [model["name"] for model in tags if not model["name"].startswith("embedder")]
            asks = [{"model": name, "messages": [{"role": "user", "content": "hello"}]} for name in names]
            return [(await client.post("/v1/chat/completions", json=ask)).status_code for ask in asks]

    statuses = played(act, kind)

    assert len(statuses) >= 5
    assert set(statuses) == {200}


@both
def test_the_ollama_command_can_show_every_line(kind: Kind) -> None:
    """It cuts 12 characters off each digest and panics on fewer, also for models that no Ollama owns."""
    chat = ("POST", "/api/chat", {"model": "scripted", "messages": [{"role": "user", "content": "hi"}]})

    _, tags, running_now = asked(kind, chat, ("GET", "/api/tags", None), ("GET", "/api/ps", None))

    digests = [model["digest"] for reply in (tags, running_now) for model in reply.json()["models"]]
    assert len(digests) >= 6
    assert {len(digest) for digest in digests} == {64}
    assert all(model["expires_at"] > "2026" for model in running_now.json()["models"])


@pytest.mark.parametrize("keep_alive", [None, 0, "5m"])
def test_an_empty_request_asks_nobody_who_is_no_ollama(keep_alive: object) -> None:
    """`ollama run` and `ollama stop` load and unload by empty requests: elsewhere these would be answered, and paid."""

    async def act(on: Stage) -> tuple[list[Any], list[str]]:
        async with httpx.AsyncClient(base_url=on.home.url) as client:
            replies = [
                await client.post(path, json={"model": "scripted", "stream": False, "keep_alive": keep_alive})
                for path in ("/api/generate", "/api/chat")
            ]
        said = [(reply.status_code, reply.json().get("done"), reply.json().get("done_reason")) for reply in replies]
        return said, [call.path for call in on.rehearsal.calls if call.method == "POST"]

    said, asked_for = played(act, "openai")

    assert said == [(200, True, "unload" if keep_alive == 0 else "load")] * 2
    assert asked_for == []


def test_accounts_at_ollama_com_are_out_of_reach_where_the_mode_says_so() -> None:
    """`ollama push` asks `/api/me`, which Ollama forwards to its cloud: in `offline` and `lan` nobody asks."""

    async def act(on: Stage) -> tuple[list[int], list[str]]:
        async with httpx.AsyncClient(base_url=on.home.url) as client:
            statuses = [(await client.post(path)).status_code for path in ("/api/me", "/api/signout")]
        return statuses, [call.path for call in on.rehearsal.calls]

    statuses, paths = played(act, "ollama", 'mode = "lan"\n')

    assert statuses == [403, 403]
    assert not {"/api/me", "/api/signout"} & set(paths)


def test_without_an_ollama_the_window_comes_from_the_config() -> None:
    """A server that does not tell its window is shown with the one the user states."""
    more = '[providers.box.models."scripted"]\nwindow = 12000\n'

    async def act() -> Replies:
        script = Script(kind="openai")
        async with (
            Rehearsal(script) as rehearsal,
            running(box(rehearsal) + more) as home,
            httpx.AsyncClient() as client,
        ):
            return [await client.post(f"{home.url}/api/show", json={"model": "scripted"})]

    assert windows(asyncio.run(act())) == [12000]
