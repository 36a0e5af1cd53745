"""How many tokens a request has: asked of the target where it counts, estimated and marked where it does not."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, TypeVar

import httpx
import pytest

from hearth.call import Outline
from hearth.rehearsal import Fault, ModelScript, Rehearsal, Script
from hearth.server.counting import ESTIMATED, estimate
from hearth_home import Home, beside, running

T = TypeVar("T")
CLAUDE = Script(kind="anthropic", models=(ModelScript(name="claude-opus-5"),), keys=("k",))
HELLO: dict[str, Any] = {"messages": [{"role": "user", "content": "Hello there"}]}
SEARCH = {"type": "web_search_20250305", "name": "web_search"}


class Stage(NamedTuple):
    """A daemon before an Ollama and an Anthropic."""

    home: Home
    near: Rehearsal
    far: Rehearsal

    async def ask(self, model: str, **more: Any) -> httpx.Response:  # noqa: ANN401 -- members of a body
        async with httpx.AsyncClient(base_url=self.home.url, timeout=20) as client:
            body = {"model": model, **HELLO, **more}
            return await client.post("/v1/messages/count_tokens", json=body)


def played(act: Callable[[Stage], Awaitable[T]], more: str = "") -> T:
    """Play one act on this stage."""

    async def play() -> T:
        async with Rehearsal(Script()) as near, Rehearsal(CLAUDE) as far:
            claude = (
                f'[providers.claude]\npreset = "anthropic"\naddress = "{far.url}"\nplace = "cloud"\nkey = "env:K"\n'
            )
            async with running(f"{beside(near, more)}\n{claude}", {"K": "k"}) as home:
                return await act(Stage(home, near, far))

    return asyncio.run(play())


def test_an_anthropic_is_asked_itself() -> None:
    """Its own number, from the caller's own members, and not marked."""

    async def act(on: Stage) -> tuple[httpx.Response, list[tuple[str, bytes]]]:
        answer = await on.ask("claude/claude-opus-5", tools=[SEARCH])
        return answer, [(call.path, call.body) for call in on.far.calls if call.method == "POST"]

    answer, asked = played(act)

    assert answer.json()["input_tokens"] > 0
    assert ESTIMATED not in answer.headers
    assert answer.headers["x-hearth-target"] == "claude/claude-opus-5"
    assert asked[0][0] == "/v1/messages/count_tokens"
    assert b"web_search_20250305" in asked[0][1]


def test_a_local_model_is_estimated_for_and_not_loaded() -> None:
    """An estimate says so; nothing is sent, nothing is loaded, nobody waits in a queue."""

    async def act(on: Stage) -> tuple[httpx.Response, int, int]:
        answer = await on.ask("scripted")
        return answer, len(on.near.loads), sum(call.method == "POST" for call in on.far.calls)

    answer, loads, asked = played(act)

    assert 5 < answer.json()["input_tokens"] < 30
    assert answer.headers[ESTIMATED] == "true"
    assert (loads, asked) == (0, 0)


def test_offline_no_question_leaves() -> None:
    """A count is planned like a call: what the mode forbids is not asked either."""

    async def act(on: Stage) -> tuple[httpx.Response, int]:
        answer = await on.ask("claude/claude-opus-5")
        return answer, len(on.far.calls)

    answer, asked = played(act, 'mode = "offline"')

    assert answer.status_code == 403
    assert answer.json()["error"]["type"] == "permission_error"
    assert asked == 0


@pytest.mark.parametrize("fault", [Fault.refuse(529), Fault.refuse(500), Fault.cut(size=3)])
def test_who_cannot_count_now_is_estimated_for(fault: Fault) -> None:
    """A count is a service: its failing is no reason to fail."""

    async def act(on: Stage) -> httpx.Response:
        on.far.next(fault, path="/count_tokens", times=-1)
        return await on.ask("claude/claude-opus-5")

    answer = played(act)

    assert (answer.status_code, answer.headers[ESTIMATED]) == (200, "true")


def test_what_the_provider_refuses_is_refused() -> None:
    """A request that it would not answer is not counted either, in its own words."""

    async def act(on: Stage) -> httpx.Response:
        return await on.ask("claude/claude-opus-5", messages=[{"role": "robot", "content": "x"}])

    answer = played(act)

    assert answer.status_code == 400
    assert answer.json()["type"] == "error"


def test_a_count_is_written_down_without_tokens() -> None:
    """The log shows that a question left the machine, and adds nothing to what was used."""

    async def act(on: Stage) -> Any:  # noqa: ANN401 -- rows of the log
        answer = await on.ask("claude/claude-opus-5")
        async with httpx.AsyncClient(base_url=on.home.url, timeout=20) as client:
            token = {"Authorization": f"Bearer {on.home.token('admin')}"}
            for _ in range(400):
                found = await client.get(f"/hearth/v1/calls/{answer.headers['x-hearth-id']}", headers=token)
                if found.status_code == 200 and found.json().get("attempts"):
                    return found.json()
                await asyncio.sleep(0.05)
        return None

    found = played(act)

    assert found is not None
    assert "count_tokens" in str(found)
    attempt = found["attempts"][0]
    assert (attempt["target"], attempt["place"]) == ("claude/claude-opus-5", "cloud")
    assert attempt["input_tokens"] is None
    assert attempt["output_tokens"] is None


def test_an_estimate_grows_with_text_and_pictures() -> None:
    """A token for four bytes, rounded up, and a flat number for a picture."""
    small = Outline("x", "chat", "", stream=False, prompt_bytes=5)

    assert estimate(small) == 2
    assert estimate(Outline("x", "chat", "", stream=False, prompt_bytes=5, images=2)) == 2002
